// Proofs over the log, for anyone: checkpoints with cosignatures, inclusion and consistency, lines,
// and the Export for the offline verifier. Everything can be checked without believing this
// program.
import { parseNoteText } from '../policy/audit/checkpoint.ts'
import { consistencyProof, inclusionProof } from '../policy/audit/merkle.ts'
import { toUtf8 } from '../proto/crypto.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import type { CosignedHeads } from './cosigned.ts'
import type { Clock } from './ports.ts'
import { readLines } from './store/lines.ts'
import type { Store } from './store/store.ts'
import type { Tree } from './tree.ts'

export interface ProofsPorts {
  readonly store: Store
  readonly origin: string
  readonly tree: Tree
  readonly heads: CosignedHeads
  readonly clock: Clock
}

/** That a line is in the log and that enough witnesses know it; empty while they do not. */
export interface Proved {
  readonly checkpoint: Uint8Array
  readonly proof: readonly Uint8Array[]
  readonly entry: Uint8Array
}

/** How long a person's client waits for the witnesses before it is told "recorded" only. */
const effectiveWaitMs = 3_000

export class Proofs {
  readonly ports: ProofsPorts

  constructor(ports: ProofsPorts) {
    this.ports = ports
  }

  async effective(seq: number): Promise<Proved> {
    const { heads, clock, tree } = this.ports
    const stop = new AbortController()
    await heads.untilCovered(seq, clock.sleep(effectiveWaitMs, stop.signal))
    stop.abort()
    const [entry = new Uint8Array(0)] = await this.lines(seq, 1)
    const best = await heads.bestFor(seq)
    const { size } = parseNoteText(best).checkpoint
    if (size <= seq || !heads.covers(seq))
      return { checkpoint: new Uint8Array(0), proof: [], entry }
    return { checkpoint: toUtf8(best), proof: inclusionProof(tree, seq, size), entry }
  }

  /** The largest head with enough cosignatures, else the newest with the log's signature alone. */
  checkpoint(): Promise<string> {
    return this.ports.heads.best()
  }

  inclusion(seq: number, size: number): readonly Uint8Array[] {
    this.#requireSize(size)
    return inclusionProof(this.ports.tree, seq, size)
  }

  consistency(from: number, to: number): readonly Uint8Array[] {
    this.#requireSize(to)
    return consistencyProof(this.ports.tree, from, to)
  }

  lines(from: number, countMax: number): Promise<readonly Uint8Array[]> {
    const { store, origin } = this.ports
    const linesMax = Math.min(countMax, limits.pageLinesMax)
    return readLines(store, origin, { from, linesMax, bytesMax: limits.pageBytesMax })
  }

  #requireSize(size: number): void {
    const { tree } = this.ports
    if (size > tree.size) {
      refuse('LOG_BEHIND', `expected at most ${tree.size} lines, got ${size}`)
    }
  }
}
