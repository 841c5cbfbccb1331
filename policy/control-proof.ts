// A control proof: one dated sentence that a vault's key signs to show that t holders can sign, at
// genesis, in a drill, to whoever asks for a proof of reserve. It moves nothing and promises
// nothing. INVARIANT: the sentence follows from the approved change and the key alone, and what the
// key signs is SHA-256 over a tag, a newline and the 32 bytes of the sentence's own SHA-256: 57
// bytes that no chain can read as a transaction or a message (`docs/policy.md`, Control proofs).
import { digestOf, fromHex, plainDigest, toHex, toUtf8 } from '../proto/crypto.ts'
import { refuse } from '../proto/refusal.ts'
import { writeTime } from '../proto/shape.ts'
import { tags } from '../proto/tags.ts'
import { chainOf } from './chain/chains.ts'
import { derive } from './chain/derive.ts'
import type { ChangeOf } from './change.ts'
import type { KeyFacts } from './view.ts'

export interface ControlProof {
  /** ASCII, ends with a newline. */
  readonly text: string
  /** 32 bytes: what the key signs. */
  readonly digest: Uint8Array
  /** The key at the path, compressed. */
  readonly publicKey: Uint8Array
}

type KeyAsked = Pick<KeyFacts, 'key' | 'publicKey' | 'chainCode'>

/** `network` is the CAIP-2 name of the vault's chain. */
export function controlProof(
  change: ChangeOf<'key.prove'>,
  row: KeyAsked,
  network: string,
): ControlProof {
  const { publicKey } = derive(row, change.terms.path)
  const { org, env, vault, id, created, purpose } = change
  const { epoch, path, audience, challenge } = change.terms
  const lines = [
    ['organisation', org],
    ['environment', env],
    ['vault', vault],
    ['key', row.key],
    ['epoch', `${epoch}`],
    ['path', path],
    ['network', network],
    ['address', chainOf(network).address(publicKey)],
    ['public key', toHex(publicKey)],
    ['date', writeTime(created)],
    ['number', id],
    ['audience', audience],
    ['challenge', challenge.length === 0 ? 'none' : toHex(challenge)],
    ['purpose', purpose],
  ]
  const text = `${proofTitle}\n${lines.map(([name, value]) => `${name}: ${value}\n`).join('')}`
  return { text, digest: proofDigest(text), publicKey }
}

export const proofTitle = 'custody control proof'

/** What a key signs for this text, and for no other and for no other purpose. */
export function proofDigest(text: string): Uint8Array {
  const named = digestOf(tags.controlProof, bytesOf(plainDigest(toUtf8(text))))
  return bytesOf(named)
}

function bytesOf(digest: string): Uint8Array {
  return fromHex(digest) ?? refuse('INTERNAL', 'expected a digest')
}
