// Messages that a key of an EVM network signs and that no chain takes as a transaction: a
// declaration (EIP-191, version 0x45, `personal_sign`) or typed data (EIP-712). A message is its
// text, canonical JSON, which people see in words; the bytes that nodes get say the same in one
// form, and the digest is computed from what was read in them. There is no raw signing: a
// declaration is printable, is no hash and no hex, and begins with what no transaction and no typed
// data begins.
// INVARIANT: encode(decode(b)) = b, and each message has one text, one form of bytes, one digest.
import { concat, equalBytes, fromUtf8, keccak256, toUtf8 } from '../../proto/crypto.ts'
import { type Json, type JsonObject, parse, parseText, text } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { hashTyped, readTyped, type Typed, writeTyped } from './evm-typed.ts'

export type Message =
  | { readonly kind: 'declaration'; readonly text: string }
  | { readonly kind: 'typed'; readonly typed: Typed }

/** The text that an intent carries: `{"declaration":...}`, or typed data as wallets write it. */
export function parseMessage(written: string): Message {
  if (written.length > limits.messageBytesMax) shape('size', 'a longer text')
  const value = parseText(written)
  return isDeclaration(value) ? declaration(value['declaration']) : typedOf(value)
}

/** The network that typed data is for, by its domain's chain. */
export function networkOfDomain({ chainId }: Typed['domain']): string {
  return `eip155:${chainId}`
}

export function messageText(message: Message): string {
  return message.kind === 'declaration'
    ? text({ declaration: message.text })
    : text(writeTyped(message.typed))
}

/** What goes to the nodes: the very bytes that are hashed, or 0x19 0x01 and the typed data. */
export function encodeMessage(message: Message): Uint8Array {
  return message.kind === 'declaration'
    ? preimage(message.text)
    : concat(typedMark, toUtf8(messageText(message)))
}

/** Strict: what encodes to other bytes is refused. */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes.length > limits.transactionBytesMax) shape('size', 'a message of this size')
  const message = decode(bytes)
  if (!equalBytes(encodeMessage(message), bytes)) shape('canonical', 'bytes in another form')
  return message
}

/** 32 bytes: what the key signs. */
export function messageDigest(message: Message): Uint8Array {
  return message.kind === 'declaration'
    ? keccak256(preimage(message.text))
    : hashTyped(message.typed)
}

/** EIP-191: no transaction begins so. */
export function isMessageBytes(bytes: Uint8Array): boolean {
  return bytes[0] === 0x19
}

const title = toUtf8('\u0019Ethereum Signed Message:\n')
const typedMark = Uint8Array.of(0x19, 0x01)

function preimage(declarationText: string): Uint8Array {
  const body = toUtf8(declarationText)
  return concat(title, toUtf8(`${body.length}`), body)
}

function decode(bytes: Uint8Array): Message {
  if (equalBytes(bytes.subarray(0, 2), typedMark)) {
    return typedOf(parse(bytes.subarray(2), limits.messageBytesMax))
  }
  if (!equalBytes(bytes.subarray(0, title.length), title)) {
    return shape('message', 'neither a declaration nor typed data')
  }
  const rest = fromUtf8(bytes.subarray(title.length)) ?? shape('utf-8', 'no text')
  // A text may begin with digits too: of the lengths that it can have, one fits.
  const digits = `${rest.length}`.length
  const length = [digits, digits - 1].find((one) => rest.slice(0, one) === `${rest.length - one}`)
  return length === undefined ? shape('length', 'another length') : declaration(rest.slice(length))
}

function typedOf(value: Json): Message {
  return { kind: 'typed', typed: readTyped(value) }
}

function isDeclaration(value: Json): value is JsonObject {
  if (typeof value !== 'object' || Array.isArray(value)) return false
  return Object.keys(value).join() === 'declaration'
}

/** Lines of printable words and single spaces, or empty ones. */
const lineForm = /^(?:[!-~]+(?: [!-~]+)*)?$/
const linesMax = 64

function declaration(value: Json | undefined): Message {
  if (typeof value !== 'string' || value === '') return shape('text', 'no text')
  if (value.length > limits.declarationBytesMax) {
    shape('size', `a declaration of more than ${limits.declarationBytesMax} characters`)
  }
  const lines = value.split('\n')
  if (lines.length > linesMax || !lines.every((line) => lineForm.test(line))) {
    shape('printable', 'a declaration that is not lines of printable words and single spaces')
  }
  if (lines[0] === '' || lines.at(-1) === '') shape('printable', 'an empty line at an end')
  // Contracts that check a signature hash again take a declaration of 32 bytes for a hash.
  if (value.length === 32) shape('hash', 'a declaration of 32 bytes, as long as a hash')
  if (/^(?:0[xX])?[0-9a-fA-F]+$/.test(value)) shape('hex', 'a declaration of hex alone')
  if (value.startsWith('{') || value.startsWith('[')) shape('json', 'a declaration that is JSON')
  return { kind: 'declaration', text: value }
}

function shape(rule: string, got: string): never {
  return refuse('BYTES_SHAPE', `message: expected a declaration or typed data, got ${got}`, rule)
}
