// A real token over PKCS#11: one module, one slot, one login, in a process of its own. One session
// carries the login; every operation has a fresh one beside it, because some modules leave a failed
// session stuck, and falls back to the first where a token has only one.
// Source: PKCS#11 2.40. INVARIANT: a key is used only if it was found once and has the public half
// that was asked for; a digest has 32 bytes before the module sees it (some cut others silently).
// Labels decide nothing: two tokens may share one.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { equalBytes, toHex } from '../../proto/crypto.ts'
import {
  type Cryptoki,
  calling,
  ck,
  cka,
  type Handle,
  loadBinding,
  type TokenInfo,
} from './cryptoki.ts'
import { keepAs, keptAs, keptForms } from './pkcs11-kept.ts'
import { derivedTemplate, keyPairOf, lackingOf, publicKeyOf } from './pkcs11-keys.ts'
import {
  fail,
  type InitPins,
  type Kept,
  type KeyKind,
  type Token,
  type TokenFacts,
  type TokenKey,
  type TokenPlace,
} from './token.ts'

/** The one token of the module that has this serial and wants a login. */
export function openPkcs11(place: TokenPlace): Token {
  const { cryptoki, digest } = openModule(place)
  const slots = slotsOf(cryptoki)
  const wanted = slots.filter(({ serial }) => place.serial === '' || serial === place.serial)
  const [slot, another] = wanted
  const here = slots.map(({ serial }) => serial).join(', ') || 'none'
  if (slot === undefined) {
    return fail('not-present', `no token ${place.serial || 'at all'}; here: ${here}`)
  }
  if (another !== undefined) fail('wrong-token', `more than one token; here: ${here}`)
  return new Pkcs11Token(cryptoki, slot.slot, digest)
}

/** Every token that is there, ready or not. */
export function listPkcs11(place: TokenPlace): readonly TokenFacts[] {
  const { cryptoki, digest } = openModule(place)
  try {
    return slotsOf(cryptoki).map(({ info }) => factsOf(info, digest))
  } finally {
    cryptoki.C_Finalize()
  }
}

/** Wipes the token of this serial, or takes the first empty one, and sets both PINs. */
export function initPkcs11(place: TokenPlace, pins: InitPins, label: string): TokenFacts {
  const { cryptoki, digest } = openModule(place)
  const slot = emptySlot(cryptoki, place.serial)
  calling('C_InitToken', () => cryptoki.C_InitToken(slot, pins.so, label.padEnd(32)))
  const session = calling('C_OpenSession', () => cryptoki.C_OpenSession(slot, ck.readWriteSession))
  calling('C_Login', () => cryptoki.C_Login(session, ck.securityOfficer, pins.so))
  calling('C_InitPIN', () => cryptoki.C_InitPIN(session, pins.user))
  calling('C_Logout', () => cryptoki.C_Logout(session))
  const facts = factsOf(
    calling('C_GetTokenInfo', () => cryptoki.C_GetTokenInfo(slot)),
    digest,
  )
  cryptoki.C_Finalize()
  return facts
}

function openModule({ module, parameters, digest: pinned }: TokenPlace) {
  const cryptoki = loadBinding()
  if (cryptoki === undefined) {
    return fail('no-binding', 'the package pkcs11js is not installed here, or was not compiled')
  }
  const digest = createHash('sha256').update(read(module)).digest('hex')
  if (pinned !== '' && pinned !== digest) {
    return fail('wrong-token', `module: expected the file ${pinned}, got ${digest}`)
  }
  calling('load', () => cryptoki.load(module))
  const options = { flags: ck.osLocking, libraryParameters: parameters }
  calling('C_Initialize', () => cryptoki.C_Initialize(parameters === '' ? undefined : options))
  return { cryptoki, digest }
}

