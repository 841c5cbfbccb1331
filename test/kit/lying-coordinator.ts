// A coordinator that lies inside a house: it writes into the honest one's database and speaks to the
// nodes over the honest one's streams, with the real log key, and judges nothing before it writes.
import { gather } from '../../coordinator/desk/case.ts'
import { handlersOf } from '../../coordinator/desk/desk.ts'
import { RulesMemory } from '../../coordinator/desk/rules.ts'
import { committed } from '../../coordinator/page.ts'
import { Sequencer } from '../../coordinator/sequencer.ts'
import { type AttemptOrder, Signing } from '../../coordinator/signing.ts'
import { RowCache } from '../../coordinator/store/row-cache.ts'
import type { Store } from '../../coordinator/store/store.ts'
import { Tree } from '../../coordinator/tree.ts'
import { issueWarrant } from '../../coordinator/warrants.ts'
import { createFold } from '../../policy/audit/fold.ts'
import { requestView } from '../../policy/audit/history.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { derive } from '../../policy/chain/derive.ts'
import type { Intent } from '../../policy/intent.ts'
import { type Digest, parseNodeId } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { governed, logSigner, root } from '../coordinator/world.ts'
import type { House } from './house.ts'
import { bytesFrom } from './house-time.ts'
import { lyingAttempt } from './lies.ts'

/** What the liar wants signed for a request that is lawful and reserved. */
export interface Lie {
  readonly bytes: (intent: Intent, slot: string) => Uint8Array
  readonly warrant?: (honest: Uint8Array) => Uint8Array
}

export class LyingCoordinator {
  readonly #house: House
  readonly #signing: Signing
  readonly #sequencer: Sequencer
  readonly #store: Store
  readonly #memory = new RulesMemory()

  /** On the streams of the coordinator `name`, and on the database that it was started on. */
  constructor(house: House, name = 'c1') {
    this.#house = house
    const { time } = house
    const { coordinator: honest, store } = house.running(name)
    this.#store = store
    const { origin } = root.log
    const tree = new Tree()
    const outside = {
      store,
      origin,
      clock: { now: () => time.now, sleep: () => new Promise<void>(() => {}) },
      random: bytesFrom(`${house.seed}/liar`),
      report: () => {},
    }
    const desk = { memory: this.#memory, tree, log: logSigner, governed }
    const handlers = new Map(handlersOf({ ...desk, cannotSign: () => undefined }))
    handlers.set('attempt', lyingAttempt)
    const fold = createFold({ rootDigest: root.digest, origin })
    const sequencer = new Sequencer({ ...outside, tree, cache: new RowCache(), fold, handlers })
    this.#signing = new Signing({ ...outside, root, links: honest.links, sequencer })
    this.#sequencer = sequencer
    sequencer.onLines((entries) => {
      this.#signing.noticeLines(entries)
      void honest.sequencer.refresh()
    })
  }

  /** Asks these nodes to sign it, as attempt `attempt`; resolves when each has refused. */
  async tell(id: Digest, attempt: number, nodes: readonly string[], lie: Lie): Promise<void> {
    const house = this.#house
    const heard = house.record.refusals(id).length
    await this.ask(id, attempt, nodes, lie)
    await house.until('a refusal of every node that was asked', () => {
      return house.record.refusals(id).length >= heard + nodes.length
    })
  }

  /** Writes the line and sends what belongs to it. */
  async ask(id: Digest, attempt: number, nodes: readonly string[], lie: Lie): Promise<void> {
    const order = await this.#order(id, attempt, nodes, lie)
    const asked = this.#signing.attempt(order).then((answer) => {
      if (isRefusal(answer)) throw new Error(`not even a line: ${answer.because}`)
    })
    await this.#house.during(Promise.race([asked, this.#written(id)]))
  }

  /** The next attempt line of this request. */
  #written(id: Digest): Promise<void> {
    return new Promise((resolve) => {
      this.#sequencer.onLines((entries) => {
        const isOurs = entries.some(
          ({ type, body }) => type === 'session.started' && 'intent' in body && body.intent === id,
        )
        if (isOurs) resolve()
      })
    })
  }

  async #order(
    id: Digest,
    attempt: number,
    nodes: readonly string[],
    lie: Lie,
  ): Promise<AttemptOrder> {
    const { time } = this.#house
    const copy = committed(this.#store, root.log.origin)
    const the = await gather(copy, this.#memory, id)
    const view = await copy.read(requestView(id))
    const vault = view.vaults.find((row) => row.vault === the.intent.vault)
    const { rulebook } = the.inForce
    const rule = rulebook.rules.find((one) => one.id === view.reservation?.rule)
    if (vault === undefined || rule === undefined || view.reservation === undefined) {
      throw new Error(`request ${id} is not reserved`)
    }
    const bytes = lie.bytes(the.intent, view.reservation.slot)
    const honest = issueWarrant(the, { rule, bytes, replaces: '', t: time.now })
    return {
      intent: id,
      attempt,
      epoch: vault.epoch,
      participants: nodes.map(parseNodeId),
      warrant: lie.warrant?.(honest) ?? honest,
      fresh: false,
      digest: chainOf(the.intent.network).digest(bytes),
      publicKey: derive(vault, the.intent.path).publicKey,
    }
  }
}
