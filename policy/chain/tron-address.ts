// Tron addresses as documents write them: base58check of 21 bytes that begin with 0x41.
// One address has one form: the checksum is double SHA-256 and the bytes are written back.
// Tron transactions are not decoded here.
import { concat, equalBytes, keccak256, sha256, toHex } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import { pointBytes } from './derive.ts'

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

/** Of a compressed key. */
export function tronAddress(publicKey: Uint8Array): string {
  const hash = keccak256(pointBytes(publicKey)).subarray(12)
  const body = concat(Uint8Array.of(0x41), hash)
  return encode58(concat(body, sha256(sha256(body)).subarray(0, 4)))
}

/** Begins with 0x41, so no zero is lost. */
function encode58(bytes: Uint8Array): string {
  let [value, written] = [BigInt(`0x${toHex(bytes)}`), '']
  for (; value > 0n; value /= 58n) written = `${alphabet[Number(value % 58n)]}${written}`
  return written
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