function read(module: string): Uint8Array {
  try {
    return readFileSync(module)
  } catch (error) {
    return fail('not-present', `module: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
}

interface Slot {
  readonly slot: Handle
  readonly info: TokenInfo
  readonly serial: string
}

/** Initialised tokens that want a login: others hold no key of ours. */
function slotsOf(cryptoki: Cryptoki): readonly Slot[] {
  return allSlots(cryptoki).filter(
    ({ info: { flags } }) => flags & ck.tokenInitialized && flags & ck.loginRequired,
  )
}

function allSlots(cryptoki: Cryptoki): readonly Slot[] {
  const slots = calling('C_GetSlotList', () => cryptoki.C_GetSlotList(true))
  return slots.map((slot) => {
    const info = calling('C_GetTokenInfo', () => cryptoki.C_GetTokenInfo(slot))
    return { slot, info, serial: plain(info.serialNumber) }
  })
}

function emptySlot(cryptoki: Cryptoki, serial: string): Handle {
  const found = allSlots(cryptoki).find(({ info, serial: own }) =>
    serial === '' ? (info.flags & ck.tokenInitialized) === 0 : own === serial,
  )
  const what = serial === '' ? 'that is empty: name one by its serial to wipe it' : serial
  return found === undefined ? fail('not-present', `no token ${what}`) : found.slot
}

function factsOf(info: TokenInfo, digest: string): TokenFacts {
  const { flags, firmwareVersion: version } = info
  return {
    manufacturer: plain(info.manufacturerID),
    model: plain(info.model),
    serial: plain(info.serialNumber),
    label: plain(info.label),
    firmware: `${version.major}.${version.minor}`,
    module: digest,
    pin: {
      isSet: (flags & ck.userPinInitialized) !== 0,
      isLow: (flags & ck.pinCountLow) !== 0,
      isFinalTry: (flags & ck.pinFinalTry) !== 0,
      isLocked: (flags & ck.pinLocked) !== 0,
    },
  }
}

function plain(padded: string): string {
  return padded.trim().replaceAll(/[^ -~]/g, '?')
}

class Pkcs11Token implements Token {
  readonly #cryptoki: Cryptoki
  readonly #slot: Handle
  readonly #digest: string
  readonly #session: Handle

  constructor(cryptoki: Cryptoki, slot: Handle, digest: string) {
    this.#cryptoki = cryptoki
    this.#slot = slot
    this.#digest = digest
    this.#session = calling('C_OpenSession', () =>
      cryptoki.C_OpenSession(slot, ck.readWriteSession),
    )
  }

  facts(): TokenFacts {
    const info = calling('C_GetTokenInfo', () => this.#cryptoki.C_GetTokenInfo(this.#slot))
    return factsOf(info, this.#digest)
  }

  login(pin: string): void {
    calling('C_Login', () => this.#cryptoki.C_Login(this.#session, ck.user, pin))
  }

  make(kind: KeyKind, id: Uint8Array, isLasting: boolean): TokenKey {
    const { mechanism, publicKey, privateKey } = keyPairOf(kind, Buffer.from(id), isLasting)
    const pair = calling('C_GenerateKeyPair', () =>
      this.#cryptoki.C_GenerateKeyPair(this.#session, mechanism, publicKey, privateKey),
    )
    return this.#key(kind, id, pair)
  }

  find(kind: KeyKind, id: Uint8Array, publicKey: Uint8Array): TokenKey {
    const pair = {
      publicKey: this.#only(ck.publicKey, id),
      privateKey: this.#only(ck.privateKey, id),
    }
    const key = this.#key(kind, id, pair)
    if (!equalBytes(key.publicKey, publicKey)) fail('wrong-token', `${kind}: another public key`)
    return key
  }

  random(length: number): Uint8Array {
    const out = Buffer.alloc(length)
    return this.#operation(
      'C_GenerateRandom',
      (session) => new Uint8Array(this.#cryptoki.C_GenerateRandom(session, out)),
    )
  }

  kept(): readonly Kept[] {
    const cryptoki = this.#cryptoki
    const found = keptForms.flatMap((form) =>
      this.#operation('C_FindObjects', (session) => keptAs(form, cryptoki, session)),
    )
    return found.map(({ object, bytes }) => {
      return { bytes, drop: () => this.#destroy(object) }
    })
  }

  keep(bytes: Uint8Array): void {
    const named = { bytes, fresh: toHex(this.random(8)) }
    const [first, ...others] = keptForms.map((form) => () => {
      this.#operation('C_CreateObject', (session) => keepAs(form, this.#cryptoki, session, named))
    })
    try {
      first?.()
    } catch {
      this.check()
      for (const other of others) other()
    }
  }

  check(): void {
    this.facts()
    this.random(1)
  }

  close(): void {
    try {
      this.#cryptoki.C_Logout(this.#session)
    } catch {
      // Nobody was logged in, or the token is gone: either way nobody is now.
    }
    calling('C_Finalize', () => this.#cryptoki.C_Finalize())
  }

  #only(objectClass: number, id: Uint8Array): Handle {
    const what = objectClass === ck.publicKey ? 'public key' : 'private key'
    const [found, another] = this.#operation('C_FindObjects', (session) => {
      const template = [
        { type: cka.class, value: objectClass },
        { type: cka.id, value: Buffer.from(id) },
      ]
      this.#cryptoki.C_FindObjectsInit(session, template)
      const objects = this.#cryptoki.C_FindObjects(session, 2)
      this.#cryptoki.C_FindObjectsFinal(session)
      return objects
    })
    if (found === undefined) return fail('wrong-token', `no ${what} of this id`)
    return another === undefined ? found : fail('wrong-token', `two of one ${what} and id`)
  }

  #key(
    kind: KeyKind,
    id: Uint8Array,
    { publicKey, privateKey }: { readonly publicKey: Handle; readonly privateKey: Handle },
  ): TokenKey {
    const cryptoki = this.#cryptoki
    return {
      kind,
      id,
      publicKey: this.#operation('C_GetAttributeValue', (session) =>
        publicKeyOf(cryptoki, session, publicKey, kind),
      ),
      sign: (digest) => this.#sign(privateKey, digest),
      agree: (kdf, point) => this.#agree(privateKey, kdf, point),
      decrypt: (bytes) => this.#decrypt(privateKey, bytes),
      lacking: () =>
        this.#operation('C_GetAttributeValue', (session) =>
          lackingOf(cryptoki, session, privateKey, kind),
        ),
      drop: () => {
        for (const object of [privateKey, publicKey]) this.#destroy(object)
      },
    }
  }

  #destroy(object: Handle): void {
    calling('C_DestroyObject', () => this.#cryptoki.C_DestroyObject(this.#session, object))
  }

  #sign(key: Handle, digest: Uint8Array): Uint8Array {
    if (digest.length !== 32) fail('not-permitted', 'a digest has 32 bytes')
    return this.#operation('C_Sign', (session) => {
      this.#cryptoki.C_SignInit(session, { mechanism: ck.ecdsa }, key)
      return new Uint8Array(this.#cryptoki.C_Sign(session, Buffer.from(digest), Buffer.alloc(64)))
    })
  }

  #agree(key: Handle, kdf: 'null' | 'x963-sha256', point: Uint8Array): Uint8Array {
    return this.#opening('C_DeriveKey', (session) => {
      const parameter = {
        type: ck.paramsEcDh,
        kdf: kdf === 'null' ? ck.kdfNull : ck.kdfSha256,
        publicData: Buffer.from(point),
      }
      const mechanism = { mechanism: ck.ecdh1, parameter }
      const derived = this.#cryptoki.C_DeriveKey(session, mechanism, key, derivedTemplate)
      try {
        const wanted = [{ type: cka.value }]
        const [found] = this.#cryptoki.C_GetAttributeValue(session, derived, wanted)
        return new Uint8Array(found?.value ?? [])
      } finally {
        this.#cryptoki.C_DestroyObject(session, derived)
      }
    })
  }

  #decrypt(key: Handle, bytes: Uint8Array): Uint8Array {
    return this.#opening('C_Decrypt', (session) => {
      const parameter = {
        ...{ type: ck.paramsOaep, hashAlg: ck.sha256 },
        ...{ mgf: ck.mgf1Sha256, source: ck.oaepEmptyLabel },
      }
      this.#cryptoki.C_DecryptInit(session, { mechanism: ck.rsaOaep, parameter }, key)
      const out = Buffer.alloc(bytes.length)
      return new Uint8Array(this.#cryptoki.C_Decrypt(session, Buffer.from(bytes), out))
    })
  }

  /** Of whatever a module says about a thing that does not open, only that it did not. */
  #opening<T>(during: string, operate: (session: Handle) => T): T {
    try {
      return this.#operation(during, operate)
    } catch (error) {
      this.check()
      return fail('will-not-open', error instanceof Error ? error.message : during)
    }
  }

  #operation<T>(during: string, operate: (session: Handle) => T): T {
    const session = this.#fresh()
    try {
      return calling(during, () => operate(session))
    } finally {
      if (session !== this.#session) this.#letGo(session)
    }
  }

  #fresh(): Handle {
    try {
      return this.#cryptoki.C_OpenSession(this.#slot, ck.readWriteSession)
    } catch {
      return this.#session
    }
  }

  #letGo(session: Handle): void {
    try {
      this.#cryptoki.C_CloseSession(session)
    } catch {
      // What made it fail is on its way already.
    }
  }
}
