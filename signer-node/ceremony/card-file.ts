// One file on a card: what one side had to say to the other in one step. A line of strict JSON that
// a person can read (who to whom, of which ceremony, the how-manieth), then the frames as they are,
// each behind its length. Signed and sealed is what the frames hold; the file itself is neither.
// INVARIANT: a file that is not whole, or not of this ceremony, sender, recipient, life and number,
// is no file; its name says the same as its head. Holds nothing secret in clear: frames never do.
import { concat, plainDigest } from '../../proto/crypto.ts'
import { encode, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { digest, handle, integer, literal, object, type Shaped, text } from '../../proto/shape.ts'

/** A life of one end: eight random bytes. */
const life = text(16, /^[0-9a-f]{16}$/)
/** No life known yet. */
export const nobody = '0'.repeat(16)

const shape = object({
  format: literal('custody-card/v1'),
  /** Digest of the Plan. */
  plan: digest,
  /** When the life of this end began, by its own clock, in milliseconds: tells old from new. */
  born: integer(0, Number.MAX_SAFE_INTEGER),
  from: handle,
  to: handle,
  life,
  /** Of the other end, as far as it was heard. */
  toLife: life,
  number: integer(1, limits.cardFilesMax),
  /** Of what follows the head. */
  bytes: integer(0, limits.cardBytesMax),
  digest,
})

export type CardHead = Omit<Shaped<typeof shape>, 'format' | 'bytes' | 'digest'>
/** What the name of a file says. */
export type CardPlace = Pick<CardHead, 'from' | 'to' | 'life' | 'toLife' | 'number'>
export type Named = Pick<CardHead, 'life' | 'toLife' | 'number'>

export interface CardFile {
  readonly head: CardHead
  readonly frames: readonly Uint8Array[]
}

const newline = 0x0a
const headBytesMax = 1_024

export function writeCard(head: CardHead, frames: readonly Uint8Array[]): Uint8Array {
  const body = concat(...frames.flatMap((frame) => [lengthOf(frame), frame]))
  const sealed = { bytes: body.length, digest: plainDigest(body), format: 'custody-card/v1' }
  return concat(encode({ ...head, ...sealed }), Uint8Array.of(newline), body)
}

/** Refused when it is not whole: a copy that was cut, or a card that lies. */
export function readCard(bytes: Uint8Array): CardFile {
  const end = bytes.subarray(0, headBytesMax).indexOf(newline)
  if (end < 0) refuse('MALFORMED', 'card: expected a head of one line')
  const { format: _, bytes: length, digest: named, ...head } = shape(parse(bytes.slice(0, end)), '')
  const body = bytes.subarray(end + 1)
  if (body.length !== length) {
    refuse('MALFORMED', `card: expected ${length} bytes, got ${body.length}: perhaps half a copy`)
  }
  if (plainDigest(body) !== named) refuse('MALFORMED', 'card: its digest is not that of its bytes')
  return { head, frames: framesIn(body) }
}

/** `000004.station-a-table.0011223344556677.8899aabbccddeeff.card` */
export function cardName({ number, from, to, life: own, toLife }: CardPlace): string {
  const label = `${from}-${to}`.replaceAll(/[^a-z0-9-]/g, '-')
  return `${`${number}`.padStart(6, '0')}.${label}.${own}.${toLife}.card`
}

const nameForm = /^(\d{6})\.[a-z0-9-]{1,257}\.([0-9a-f]{16})\.([0-9a-f]{16})\.card$/

/** What a name claims; undefined for any other file, and for a card between two others. */
export function namedCard(name: string, ends: Pick<CardPlace, 'from' | 'to'>): Named | undefined {
  const [, number = '', own = '', toLife = ''] = nameForm.exec(name) ?? []
  const named = { number: Number(number), life: own, toLife }
  return cardName({ ...ends, ...named }) === name ? named : undefined
}

/** Names are shortened; heads are not. */
export function isAt({ from, to, life: own, toLife, number }: CardHead, at: CardPlace): boolean {
  const isSame = from === at.from && to === at.to && own === at.life
  return isSame && toLife === at.toLife && number === at.number
}

function framesIn(body: Uint8Array): readonly Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let at = 0; at < body.length; ) {
    if (body.length - at < lengthBytes) return cut()
    const length = new DataView(body.buffer, body.byteOffset + at).getUint32(0)
    const from = at + lengthBytes
    if (length > limits.frameBytesMax || length > body.length - from) return cut()
    frames.push(body.slice(from, from + length))
    at = from + length
  }
  return frames
}

const lengthBytes = 4

function lengthOf(frame: Uint8Array): Uint8Array {
  const length = new Uint8Array(lengthBytes)
  new DataView(length.buffer).setUint32(0, frame.length)
  return length
}

function cut(): never {
  return refuse('MALFORMED', 'card: expected whole frames')
}
