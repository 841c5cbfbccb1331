/**
 * The core image of a running process, and what of a secret stands in it: raw, as the words of a
 * big integer, as hex, decimal and base64 text. The image is read from /proc while the process is
 * stopped: every page of every readable mapping that was ever touched, swapped ones too. That is
 * what gcore writes, without the ten gigabytes of reserved addresses that it writes beside it.
 */

import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** Linux only; a test says so where it is not. */
export const canReadImages = process.platform === 'linux'

/** What stands in the image, each with its count; empty when none of the secrets does. */
export async function findInImage(
  pid: number,
  secrets: ReadonlyMap<string, Uint8Array>,
  words: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<readonly string[]> {
  const search = new Search(secrets, words)
  process.kill(pid, 'SIGSTOP')
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    await untilStopped(pid)
    for (const range of rangesOf(pid)) readRange(memory, range, search)
  } finally {
    closeSync(memory)
    process.kill(pid, 'SIGCONT')
  }
  return search.end()
}

async function untilStopped(pid: number): Promise<void> {
  while (!/^State:\s+[Tt]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) await pause(1)
}

interface Range {
  readonly from: number
  readonly to: number
  /** As the map names it: [heap], [stack], a file, or nothing for what the engine asked for. */
  readonly name: string
}

/** What can be read and was ever touched; of the kernel's own pages there is nothing to read. */
function rangesOf(pid: number): readonly Range[] {
  const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').trimEnd().split('\n')
  const pagemap = openSync(`/proc/${pid}/pagemap`, 'r')
  try {
    return lines
      .filter((line) => / r[w-][x-][ps] /.test(line) && !/\[v(var|syscall)/.test(line))
      .flatMap((line) => {
        const [place = '', , , , , name = 'engine'] = line.split(/ +/)
        const [from = '', to = ''] = place.split('-')
        const [begin, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)]
        return touched(pagemap, { from: begin, to: end, name })
      })
  } finally {
    closeSync(pagemap)
  }
}

const pageBytes = 4096
const entryBytes = 8

/** An engine reserves far more than it uses: pages that are neither present nor swapped are zero. */
function touched(pagemap: number, { from, to, name }: Range): readonly Range[] {
  const entries = Buffer.alloc(((to - from) / pageBytes) * entryBytes)
  readSync(pagemap, entries, 0, entries.length, (from / pageBytes) * entryBytes)
  const runs: { from: number; to: number; name: string }[] = []
  for (let i = 0; i * entryBytes < entries.length; i += 1) {
    const flags = entries[i * entryBytes + 7] ?? 0
    if ((flags & 0xc0) === 0) continue
    const at = from + i * pageBytes
    const last = runs.at(-1)
    if (last?.to === at) last.to = at + pageBytes
    else runs.push({ from: at, to: at + pageBytes, name })
  }
  return runs
}

const chunkBytes = 4 * 2 ** 20
const chunk = Buffer.alloc(chunkBytes)

function readRange(memory: number, { from, to, name }: Range, search: Search): void {
  search.begin(name)
  for (let at = from; at < to; ) {
    const got = readSync(memory, chunk, 0, Math.min(chunkBytes, to - at), at)
    if (got === 0) throw new Error('the image ended before its map')
    search.feed(chunk.subarray(0, got))
    at += got
  }
}

/** Any number of patterns in one walk: what begins like one of them is looked at closely. */
export class Search {
  readonly #patterns: readonly { readonly name: string; readonly bytes: Buffer }[]
  readonly #byStart = new Map<number, number[]>()
  readonly #starts = new Uint8Array(2 ** 16)
  /** By what was found and where, in order. */
  readonly #found = new Map<string, number>()
  readonly #longest: number
  #tail = Buffer.alloc(0)
  #place = ''

