// What a verifier says: findings, five separate results, one exit code. Separate, because a log
// whose mathematics holds and whose keys nobody pinned is neither good nor tampered with.
// The table of codes is part of the interface; scripts depend on it.

export const exits = {
  OK: 0,
  /** A hash, chain, tree, signature or proof contradicts. */
  TAMPERED: 1,
  /** Arguments, unreadable files, unknown formats. */
  USAGE: 2,
  /** The mathematics holds, trust does not: keys, quorum, freshness, or something is absent. */
  UNCONFIRMED: 3,
  /** The log is intact, and something was signed or changed against the rules in force. */
  VIOLATION: 4,
  /** Two signed heads that cannot both be true. */
  EQUIVOCATION: 5,
  /** Kept for the comparison with a chain. */
  INCOMPLETE: 6,
  /** Shorter than, or not an extension of, a head that the verifier remembers. */
  ROLLED_BACK: 7,
} as const

export type Word = keyof typeof exits

export const areas = [
  'integrity',
  'identity',
  'witnessing',
  'authorisation',
  'completeness',
] as const
export type Area = (typeof areas)[number]

export interface Finding {
  readonly area: Area
  readonly word: Exclude<Word, 'OK'>
  /** A reason code, or the name of a node's check before it. */
  readonly code: string
  readonly because: string
  /** `seq` of the line that it is about. */
  readonly line?: number
}

/** Something that was tried and refused: nothing was signed, so nothing is wrong with the log. */
export interface Notice {
  /** `seq` of the attempt. */
  readonly line: number
  /** The check of a node and its code. */
  readonly code: string
  readonly because: string
}

export interface Checked {
  readonly lines: number
  readonly attempts: number
  readonly signatures: number
  readonly evaluations: number
}

/** How far the log of cold vaults had come, as this log says of it. */
export interface Anchor {
  /** `seq` of the line that says so. */
  readonly line: number
  readonly origin: string
  readonly size: number
  readonly root: string
}

export interface Report {
  readonly word: Word
  readonly exit: number
  readonly results: Readonly<Record<Area, Word | 'NOT_CHECKED'>>
  readonly findings: readonly Finding[]
  /** They change no result. */
  readonly notices: readonly Notice[]
  readonly checked: Checked
  /** The newest of each other log: to be held against an Export of that log. */
  readonly anchors: readonly Anchor[]
  /** The two notes, where two signed heads contradict: portable proof. */
  readonly proof?: readonly [string, string]
  /** Of the first lines, as many as were asked for; absent where there are fewer, or they break. */
  readonly head?: { readonly size: number; readonly root: string }
}

export const nothingChecked: Checked = { lines: 0, attempts: 0, signatures: 0, evaluations: 0 }

/** If several apply, the first of these is reported. */
const order: readonly Word[] = [
  'USAGE',
  'EQUIVOCATION',
  'ROLLED_BACK',
  'TAMPERED',
  'VIOLATION',
  'INCOMPLETE',
  'UNCONFIRMED',
]

export function conclude(
  findings: readonly Finding[],
  done: ReadonlySet<Area>,
  { proof, ...counted }: Pick<Report, 'anchors' | 'checked' | 'head' | 'notices' | 'proof'>,
): Report {
  const word = worst(findings)
  const resultOf = (area: Area): Word | 'NOT_CHECKED' => {
    const own = findings.filter((finding) => finding.area === area)
    return own.length > 0 || done.has(area) ? worst(own) : 'NOT_CHECKED'
  }
  const results = {
    integrity: resultOf('integrity'),
    identity: resultOf('identity'),
    witnessing: resultOf('witnessing'),
    authorisation: resultOf('authorisation'),
    completeness: resultOf('completeness'),
  }
  const report: Report = { word, exit: exits[word], results, findings, ...counted }
  return proof === undefined ? report : { ...report, proof }
}

function worst(findings: readonly Finding[]): Word {
  const words = new Set(findings.map((finding) => finding.word))
  return order.find((word) => word !== 'OK' && words.has(word)) ?? 'OK'
}
