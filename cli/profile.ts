// The profile of one person, service or operator: where the coordinator is and by which key it is
// known, the own certificates by role, the sealed signing key, the trust file. It stands in the
// owner's directory and is chosen with `--as DIR`.
// Opens no connection (`dial.ts` does): who only signs loads nothing that could. Keeps no secret.
import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseTrust, type Trust } from '../policy/trust.ts'
import { coordinatorPeer, pathFrom, readConfig, tlsFiles } from '../proto/config.ts'
import { handle, literal, object, objectWith, type Shaped } from '../proto/shape.ts'
import { type Args, flag, UsageError, type World } from './verb.ts'

export type ProfileRole = 'caller' | 'approver' | 'operator'
export type Profile = Shaped<ReturnType<typeof shapeIn>>

/** Flags of every verb that needs a profile. */
export const profileOptions = { as: { type: 'string' } } as const
/** Flags of every verb that signs. */
export const keyOptions = {
  credential: { type: 'string' },
  'passphrase-fd': { type: 'string' },
} as const

export function openProfile(args: Args, world: World): Profile {
  const place = flag(args, 'as') ?? world.profile
  if (place === undefined) throw new UsageError('expected --as DIR, your own directory')
  const file = isDirectory(place) ? join(place, 'config.json') : place
  return readConfig(readFileSync(file, 'utf8'), shapeIn(dirname(file)))
}

export function openTrust(profile: Profile): Trust {
  return parseTrust(readFileSync(profile.trust, 'utf8'))
}

function isDirectory(place: string): boolean {
  const found = statSync(place, { throwIfNoEntry: false })
  if (found === undefined) throw new UsageError(`--as ${place}: there is no such place`)
  return found.isDirectory()
}

function shapeIn(directory: string) {
  const files = tlsFiles(directory)
  const path = pathFrom(directory)
  return objectWith(
    {
      format: literal('custody-profile/v1'),
      org: handle,
      env: literal('prod', 'test', 'dev'),
      /** Person, service or operator: last part of the identity in the certificates. */
      id: handle,
      server: coordinatorPeer,
      /** A certificate for each role that this owner has. */
      tls: objectWith({}, { caller: files, approver: files, operator: files }),
      trust: path,
    },
    {
      /** Sealed signing key and the credential that it is in the directory. */
      key: object({ file: path, credential: handle }),
      /** File with the passphrase of the key, for services and development. */
      credential: path,
    },
  )
}
