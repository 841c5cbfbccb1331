// Nonces of the vaults' addresses that a transaction used which this log did not sign: the key
// signs somewhere else, so whoever holds it holds what the vault holds. Two endpoints have to say
// that the nonce is used under final blocks; what used it is shown by the key's own signature, or
// else by no signature of the log being what did. Then nothing more is reserved or signed for the
// vault by this coordinator until it is started anew, and somebody has to look. Where the operator
// has said so, it is an alarm alone: money has to leave such a vault by a payment.
// INVARIANT: decides nothing in the log. Nodes are stopped by a freeze that people sign.
import { openedOf } from '../policy/audit/fold-addresses.ts'
import { pathsBeside } from '../policy/audit/slots.ts'
import { below, get, tables } from '../policy/audit/tables.ts'
import { chainOf } from '../policy/chain/chains.ts'
import { derive } from '../policy/chain/derive.ts'
import { networkOf } from '../policy/rulebook.ts'
import type { VaultRow } from '../policy/view.ts'
import { toHex } from '../proto/crypto.ts'
import type { Digest, VaultId } from '../proto/ids.ts'
import { type Refusal, refusal } from '../proto/refusal.ts'
import { Unavailable } from '../proto/unavailable.ts'
import type { NonceLedger } from './chain-rpc/ledger.ts'
import type { Nonce } from './desk/cancelling.ts'
import type { RulesMemory } from './desk/rules.ts'
import { type Chains, type Driven, writeLines } from './driver.ts'
import { foundLines } from './found-signatures.ts'
import { NonceTurns } from './nonce-turns.ts'
import type { Copy } from './page.ts'
import type { Clock, Report } from './ports.ts'
import { rivalsOf } from './rivals.ts'
import type { Sequencer } from './sequencer.ts'

export interface NoncesPorts {
  readonly copy: Copy
  readonly memory: RulesMemory
  readonly clock: Clock
  readonly report: Report
  readonly chains: Chains
  readonly sequencer: Sequencer
  /** Networks where a foreign transaction is an alarm and stops nothing. */
  readonly alarmOnly: ReadonlySet<string>
}

const lookMs = 15_000
const sweepMs = 300_000
/** Addresses of all vaults together in one sweep: 100,000 come to their turn in nine hours. */
const lookedPerSweepMax = 1_000
/** Derived at once, some thirty milliseconds, and asked about in one message. */
const lookedAtOnce = 50

/** A transaction of the log's own bytes, and the request whose effect it is. */
export interface Unseen {
  readonly intent: Digest
  readonly txid: string
}

/** One nonce of one address. */
interface Place {
  readonly vault: VaultRow
  readonly path: string
  readonly network: string
  readonly slot: string
}

interface Seen {
  readonly vault: VaultRow
  readonly network: string
  readonly rpc: NonceLedger
}

export class Nonces {
  readonly #ports: NoncesPorts
  readonly #held = new Map<VaultId, string>()
  /** The highest of each address that was seen used up; those below it are too. */
  readonly #usedUpTo = new Map<string, bigint>()
  readonly #lookedAt = new Map<Digest, number>()
  readonly #said = new Set<string>()
  readonly #turns = new NonceTurns()
  #sweptAt = 0
  #isSweeping = false

  constructor(ports: NoncesPorts) {
    this.#ports = ports
  }

  /** Why nothing may be signed for the vault. */
  holdOf(vault: VaultId): Refusal | undefined {
    const because = this.#held.get(vault)
    return because === undefined ? undefined : refusal('FROZEN', because)
  }

  /** What could not land any more: a cancel under a nonce that somebody has used. */
  usedOf({ vault, path, slot }: Nonce): Refusal | undefined {
    const last = this.#usedUpTo.get(`${vault} ${path}`)
    if (last === undefined || last < BigInt(slot)) return undefined
    const because = `nonce ${slot} of ${vault} ${path} is used up: nothing is left to cancel`
    return refusal('NONCE', because)
  }

  /** Of a reservation, before anything is signed under it: asked of the chain. */
  async askUsed({ view }: Pick<Driven, 'view'>): Promise<Refusal | undefined> {
    const place = placeOf(view)
    const rpc = place && this.#rpcOf(place.network)
    if (place === undefined || rpc === undefined) return undefined
    if (await rpc.consumed(addressOf(place), BigInt(place.slot))) this.#note(place)
    return this.usedOf({ ...place, vault: place.vault.vault })
  }

  forget(intent: Digest): void {
    this.#lookedAt.delete(intent)
  }

