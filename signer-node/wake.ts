// From a configuration to the way into its files, before there is a node: the passphrase as it is
// given, or one unsealing by the token; and, where that fails or nothing is given, the wait for an
// operator. A wrong PIN never ends the program: who started it would start it again, and the token
// would lock. INVARIANT: a credential is tried once for each start, and never after two wrong PINs;
// the halves of a PIN are kept hidden, and not for long.
import { type Refusal, Refused, refuse } from '../proto/refusal.ts'
import { type Unlock, unlocked, waitingStatus } from './admin-locked.ts'
import type { SignerConfig } from './config.ts'
import type { Secret } from './dkls23/secret.ts'
import { type Health, serveHealth } from './health.ts'
import { passphraseWay, pinTries, sealedFiles, tokenSettings } from './opening.ts'
import { openNodeKey, unsealed } from './own-keys.ts'
import { readPassphrase } from './places.ts'
import type { Clock, Event, Random } from './ports.ts'
import { type Hidden, Shield } from './shield.ts'
import { twoPersonPin } from './two-person.ts'
import { type TokenSettings, unseal } from './unseal.ts'
import type { WayIn } from './way-in.ts'

/** Where the word that opens is; `locked`: an operator brings it later. */
export const locked = Symbol('locked')
export type Source = string | number | typeof locked

export interface WakeWorld {
  readonly random: Random
  readonly clock: Clock
  readonly report: (event: Event) => void
  /** A line for people. */
  readonly say: (line: string) => void
  /** The place of a word, read; refused when it cannot be. */
  readonly read: (credential: string | number) => Secret
}

const said = {
  credential: { credential: 'a file', operator: 'an operator' },
  attended: { credential: 'a file', operator: 'an operator' },
  'two-person': { credential: 'a file', operator: 'two operators' },
} as const

/** The first half waits this long for the second. */
const halfMs = 10 * 60 * 1_000

export async function wayOf(
  config: SignerConfig,
  source: Source,
  world: WakeWorld,
): Promise<WayIn> {
  const settings = tokenSettings(config)
  if (settings !== undefined) return new Sealed(config, settings, world).way(source)
  if (source === locked) return untilUnlocked(config, world)
  using passphrase = readPassphrase(source)
  return passphraseWay(config, passphrase, world.random)
}

/** Waits, with nothing open but the two local doors, until the passphrase is brought. */
async function untilUnlocked(config: SignerConfig, world: WakeWorld): Promise<WayIn> {
  const status = () => waitingStatus(config.node, 'locked')
  const health = await serveHealth(config.healthListen, status)
  try {
    sayWaiting(config, 'locked', world)
    return await unlocked(config.adminSocket, status, ({ credential }) => {
      using passphrase = world.read(credential)
      return openedBy(config, passphraseWay(config, passphrase, world.random))
    })
  } finally {
    health.close()
  }
}

/** Refused unless it opens this node's own key. */
function openedBy(config: SignerConfig, way: WayIn): WayIn {
  using onFailure = new DisposableStack()
  onFailure.use(way)
  openNodeKey(config.keys.identity, 'identity', config, way)[Symbol.dispose]()
  onFailure.move()
  return way
}

class Sealed {
  readonly #config: SignerConfig
  readonly #settings: TokenSettings
  readonly #world: WakeWorld
  readonly #shield: Shield
  #because = 'waiting for the PIN'
  #half: { readonly which: number; readonly hidden: Hidden; readonly atMs: number } | undefined

  constructor(config: SignerConfig, settings: TokenSettings, world: WakeWorld) {
    this.#config = config
    this.#settings = settings
    this.#world = world
    this.#shield = new Shield(world.random)
  }

  async way(source: Source): Promise<WayIn> {
    const status = () => waitingStatus(this.#config.node, 'sealed', this.#because)
    const health = await serveHealth(this.#config.healthListen, status)
    try {
      return (await this.#byItself(source, health)) ?? (await this.#byOperator(status))
    } finally {
      health.close()
      this.#shield[Symbol.dispose]()
    }
  }

  /** With the PIN of the credential, where that is how it is done. */
  async #byItself(source: Source, health: Health): Promise<WayIn | undefined> {
    if (source === locked || this.#settings.keystore.pin !== 'credential') return undefined
    try {
      using pin = this.#world.read(source)
      return await this.#unsealed(pin, { by: 'credential', isAcknowledged: false })
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.#failed(error.refusal, (event) => health.count(event))
      return undefined
    }
  }

  #byOperator(status: () => ReturnType<typeof waitingStatus>): Promise<WayIn> {
    sayWaiting(this.#config, 'sealed', this.#world)
    return unlocked(this.#config.adminSocket, status, async (brought) => {
      try {
        using pin = this.#pinOf(brought)
        if (pin === undefined) return undefined
        const isAcknowledged = brought.lastTry === true
        return await this.#unsealed(pin, { by: 'operator', isAcknowledged })
      } catch (error) {
        if (error instanceof Refused) this.#failed(error.refusal, () => undefined)
        throw error
      }
    })
  }

  async #unsealed(
    pin: Secret,
    trying: { readonly by: 'credential' | 'operator'; readonly isAcknowledged: boolean },
  ): Promise<WayIn> {
    const { random, report } = this.#world
    const ports = { random, tries: pinTries(this.#config) }
    const files = sealedFiles(this.#config)
    this.#because = 'the token is asked'
    const { way, by, closed } = await unseal(this.#settings, files, pin, { trying, ports })
    report(unsealed(`token ${by.id}`, `PIN from ${said[this.#settings.keystore.pin][trying.by]}`))
    for (const name of closed) {
      report({ level: 'alarm', name: 'keyshare-closed', because: `${name}: token ${by.id}` })
    }
    return way
  }

  /** Undefined while the other half is missing. */
  #pinOf({ credential, half }: Unlock): Secret | undefined {
    const isTwo = this.#settings.keystore.pin === 'two-person'
    if (isTwo !== (half !== undefined)) {
      refuse('CONFIG', isTwo ? 'expected a half of the PIN' : 'expected the PIN and no half')
    }
    const word = this.#world.read(credential)
    if (half === undefined) return word
    using own = word
    const other = this.#otherThan(half)
    if (other === undefined) {
      const atMs = this.#world.clock.monotonicMs()
      this.#half = { which: half, hidden: this.#shield.hide(own), atMs }
      this.#because = `waiting for half ${half === 1 ? 2 : 1} of the PIN`
      return undefined
    }
    using first = other
    return half === 2 ? twoPersonPin(first, own) : twoPersonPin(own, first)
  }

  #otherThan(half: number): Secret | undefined {
    const kept = this.#half
    if (kept === undefined || kept.which === half) return undefined
    this.#half = undefined
    try {
      if (this.#world.clock.monotonicMs() - kept.atMs > halfMs) return undefined
      return this.#shield.open(kept.hidden)
    } finally {
      this.#shield.forget(kept.hidden)
    }
  }

  #failed({ code, because }: Refusal, count: (event: Event) => void): void {
    this.#because = `${code}: ${because}`
    const event = { level: 'alarm', name: 'sealed', because: this.#because } as const
    count(event)
    this.#world.report(event)
  }
}

function sayWaiting(
  { node, healthListen: { host, port }, adminSocket }: SignerConfig,
  state: 'locked' | 'sealed',
  { say }: WakeWorld,
): void {
  say(`${state}: signer ${node}, health ${host}:${port}, admin ${adminSocket}`)
}
