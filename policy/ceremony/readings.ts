// What people read to each other, as digests: which digest the Words of a reading stand for. One
// definition, for the stations that show them, for the line of the Record, and for the judge.
// Those of build, bundle, plan, log, key and request are digests that exist already: program of the
// Plan, manifest carried in, Plan, root of the log, key state, request. These are the others.
import { plainDigest, toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'

/** Of a signature or a control proof: r, s and v, as it stands in the log. */
export function signatureReading(signature: Uint8Array): Digest {
  return plainDigest(signature)
}

/** Of a newcomer's token: its identity key, as the Plan names it. */
export function tokenReading(identity: Uint8Array): Digest {
  return plainDigest(identity)
}

/** Of all addresses of a key, in full, in the order of their text. */
export function addressReading(addresses: readonly string[]): Digest {
  return plainDigest(toUtf8([...addresses].sort().join('\n')))
}

/** Of a new committee before there is a root: the digests of all station cards, in order. */
export function cardsReading(cards: readonly Digest[]): Digest {
  return plainDigest(toUtf8([...cards].sort().join('\n')))
}
