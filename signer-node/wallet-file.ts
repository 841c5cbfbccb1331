// A private key as wallets keep it: the JSON of "Web3 Secret Storage" version 3, sealed by a
// passphrase (scrypt, AES-128 in counter mode, keccak over key and ciphertext). For the recipient
// of an exported key alone: no program here reads one.
// INVARIANT: salt and iv are fresh for every file. The form knows no context, so it says less than
// a Seal: what it is of stands in its address.
import { aesCtr, concat, keccak256, type ScryptCost, scrypt, toHex } from '../proto/crypto.ts'

export interface WalletRandomness {
  /** 32 bytes. */
  readonly salt: Uint8Array
  /** 16 bytes each. */
  readonly iv: Uint8Array
  readonly id: Uint8Array
}

export interface WalletLock {
  readonly passphrase: Uint8Array
  readonly cost: ScryptCost
}

/** `address` with its 0x. */
export function walletFile(
  privateKey: Uint8Array,
  address: string,
  { passphrase, cost }: WalletLock,
  { salt, iv, id }: WalletRandomness,
): string {
  const { n, r, p } = cost
  const derived = scrypt(passphrase, salt, cost)
  const ciphertext = aesCtr(derived.subarray(0, 16), iv, privateKey)
  const mac = keccak256(concat(derived.subarray(16), ciphertext))
  derived.fill(0)
  const kdfparams = { dklen: 32, n, p, r, salt: toHex(salt) }
  const sealed = { cipher: 'aes-128-ctr', ciphertext: toHex(ciphertext), kdf: 'scrypt', kdfparams }
  const crypto = { ...sealed, cipherparams: { iv: toHex(iv) }, mac: toHex(mac) }
  return JSON.stringify({ address: address.slice(2), crypto, id: uuid(id), version: 3 })
}

/** Of random bytes: RFC 9562, version 4. */
function uuid(random: Uint8Array): string {
  const bytes = Uint8Array.from(random)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
