// How a ban ends, and how a lost one comes back: both are facts of the log in this node's own copy.
// A ban ends by a line of an approved change that came after this node's own signed statement of
// that ban, under q cosignatures; then the two pair anew, and until a later epoch of a vault they
// sign for it only over pairings made in the session (`standing.ts` says so to the coordinator).
// INVARIANT: a change is used once and for one ban; tombstones stay; time ends nothing.
// Approves nothing: whether a line is lawful is the fold.
import { banDocument } from '../policy/audit/ban-statement.ts'
import { readSync } from '../policy/audit/rows.ts'
import { below, get, tables } from '../policy/audit/tables.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import type { ReasonCode } from '../proto/reasons.ts'
import { type Signed, sign } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import type { Ban } from './bans.ts'
import type { Parts } from './parts.ts'

/** Which check failed is not said. */
const reason: ReasonCode = 'PEER_BANNED'

/** A lawful line that lets this node's peer in again. */
interface Approved {
  readonly change: Digest
  readonly seq: number
}

export class Readmissions {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** After anything that may have moved the own copy or what is known of its heads. */
  review(): void {
    for (const { node } of this.#parts.peers.others()) this.#restore(node)
    for (const ban of this.#parts.bans.banned()) this.#readmit(ban)
  }

  /** Bans that the log does not show yet, as this node signs them. */
  statements(): readonly Signed[] {
    const { self, bans, pairings } = this.#parts
    return bans
      .banned()
      .filter(({ peer, number }) => {
        const isShown = (this.#said(peer)?.number ?? 0) >= number
        return !isShown && !pairings.fence.isQuiet(peer)
      })
      .map(({ peer, number }) => {
        const document = banDocument(self, { node: self.node, peer, number, reason })
        return sign(tags.ban, document, self.node, self.sign)
      })
  }

  /** The store lost what this node once said: a copy or a backup of it, or a new disk. */
  #restore(peer: NodeId): void {
    const { bans, ports, store, pairings } = this.#parts
    const said = this.#said(peer)
    if (said === undefined || said.number <= bans.last(peer)) return
    const atMs = ports.clock.wallMs()
    store.step(() => bans.restore(peer, said.number, { reason: said.reason, atMs }))
    const because = 'the log has this node\u2019s word for it, the own store had forgotten'
    ports.report({ level: 'alarm', name: 'ban-restored', peer, because })
    pairings.forget(peer)
  }

  #readmit({ peer, number }: Ban): void {
    const { bans, ports, store, keyshares, changed } = this.#parts
    const change = this.#approved(peer, number)?.change
    if (change === undefined) return
    const atMs = ports.clock.wallMs()
    const epochs = keyshares.vaults().map(({ vault, epoch }) => ({ vault, epoch }))
    store.step(() => bans.readmit({ peer, change, number, atMs, epochs }))
    ports.report({ level: 'warn', name: 'peer-readmitted', peer, because: change })
    changed()
  }

  /** After the statement of this very ban: what was approved before it approved something else. */
  #approved(peer: NodeId, number: number): Approved | undefined {
    const { self, rows, bans, witness } = this.#parts
    const said = this.#said(peer)
    if (said?.number !== number) return undefined
    return readSync(below(tables.readmission, self.node, peer), rows).find(
      ({ change, seq }) =>
        seq > said.seq && !bans.isUsed(change) && witness.coverage(seq).isCovered,
    )
  }

  /** The newest ban of the peer in this node's own words. */
  #said(peer: NodeId) {
    const { self, rows } = this.#parts
    return readSync(get(tables.ban, self.node, peer), rows)
  }
}
