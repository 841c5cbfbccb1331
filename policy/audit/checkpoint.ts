// Checkpoint: the signed head of a log, as a C2SP signed note (signed-note, tlog-checkpoint), with
// the log's Ed25519 signature (type 0x01) and the witnesses' cosignatures (tlog-cosignature, 0x04).
// INVARIANT: parsing is strict, and what is verified is the very text that came.
// Unknown signature lines are ignored, as the standard asks; a pinned key whose signature fails is
// refused. Whether a root is the root of our own lines is decided by whoever holds the lines.
import {
  concat,
  ed25519Verify,
  equalBytes,
  fromBase64,
  fromUtf8,
  sha256,
  toBase64,
  toHex,
  toUtf8,
} from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Sign } from '../../proto/signed.ts'

export interface Checkpoint {
  readonly origin: string
  readonly size: number
  /** 32 bytes. */
  readonly root: Uint8Array
}

export interface SignatureLine {
  readonly name: string
  /** First four bytes of the key id, as hex. */
  readonly keyId: string
  readonly signature: Uint8Array
}

/** A parsed note: nothing is verified yet. */
export interface Note {
  readonly checkpoint: Checkpoint
  /** What is signed: three lines, each with its newline. */
  readonly body: string
  readonly signatures: readonly SignatureLine[]
}

export type VkeyRole = 'log' | 'witness'

/** A pinned verification key: name, role and 32 bytes of Ed25519. */
export interface Vkey {
  readonly name: string
  readonly role: VkeyRole
  readonly publicKey: Uint8Array
  readonly keyId: string
}

export interface Cosignature {
  readonly witness: Vkey
  /** Milliseconds since 1970, whole seconds. */
  readonly at: number
}

/** The standard asks for at least 16 signatures; one of ML-DSA-44 has 3.3 kB. */
export const noteBytesMax = 65_536
export const noteSignaturesMax = 64

const typeBytes = { log: 0x01, witness: 0x04 } as const
const nameForm = /^[!-*,-~]{1,255}$/
const sizeForm = /^(?:0|[1-9][0-9]{0,15})$/
const signatureForm = /^\u2014 ([^ +\n]+) ([A-Za-z0-9+/]+={0,2})$/u

export function vkeyOf(name: string, role: VkeyRole, publicKey: Uint8Array): Vkey {
  if (!nameForm.test(name)) refuse('MALFORMED', 'vkey: expected a name without space or plus')
  if (publicKey.length !== 32) refuse('MALFORMED', 'vkey: expected 32 bytes of ed25519')
  return { name, role, publicKey, keyId: toHex(keyIdOf(name, role, publicKey)) }
}

export function parseVkey(written: string): Vkey {
  const [name = '', keyId = '', ...rest] = written.split('+')
  const key = fromBase64(rest.join('+'))
  const role = key?.[0] === typeBytes.log ? 'log' : 'witness'
  if (key === undefined || key[0] !== typeBytes[role]) {
    return refuse('MALFORMED', 'vkey: expected an ed25519 key of type 1 or 4')
  }
  const vkey = vkeyOf(name, role, key.subarray(1))
  if (vkey.keyId !== keyId) refuse('MALFORMED', `vkey: expected key id ${vkey.keyId}`)
  return vkey
}

export function formatVkey({ name, role, publicKey, keyId }: Vkey): string {
  return `${name}+${keyId}+${toBase64(concat(Uint8Array.of(typeBytes[role]), publicKey))}`
}

