// Tron addresses as documents write them: base58check of 21 bytes that begin with 0x41.
// One address has one form: the checksum is double SHA-256 and the bytes are written back.
// Transactions are decoded in `tron.ts`.
import { concat, equalBytes, fromHex, sha256 } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import { evmAddress } from './evm.ts'

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const addressForm = /^T[1-9A-HJ-NP-Za-km-z]{33}$/

/** Twenty zero bytes: the address whose key nobody has. */
export const nobodyOnTron = 'T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb'

export function parseTronAddress(text: string, what = 'address'): string {
  const bytes = addressForm.test(text) ? decode58(text) : new Uint8Array(0)
  const body = bytes.subarray(0, 21)
  const sum = sha256(sha256(body)).subarray(0, 4)
  if (body[0] !== 0x41 || !equalBytes(bytes, concat(body, sum))) {
    refuse('MALFORMED', `${what}: expected a Tron address with its checksum`)
  }
  return text
}

/** The 21 bytes of an address, as transactions carry it. */
export function tronBytes(text: string): Uint8Array {
  return decode58(parseTronAddress(text)).slice(0, 21)
}

/** Of a compressed public key: the same twenty bytes as on EVM networks, written in another way. */
export function tronAddress(publicKey: Uint8Array): string {
  const twenty = fromHex(evmAddress(publicKey).slice(2).toLowerCase()) ?? new Uint8Array(0)
  return tronText(twenty)
}

/** Base58check of these twenty bytes. */
export function tronText(twenty: Uint8Array): string {
  const body = concat(Uint8Array.of(0x41), twenty)
  const bytes = concat(body, sha256(sha256(body)).subarray(0, 4))
  let value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  let written = ''
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
