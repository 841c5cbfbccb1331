// What the token's process answers: one request, one answer. It knows operations and no files: what
// a Seal is, whose it is and what may be sealed to it are questions of the other side.
// INVARIANT: a secret leaves only under the pad that came with the request, so it stands nowhere as
// itself on its way; the PIN is forgotten with the call. A locked token is not asked again, nor one
// whose last try it is, unless somebody says that he knows.
import { fromUtf8 } from '../../proto/crypto.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { list, literal, object, type Shaped, text } from '../../proto/shape.ts'
import { tokenProfiles } from '../../proto/token-card.ts'
import { floorBytes, floorsIn, putFloor } from './floors.ts'
import { kindOf, opens, probe, signs } from './probe.ts'
import { fail, type Token, type TokenFacts, type TokenKey, type TokenPlace } from './token.ts'

export const operations = [
  'list',
  'init',
  'open',
  'login',
  'probe',
  'enrol',
  'use',
  'sign',
  'agree',
  'decrypt',
  'random',
  'floors',
  'keep-floor',
  'close',
] as const
export type Operation = (typeof operations)[number]

type Fields = readonly Uint8Array[]
type Random = (length: number) => Uint8Array

const placeShape = object({
  module: text(1_024),
  parameters: text(1_024),
  serial: text(64),
  digest: text(64),
})
const profileOf = literal(...tokenProfiles)
const gapsShape = list(text(64), 0, 32)
const randomMax = 1_024

export class Server {
  readonly #random: Random
  #token: Token | undefined
  #identity: TokenKey | undefined
  #seal: TokenKey | undefined

  constructor(random: Random) {
    this.#random = random
  }

