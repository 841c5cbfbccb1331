// Which deposit addresses a watcher looks at: all that were given out, some in each look and then
// on from there. How many there are is the word of the coordinator; the addresses themselves are
// derived here. One that it hides is swept later, one that it makes up is the house's own too.
import { depositPath } from '../policy/deposit-path.ts'
import type { VaultId } from '../proto/ids.ts'
import type { WireClient } from '../proto/io/channel-client.ts'
import { limits } from '../proto/limits.ts'
import { must } from './verb.ts'

export class DepositPaths {
  /** By vault: the index at which the next look begins. */
  readonly #next = new Map<VaultId, number>()

  /** At most `sweptPerLookMax` of them. */
  async of(vault: VaultId, client: WireClient): Promise<readonly string[]> {
    const count = await countOf(vault, client)
    if (count === 0) return []
    const start = (this.#next.get(vault) ?? 0) % count
    const length = Math.min(count, limits.sweptPerLookMax)
    this.#next.set(vault, start + length)
    return Array.from({ length }, (_, at) => depositPath((start + at) % count))
  }
}

/** The index after the last one: twice as far each time, and then halves. */
async function countOf(vault: VaultId, client: WireClient): Promise<number> {
  const isThere = async (from: number): Promise<boolean> => {
    const { addresses } = must(
      await client.VaultService.ListDepositAddresses({ vault, from, count: 1 }),
    )
    return addresses.length > 0
  }
  const most = limits.depositIndexMax
  if (!(await isThere(0))) return 0
  let [low, high] = [0, 1]
  while (high < most && (await isThere(high))) [low, high] = [high, Math.min(high * 2, most)]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (await isThere(middle)) low = middle
    else high = middle
  }
  return low + 1
}
