// The Export, file by file, for whoever checks this log without this program: the newest witnessed
// head, exactly the lines under it, the documents that they name, and older cosigned heads.
// Streamed in bounded parts, because a log outgrows any memory. Form: `policy/audit/export.ts`.
import { parseNoteText } from '../policy/audit/checkpoint.ts'
import { linesPerFile } from '../policy/audit/export.ts'
import { concat, toUtf8 } from '../proto/crypto.ts'
import { limits } from '../proto/limits.ts'
import type { ProofsPorts } from './proofs.ts'
import { readAllBlobs } from './store/blobs.ts'
import { type CosignedHead, readHeads, readLastHeads } from './store/heads.ts'
import { readLines } from './store/lines.ts'
import { joinNotes } from './witnessed.ts'

export interface ExportPart {
  /** Path inside the Export. */
  readonly path: string
  readonly content: Uint8Array
  /** More of the same file follows. */
  readonly partial: boolean
}

const partBytesMax = 262_144
const headsMax = 1_000
/** Of two sizes at least, whoever has cosigned them. */
const headsPerSwitch = 2 * limits.witnessesMax
const newline = Uint8Array.of(0x0a)

export async function* exportParts(ports: ProofsPorts): AsyncGenerator<ExportPart> {
  const best = await ports.heads.best()
  const { size } = parseNoteText(best).checkpoint
  yield { path: 'checkpoint', content: toUtf8(best), partial: false }
  for (let from = 0; from < size; from += linesPerFile) {
    yield* linesFile(ports, from, Math.min(size, from + linesPerFile))
  }
  for await (const { kind, digest, content } of readAllBlobs(ports.store)) {
    yield* cut(`blobs/${kind}/${digest}`, content)
  }
  yield* headFiles(ports, size)
}

async function* linesFile(
  { store, origin }: ProofsPorts,
  from: number,
  to: number,
): AsyncGenerator<ExportPart> {
  const path = `entries/${numbered(from / linesPerFile)}.jsonl`
  for (let at = from; at < to; ) {
    const page = { from: at, linesMax: to - at, bytesMax: partBytesMax }
    const lines = await readLines(store, origin, page)
    if (lines.length === 0) throw new Error(`line ${at} is not in the log`)
    at += lines.length
    const content = concat(...lines.flatMap((line) => [line, newline]))
    yield { path, content, partial: at < to }
  }
}

/** One note for each size, with the log's own signature, so that it binds the log. */
async function* headFiles(
  { store, origin, heads }: ProofsPorts,
  size: number,
): AsyncGenerator<ExportPart> {
  const bySize = new Map<number, CosignedHead[]>()
  const last = await readLastHeads(store, origin, { to: size, sizesMax: headsMax })
  // That the old witnesses had seen each new root is proved for ever, however long ago it was.
  const early = heads.switches.map((from) => {
    return readHeads(store, origin, { from, to: size, countMax: headsPerSwitch })
  })
  for (const head of [...(await Promise.all(early)).flat(), ...last]) {
    bySize.set(head.size, [...(bySize.get(head.size) ?? []), head])
  }
  for (const [at, [headSize, given]] of [...bySize].entries()) {
    const note = joinNotes([heads.checkpoint(headSize), ...given.map((head) => head.note)])
    yield { path: `heads/${numbered(at)}`, content: toUtf8(note), partial: false }
  }
}

function* cut(path: string, content: Uint8Array): Generator<ExportPart> {
  for (let at = 0; at === 0 || at < content.length; at += partBytesMax) {
    const end = at + partBytesMax
    yield { path, content: content.subarray(at, end), partial: end < content.length }
  }
}

function numbered(at: number): string {
  return String(at).padStart(8, '0')
}
