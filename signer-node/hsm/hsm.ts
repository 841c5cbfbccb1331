// Hsm: a hardware token as the node and its commands use it. Open, log in, take the two keys that
// a card pins into use, let it do its bare operation; the rest of a Seal is `proto/seal-token.ts`.
// The token itself is in a child process (child.ts); what it says is checked here: the serial
// before a PIN is given, the identity by a signature over bytes it could not foresee.
// INVARIANT: one PIN, one try: nothing here ever repeats a login. Node and token log in once for
// each start, and the process that could use the token is gone before the node serves anybody.
import { p256Verify, sha256, tagged, toUtf8 } from '../../proto/crypto.ts'
import { encode, parse } from '../../proto/jcs.ts'
import type { ReasonCode } from '../../proto/reasons.ts'
import { refuse } from '../../proto/refusal.ts'
import type { TokenTask } from '../../proto/seal-token.ts'
import { bool, list, literal, object, text } from '../../proto/shape.ts'
import { tags } from '../../proto/tags.ts'
import { type TokenCard, type TokenProfile, tokenProfiles } from '../../proto/token-card.ts'
import {
  floorsMax,
  parseTokenFloor,
  type TokenFloor,
  writeTokenFloor,
} from '../../proto/token-floor.ts'
import { Secret } from '../dkls23/secret.ts'
import { TokenProcess } from './child.ts'
import { lowS } from './low-s.ts'
import type { Operation } from './serve.ts'
import { type FaultName, type TokenFacts, TokenFault, type TokenPlace } from './token.ts'

export type HsmRandom = (length: number) => Uint8Array

export interface HsmPorts {
  readonly random: HsmRandom
  /** In tests: less patience, and another program. */
  readonly patience?: Partial<Record<Operation, number>>
  readonly program?: string
}

/** Born in the token, and accepted gaps of its module. */
export interface Enrolled {
  readonly identity: Uint8Array
  readonly seal: Uint8Array
  readonly gaps: readonly string[]
}

export interface Probed {
  readonly profile: TokenProfile | ''
  readonly tried: readonly {
    readonly what: string
    readonly because: string
    readonly lacking: readonly string[]
  }[]
}

/** A smart card makes a key of RSA in minutes; a module on a network opens in seconds. */
const patienceMs: Readonly<Record<Operation, number>> = {
  ...{ list: 30_000, open: 30_000, init: 60_000, login: 30_000, close: 5_000 },
  ...{ probe: 300_000, enrol: 300_000, use: 30_000 },
  ...{ sign: 15_000, agree: 15_000, decrypt: 15_000, random: 15_000 },
  ...{ floors: 15_000, 'keep-floor': 30_000 },
}

const codes: Readonly<Record<FaultName, ReasonCode>> = {
  'wrong-pin': 'TOKEN_PIN',
  'pin-locked': 'TOKEN_LOCKED',
  'final-try': 'TOKEN_LOCKED',
  'not-present': 'TOKEN_ABSENT',
  gone: 'TOKEN_ABSENT',
  'not-permitted': 'TOKEN_BROKEN',
  'log-full': 'TOKEN_BROKEN',
  'will-not-open': 'SEAL',
  'wrong-token': 'TOKEN_WRONG',
  floor: 'TOKEN_FLOOR',
  'no-binding': 'TOKEN_ABSENT',
  broken: 'TOKEN_BROKEN',
}

const factsShape = object({
  ...{ manufacturer: text(64), model: text(64), serial: text(64), label: text(64) },
  ...{ firmware: text(64), module: text(64, /^[0-9a-f]{64}$/) },
  pin: object({ isSet: bool, isLow: bool, isFinalTry: bool, isLocked: bool }),
})
const probedShape = object({
  profile: literal('', ...tokenProfiles),
  tried: list(object({ what: text(64), because: text(1_024), lacking: list(text(64)) })),
})

export class Hsm {
  readonly #process: TokenProcess
  readonly #ports: HsmPorts
  #facts: TokenFacts | undefined

  private constructor({ module }: TokenPlace, ports: HsmPorts) {
    this.#ports = ports
    this.#process = started(module, ports)
  }

  /** Of all tokens of a module that can be used. */
  static async list(place: TokenPlace, ports: HsmPorts): Promise<readonly TokenFacts[]> {
    await using hsm = new Hsm(place, ports)
    const [found] = await hsm.#ask('list', [placeBytes(place)])
    return list(factsShape)(parse(found ?? none), 'tokens')
  }

  /** Wipes a token and sets its two PINs; both stay the caller's to wipe. */
  static async init(
    place: TokenPlace,
    pins: { readonly so: Secret; readonly user: Secret },
    label: string,
    ports: HsmPorts,
  ): Promise<TokenFacts> {
    await using hsm = new Hsm(place, ports)
    const fields = [placeBytes(place), pins.so.bytes, pins.user.bytes, toUtf8(label)]
    const [facts] = await hsm.#ask('init', fields)
    return factsShape(parse(facts ?? none), 'token')
  }

  /** Not logged in yet. Dispose of it: that logs out and ends its process. */
  static async open(place: TokenPlace, ports: HsmPorts): Promise<Hsm> {
    const hsm = new Hsm(place, ports)
    try {
      const [facts] = await hsm.#ask('open', [placeBytes(place)])
      hsm.#facts = factsShape(parse(facts ?? none), 'token')
      return hsm
    } catch (error) {
      await hsm[Symbol.asyncDispose]()
      throw error
    }
  }