  async answer(operation: Operation, fields: Fields): Promise<Fields> {
    switch (operation) {
      case 'list':
        return [encode((await this.#list(placeOf(fields))).map(factsJson))]
      case 'init':
        return [encode(factsJson(await this.#init(placeOf(fields), fields)))]
      case 'open':
        this.#token = await this.#openAt(placeOf(fields))
        return [encode(factsJson(this.#token.facts()))]
      case 'login':
        return this.#login(fields)
      case 'probe':
        return [encode(probedJson(probe(this.#open, this.#random)))]
      case 'enrol':
        return this.#enrol(fields)
      case 'use':
        return this.#use(fields)
      case 'sign':
        return [(this.#identity ?? unused()).sign(field(fields, 0))]
      case 'agree':
        return [this.#agree(fields)]
      case 'decrypt':
        return [padded((this.#seal ?? unused()).decrypt(field(fields, 0)), field(fields, 1))]
      case 'random':
        return [this.#open.random(Math.min(randomMax, Number(word(fields, 0))))]
      case 'floors':
        return [encode(floorBytes(floorsIn(this.#open)).map((one) => parse(one)))]
      case 'keep-floor':
        putFloor(this.#open, field(fields, 0))
        return []
      case 'close':
        this.close()
        return []
    }
  }

  close(): void {
    const token = this.#token
    this.#token = undefined
    token?.close()
  }

  get #open(): Token {
    return this.#token ?? fail('not-permitted', 'no token is open')
  }

  /** The one or the other is loaded when it is asked for: a start waits for this process. */
  async #openAt(place: TokenPlace): Promise<Token> {
    const directory = directoryOf(place)
    if (directory === undefined) return (await import('./pkcs11.ts')).openPkcs11(place)
    const token = (await import('./software.ts')).openSoftware(directory, this.#random)
    const { serial, module } = token.facts()
    if (place.digest !== '' && place.digest !== module) {
      fail('wrong-token', `module: expected the file ${place.digest}, got ${module}`)
    }
    if (place.serial !== '' && place.serial !== serial) {
      fail('not-present', `no token ${place.serial}; here: ${serial}`)
    }
    return token
  }

  async #list(place: TokenPlace): Promise<readonly TokenFacts[]> {
    if (directoryOf(place) !== undefined) return [(await this.#openAt(place)).facts()]
    return (await import('./pkcs11.ts')).listPkcs11(place)
  }

  async #init(place: TokenPlace, fields: Fields): Promise<TokenFacts> {
    const pins = { so: word(fields, 1), user: word(fields, 2) }
    const [directory, label] = [directoryOf(place), word(fields, 3)]
    if (directory === undefined) return (await import('./pkcs11.ts')).initPkcs11(place, pins, label)
    return (await import('./software.ts')).initSoftware(directory, pins, label, this.#random)
  }

  #login(fields: Fields): Fields {
    const { pin } = this.#open.facts()
    if (!pin.isSet) fail('not-permitted', 'no PIN was set: initialise the token')
    if (pin.isLocked) fail('pin-locked', 'the token is locked')
    if (pin.isFinalTry && word(fields, 1) !== 'acknowledged') {
      fail('final-try', 'one more wrong PIN locks the token')
    }
    this.#open.login(word(fields, 0))
    return [encode(factsJson(this.#open.facts()))]
  }

  /** Two key pairs, born here, read back, tried. Neither stays when one is not as it must be. */
  #enrol(fields: Fields): Fields {
    const profile = profileOf(word(fields, 2), 'profile')
    const accepted = gapsShape(parse(field(fields, 3)), 'gaps')
    const made: TokenKey[] = []
    try {
      const identity = this.#open.make('identity', field(fields, 0), true)
      made.push(identity)
      const seal = this.#open.make(kindOf(profile), field(fields, 1), true)
      made.push(seal)
      const gaps = gapsOf([identity, seal], accepted)
      signs(identity, this.#random)
      opens(seal, profile, this.#random)
      this.#identity = identity
      this.#seal = seal
      return [identity.publicKey, seal.publicKey, encode(gaps)]
    } catch (error) {
      for (const key of made) key.drop()
      throw error
    }
  }

  #use(fields: Fields): Fields {
    const profile = profileOf(word(fields, 4), 'profile')
    const accepted = gapsShape(parse(field(fields, 5)), 'gaps')
    const identity = this.#open.find('identity', field(fields, 0), field(fields, 1))
    const seal = this.#open.find(kindOf(profile), field(fields, 2), field(fields, 3))
    gapsOf([identity, seal], accepted)
    this.#identity = identity
    this.#seal = seal
    return []
  }

  #agree(fields: Fields): Uint8Array {
    const kdf = literal('null', 'x963-sha256')(word(fields, 0), 'kdf')
    return padded((this.#seal ?? unused()).agree(kdf, field(fields, 1)), field(fields, 2))
  }
}

/** What the keys lack, unless somebody has accepted that of this module. */
function gapsOf(keys: readonly TokenKey[], accepted: readonly string[]): readonly string[] {
  const gaps = [...new Set(keys.flatMap((key) => key.lacking()))].sort()
  const open = gaps.filter((gap) => !accepted.includes(gap))
  if (open.length > 0) fail('wrong-token', `its keys lack: ${open.join(', ')}`)
  return gaps
}

const software = 'software:'

function directoryOf({ module }: TokenPlace): string | undefined {
  return module.startsWith(software) ? module.slice(software.length) : undefined
}

function placeOf(fields: Fields): Shaped<typeof placeShape> {
  return placeShape(parse(field(fields, 0)), 'place')
}

function factsJson({ pin, ...facts }: TokenFacts): JsonObject {
  return { ...facts, pin: { ...pin } }
}

function probedJson({ profile, tried }: ReturnType<typeof probe>): JsonObject {
  return { profile: profile ?? '', tried: tried.map((one) => ({ ...one })) }
}

/** The pad is as long as an answer may be, and used for this one. */
function padded(secret: Uint8Array, pad: Uint8Array): Uint8Array {
  if (secret.length > pad.length) return fail('will-not-open', 'an answer longer than its pad')
  return secret.map((byte, at) => byte ^ (pad[at] ?? 0))
}

function field(fields: Fields, at: number): Uint8Array {
  return fields[at] ?? fail('broken', 'a request lacks a field')
}

function word(fields: Fields, at: number): string {
  return fromUtf8(field(fields, at)) ?? fail('broken', 'a request has a field that is no text')
}

function unused(): never {
  return fail('not-permitted', 'no key is in use')
}
