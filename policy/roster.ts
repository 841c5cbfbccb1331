// Roster: the parsed directory. Who the people and services are and which keys speak for them; what
// they may do is in the policy. Keys of nodes stand in the root.
// INVARIANT: a credential id, a public key and a TLS key belong to one person only, so that one
// human cannot vote twice (`credentialOwnersDistinct`); a service has a human owner, who cannot
// approve what the service asks for.
// Only Ed25519 credentials are verified in this release; other schemes are refused, not ignored.
import { toHex } from '../proto/crypto.ts'
import type { Digest, Handle, PersonId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import {
  digest,
  handle,
  hex,
  list,
  literal,
  object,
  objectWith,
  type Shaped,
  time,
} from '../proto/shape.ts'
import { tags } from '../proto/tags.ts'
import { personId, readDocument, versioned } from './document.ts'
import type { Env } from './intent.ts'

export type Factor = 'none' | 'uv' | 'hardware'

export interface Credential {
  readonly id: Handle
  readonly person: PersonId
  readonly scheme: 'ed25519'
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** SHA-256 of the TLS key that this credential calls with; empty for none. */
  readonly transport: Digest | ''
  /** Milliseconds; valid from `from` inclusive to `to` exclusive. */
  readonly from: number
  readonly to: number
  readonly factor: Factor
}

export interface Person {
  readonly id: PersonId
  readonly kind: 'human' | 'service'
  /** The human behind a service; empty for humans. */
  readonly owner: PersonId | ''
  readonly credentials: readonly Credential[]
}

export interface Roster {
  readonly digest: Digest
  readonly org: Handle
  readonly env: Env
  readonly version: number
  readonly previous: Digest | ''
  readonly persons: ReadonlyMap<PersonId, Person>
  /** By credential id. */
  readonly credentials: ReadonlyMap<Handle, Credential>
}

export function parseRoster(text: string): Roster {
  const { digest, value } = readDocument(tags.directory, text, directoryShape)
  const { org, env, version, previous } = value
  const persons = new Map<PersonId, Person>()
  for (const written of value.persons) {
    const person = personOf(written)
    if (persons.has(person.id)) refuse('MALFORMED', `persons: ${person.id} stands twice`)
    persons.set(person.id, person)
  }
  requireOwners(persons)
  const credentials = distinctCredentials([...persons.values()])
  return { digest, org, env, version, previous, persons, credentials }
}

/** The credential if it is known and valid at this instant. */
export function credentialAt(roster: Roster, id: Handle, atMs: number): Credential | undefined {
  const credential = roster.credentials.get(id)
  return credential && credential.from <= atMs && atMs < credential.to ? credential : undefined
}

/** The credential if it is known and valid at each of these instants. */
export function credentialThrough(
  roster: Roster,
  id: Handle,
  instants: readonly number[],
): Credential | undefined {
  const valid = instants.every((atMs) => credentialAt(roster, id, atMs) !== undefined)
  return valid ? roster.credentials.get(id) : undefined
}

/** The credential that calls with this TLS key, if it is valid at this instant. */
export function callerAt(roster: Roster, transport: Digest, atMs: number): Credential | undefined {
  const caller = [...roster.credentials.values()].find((item) => item.transport === transport)
  return caller === undefined ? undefined : credentialAt(roster, caller.id, atMs)
}

/** Who cannot approve what `initiator` asked for: itself, and the human who owns it. */
export function interested(roster: Roster, initiator: PersonId): ReadonlySet<PersonId> {
  const owner = roster.persons.get(initiator)?.owner ?? ''
  return new Set(owner === '' ? [initiator] : [initiator, owner])
}

const credentialShape = objectWith(
  {
    id: handle,
    scheme: literal('ed25519', 'sshsig', 'webauthn'),
    publicKey: hex(1024, true),
    from: time,
    to: time,
    factor: literal('none', 'uv', 'hardware'),
  },
  { transport: digest },
)

const personShape = objectWith(
  {
    handle: personId,
    kind: literal('human', 'service'),
    credentials: list(credentialShape, 1, 16),
  },
  { owner: personId },
)

const directoryShape = object({
  format: literal('custody-directory/v1'),
  ...versioned,
  persons: list(personShape, 1, limits.personsMax),
})

function personOf(written: Shaped<typeof personShape>): Person {
  const { handle: id, kind, owner = '' } = written
  if ((kind === 'service') !== (owner !== '')) {
    refuse('MALFORMED', `persons: expected an owner for services only, see ${id}`)
  }
  const credentials = written.credentials.map((item) => credentialOf(id, item))
  return { id, kind, owner, credentials }
}

function credentialOf(owner: PersonId, written: Shaped<typeof credentialShape>): Credential {
  const { id, scheme, publicKey, transport = '', from, to, factor } = written
  if (scheme !== 'ed25519') {
    return refuse('NOT_SUPPORTED', `credential ${id}: scheme ${scheme} is not supported yet`)
  }
  if (publicKey.length !== 32) refuse('MALFORMED', `credential ${id}: expected 32 bytes of key`)
  if (from >= to) refuse('MALFORMED', `credential ${id}: expected from before to`)
  return { id, person: owner, scheme, publicKey, transport, from, to, factor }
}

function requireOwners(persons: ReadonlyMap<PersonId, Person>): void {
  for (const { id, owner } of persons.values()) {
    if (owner !== '' && persons.get(owner)?.kind !== 'human') {
      refuse('MALFORMED', `persons: owner of ${id} is no human of this directory`)
    }
  }
}

function distinctCredentials(persons: readonly Person[]): ReadonlyMap<Handle, Credential> {
  const byId = new Map<Handle, Credential>()
  const keys = new Set<string>()
  for (const credential of persons.flatMap((item) => item.credentials)) {
    const { id, publicKey, transport } = credential
    if (byId.has(id)) refuse('MALFORMED', `credential ${id}: id stands twice`)
    claim(keys, toHex(publicKey), `credential ${id}: public key stands twice`)
    if (transport !== '') claim(keys, `tls ${transport}`, `credential ${id}: transport key twice`)
    byId.set(id, credential)
  }
  return byId
}

function claim(taken: Set<string>, key: string, because: string): void {
  if (taken.has(key)) refuse('MALFORMED', because)
  taken.add(key)
}
