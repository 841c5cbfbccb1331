// A node's confirmation of a key: its identity key signs exactly what the log line says, after it
// sealed its pending Keyshare and opened the seal again. A key is in force only when all members
// confirmed, so no node can be left behind with another view (protocol, key generation).
// A key that a change made is confirmed with the change's digest in the document; a change that
// makes no key is consented to by the nodes that will act on it. No document reads as another.
import { ed25519Verify, tagged, toHex } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { allAtOnce, type InTurns } from '../../proto/in-turns.ts'
import { encode } from '../../proto/jcs.ts'
import { refuse } from '../../proto/refusal.ts'
import { tags } from '../../proto/tags.ts'
import type { Root } from '../documents.ts'
import type { KeyFacts } from '../view.ts'
import type { EntryOf } from './entry.ts'

/** Signatures as a line holds them, in the order of the members. */
export type Confirms = readonly { readonly node: string; readonly signature: Uint8Array }[]

/** Canonical bytes; the node signs them under the tag `confirm`. */
export function confirmDocument(vault: KeyFacts, node: string, change?: Digest): Uint8Array {
  const { epoch, key, keyState, publicKey, chainCode, t, participants } = vault
  return encode({
    ...(change === undefined ? {} : { change }),
    chainCode: toHex(chainCode),
    epoch,
    key,
    keyState,
    node,
    participants: participants.map(({ node: member, x }) => ({ node: member, x })),
    publicKey: toHex(publicKey),
    t,
    vault: vault.vault,
  })
}

/** What the identity key signs. */
export function confirmMessage(vault: KeyFacts, node: string, change?: Digest): Uint8Array {
  return tagged(tags.confirm, confirmDocument(vault, node, change))
}

/** A node's word that it judged the change itself and will act on it once its line is cosigned. */
export function consentDocument(change: Digest, node: string): Uint8Array {
  return encode({ change, format: 'custody-consent/v1', node })
}

/** What the identity key signs. */
export function consentMessage(change: Digest, node: string): Uint8Array {
  return tagged(tags.confirm, consentDocument(change, node))
}

export interface ConfirmsOver {
  readonly root: Root
  readonly message: (node: string) => Uint8Array
}

/** One signature of each of these nodes, in the same order, by the identity that the root names. */
export function requireSignatures(...about: Parameters<typeof requiringSignatures>): void {
  allAtOnce(requiringSignatures(...about))
}

/** The same in turns, one signature in each. */
export function* requiringSignatures(
  given: Confirms,
  nodes: readonly string[],
  { root, message }: ConfirmsOver,
): InTurns {
  if (given.length !== nodes.length) {
    refuse('PARTICIPANTS', `expected ${nodes.length} confirmations, got ${given.length}`)
  }
  for (const [at, node] of nodes.entries()) {
    if (at > 0) yield
    const identity = root.nodes.find((item) => item.node === node)?.identity
    const confirm = given[at]
    const own = identity !== undefined && confirm?.node === node
    if (!own || !ed25519Verify(identity, message(node), confirm.signature)) {
      refuse('PARTICIPANTS', `no confirmation of ${node} by the identity that the root names`)
    }
  }
}

/** t of exactly the nodes of the root, at their places, in the order of x. */
export function requireAllNodes(key: Pick<KeyFacts, 't' | 'participants'>, root: Root): void {
  if (key.t !== root.quorumCrypto.t) {
    refuse('PARTICIPANTS', `expected t ${root.quorumCrypto.t}, got ${key.t}`)
  }
  const nodes = [...root.nodes].sort((a, b) => a.x - b.x)
  const same = nodes.every(({ node, x }, at) => {
    const member = key.participants[at]
    return member?.node === node && member.x === x
  })
  if (!same || key.participants.length !== nodes.length) {
    refuse('PARTICIPANTS', 'expected all nodes of the root, in the order of x')
  }
}

type Committee = Pick<KeyFacts, 't' | 'participants'>

/** A refresh keeps the holders, a reshare has those of its change. */
export function requireSameCommittee(expected: Committee, got: Committee): void {
  const same = expected.participants.every(({ node, x }, at) => {
    const member = got.participants[at]
    return member?.node === node && member.x === x
  })
  if (!same || expected.participants.length !== got.participants.length || expected.t !== got.t) {
    refuse('PARTICIPANTS', 'expected exactly the holders and the t of the change')
  }
}

/** Of t holders at least one is honest, and went by its own clock and the witnesses' times. */
export function requireWord(...about: Parameters<typeof requiringWord>): void {
  allAtOnce(requiringWord(...about))
}

/** The same in turns, one signature in each. */
export function* requiringWord(
  { body, type }: EntryOf<'key.exported' | 'key.disabled'>,
  row: KeyFacts,
  root: Root,
): InTurns {
  const nodes = body.confirms.map(({ node }) => node)
  const places = nodes.map((node) => row.participants.find((one) => one.node === node)?.x ?? 0)
  const ascending = places.every((x, at) => x > (places[at - 1] ?? 0))
  const enough = type === 'key.exported' ? nodes.length === row.t : nodes.length >= row.t
  if (!ascending || !enough) {
    refuse('PARTICIPANTS', `expected ${row.t} holders of the key, each once, in order`)
  }
  const message = (node: string) => consentMessage(body.change, node)
  yield* requiringSignatures(body.confirms, nodes, { root, message })
}