  /** `words` are shorter than a key, and text: a PIN. */
  constructor(
    secrets: ReadonlyMap<string, Uint8Array>,
    words: ReadonlyMap<string, Uint8Array> = new Map(),
  ) {
    const forms = [
      ...[...secrets].map(([owner, secret]) => ({ owner, of: formsOf(secret) })),
      ...[...words].map(([owner, word]) => ({
        owner,
        of: texted('text', Buffer.from(word).toString('latin1')),
      })),
    ]
    this.#patterns = forms.flatMap(({ owner, of }) =>
      of.map(({ name, bytes }) => ({ name: `${owner}: ${name}`, bytes })),
    )
    this.#longest = Math.max(...this.#patterns.map(({ bytes }) => bytes.length))
    this.#patterns.forEach(({ bytes }, i) => {
      const start = bytes.readUInt16BE(0)
      this.#starts[start] = 1
      this.#byStart.set(start, [...(this.#byStart.get(start) ?? []), i])
    })
  }

  /** What follows does not join what came before. */
  begin(place: string): void {
    this.#place = place === '' ? '' : ` in ${place}`
    this.#tail = Buffer.alloc(0)
  }

  feed(bytes: Buffer): void {
    const kept = this.#tail.length
    if (kept > 0) {
      // Only what spans the seam: what lies in the tail alone was counted, and so will be the rest.
      const seam = Buffer.concat([this.#tail, bytes.subarray(0, this.#longest)])
      this.#walk(seam, (at, length) => at < kept && at + length > kept)
    }
    this.#walk(bytes, () => true)
    this.#tail = Buffer.concat([this.#tail, bytes]).subarray(-this.#longest + 1)
    if (bytes.length >= this.#longest) this.#tail = Buffer.from(bytes.subarray(-this.#longest + 1))
  }

  end(): readonly string[] {
    this.#tail.fill(0)
    chunk.fill(0)
    return [...this.#found].map(([what, count]) => `${what}: ${count}`)
  }

  #walk(bytes: Buffer, counts: (at: number, length: number) => boolean): void {
    const starts = this.#starts
    let start = bytes[0] ?? 0
    for (let at = 1; at < bytes.length; at += 1) {
      start = ((start & 0xff) << 8) | bytes[at]!
      if (starts[start] === 0) continue
      for (const i of this.#byStart.get(start) ?? []) {
        const { name, bytes: pattern } = this.#patterns[i]!
        const from = at - 1
        const isHere = pattern.equals(bytes.subarray(from, from + pattern.length))
        if (!isHere || !counts(from, pattern.length)) continue
        const what = `${name}${this.#place}`
        this.#found.set(what, (this.#found.get(what) ?? 0) + 1)
      }
    }
  }
}

export interface Form {
  readonly name: string
  readonly bytes: Buffer
}

/** Of a secret of at least 32 bytes, in eights. Half of it is enough: the rest may be gone. */
export function formsOf(secret: Uint8Array): readonly Form[] {
  const raw = Buffer.from(secret)
  const turned = Buffer.from(raw).reverse()
  const value = BigInt(`0x${raw.toString('hex')}`)
  return [
    ...halves('raw', raw),
    // Words of 64 bits with the lowest first, as a BigInt and libsecp256k1 hold them.
    ...halves('little-endian', turned),
    ...halves('64-bit words', Buffer.from(raw).swap64()),
    ...halves('32-bit words', Buffer.from(raw).swap32()),
    ...halves('32-bit words, lowest first', Buffer.from(turned).swap32()),
    { name: '29-bit limbs', bytes: limbsOf(value) },
    ...texted('hex', raw.toString('hex')),
    ...texted('upper hex', raw.toString('hex').toUpperCase()),
    ...texted('decimal', value.toString()),
    ...texted('list', raw.join(',')),
    ...[0, 1, 2].flatMap((shift) => [
      ...texted(`base64 at ${shift}`, base64At(raw, shift, 'base64')),
      ...texted(`base64url at ${shift}`, base64At(raw, shift, 'base64url')),
    ]),
  ]
}

function halves(name: string, bytes: Buffer): readonly Form[] {
  const middle = bytes.length >> 1
  return [
    { name: `${name}, first half`, bytes: bytes.subarray(0, middle) },
    { name: `${name}, second half`, bytes: bytes.subarray(middle) },
  ]
}

/** Four limbs, as the compiled module holds them: eight bytes each, lowest first. */
function limbsOf(value: bigint): Buffer {
  const limbs = Buffer.alloc(32)
  for (let i = 0; i < 4; i += 1) {
    limbs.writeBigUInt64LE((value >> BigInt(29 * i)) & (2n ** 29n - 1n), 8 * i)
  }
  return limbs
}

/** One and two bytes a character, as an engine may hold a text. */
function texted(name: string, text: string): readonly Form[] {
  return [
    { name, bytes: Buffer.from(text, 'latin1') },
    { name: `${name}, wide`, bytes: Buffer.from(text, 'utf16le') },
  ]
}

/** The characters that depend on the secret alone when it stands `shift` bytes into a group. */
function base64At(raw: Buffer, shift: number, encoding: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(shift), raw])
    .toString(encoding)
    .replaceAll('=', '')
  const first = Math.ceil((shift * 4) / 3)
  const whole = Math.floor(((shift + raw.length) * 8) / 6)
  return text.slice(first, whole)
}
