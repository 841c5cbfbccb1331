// A Station and its Token: opened by its owner's PIN, shown to be the daily or the spare one of
// this very Station, and asked for what only it can open. It stays logged in while its owner takes
// part, because it signs the lines of the Record; closing it logs out and ends its process.
// INVARIANT: exactly one Token is present, in production none in software, none that is
// called by another Station's label; a Seal counts as open only when its share belongs to
// its public point, is of this party, and is what its context says. How a share is used is
// the node's: here it is opened in a test and wiped.
import type { StationCard } from '../../policy/ceremony/station-card.ts'
import { plainDigest, toHex } from '../../proto/crypto.ts'
import {
  type Digest,
  parseDigest,
  parseNodeId,
  parseVaultId,
  type VaultId,
} from '../../proto/ids.ts'
import { attempt, isRefusal, Refused, refuse } from '../../proto/refusal.ts'
import { parseSeal } from '../../proto/seal-file.ts'
import { openWithDek } from '../../proto/seal-token.ts'
import type { TokenCard } from '../../proto/token-card.ts'
import type { Curve } from '../dkls23/curve.ts'
import { Secret } from '../dkls23/secret.ts'
import { requireHardware } from '../hsm/enrol.ts'
import { Hsm, type HsmPorts } from '../hsm/hsm.ts'
import type { TokenFacts, TokenPlace } from '../hsm/token.ts'
import { openNodeKey } from '../own-keys.ts'
import { openSealedShare } from '../recovery-open.ts'
import { dekOf, type SealedFile, sealKeysOf } from '../unseal.ts'
import { type Opener, TokenWay } from '../way-in.ts'
import { requireTokenLabel } from './label.ts'
import { type Medium, mediumPaths, type SealedShare, sealedOn } from './medium.ts'
import { byPin, type PinPorts } from './pin-step.ts'

/** Where a Station looks for its Token: a module, its pinned digest, library parameters. */
export type Slot = Omit<TokenPlace, 'serial'>
export type Which = 'daily' | 'spare'

export interface StationPorts extends HsmPorts {
  readonly pin: PinPorts
}

export class StationToken {
  readonly hsm: Hsm
  readonly card: TokenCard
  readonly which: Which
  readonly #station: StationCard

  constructor(hsm: Hsm, which: Which, station: StationCard) {
    this.hsm = hsm
    this.which = which
    this.card = station[which]
    this.#station = station
  }

