// What a transfer would cost now on an EVM network, as its endpoints tell it together: gas of the
// very call on what is in blocks, by the price of the newest block. For whoever decides whether
// moving pays; what may be spent at the most is said elsewhere.
import { transferCall } from '../../policy/chain/evm.ts'
import { lowerMedian } from './agree.ts'
import { allAnswers } from './answers.ts'
import { gas, prices } from './evm.ts'
import type { Asker, Cost, Transfer } from './look.ts'
import { unavailable } from './post.ts'

const coinGas = 21_000n
/** Of a call that would fail: what one of these tokens needs at the most. */
const tokenGas = 100_000n

/** Throws `Unavailable` where fewer than `witnesses` answer; one of three moves nothing. */
export async function costOf(
  askers: readonly Asker[],
  witnesses: number,
  { from, to, contract, amount }: Transfer,
): Promise<Cost> {
  const said = await allAnswers(askers, async (asker) => {
    const { base, tip } = await prices(asker)
    const price = base + tip
    if (contract === '') return { price, gas: coinGas }
    const calldata = transferCall(to, amount)
    const found = await gas(asker, { from, to: contract, value: 0n, calldata })
    return { price, gas: found.kind === 'gas' ? found.gas : tokenGas }
  })
  const price = lowerMedian(said.map((one) => one.price))
  const used = lowerMedian(said.map((one) => one.gas))
  if (price === undefined || used === undefined || said.length < witnesses) {
    throw unavailable(`expected ${witnesses} endpoints that tell fees, ${said.length} did`)
  }
  return { transfer: price * used, coin: price * coinGas }
}
