// Promises: every head that a log ever signed binds it for ever. Here the heads that an export
// carries and those that the verifier remembers are held against its lines and its checkpoint.
// Two signed heads that no tree can satisfy are an equivocation, and the two notes are the proof. A
// remembered head that the lines do not continue is a rollback, whoever signed what.
import { attempt, isRefusal, type Refusal, refusal } from '../../proto/refusal.ts'
import type { Trust } from '../trust.ts'
import { cosignatures } from './checkpoint.ts'
import { agrees, contradict, readHead, type SignedHead, witnessesFor } from './heads.ts'
import type { Chain } from './integrity.ts'
import type { Reigns } from './reigns.ts'
import type { Finding } from './report.ts'

export interface Given {
  readonly chain: Chain
  readonly checkpoint: SignedHead | Refusal
  /** Of the export, signed by the log. */
  readonly heads: readonly SignedHead[]
  /** Of the export, not signed by the log. */
  readonly unsigned: readonly SignedHead[]
  readonly trust: Trust
  /** As the lines say. */
  readonly reigns: Reigns
  readonly remembered: readonly Uint8Array[]
}

export interface Promised {
  readonly findings: readonly Finding[]
  readonly proof?: readonly [string, string]
}

/** Refused when what is remembered is no head of this log: then the arguments are wrong. */
export function promises(given: Given): Promised | Refusal {
  const remembered: SignedHead[] = []
  for (const bytes of given.remembered) {
    const head = readHead(bytes, given.trust)
    if (isRefusal(head) || !head.signed) {
      return refusal('CONFIG', 'remembered: expected a checkpoint that the pinned log signed')
    }
    remembered.push(head)
  }
  const findings = [
    ...given.heads.flatMap((head) => beyond(head, given.chain)),
    ...given.unsigned.flatMap((head) => foreign(head, given)),
    ...remembered.flatMap((head) => rolledBack(head, given.chain)),
  ]
  const proof = equivocation([...given.heads, ...remembered], given)
  if (proof === undefined) return { findings }
  const because = 'the log signed two heads that cannot both be true'
  const caught = { area: 'integrity', word: 'EQUIVOCATION', code: 'LOG_FORK', because } as const
  return { findings: [...findings, caught], proof }
}

/** The export is a prefix of what the log once was, which says nothing against it but that. */
function beyond({ note }: SignedHead, { size }: Chain): readonly Finding[] {
  if (note.checkpoint.size <= size) return []
  const because = `the log signed ${note.checkpoint.size} lines, the export has ${size}`
  return [{ area: 'completeness', word: 'UNCONFIRMED', code: 'LINE_MISSING', because }]
}

/** Enough witnesses vouch for another tree under this name, and the log never signed it. */
function foreign({ note }: SignedHead, { chain, trust, reigns }: Given): readonly Finding[] {
  const { origin, size } = note.checkpoint
  if (chain.findings.length > 0 || origin !== trust.log.origin || agrees(note, chain)) return []
  const judges = witnessesFor(size, trust, reigns)
  const given = attempt(() => cosignatures(note, judges.witnesses))
  if (isRefusal(given) || given.length < judges.q) return []
  const because = `${given.length} witnesses cosigned ${size} lines that are not these`
  return [{ area: 'witnessing', word: 'UNCONFIRMED', code: 'LOG_FORK', because }]
}

function rolledBack({ note }: SignedHead, chain: Chain): readonly Finding[] {
  // What comes after a broken line is no evidence of a rollback.
  if (chain.findings.length > 0 || agrees(note, chain)) return []
  const because = `not an extension of the remembered head of ${note.checkpoint.size} lines`
  return [{ area: 'integrity', word: 'ROLLED_BACK', code: 'LOG_FORK', because }]
}

function equivocation(
  heads: readonly SignedHead[],
  { chain, checkpoint }: Given,
): readonly [string, string] | undefined {
  if (isRefusal(checkpoint) || !checkpoint.signed) return pairIn(heads)
  const pair = pairIn([checkpoint, ...heads])
  if (pair !== undefined || chain.findings.length > 0 || !agrees(checkpoint.note, chain)) {
    return pair
  }
  // The checkpoint binds the log to these very lines, so every smaller head must be one of theirs.
  const { size } = checkpoint.note.checkpoint
  const other = heads.find(({ note }) => note.checkpoint.size <= size && !agrees(note, chain))
  return other === undefined ? undefined : [checkpoint.text, other.text]
}

function pairIn(heads: readonly SignedHead[]): readonly [string, string] | undefined {
  for (const [at, one] of heads.entries()) {
    const other = heads.slice(at + 1).find((head) => contradict(one.note, head.note))
    if (other !== undefined) return [one.text, other.text]
  }
  return undefined
}
