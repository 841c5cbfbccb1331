// The way from a profile to its coordinator: mutual TLS by the certificate of a role, to a server
// whose key is pinned. Connects on demand; keeps no secret.
import { readFileSync } from 'node:fs'
import { connect, type WireClient } from '../proto/io/channel-client.ts'
import { refuse } from '../proto/refusal.ts'
import type { Profile, ProfileRole } from './profile.ts'
import type { World } from './verb.ts'

/** A client in one of these roles, the first that the profile has. */
export function dial(profile: Profile, world: World, ...roles: readonly ProfileRole[]): WireClient {
  const role = roles.find((item) => profile.tls[item] !== undefined)
  const files = role && profile.tls[role]
  if (files === undefined) {
    return refuse(
      'CALLER_NOT_ALLOWED',
      `${profile.id}: no certificate for role ${roles.join(' or ')}`,
    )
  }
  const [ca, cert, key] = [files.ca, files.cert, files.key].map((file) =>
    readFileSync(file, 'utf8'),
  )
  const identity = { ca: ca ?? '', cert: cert ?? '', key: key ?? '' }
  return connect({ identity, org: profile.org, server: profile.server, nowMs: world.nowMs })
}
