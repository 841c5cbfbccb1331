// Integrity: whether the lines of an export are well formed, chained, and the tree that its
// checkpoint names, and whether the blobs are the documents that their names promise.
// The first line that cannot be true is named; what follows it is not looked at.
import { attempt, isRefusal, type Refusal } from '../../proto/refusal.ts'
import { blobDigest } from './blobs.ts'
import { emptyHead, link } from './chain.ts'
import type { Note } from './checkpoint.ts'
import { type Entry, leafDigest, parseEntry } from './entry.ts'
import type { Blob } from './export.ts'
import { agrees, type Lines } from './heads.ts'
import { MemoryTree, rootAt } from './merkle.ts'
import type { Finding } from './report.ts'

export interface Chain extends Lines {
  /** Up to the first broken one. */
  readonly entries: readonly Entry[]
  readonly findings: readonly Finding[]
}

export function readChain(lines: readonly Uint8Array[]): Chain {
  const entries: Entry[] = []
  const tree = new MemoryTree()
  let head = emptyHead
  let broken: Finding | undefined
  for (const line of lines) {
    const read = attempt(() => {
      const entry = parseEntry(line)
      return { entry, head: link(head, entry) }
    })
    if (isRefusal(read)) {
      broken = tampered(read, culprit(lines, entries.length))
      break
    }
    head = read.head
    entries.push(read.entry)
    tree.append(read.entry.leaf)
  }
  return {
    entries,
    size: entries.length,
    rootAt: (size) => rootAt(tree, size),
    findings: broken === undefined ? [] : [broken],
  }
}

/** Of unbroken lines: are they the ones that were signed? `kept` are older heads of the log. */
export function matchCheckpoint(
  note: Note,
  chain: Chain,
  kept: readonly Note[],
): readonly Finding[] {
  if (chain.findings.length > 0) return []
  const { size } = note.checkpoint
  if (size > chain.size) {
    const because = `the checkpoint covers ${size} lines, the export has ${chain.size}`
    return [{ area: 'completeness', word: 'UNCONFIRMED', code: 'LINE_MISSING', because }]
  }
  if (!agrees(note, chain)) {
    const proved = kept.filter((head) => agrees(head, chain)).map((head) => head.checkpoint.size)
    const line = Math.max(0, ...proved)
    return [tampered({ because: 'lines from here on are not those that were signed' }, line)]
  }
  if (size === chain.size) return []
  return [tampered({ because: 'lines after the last one that the checkpoint covers' }, size)]
}

/** Blobs that are what their names say, and a finding for each that is not. */
export function checkBlobs(blobs: readonly Blob[]): {
  readonly good: readonly Blob[]
  readonly findings: readonly Finding[]
} {
  const good: Blob[] = []
  const findings: Finding[] = []
  for (const blob of blobs) {
    const got = attempt(() => blobDigest(blob.kind, blob.content))
    if (got === blob.digest) good.push(blob)
    else findings.push(tampered({ because: `blob ${blob.kind} ${blob.digest} has other bytes` }))
  }
  return { good, findings }
}

function tampered(what: Pick<Refusal, 'because'>, line?: number): Finding {
  const finding = { area: 'integrity', word: 'TAMPERED', code: 'LOG_MALFORMED' } as const
  return { ...finding, because: what.because, ...(line === undefined ? {} : { line }) }
}

/**
 * Which line was changed, when line `at` is the first that does not follow. A link names the bytes
 * before it, so a changed line shows one line later, unless the next line vouches against `at`.
 */
function culprit(lines: readonly Uint8Array[], at: number): number {
  const [before, line, after] = [at - 1, at, at + 1].map((index) => entryAt(lines, index))
  if (before === undefined || line === undefined || line.seq !== at) return at
  if (line.prev === leafDigest(before) || line.type === 'log.genesis') return at
  return after === undefined || after.prev === leafDigest(line) ? at - 1 : at
}

function entryAt(lines: readonly Uint8Array[], index: number): Entry | undefined {
  const bytes = lines[index]
  const entry = bytes === undefined ? undefined : attempt(() => parseEntry(bytes))
  return isRefusal(entry) ? undefined : entry
}