  /**
   * For a request of which no transaction is in a block, now and then: what used its nonce, where
   * that was signed for this log and its signature never came here.
   */
  async look({ the, view }: Driven): Promise<Unseen | undefined> {
    const { intent } = the.row
    const place = placeOf(view)
    if (place === undefined) return
    const now = this.#ports.clock.now()
    if (now - (this.#lookedAt.get(intent) ?? 0) < lookMs) return
    this.#lookedAt.set(intent, now)
    const { network, slot } = place
    const rpc = this.#rpcOf(network)
    if (rpc === undefined || !(await rpc.consumed(addressOf(place), BigInt(slot)))) return
    this.#note(place)
    const { copy } = this.#ports
    const holders = [intent, ...(await copy.read(rivalsOf(intent)))]
    // In this order: what is in no block after its nonce was used never will be.
    for (const holder of holders) {
      const signed = await copy.read(get(tables.completed, holder))
      for (const txid of signed?.txids ?? []) {
        if ((await this.#ports.chains.get(network)?.minedAt(txid)) !== undefined) return
      }
    }
    return this.#judge(rpc, place, holders)
  }

  /**
   * Of addresses that pay nothing now, a nonce that the log never gave: of vaults, of their deposit
   * addresses by turns, and of every other path that has a nonce in the log. Now and then, by a
   * tick, which does not wait for what endpoints say.
   */
  sweep(): void {
    const { clock, report } = this.#ports
    if (this.#isSweeping || clock.now() - this.#sweptAt < sweepMs) return
    this.#sweptAt = clock.now()
    this.#isSweeping = true
    this.#look()
      .catch((error: unknown) => {
        const because = error instanceof Error ? error.message : 'unknown'
        report({ level: 'warn', name: 'nonce.unasked', because })
      })
      .finally(() => {
        this.#isSweeping = false
      })
  }

  async #look(): Promise<void> {
    const { copy, memory, report } = this.#ports
    const vaults = await copy.read(below(tables.vault))
    if (vaults.length === 0) return
    const { rulebook } = (await memory.at(copy)).inForce
    const seen = vaults.flatMap((vault) => {
      const network = networkOf(rulebook, vault.vault)?.caip2 ?? ''
      const rpc = this.#rpcOf(network)
      return rpc === undefined || vault.exported ? [] : [{ vault, network, rpc }]
    })
    const most = Math.ceil(lookedPerSweepMax / seen.length)
    for (const one of seen) {
      const { vault } = one.vault
      const opened = await copy.read(openedOf(vault))
      const below = [
        ...(await copy.read(pathsBeside(vault))),
        ...this.#turns.take(vault, opened, most),
      ]
      const paths = [rootPath, ...below]
      try {
        for (let from = 0; from < paths.length && !this.#held.has(vault); from += lookedAtOnce) {
          await this.#lookAt(one, paths.slice(from, from + lookedAtOnce))
        }
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error
        report({ level: 'warn', name: 'nonce.unasked', because: error.message })
      }
    }
  }

  async #lookAt({ vault, network, rpc }: Seen, paths: readonly string[]): Promise<void> {
    const { copy } = this.#ports
    const places: Place[] = []
    for (const path of paths) {
      const next = (await copy.read(get(tables.slots, vault.vault, path)))?.next ?? 0
      places.push({ vault, path, network, slot: String(next) })
    }
    const asked = places.map((place) => ({ from: addressOf(place), slot: BigInt(place.slot) }))
    const used = await rpc.consumedAmong(asked)
    for (const [at, place] of places.entries()) {
      if (used[at] === true) await this.#judge(rpc, place, [])
    }
  }

  #note({ vault, path, slot }: Place): void {
    const at = `${vault.vault} ${path}`
    const last = this.#usedUpTo.get(at)
    if (last === undefined || last < BigInt(slot)) this.#usedUpTo.set(at, BigInt(slot))
  }

  /** Undefined where addresses count nothing, and without an endpoint. */
  #rpcOf(network: string): NonceLedger | undefined {
    return this.#ports.chains.get(network)?.nonces
  }

  /** The nonce is used, and by nothing that the log has a signature of. */
  async #judge(
    rpc: NonceLedger,
    place: Place,
    holders: readonly Digest[],
  ): Promise<Unseen | undefined> {
    const { copy } = this.#ports
    const { vault, slot } = place
    const found = await rpc.signedAt(addressOf(place), BigInt(slot))
    const bound = found && (await copy.read(get(tables.digest, toHex(found.digest))))
    const by = found === undefined ? 'a transaction that no endpoint shows' : found.txid
    const used = `nonce ${slot} of ${vault.vault} ${place.path} was used by ${by}`
    if (found !== undefined && bound !== undefined) {
      const signed = await copy.read(get(tables.completed, bound.intent))
      if (signed?.txids.includes(found.txid) !== true) {
        this.#say('nonce.unseen', place, `${used}: request ${bound.intent}, signed unseen`)
        const lines = await foundLines(copy, bound.intent, found)
        if (lines !== undefined) await writeLines(this.#ports, lines)
      }
      return { intent: bound.intent, txid: found.txid }
    }
    if (found === undefined && (await this.#mayBeUnseen(holders))) {
      this.#say('nonce.unseen', place, `${used}; an attempt may have been signed unseen`)
      return undefined
    }
    if (!this.#ports.alarmOnly.has(place.network)) this.#held.set(vault.vault, used)
    this.#say('nonce.foreign', place, `${used}, which this log does not know`)
    return undefined
  }

  /** An attempt without a signature here may have one elsewhere. */
  async #mayBeUnseen(holders: readonly Digest[]): Promise<boolean> {
    for (const holder of holders) {
      const attempts = await this.#ports.copy.read(below(tables.attempt, holder))
      if (attempts.some(({ state }) => state !== 'completed')) return true
    }
    return false
  }

  /** Once for each nonce. */
  #say(name: string, { vault, path, slot }: Place, because: string): void {
    const what = `${name} ${vault.vault} ${path} ${slot}`
    if (this.#said.has(what)) return
    this.#said.add(what)
    this.#ports.report({ level: 'alarm', name, because, vault: vault.vault })
  }
}

const rootPath = 'm'

function placeOf({ reservation, vaults }: Driven['view']): Place | undefined {
  const vault = vaults.find((row) => row.vault === reservation?.vault)
  if (reservation === undefined || reservation.slot === '' || vault === undefined) return undefined
  const { path, slot, network } = reservation
  return { vault, path, network, slot }
}

function addressOf({ vault, path, network }: Place): string {
  return chainOf(network).address(derive(vault, path).publicKey)
}