export function checkpointBody({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`
}

/** The log's own signature line, without a newline. `log` must be a vkey of the role log. */
export function signCheckpoint(body: string, log: Vkey, sign: Sign): string {
  return signatureLine(log, sign(toUtf8(body)))
}

/** A witness says: this is the largest consistent tree that I have seen at this time. */
export function cosignCheckpoint(body: string, witness: Vkey, atMs: number, sign: Sign): string {
  const seconds = Math.floor(atMs / 1000)
  const signature = sign(cosignedMessage(body, seconds))
  return signatureLine(witness, concat(bigEndian(seconds), signature))
}

/** A note from its body and its signature lines, the log's first. */
export function formatNote(body: string, lines: readonly string[]): string {
  return `${body}\n${lines.map((line) => `${line}\n`).join('')}`
}

export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > noteBytesMax) refuse('TOO_LARGE', 'note: too many bytes')
  const written = fromUtf8(bytes)
  if (written === undefined) return refuse('MALFORMED', 'note: expected well-formed utf-8')
  return parseNoteText(written)
}

export function parseNoteText(written: string): Note {
  if (written.length > noteBytesMax) refuse('TOO_LARGE', 'note: too many bytes')
  const cut = written.indexOf('\n\n')
  if (cut < 0) return refuse('MALFORMED', 'note: expected a blank line before the signatures')
  if (!written.endsWith('\n')) refuse('MALFORMED', 'note: expected a newline at the end')
  const body = written.slice(0, cut + 1)
  const lines = written.slice(cut + 2, -1).split('\n')
  if (lines.length > noteSignaturesMax) refuse('TOO_LARGE', 'note: too many signatures')
  return { checkpoint: parseBody(body), body, signatures: lines.map(parseSignatureLine) }
}

/** Whether the log itself signed, by its first line; one that fails is refused. */
export function signedByLog(note: Note, log: Vkey): boolean {
  if (log.role !== 'log') refuse('MALFORMED', 'expected the vkey of a log')
  if (note.checkpoint.origin !== log.name) return false
  const found = note.signatures.find((line) => isBy(line, log))
  if (found === undefined) return false
  if (!ed25519Verify(log.publicKey, toUtf8(note.body), found.signature)) {
    refuse('LOG_MALFORMED', `checkpoint: signature of ${log.name} does not verify`)
  }
  return true
}

/**
 * One for each pinned key that cosigned. Of the lines of one name only the first is looked at, so
 * that copies cost nothing; of a key under two names the earliest time counts.
 */
export function cosignatures(note: Note, witnesses: readonly Vkey[]): readonly Cosignature[] {
  const byKey = new Map<string, Cosignature>()
  for (const witness of witnesses) {
    if (witness.role !== 'witness') refuse('MALFORMED', 'expected the vkey of a witness')
    const key = toHex(witness.publicKey)
    const line = note.signatures.find((one) => isBy(one, witness))
    if (line === undefined) continue
    const at = openCosignature(note.body, witness, line.signature)
    const known = byKey.get(key)
    if (known === undefined || at < known.at) byKey.set(key, { witness, at })
  }
  return [...byKey.values()]
}

/** The (f+1)-th smallest time when q witnesses cosigned: at least one of f+1 is honest. */
export function witnessedTime(
  given: readonly Cosignature[],
  { q, f }: { readonly q: number; readonly f: number },
): number | undefined {
  if (given.length < q) return undefined
  return given.map((one) => one.at).sort((a, b) => a - b)[f]
}

function parseBody(body: string): Checkpoint {
  const [origin = '', size = '', root = '', end, ...more] = body.split('\n')
  if (end !== '' || more.length > 0) {
    refuse('MALFORMED', 'checkpoint: expected origin, size and root, a line each')
  }
  if (!nameForm.test(origin)) refuse('MALFORMED', 'checkpoint: expected an origin')
  if (!sizeForm.test(size) || !Number.isSafeInteger(Number(size))) {
    refuse('MALFORMED', 'checkpoint: expected a size without leading zero, below 2^53')
  }
  const hash = fromBase64(root)
  if (hash?.length !== 32) return refuse('MALFORMED', 'checkpoint: expected a root of 32 bytes')
  return { origin, size: Number(size), root: hash }
}

function parseSignatureLine(line: string): SignatureLine {
  const [, name = '', encoded = ''] = signatureForm.exec(line) ?? []
  const bytes = fromBase64(encoded)
  if (!nameForm.test(name) || bytes === undefined || bytes.length < 5) {
    return refuse('MALFORMED', 'note: expected a signature line')
  }
  return { name, keyId: toHex(bytes.subarray(0, 4)), signature: bytes.subarray(4) }
}

function signatureLine({ name, role, publicKey }: Vkey, signature: Uint8Array): string {
  const id = keyIdOf(name, role, publicKey)
  return `\u2014 ${name} ${toBase64(concat(id, signature))}`
}

/** Also of the standard: SHA-256(name, newline, type, public key), the first four bytes. */
function keyIdOf(name: string, role: VkeyRole, publicKey: Uint8Array): Uint8Array {
  const type = Uint8Array.of(typeBytes[role])
  return sha256(toUtf8(`${name}\n`), type, publicKey).subarray(0, 4)
}

function isBy(line: SignatureLine, vkey: Vkey): boolean {
  return line.name === vkey.name && line.keyId === vkey.keyId
}

function openCosignature(body: string, witness: Vkey, signature: Uint8Array): number {
  const time = signature.subarray(0, 8)
  const seconds = Number(time.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n))
  const message = cosignedMessage(body, seconds)
  const exact = equalBytes(time, bigEndian(seconds)) && Number.isSafeInteger(seconds * 1000)
  if (!exact || !ed25519Verify(witness.publicKey, message, signature.subarray(8))) {
    refuse('LOG_MALFORMED', `checkpoint: cosignature of ${witness.name} does not verify`)
  }
  return seconds * 1000
}

function cosignedMessage(body: string, seconds: number): Uint8Array {
  return toUtf8(`cosignature/v1\ntime ${seconds}\n${body}`)
}

function bigEndian(seconds: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(seconds))
  return bytes
}
