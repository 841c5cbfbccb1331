// People and services in a storm: they ask, approve, say no and cancel, at any coordinator that answers,
// and say the same again when nobody does. They remember what was accepted; the house must not forget.

import type { Coordinator } from '../../coordinator/coordinator.ts'
import { destinationJson } from '../../policy/destination.ts'
import type { Intent } from '../../policy/intent.ts'
import { digestOf } from '../../proto/crypto.ts'
import { type Digest, parseHandle } from '../../proto/ids.ts'
import { encode } from '../../proto/jcs.ts'
import { isRefusal, type Refusal } from '../../proto/refusal.ts'
import type { Signed } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { as, decision } from '../coordinator/house.ts'
import { customer, freezeOf, payout, record, signIntent } from '../coordinator/world.ts'
import type { House } from '../kit/house.ts'
import type { Dice } from '../kit/house-time.ts'

/** What became of one request, as its clients know. */
export interface Asked {
  readonly index: number
  readonly amount: bigint
  id?: Digest
  refused?: string
  approvals: number
  /** People that its amount needs. */
  readonly needs: number
}

const patienceMs = 6_000
const triesMax = 60
const usdt = 1_000_000n
const minuteMs = 60_000

/** The book's one customer, and two that the service attests itself. */
const customers = [customer.address, `0x${'11'.repeat(20)}`, `0x${'22'.repeat(20)}`]

export class Clients {
  readonly #house: House
  readonly #dice: Dice
  readonly asked: Asked[] = []
  isFrozen = false
  #open = 0

  constructor(house: House, dice: Dice) {
    this.#house = house
    this.#dice = dice
  }

  /** Somebody is still talking. */
  get isBusy(): boolean {
    return this.#open > 0
  }

  /** One request and what people do about it, beginning so much later. */
  live(afterMs: number): void {
    const dice = this.#dice.fork(`request ${this.asked.length}`)
    const kind = dice.below(10)
    const amount = BigInt(this.asked.length + 1) + usdt * BigInt(amountOf(kind, dice))
    const needs = amount > 25_000n * usdt ? 2 : amount > 1_000n * usdt ? 1 : 0
    const asked: Asked = { index: this.asked.length, amount, approvals: 0, needs }
    this.asked.push(asked)
    void this.#during(async () => {
      await this.#house.pause(afterMs)
      await this.#ask(asked, dice)
      if (asked.id !== undefined) await this.#decide(asked, asked.id, dice)
    })
  }

  freeze(afterMs: number): void {
    void this.#during(async () => {
      await this.#house.pause(afterMs)
      this.isFrozen = true
      const signed = freezeOf('oli', 'hot', this.#house.time.now)
      await this.#insist((coordinator) => coordinator.decisions.freeze(signed))
    })
  }

  /** Small, at once, to whoever: it takes the lowest free nonce. */
  fill(): void {
    const index = this.asked.length
    const asked: Asked = { index, amount: usdt + BigInt(index), approvals: 0, needs: 0 }
    this.asked.push(asked)
    void this.#during(() => this.#ask(asked, this.#dice.fork(`fill ${this.asked.length}`)))
  }

  async #ask(asked: Asked, dice: Dice): Promise<void> {
    const { intent, records } = this.#intent(asked, dice)
    const signed = signIntent(intent)
    const submit = (coordinator: Coordinator) => coordinator.requests.submit(signed, records)
    const answer = await this.#insist(submit)
    if (answer === undefined) return
    if (isRefusal(answer)) asked.refused = answer.code
    else asked.id = answer.kind === 'request' ? answer.shown.id : answer.id
    // A caller that heard the answer may ask again all the same.
    if (dice.chance(0.3)) await this.#insist(submit)
  }

  async #decide(asked: Asked, id: Digest, dice: Dice): Promise<void> {
    await this.#house.pause(dice.between(0, 15_000))
    const fate = dice.below(10)
    if (fate === 0) {
      await this.#say(id, 'bo', 'ops', 'reject')
      return
    }
    if (fate === 1) {
      await this.#insist((coordinator) => coordinator.requests.cancel(id, 'svc-payouts'))
      return
    }
    if (asked.needs > 0 && (await this.#say(id, 'ana', 'ops', 'approve'))) asked.approvals += 1
    if (asked.needs > 1 && (await this.#say(id, 'eli', 'treasury', 'approve'))) asked.approvals += 1
    if (fate === 2) await this.#say(id, 'bo', 'ops', 'reject')
  }

  /** True when it was recorded. */
  async #say(
    id: Digest,
    person: string,
    role: string,
    what: 'approve' | 'reject',
  ): Promise<boolean> {
    let signed: Signed | undefined
    const answer = await this.#insist(async (coordinator) => {
      const clock = { now: () => this.#house.time.now }
      // Signed once: the same words are said again.
      signed ??= await decision({ coordinator, clock }, id, { ...as(person, role), decision: what })
      return coordinator.decisions.decide(signed)
    })
    return answer !== undefined && !isRefusal(answer)
  }

  #intent(
    { index, amount }: Asked,
    dice: Dice,
  ): { readonly intent: Intent; readonly records: Signed[] } {
    const { now } = this.#house.time
    const address = dice.pick(customers)
    const changes = { address, label: `cust-${address.slice(2, 8)}` }
    const isOfBook = address === customer.address
    const records = isOfBook ? [] : [record(changes)]
    const dest = digestOf(
      tags.dest,
      encode(destinationJson(isOfBook ? customer : { ...customer, ...changes })),
    )
    const intent = payout({
      id: parseHandle(`storm-${index}`),
      purpose: `storm/${index}`,
      created: now,
      notAfter: now + dice.between(60, 200) * minuteMs,
      to: address,
      dest,
      amount,
    })
    return { intent, records }
  }

  /** Undefined when nobody ever answered. */
  async #insist<T>(
    say: (coordinator: Coordinator) => Promise<T | Refusal>,
  ): Promise<T | Refusal | undefined> {
    for (let tries = 0; tries < triesMax; tries += 1) {
      const up = this.#house.coordinatorNames.filter((name) => this.#house.isUp(name))
      if (up.length > 0) {
        const coordinator = this.#house.coordinator(this.#dice.pick(up))
        const said = say(coordinator).catch(() => undefined)
        const answer = await Promise.race([said, this.#house.pause(patienceMs)])
        if (answer !== undefined) return answer as T | Refusal
      }
      await this.#house.pause(2_000)
    }
    return undefined
  }

  async #during(work: () => Promise<void>): Promise<void> {
    this.#open += 1
    try {
      await work()
    } finally {
      this.#open -= 1
    }
  }
}

/** Half by themselves, some by one person, some near the limit of one customer. */
function amountOf(kind: number, dice: Dice): number {
  if (kind < 5) return dice.between(1, 999)
  return kind < 8 ? dice.between(1_001, 20_000) : dice.between(40_000, 99_000)
}