  get facts(): TokenFacts {
    if (this.#facts === undefined) throw new Error('a token is open before it is looked at')
    return this.#facts
  }

  /** Of the process that holds the login. */
  get pid(): number {
    return this.#process.pid
  }

  /** The PIN stays the caller's. `isAcknowledged`: somebody knows that it may be the last try. */
  async login(pin: Secret, isAcknowledged: boolean): Promise<void> {
    // Whatever file was named: the program does not end over it.
    if (pin.bytes.length > pinMax) refuse('TOKEN_PIN', `a PIN has at most ${pinMax} signs`)
    const said = toUtf8(isAcknowledged ? 'acknowledged' : '')
    await this.#ask('login', [pin.bytes, said])
  }

  async probe(): Promise<Probed> {
    const [found] = await this.#ask('probe', [])
    return probedShape(parse(found ?? none), 'probe')
  }

  /** Both key pairs are new; ids are 16 bytes. */
  async enrol(
    ids: { readonly identity: Uint8Array; readonly seal: Uint8Array },
    profile: TokenProfile,
    accepted: readonly string[],
  ): Promise<Enrolled> {
    const fields = [ids.identity, ids.seal, toUtf8(profile), encode([...accepted])]
    const [identity = none, seal = none, gaps = none] = await this.#ask('enrol', fields)
    return { identity, seal, gaps: list(text(64), 0, 32)(parse(gaps), 'gaps') }
  }

  /** This is the token of that card, and it is asked to show it. */
  async use(card: TokenCard): Promise<void> {
    if (this.facts.serial !== card.serial) {
      refuse('TOKEN_WRONG', `expected the token ${card.serial}, got ${this.facts.serial}`)
    }
    const { identityId, identity, sealId, seal, profile, gaps } = card
    const keys = [identityId, identity, sealId, seal]
    await this.#ask('use', [...keys, toUtf8(profile), encode([...gaps])])
    const challenge = tagged(tags.tokenProof, this.#ports.random(32))
    if (!p256Verify(identity, challenge, await this.sign(challenge))) {
      refuse('TOKEN_WRONG', `token ${card.serial}: not the identity of its card`)
    }
  }

  /** Of SHA-256 of the message, with a low s; the identity key must be in use. */
  async sign(message: Uint8Array): Promise<Uint8Array> {
    const [signature = none] = await this.#ask('sign', [sha256(message)])
    return lowS(signature)
  }

  /** What the seal key in use answers to the task of a stanza. */
  async answer(task: TokenTask): Promise<Secret> {
    const asked = task.do === 'agree' ? [toUtf8(task.kdf), task.point] : [task.bytes]
    // Only padded does a secret go from process to process: what streams copy stays a riddle.
    using pad = new Secret(this.#ports.random(task.do === 'agree' ? 32 : 384))
    const [answer = none] = await this.#ask(task.do, [...asked, pad.bytes])
    const opened = new Uint8Array(new ArrayBuffer(answer.length))
    for (const [at, byte] of answer.entries()) opened[at] = byte ^ (pad.bytes[at] ?? 0)
    return new Secret(opened)
  }

  /** To be mixed with other randomness, never used alone. */
  async random(length: number): Promise<Secret> {
    const [bytes = none] = await this.#ask('random', [toUtf8(String(length))])
    return new Secret(bytes)
  }

  /** What it remembers, one of each vault. */
  async floors(): Promise<readonly TokenFloor[]> {
    const [found] = await this.#ask('floors', [])
    const written = list((value) => value, 0, floorsMax)(parse(found ?? none), 'floors')
    return written.map((one) => parseTokenFloor(encode(one ?? '')))
  }

  /** Refused unless it follows what is there; in the token, and read back, when this is over. */
  async keepFloor(next: TokenFloor): Promise<void> {
    await this.#ask('keep-floor', [writeTokenFloor(next)])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.close(this.#patience('close'))
  }

  async #ask(operation: Operation, fields: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
    try {
      return await this.#process.ask(operation, fields, this.#patience(operation))
    } catch (error) {
      if (!(error instanceof TokenFault)) throw error
      return refuse(codes[error.fault], sentenceOf(error))
    }
  }

  #patience(operation: Operation): number {
    return this.#ports.patience?.[operation] ?? patienceMs[operation]
  }
}

const none = new Uint8Array(0)
const pinMax = 255

/** The runtime may be told to start no other program. */
function started(module: string, { program }: HsmPorts): TokenProcess {
  try {
    return new TokenProcess(module, program)
  } catch (error) {
    const because = error instanceof Error ? error.message : 'unknown'
    return refuse('TOKEN_BROKEN', `its process cannot be started: ${because}`)
  }
}

/** What a module calls the cause of a thing that does not open helps only an attacker. */
function sentenceOf({ fault, because }: TokenFault): string {
  if (fault === 'will-not-open') return 'this file does not open here'
  const isSaid = fault === 'broken' || fault === 'wrong-token' || fault === 'floor'
  return isSaid ? because : `${fault}: ${because}`
}

function placeBytes({ module, parameters, serial, digest }: TokenPlace): Uint8Array {
  return encode({ module, parameters, serial, digest })
}
