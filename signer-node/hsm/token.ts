// A token as the child process sees it: one slot, one login, synchronous calls. Two make it: the
// real one over PKCS#11 and the twin in software; both pass one list of cases (test/hsm).
// Bare operations only: hashing, key derivation, AEAD and the low s are done outside.
// INVARIANT: whatever a module throws leaves here as a TokenFault; nobody else reads its errors.
import type { P256Stanza } from '../../proto/seal-file.ts'

/** `ecdh` for the profiles A and B, `rsa` for C. */
export type KeyKind = 'identity' | 'ecdh' | 'rsa'

export interface PinState {
  /** A user PIN was set. */
  readonly isSet: boolean
  /** Somebody typed a wrong one since the last right one. */
  readonly isLow: boolean
  /** The next wrong one locks the token. */
  readonly isFinalTry: boolean
  readonly isLocked: boolean
}

export interface TokenFacts {
  readonly manufacturer: string
  readonly model: string
  readonly serial: string
  readonly label: string
  readonly firmware: string
  /** SHA-256 of the module's file, lower-case hex. */
  readonly module: string
  readonly pin: PinState
}

export interface TokenKey {
  readonly kind: KeyKind
  /** CKA_ID, 16 bytes. */
  readonly id: Uint8Array
  /** A point of 65 bytes, or a modulus of 384. */
  readonly publicKey: Uint8Array
  /** Of 32 bytes exactly: r and s, 64 bytes, s as it comes. */
  sign(digest: Uint8Array): Uint8Array
  agree(kdf: P256Stanza['kdf'], point: Uint8Array): Uint8Array
  decrypt(bytes: Uint8Array): Uint8Array
  /** Names of the properties that a key must have and this one lacks or hides. */
  lacking(): readonly string[]
  /** Gone from the token. */
  drop(): void
}

/** A small document that outlives the process. */
export interface Kept {
  readonly bytes: Uint8Array
  /** Gone from the token. */
  drop(): void
}

export interface Token {
  facts(): TokenFacts
  /** Once; the PIN is the caller's to forget. */
  login(pin: string): void
  /** `isLasting`: still there after this process. */
  make(kind: KeyKind, id: Uint8Array, isLasting: boolean): TokenKey
  /** Exactly one, of this id and public key. */
  find(kind: KeyKind, id: Uint8Array, publicKey: Uint8Array): TokenKey
  random(length: number): Uint8Array
  /** What was kept here, each whole; what it says is not this one's matter. */
  kept(): readonly Kept[]
  keep(bytes: Uint8Array): void
  /** Throws when the token is not there any more. */
  check(): void
  /** Logged out and let go. */
  close(): void
}

/** Where a token is: a module's file, what it wants to be told, and which token of it. */
export interface TokenPlace {
  /** A PKCS#11 module, or `software:DIRECTORY`. */
  readonly module: string
  /** Library parameters of C_Initialize; empty for nearly all modules. */
  readonly parameters: string
  /** Empty: the only one there is. */
  readonly serial: string
  /** SHA-256 that the module's file must have before it is loaded; empty: any. */
  readonly digest: string
}

export interface InitPins {
  readonly so: string
  readonly user: string
}

export const faultNames = [
  'wrong-pin',
  'pin-locked',
  'final-try',
  'not-present',
  'gone',
  'not-permitted',
  'log-full',
  'will-not-open',
  'wrong-token',
  'floor',
  'no-binding',
  'broken',
] as const
export type FaultName = (typeof faultNames)[number]

/** `because` is for the local log: which call, and what the module called it. Never a PIN. */
export class TokenFault extends Error {
  override readonly name = 'TokenFault'
  readonly fault: FaultName
  readonly because: string

  constructor(fault: FaultName, because: string) {
    super(`${fault}: ${because}`)
    this.fault = fault
    this.because = because
  }
}

export function fail(fault: FaultName, because: string): never {
  throw new TokenFault(fault, because)
}
