// What the world saw of a house: every document and share that left a node, every head that reached
// one, every event. It stands outside of all processes and forgets nothing when they die, so checkers
// ask it and not them.
import { parseNote } from '../../policy/audit/checkpoint.ts'
import { fromUtf8, toHex } from '../../proto/crypto.ts'
import type { CoordinatorFrame, NodeFrame, WireSigned } from '../../proto/frames.ts'
import type { Digest } from '../../proto/ids.ts'
import { parseText } from '../../proto/jcs.ts'
import {
  type Acceptance,
  kinds,
  type RefusalDocument,
  type ShareReceipt,
} from '../../proto/node-documents.ts'
import type { Time } from './house-time.ts'

export interface Left<T> {
  readonly atMs: number
  readonly node: string
  readonly value: T
}

/** A share, and how many lines each witness was known to have seen when it left. */
export interface LeftShare extends ShareReceipt {
  readonly rPoint: string
  readonly known: ReadonlyMap<string, number>
}

/** A head of the log with the size it speaks of. */
export interface SeenHead {
  readonly size: number
  readonly root: string
  /** `log` for a checkpoint, else the witness. */
  readonly by: string
}

export interface SeenEvent {
  readonly process: string
  readonly name: string
  readonly level: string
  readonly because: string
}

export class Record {
  readonly #time: Time
  readonly accepted: Left<Acceptance>[] = []
  readonly refused: Left<RefusalDocument>[] = []
  readonly shares: Left<LeftShare>[] = []
  readonly heads: SeenHead[] = []
  readonly events: SeenEvent[] = []
  /** By node, then by witness: the largest cosigned head that reached it, in whatever life. */
  readonly #known = new Map<string, Map<string, number>>()

  constructor(time: Time) {
    this.#time = time
  }

  event(
    process: string,
    {
      name,
      level,
      because = '',
    }: Omit<SeenEvent, 'process' | 'because'> & {
      readonly because?: string
    },
  ): void {
    this.events.push({ process, name, level, because })
  }

  /** Leaves the node, whether or not it arrives. */
  up(node: string, frame: NodeFrame): void {
    const atMs = this.#time.now
    switch (frame.frame) {
      case 'accepted': {
        const value = readAcceptance(frame.accepted.acceptance)
        if (value !== undefined) this.accepted.push({ atMs, node, value })
        break
      }
      case 'refused':
        this.refused.push({
          atMs,
          node,
          value: kinds.refusal.shape(json(frame.refused.refusal), ''),
        })
        break
      case 'share': {
        const receipt = kinds.receipt.shape(json(frame.share.receipt), '')
        const known = new Map(this.#of(node))
        const value = { ...receipt, rPoint: toHex(frame.share.rPoint), known }
        this.shares.push({ atMs, node, value })
        break
      }
      case 'cosigned':
        this.#head(frame.cosigned.note, node)
        this.#reached(node, frame.cosigned.note)
        break
      default:
    }
  }

  /** Arrives at the node. */
  down(node: string, frame: CoordinatorFrame): void {
    switch (frame.frame) {
      case 'heads':
        for (const note of frame.heads.heads) this.#reached(node, note)
        break
      case 'lines':
        this.#page(node, frame.lines)
        break
      case 'prepare':
        this.#page(node, frame.prepare.lines)
        break
      default:
    }
  }

  refusals(intent: Digest): readonly Left<RefusalDocument>[] {
    return this.refused.filter(({ value }) => value.intent === intent)
  }

  sharesOf(intent: Digest): readonly Left<LeftShare>[] {
    return this.shares.filter(({ value }) => value.intent === intent)
  }

  #page(
    node: string,
    page: { readonly checkpoint: Uint8Array; readonly heads: readonly Uint8Array[] },
  ): void {
    this.#head(page.checkpoint, 'log')
    for (const note of page.heads) this.#reached(node, note)
  }

  #head(note: Uint8Array, by: string): void {
    const { size, root } = parseNote(note).checkpoint
    this.heads.push({ size, root: toHex(root), by })
  }

  #reached(node: string, bytes: Uint8Array): void {
    const { checkpoint, signatures } = parseNote(bytes)
    const known = this.#of(node)
    for (const { name } of signatures) {
      if (!name.endsWith('/witness')) continue
      known.set(name, Math.max(known.get(name) ?? 0, checkpoint.size))
    }
  }

  #of(node: string): Map<string, number> {
    const found = this.#known.get(node) ?? new Map<string, number>()
    this.#known.set(node, found)
    return found
  }
}

function json(signed: WireSigned) {
  return parseText(fromUtf8(signed.document) ?? '')
}

/** Undefined for the acceptance of a key. */
function readAcceptance(signed: WireSigned): Acceptance | undefined {
  const document = json(signed)
  const isOfKey = typeof document === 'object' && 'keygen' in document
  return isOfKey ? undefined : kinds.acceptance.shape(document, '')
}
