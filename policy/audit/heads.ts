// Signed heads against each other and against the lines: what a log has promised, and whether it
// kept the promise. Two heads that the log signed and that no tree can satisfy are proof against
// it that anybody can check; a head that only a verifier remembers proves a rollback to itself.
import { equalBytes, fromUtf8 } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal, type Refusal } from '../../proto/refusal.ts'
import { witnessesOf } from '../documents.ts'
import type { Trust } from '../trust.ts'
import { type Cosignature, cosignatures, type Note, parseNote, signedByLog } from './checkpoint.ts'
import { type Reigns, reignOverHead } from './reigns.ts'
import type { Finding } from './report.ts'

/** The tree over the lines of an export. */
export interface Lines {
  readonly size: number
  readonly rootAt: (size: number) => Uint8Array
}

export interface Witnessing {
  readonly findings: readonly Finding[]
  /** The newest instant, in milliseconds, at which q witnesses had seen this head. */
  readonly seenAt: number | undefined
}

export type Judges = Pick<Trust, 'witnesses' | 'q'>

export interface SignedHead {
  readonly note: Note
  /** Whether the pinned log signed it. */
  readonly signed: boolean
  readonly text: string
}

/** Refused when it is no note, or when a signature of the pinned log key fails. */
export function readHead(bytes: Uint8Array, trust: Trust): SignedHead | Refusal {
  return attempt(() => {
    const note = parseNote(bytes)
    return { note, signed: signedByLog(note, trust.log.vkey), text: fromUtf8(bytes) ?? '' }
  })
}

export function agrees({ checkpoint }: Note, lines: Lines): boolean {
  const { size, root } = checkpoint
  return size <= lines.size && equalBytes(lines.rootAt(size), root)
}

/** Of one size, and of different trees: no lines are needed to see it. */
export function contradict(a: Note, b: Note): boolean {
  const [one, other] = [a.checkpoint, b.checkpoint]
  return one.size === other.size && !equalBytes(one.root, other.root)
}

/** Whose cosignatures a head of this size needs: those of the root of its last line. */
export function witnessesFor(size: number, trust: Trust, reigns: Reigns): Judges {
  if (reigns.length === 0) return trust
  const reign = reignOverHead(reigns, size)
  if (reign === reigns[0]) return trust
  return { witnesses: witnessesOf(reign.root), q: reign.root.witness.q }
}

export function witnessing(note: Note, judges: Judges, nowMs: number): Witnessing {
  const given = attempt(() => cosignatures(note, judges.witnesses))
  if (isRefusal(given)) {
    const { code, because } = given
    return {
      findings: [{ area: 'witnessing', word: 'TAMPERED', code, because }],
      seenAt: undefined,
    }
  }
  const counted = given.filter((one) => one.at <= nowMs + limits.clockSkewMs)
  const seenAt = newest(counted, judges.q)
  if (seenAt !== undefined) return { findings: [], seenAt }
  const because = `expected cosignatures of ${judges.q} witnesses, got ${counted.length}`
  return {
    findings: [{ area: 'witnessing', word: 'UNCONFIRMED', code: 'COSIGN', because }],
    seenAt: undefined,
  }
}

/** The q-th newest time: by then q witnesses had spoken. */
function newest(given: readonly Cosignature[], q: number): number | undefined {
  return given.map((one) => one.at).sort((a, b) => b - a)[q - 1]
}
