// The Export: what an auditor gets, as a set of named files and nothing else.
//   checkpoint                    the newest head, with the log's signature and the cosignatures
//   entries/00000000.jsonl        4096 lines each, the last one fewer, each line ends in a newline
//   blobs/<kind>/<digest>         documents that lines name
//   heads/00000000                older cosigned heads that somebody kept
// Reading is strict about names and exact about bytes; it believes nothing of what it reads.
import { concat } from '../../proto/crypto.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { type BlobKind, parseBlobKind } from './blobs.ts'

export interface Export {
  readonly checkpoint: Uint8Array
  readonly lines: readonly Uint8Array[]
  readonly blobs: readonly Blob[]
  readonly heads: readonly Uint8Array[]
}

export interface Blob {
  readonly kind: BlobKind
  /** As the file's name says; whether its bytes agree is asked by the verifier. */
  readonly digest: Digest
  readonly content: Uint8Array
}

export type Files = ReadonlyMap<string, Uint8Array>

export const linesPerFile = 4_096
const newline = 0x0a

export function writeExport({ checkpoint, lines, blobs, heads }: Export): Files {
  const files = new Map<string, Uint8Array>([['checkpoint', checkpoint]])
  for (let from = 0; from < lines.length; from += linesPerFile) {
    const page = lines.slice(from, from + linesPerFile)
    const ended = page.flatMap((line) => [line, Uint8Array.of(newline)])
    files.set(`entries/${numbered(from / linesPerFile)}.jsonl`, concat(...ended))
  }
  for (const { kind, digest, content } of blobs) files.set(`blobs/${kind}/${digest}`, content)
  for (const [at, head] of heads.entries()) files.set(`heads/${numbered(at)}`, head)
  return files
}

export function readExport(files: Files): Export {
  const checkpoint = files.get('checkpoint')
  if (checkpoint === undefined) return refuse('MALFORMED', 'export: expected a checkpoint')
  const pages: (readonly [string, Uint8Array])[] = []
  const blobs: Blob[] = []
  const heads: Uint8Array[] = []
  for (const [name, content] of files) {
    const { folder, rest } = placeOf(name)
    if (folder === 'entries') pages.push([rest, content])
    else if (folder === 'blobs') blobs.push(readBlob(rest, content))
    else if (folder === 'heads') heads.push(content)
  }
  return { checkpoint, lines: linesOf(pages), blobs, heads }
}

const forms = {
  '': /^(checkpoint)$/,
  entries: /^entries\/([0-9]{8}\.jsonl)$/,
  blobs: /^blobs\/([A-Za-z]+\/[0-9a-f]{64})$/,
  heads: /^heads\/([0-9]{8})$/,
} as const

function placeOf(name: string): { readonly folder: string; readonly rest: string } {
  for (const [folder, form] of Object.entries(forms)) {
    const rest = form.exec(name)?.[1]
    if (rest !== undefined) return { folder, rest }
  }
  return refuse('MALFORMED', `export: unexpected file ${show(name)}`)
}

function readBlob(name: string, content: Uint8Array): Blob {
  const [kind = '', digest = ''] = name.split('/')
  return { kind: parseBlobKind(kind), digest: parseDigest(digest), content }
}

/** Every file but the last is full, none is left out, and every line is ended. */
function linesOf(pages: readonly (readonly [string, Uint8Array])[]): readonly Uint8Array[] {
  const lines: Uint8Array[] = []
  const sorted = [...pages].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [at, [name, content]] of sorted.entries()) {
    if (name !== `${numbered(at)}.jsonl` || lines.length !== at * linesPerFile) {
      refuse(
        'LOG_MALFORMED',
        `line ${lines.length}: file entries/${numbered(at)}.jsonl is not full`,
      )
    }
    for (const line of splitLines(content, lines.length)) lines.push(line)
  }
  return lines
}

function splitLines(content: Uint8Array, first: number): readonly Uint8Array[] {
  const lines: Uint8Array[] = []
  let from = 0
  for (let at = content.indexOf(newline); at >= 0; at = content.indexOf(newline, from)) {
    lines.push(content.subarray(from, at))
    from = at + 1
  }
  if (from !== content.length) {
    refuse('LOG_MALFORMED', `line ${first + lines.length}: expected a newline at its end`)
  }
  if (lines.length > linesPerFile) {
    refuse('LOG_MALFORMED', `line ${first + linesPerFile}: more lines than a file holds`)
  }
  return lines
}

function numbered(at: number): string {
  return String(at).padStart(8, '0')
}

function show(name: string): string {
  return JSON.stringify(name.slice(0, 64))
}