  /** The keys of the Station, and a way into its shares; the caller disposes of it. */
  async open(medium: Medium, random: HsmPorts['random']): Promise<OpenedStation> {
    using onFailure = new DisposableStack()
    const cards = [this.#station.daily, this.#station.spare]
    const way = onFailure.use(new TokenWay(sealKeysOf(cards), random))
    const closed: string[] = []
    for (const file of sealedOn(medium)) {
      using dek = await this.#dek(file)
      if (dek !== undefined) way.learn(file.bytes, dek)
      else if (file.isNeeded) refuse('SEAL', `${file.name}: does not open with ${this.card.id}`)
      else closed.push(file.name)
    }
    const { keys } = mediumPaths(medium.directory)
    const { org, env } = this.#station
    const owner = { org, env, node: parseNodeId(this.#station.node) }
    const key = (name: keyof StationKeys): Secret =>
      onFailure.use(openNodeKey(keys[name], name, owner, way))
    const opened = {
      ...{ identity: key('identity'), witness: key('witness') },
      ...{ secret: key('secret'), transport: key('transport') },
    }
    const scope = onFailure.move()
    return { way, keys: opened, closed, [Symbol.dispose]: () => scope.dispose() }
  }

  /** Opened by this Token, compared with its public point, wiped. */
  async test(curve: Curve, { name, bytes }: Omit<SealedFile, 'isNeeded'>): Promise<ProvedSeal> {
    using dek = await this.#dek({ name, bytes, isNeeded: true })
    if (dek === undefined)
      return refuse('SEAL', `${name}: does not open with ${this.card.id}`, 'X-11')
    const { thing } = parseSeal(bytes)
    const { org, env, x, node } = this.#station
    if (thing.kind !== 'keyshare') return refuse('SEAL', `${name}: no share that signs`, 'X-11')
    const { context } = thing
    if (context.org !== org || context.env !== env || context.party !== x) {
      refuse('SEAL', `${name}: of ${context.org} ${context.env}, party ${context.party}`, 'X-11')
    }
    using plaintext = new Secret(openWithDek(bytes, thing, dek.bytes))
    using opened = openSealedShare(curve, plaintext, { context, node })
    const { epoch, vault } = context
    const keyState = parseDigest(toHex(opened.keyshare.keyState), 'key state')
    const said = { vault: parseVaultId(vault), epoch, keyState, key: opened.keyId }
    return { ...said, seal: plainDigest(bytes), token: this.card }
  }

  /** Of a Seal whose key was forgotten. Refused (SEAL) when this Token does not open it. */
  async learn(way: TokenWay, { name, bytes }: Omit<SealedFile, 'isNeeded'>): Promise<void> {
    using dek = await this.#dek({ name, bytes, isNeeded: true })
    if (dek === undefined) refuse('SEAL', `${name}: does not open with ${this.card.id}`, 'X-11')
    else way.learn(bytes, dek)
  }

  /** For one file that was just sealed. */
  async opener(bytes: Uint8Array): Promise<Opener> {
    const dek = await this.#dek({ name: 'test', bytes, isNeeded: true })
    if (dek === undefined) return refuse('SEAL', `test opening by ${this.card.id} failed`)
    return {
      open: (file, thing) => {
        using key = dek
        return new Secret(openWithDek(file, thing, key.bytes))
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hsm[Symbol.asyncDispose]()
  }

  async #dek(file: SealedFile): Promise<Secret | undefined> {
    // That of another Station has no stanza for this one: the same sentence for all of them.
    const seal = attempt(() => parseSeal(file.bytes))
    if (isRefusal(seal)) return undefined
    try {
      return await dekOf(this.hsm, this.card, { ...file, isNeeded: true })
    } catch (error) {
      if (error instanceof Refused && error.refusal.code === 'SEAL') return undefined
      throw error
    }
  }
}

export interface StationKeys {
  readonly identity: Secret
  readonly witness: Secret
  readonly secret: Secret
  /** 32 bytes of P-256: `transportKey`. */
  readonly transport: Secret
}

export interface OpenedStation extends Disposable {
  readonly way: TokenWay
  readonly keys: StationKeys
  /** Names of shares that stay closed. */
  readonly closed: readonly string[]
}

/** A share was opened by this Token from this file. */
export interface ProvedSeal {
  readonly vault: VaultId
  readonly epoch: number
  readonly keyState: Digest
  /** Name of the key, as in the policy. */
  readonly key: string
  readonly seal: Digest
  readonly token: TokenCard
}

/** Logged in by its owner, and shown to be the one that the Station's card names. */
export async function openStationToken(
  slot: Slot,
  station: StationCard,
  wanted: Which | 'any',
  ports: StationPorts,
): Promise<StationToken> {
  const open = async () => {
    await using onFailure = new AsyncDisposableStack()
    const hsm = onFailure.use(await onlyHere(slot, station, wanted, ports))
    const which = requireWanted([hsm.facts], station, wanted)
    requireHardware(station.env, hsm.facts.manufacturer)
    requireTokenLabel(hsm.facts.label, station)
    onFailure.move()
    const { pin } = hsm.facts
    return { hsm, which, pin, [Symbol.asyncDispose]: () => hsm[Symbol.asyncDispose]() }
  }
  const found = await byPin(ports.pin, open, ({ hsm }, pin, isLast) => hsm.login(pin, isLast))
  await using onFailure = new AsyncDisposableStack()
  onFailure.use(found)
  await found.hsm.use(station[found.which])
  onFailure.move()
  return new StationToken(found.hsm, found.which, station)
}

/** one Token is here, and it is the one that is wanted. */
async function whichHere(
  slot: Slot,
  station: Pick<StationCard, Which>,
  wanted: Which | 'any',
  ports: HsmPorts,
): Promise<Which> {
  return requireWanted(await Hsm.list({ ...slot, serial: '' }, ports), station, wanted)
}

/** One process counts and opens: nothing else is plugged in between. */
async function onlyHere(
  slot: Slot,
  station: Pick<StationCard, Which>,
  wanted: Which | 'any',
  ports: HsmPorts,
): Promise<Hsm> {
  try {
    return await Hsm.open({ ...slot, serial: '' }, ports)
  } catch (error) {
    // What is here instead, its owner reads.
    if (error instanceof Refused) await whichHere(slot, station, wanted, ports)
    throw error
  }
}

function requireWanted(
  here: readonly TokenFacts[],
  station: Pick<StationCard, Which>,
  wanted: Which | 'any',
): Which {
  const [only, ...more] = here
  const serials = here.map(({ serial }) => serial).join(', ') || 'none'
  if (only === undefined || more.length > 0) {
    return refuse('TOKEN_ABSENT', `expected exactly one token, here: ${serials}`, 'X-5')
  }
  const which = (['daily', 'spare'] as const).find((one) => station[one].serial === only.serial)
  if (which !== undefined && (wanted === 'any' || wanted === which)) return which
  const named = wanted === 'any' ? 'the daily or the spare token' : `the ${wanted} token`
  const expected =
    wanted === 'any' ? `${station.daily.serial} or ${station.spare.serial}` : station[wanted].serial
  return refuse('TOKEN_WRONG', `expected ${named} ${expected}, here: ${serials}`, 'X-5')
}

/** All shares of a medium, each opened by this Token. */
export async function testShares(
  token: StationToken,
  curve: Curve,
  shares: readonly SealedShare[],
): Promise<readonly ProvedSeal[]> {
  const proved: ProvedSeal[] = []
  for (const share of shares) proved.push(await token.test(curve, share))
  return proved
}
