// What a judge of a ceremony says: findings by the number of the check, I1 to I8, one word and one
// exit code, in the words of `audit verify`. Checks I9 and I10 are for whoever imports: whether a
// request is still lawful now, and whether somebody has read every exception.
import type { Digest, PersonId } from '../../proto/ids.ts'
import { attempt, isRefusal, type Refusal } from '../../proto/refusal.ts'
import { exits } from '../audit/report.ts'

export const checks = {
  I1: 'files and manifest',
  I2: 'lines, chain and root',
  I3: 'signatures of lines',
  I4: 'the script, step by step',
  I5: 'plan and log',
  I6: 'statements',
  I7: 'people and roles',
  I8: 'results',
} as const
export type Check = keyof typeof checks
export const checkNames = Object.keys(checks) as readonly Check[]

/**
 * TAMPERED: bytes contradict. VIOLATION: the bytes are whole, and the rules were broken or somebody
 * does not agree. UNCONFIRMED: something is not there. None of them may be imported.
 */
export type JudgedWord = 'OK' | 'TAMPERED' | 'VIOLATION' | 'UNCONFIRMED'

export interface CeremonyFinding {
  readonly check: Check
  readonly word: Exclude<JudgedWord, 'OK'>
  readonly because: string
  /** `seq` of the line of the Record that it is about. */
  readonly line?: number
}

/** For the importer, who confirms each (I10). */
export interface ToldException {
  readonly number: number
  /** Leaf of its line: what a confirmation names. */
  readonly line: Digest
  readonly step: string
  readonly expected: string
  readonly happened: string
  readonly decided: string
  readonly by: PersonId
}

export interface Judgement {
  readonly word: JudgedWord
  readonly exit: number
  readonly results: Readonly<Record<Check, JudgedWord | 'NOT_CHECKED'>>
  readonly findings: readonly CeremonyFinding[]
  /** They change no result. */
  readonly notices: readonly string[]
  readonly exceptions: readonly ToldException[]
}

const order = ['TAMPERED', 'VIOLATION', 'UNCONFIRMED'] as const

export function judgement(
  findings: readonly CeremonyFinding[],
  done: ReadonlySet<Check>,
  told: Pick<Judgement, 'notices' | 'exceptions'>,
): Judgement {
  const results = Object.fromEntries(
    checkNames.map((check) => {
      const own = findings.filter((finding) => finding.check === check)
      return [check, own.length > 0 || done.has(check) ? worst(own) : 'NOT_CHECKED']
    }),
  ) as Judgement['results']
  // What could not be looked at is not all right.
  const whole = checkNames.every((check) => done.has(check))
  const found = worst(findings)
  const word = found === 'OK' && !whole ? 'UNCONFIRMED' : found
  return { word, exit: exits[word], results, findings, ...told }
}

/** One finding for what this work refuses; nothing where it does not. */
export function foundBy(
  check: Check,
  word: CeremonyFinding['word'],
  work: () => unknown,
): readonly CeremonyFinding[] {
  const done = attempt(work)
  return isRefusal(done) ? [{ check, word, because: said(done) }] : []
}

export function said({ because, rule }: Refusal): string {
  return rule === undefined ? because : `${because} (${rule})`
}

function worst(findings: readonly CeremonyFinding[]): JudgedWord {
  return order.find((word) => findings.some((finding) => finding.word === word)) ?? 'OK'
}
