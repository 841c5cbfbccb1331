// Anchors: how far the log of cold vaults had come, as lines of the main log, so that whoever keeps
// the one log notices when the other was cut or rewritten. A head counts by its signatures under
// the pinned trust file of the cold log, whoever brings it.
// INVARIANT: an anchor only grows, and its head was cosigned by q witnesses of that log. That one
// head extends another is for whoever verifies both logs.
import { cosignatures, parseNote, signedByLog } from '../../policy/audit/checkpoint.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import type { Trust } from '../../policy/trust.ts'
import { toHex } from '../../proto/crypto.ts'
import { isRefusal, type Refusal, refusal } from '../../proto/refusal.ts'
import { writeLines } from '../driver.ts'
import type { Copy } from '../page.ts'
import type { Sequencer } from '../sequencer.ts'

export interface AnchorsPorts {
  readonly copy: Copy
  readonly sequencer: Sequencer
  /** Of the log of cold vaults; undefined where the configuration names none. */
  readonly cold: Trust | undefined
}

export interface Anchored {
  /** The line that says it. */
  readonly seq: number
  readonly size: number
}

export class Anchors {
  readonly #ports: AnchorsPorts

  constructor(ports: AnchorsPorts) {
    this.#ports = ports
  }

  /** A head that is not newer than the last one is answered with that one. */
  async take(checkpoint: Uint8Array): Promise<Anchored | Refusal> {
    const { cold, copy } = this.#ports
    if (cold === undefined) return refusal('CONFIG', 'coldTrust: no log of cold vaults is pinned')
    const note = parseNote(checkpoint)
    const { origin, size, root } = note.checkpoint
    if (origin !== cold.log.origin || !signedByLog(note, cold.log.vkey)) {
      return refusal('LOG_MALFORMED', `expected a head signed by ${cold.log.origin}`)
    }
    const given = cosignatures(note, cold.witnesses).length
    if (given < cold.q) {
      return refusal('COSIGN', `expected ${cold.q} witnesses of the cold log, got ${given}`)
    }
    const last = await copy.read(get(tables.anchor, origin))
    if (last !== undefined && last.size > size) return { seq: last.seq, size: last.size }
    if (last?.size === size) {
      const isSame = last.root === toHex(root)
      return isSame ? { seq: last.seq, size } : refusal('LOG_FORK', 'another log of this size')
    }
    const lines = [{ type: 'cold.anchored', body: { origin, root: toHex(root), size } }]
    const answer = await writeLines(this.#ports, { lines })
    return isRefusal(answer) ? answer : { seq: answer.seqs[0] ?? 0, size }
  }
}
