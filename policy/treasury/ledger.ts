// What lies at the house's own addresses at one block, and what is on its way and not in it yet.
// What leaves is taken off at once, with the whole fee that it may cost; what comes in counts only
// where the question is whether more has to be sent. So an error is on the side of moving less.
// Knows no target and decides nothing.
import type { Handle, VaultId } from '../../proto/ids.ts'
import type { Rulebook } from '../rulebook.ts'

/** An own address: a vault and a path, `m` for its own. */
export interface Account {
  readonly vault: VaultId
  readonly path: string
}

/** The one address that a book has for a class: of a vault of another log, which keeps its key. */
export interface Listed {
  readonly class: Handle
}

export type Place = Account | Listed

export type Held = Place & {
  readonly asset: Handle
  /** Base units. */
  readonly amount: bigint
}

/** As people and reasons name it. */
export function placeName(place: Place): string {
  return 'vault' in place ? `${place.vault} ${place.path}` : `class ${place.class}`
}

/** A request that has not ended, or ended after the block of the balances. */
export interface Moving {
  readonly from: Account
  /** Undefined where it leaves the house, or goes where nobody looks. */
  readonly to: Place | undefined
  readonly asset: Handle
  readonly amount: bigint
  /** Base units of the network's coin. */
  readonly feeMax: bigint
}

export class Ledger {
  readonly #rulebook: Rulebook
  readonly #held: ReadonlyMap<string, Held>
  readonly #out = new Map<string, bigint>()
  readonly #in = new Map<string, bigint>()

  /** The smaller one counts where a balance stands twice. */
  constructor(rulebook: Rulebook, held: readonly Held[], moving: readonly Moving[]) {
    this.#rulebook = rulebook
    const balances = new Map<string, Held>()
    for (const one of held) {
      const name = nameOf(one, one.asset)
      const before = balances.get(name)
      if (before === undefined || one.amount < before.amount) balances.set(name, one)
    }
    this.#held = balances
    for (const one of moving) this.move(one)
  }

  /** After everything that is on its way has left; undefined without a balance. */
  left(place: Place, asset: Handle): bigint | undefined {
    const held = this.#held.get(nameOf(place, asset))
    return held && held.amount - (this.#out.get(nameOf(place, asset)) ?? 0n)
  }

  coming(place: Place, asset: Handle): bigint {
    return this.#in.get(nameOf(place, asset)) ?? 0n
  }

  isLeaving(account: Account, asset: Handle): boolean {
    return this.#out.has(nameOf(account, asset))
  }

  /** Addresses below `m` of a vault with a balance of this asset, in the order of their paths. */
  below(vault: VaultId, asset: Handle): readonly Account[] {
    return [...this.#held.values()]
      .flatMap((one) => ('vault' in one && one.vault === vault && one.asset === asset ? [one] : []))
      .filter(({ path }) => path !== 'm')
      .map(({ path }) => ({ vault, path }))
      .sort((a, b) => a.path.length - b.path.length || (a.path < b.path ? -1 : 1))
  }

  move({ from, to, asset, amount, feeMax }: Moving): void {
    add(this.#out, nameOf(from, asset), amount)
    const coin = this.coinOf(from.vault)
    if (coin !== undefined && feeMax > 0n) add(this.#out, nameOf(from, coin), feeMax)
    if (to !== undefined) add(this.#in, nameOf(to, asset), amount)
  }

  /** The asset in which a vault pays fees. */
  coinOf(vault: VaultId): Handle | undefined {
    const network = this.#rulebook.vaults.get(vault)?.network
    return network && this.#rulebook.networks.get(network)?.feeAsset
  }

  /** What a fee takes from an asset: all of it from the coin, nothing from a token. */
  feeIn(asset: Handle, maxFee: bigint): bigint {
    return this.#rulebook.assets.get(asset)?.kind === 'native' ? maxFee : 0n
  }
}

/** No path of a vault is empty, so that no class has the name of a vault. */
function nameOf(place: Place, asset: Handle): string {
  return 'vault' in place ? `${place.vault} ${place.path} ${asset}` : `${place.class}  ${asset}`
}

function add(sums: Map<string, bigint>, name: string, amount: bigint): void {
  sums.set(name, (sums.get(name) ?? 0n) + amount)
}
