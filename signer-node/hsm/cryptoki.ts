// The one door to the PKCS#11 binding: loaded when it is asked for, because most nodes have no
// token and the binding is an optional package that has to be compiled. Only the calls that are
// used, and only the synchronous ones: whether the others keep their buffers alive is an open
// question at the binding. What modules throw is read here and nowhere else.
// Source: PKCS#11 2.40.
import { createRequire } from 'node:module'
import { type FaultName, TokenFault } from './token.ts'

export type Handle = Buffer
export type AttributeValue = Buffer | boolean | number | string

export interface Attribute {
  readonly type: number
  readonly value?: AttributeValue
}

export interface Mechanism {
  readonly mechanism: number
  readonly parameter?: object
}

export interface TokenInfo {
  readonly label: string
  readonly manufacturerID: string
  readonly model: string
  readonly serialNumber: string
  readonly flags: number
  readonly firmwareVersion: { readonly major: number; readonly minor: number }
}

export interface Cryptoki {
  load(path: string): void
  C_Initialize(options?: { readonly flags: number; readonly libraryParameters: string }): void
  C_Finalize(): void
  C_GetSlotList(isTokenPresent: boolean): Handle[]
  C_GetTokenInfo(slot: Handle): TokenInfo
  C_InitToken(slot: Handle, pin: string, label: string): string
  C_InitPIN(session: Handle, pin: string): void
  C_OpenSession(slot: Handle, flags: number): Handle
  C_CloseSession(session: Handle): void
  C_Login(session: Handle, user: number, pin: string): void
  C_Logout(session: Handle): void
  C_GenerateKeyPair(
    session: Handle,
    mechanism: Mechanism,
    publicKey: readonly Attribute[],
    privateKey: readonly Attribute[],
  ): { readonly publicKey: Handle; readonly privateKey: Handle }
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void
  C_FindObjects(session: Handle, max: number): Handle[]
  C_FindObjectsFinal(session: Handle): void
  C_GetAttributeValue(
    session: Handle,
    object: Handle,
    template: readonly Attribute[],
  ): { readonly value: Buffer }[]
  C_CreateObject(session: Handle, template: readonly Attribute[]): Handle
  C_DestroyObject(session: Handle, object: Handle): void
  C_SignInit(session: Handle, mechanism: Mechanism, key: Handle): void
  C_Sign(session: Handle, digest: Buffer, out: Buffer): Buffer
  C_DeriveKey(
    session: Handle,
    mechanism: Mechanism,
    key: Handle,
    template: readonly Attribute[],
  ): Handle
  C_DecryptInit(session: Handle, mechanism: Mechanism, key: Handle): void
  C_Decrypt(session: Handle, bytes: Buffer, out: Buffer): Buffer
  C_GenerateRandom(session: Handle, out: Buffer): Buffer
}

interface Binding {
  readonly PKCS11: new () => Cryptoki
  readonly [constant: string]: unknown
}

/** Undefined where the optional package is not installed or was not compiled. */
export function loadBinding(): Cryptoki | undefined {
  try {
    const binding = createRequire(import.meta.url)('pkcs11js') as Binding
    return new binding.PKCS11()
  } catch {
    return undefined
  }
}

const faults: Readonly<Record<string, FaultName>> = {
  PIN_INCORRECT: 'wrong-pin',
  PIN_INVALID: 'wrong-pin',
  PIN_LEN_RANGE: 'wrong-pin',
  PIN_LOCKED: 'pin-locked',
  PIN_EXPIRED: 'not-permitted',
  TOKEN_NOT_PRESENT: 'not-present',
  TOKEN_NOT_RECOGNIZED: 'not-present',
  DEVICE_REMOVED: 'not-present',
  SLOT_ID_INVALID: 'not-present',
  OBJECT_HANDLE_INVALID: 'gone',
  KEY_HANDLE_INVALID: 'gone',
  SESSION_HANDLE_INVALID: 'gone',
  SESSION_CLOSED: 'gone',
  USER_NOT_LOGGED_IN: 'not-permitted',
  KEY_FUNCTION_NOT_PERMITTED: 'not-permitted',
  ACTION_PROHIBITED: 'not-permitted',
  ATTRIBUTE_READ_ONLY: 'not-permitted',
  DEVICE_MEMORY: 'log-full',
}

const actionProhibited = 0x1b

/**
 * One form for what the binding throws in several: the name stands in `message`, the number in
 * `code` or after the name, and one code has a wrong name.
 */
export function faultOf(error: unknown, during: string): TokenFault {
  if (error instanceof TokenFault) return error
  const text = error instanceof Error ? error.message : String(error)
  const [, named = '', written = ''] = /CKR_([A-Z0-9_]+?)(?::(\d+))?(?![A-Z0-9_])/.exec(text) ?? []
  const code = error instanceof Error && 'code' in error ? Number(error.code) : 0
  const number = code || Number(written)
  const name = number === actionProhibited ? 'ACTION_PROHIBITED' : named
  const said = name === '' ? text.slice(0, 80).replaceAll(/[^ -~]/g, '?') : name
  return new TokenFault(faults[name] ?? 'broken', `${during}: ${said}`)
}

/** Runs a call of the module. */
export function calling<T>(during: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw faultOf(error, during)
  }
}

/** Numbers of PKCS#11 2.40; the binding's own table is not typed. */
export const ck = {
  userPinInitialized: 0x8,
  loginRequired: 0x4,
  tokenInitialized: 0x400,
  pinCountLow: 0x10000,
  pinFinalTry: 0x20000,
  pinLocked: 0x40000,
  osLocking: 2,
  readWriteSession: 6,
  securityOfficer: 0,
  user: 1,
  dataObject: 0,
  publicKey: 2,
  privateKey: 3,
  secretKey: 4,
  keyRsa: 0,
  keyEc: 3,
  keyGeneric: 0x10,
  rsaKeyPairGen: 0,
  rsaOaep: 9,
  ecKeyPairGen: 0x1040,
  ecdsa: 0x1041,
  ecdh1: 0x1050,
  sha256: 0x250,
  mgf1Sha256: 2,
  oaepEmptyLabel: 1,
  kdfNull: 1,
  kdfSha256: 6,
  paramsOaep: 4,
  paramsEcDh: 6,
} as const

export const cka = {
  class: 0,
  token: 1,
  private: 2,
  label: 3,
  application: 0x10,
  value: 0x11,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  encrypt: 0x104,
  decrypt: 0x105,
  unwrap: 0x107,
  sign: 0x108,
  verify: 0x10a,
  derive: 0x10c,
  modulus: 0x120,
  modulusBits: 0x121,
  publicExponent: 0x122,
  privateExponent: 0x123,
  valueLen: 0x161,
  extractable: 0x162,
  local: 0x163,
  neverExtractable: 0x164,
  alwaysSensitive: 0x165,
  modifiable: 0x170,
  ecParams: 0x180,
  ecPoint: 0x181,
} as const
