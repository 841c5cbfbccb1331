// Whole payments on the stand-in for Tron, through a coordinator with scripted nodes. Its blocks are
// solid when nineteen lie on top, as on the main network, and come when the test says so. Who uses it
// has its documents written for Tron (`test/kit/tron-documents.ts`).
import { openTronRpc } from '../../coordinator/chain-rpc/tron.ts'
import { tronLedger } from '../../coordinator/chain-rpc/tron-kind.ts'
import type { Event } from '../../coordinator/ports.ts'
import { readLinesOf } from '../../coordinator/store/lines.ts'
import type { Store } from '../../coordinator/store/store.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { tronAddress } from '../../policy/chain/tron-address.ts'
import type { Intent } from '../../policy/intent.ts'
import { parseDigest } from '../../proto/ids.ts'
import { startTronChain, type TronChain } from '../kit/tron-chain.ts'
import { as, decision, type House, houseOn } from './house.ts'
import { origin, payout, type TestClock, testClock, vaultRow } from './world.ts'

export const solidAfter = 19
export const minute = 60_000

/** What the log tells of a request. */
interface Told {
  /** How often bytes were bound. */
  readonly attempts: number
  /** Where it settled. */
  readonly heights: readonly number[]
}

export class TronWalk {
  readonly house: House
  readonly chain: TronChain
  readonly clock: TestClock
  /** What was said of endpoints. */
  readonly events: readonly Event[]
  #asked = 0n

  private constructor(
    ...[house, chain, clock, events]: [House, TronChain, TestClock, readonly Event[]]
  ) {
    this.house = house
    this.chain = chain
    this.clock = clock
    this.events = events
  }

  static async open(store: Store): Promise<TronWalk> {
    const clock = testClock()
    const chain = await startTronChain(clock.now)
    chain.sim.solidAfter = solidAfter
    await chain.fund(tronAddress(vaultRow('hot').publicKey))
    await chain.sim.mine(solidAfter + 3)
    const events: Event[] = []
    const { urls, sim } = chain
    const rpc = openTronRpc({
      ...{ network: sim.network, urls, timeoutMs: 2_000, stillMs: 300_000, now: clock.now },
      report: (event) => events.push(event),
    })
    const house = await houseOn(store, { clock, chains: new Map([[sim.network, tronLedger(rpc)]]) })
    return new TronWalk(house, chain, clock, events)
  }

  async close(): Promise<void> {
    await this.house.stop()
    await this.chain.stop()
  }

  /** Time in which the house hears of the network over a real socket. */
  async heard(ms = 2_000): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      await this.house.pass(500)
    }
  }

  async blocks(count: number): Promise<void> {
    await this.chain.sim.mine(count)
    await this.heard()
  }

  /** So many blocks come in each half second. */
  async until(what: string, isSo: () => Promise<boolean>, each = 0): Promise<void> {
    for (let tries = 0; tries < 200; tries += 1) {
      if (await isSo()) return
      await this.chain.sim.mine(each)
      await this.heard(500)
    }
    const notes = [...this.house.coordinator.driver.notes.values()].map(({ because }) => because)
    throw new Error(`never: ${what}; ${notes.join('; ')}`)
  }

  untilState(id: string, state: string, each = 3): Promise<void> {
    return this.until(state, async () => (await this.house.state(id)) === state, each)
  }

  /** Much time, and no block. */
  async away(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 30_000) {
      await new Promise((resolve) => setTimeout(resolve, 3))
      await this.house.jump(30_000)
    }
  }

  /** Each of another amount: two of the same look like one asked for twice. */
  payment(amount = 100_000_000n): Intent {
    this.#asked += 1n
    const created = this.clock.now()
    return payout({
      ...{ network: this.chain.sim.network, op: 'trc20.transfer', maxFee: 100_000_000n },
      ...{ amount: amount + this.#asked, created, notAfter: created + 4 * 60 * minute },
    })
  }

  async sent(intent: Intent): Promise<string> {
    const id = await this.house.submit(intent)
    await this.untilState(id, 'BROADCAST', 0)
    return id
  }

  async approved(intent: Intent): Promise<string> {
    const id = await this.house.submit(intent)
    const signed = await decision(this.house, id, as('ana', 'ops'))
    await this.house.coordinator.decisions.decide(signed)
    return id
  }

  async lines(id: string, type: string): Promise<readonly object[]> {
    const all = await readLinesOf(this.house.store, origin, parseDigest(id))
    return all.map(parseEntry).flatMap((line) => (line.type === type ? [line.body] : []))
  }

  async told(id: string): Promise<Told> {
    const closings = await this.lines(id, 'tx.settled')
    const heights = closings.map((body) => Number(Object(body).height))
    return { attempts: (await this.lines(id, 'session.started')).length, heights }
  }

  /** Undefined while no block has it. */
  async heightOf(id: string): Promise<number | undefined> {
    const [signed] = await this.lines(id, 'sign.completed')
    const asking = { method: 'POST', body: JSON.stringify({ value: Object(signed).txid }) }
    const answer = await fetch(`${this.chain.urls[0]}/wallet/gettransactioninfobyid`, asking)
    return Object(await answer.json()).blockNumber
  }

  /** How often these bytes were taken for a block. */
  times(bytes: string): number {
    return this.chain.sim.sent.filter((one) => one === bytes).length
  }
}
