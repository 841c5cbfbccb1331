// Tron addresses as documents write them: base58check of 21 bytes that begin with 0x41.
// One address has one form: the checksum is double SHA-256 and the bytes are written back.
// Tron transactions are not decoded here.
import { concat, equalBytes, sha256 } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const addressForm = /^T[1-9A-HJ-NP-Za-km-z]{33}$/

export function parseTronAddress(text: string, what = 'address'): string {
  const bytes = addressForm.test(text) ? decode58(text) : new Uint8Array(0)
  const body = bytes.subarray(0, 21)
  const sum = sha256(sha256(body)).subarray(0, 4)
  if (body[0] !== 0x41 || !equalBytes(bytes, concat(body, sum))) {
    refuse('MALFORMED', `${what}: expected a Tron address with its checksum`)
  }
  return text
}

/** 34 characters give at most 25 bytes; larger values are cut to 26 and fail the length. */
function decode58(text: string): Uint8Array {
  let value = 0n
  for (const char of text) value = value * 58n + BigInt(alphabet.indexOf(char))
  const bytes = new Uint8Array(26)
  let length = 0
  for (; value > 0n && length < 26; length += 1) {
    bytes[25 - length] = Number(value & 0xffn)
    value >>= 8n
  }
  return bytes.subarray(26 - length)
}
