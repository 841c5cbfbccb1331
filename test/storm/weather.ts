// Weather: what goes wrong in a house while people use it. Every kind has a strength that the seed
// draws, often none, so that a storm is sometimes of one kind only. All of it stops when told.

import type { House } from '../kit/house.ts'
import { names } from '../kit/house.ts'
import type { Dice } from '../kit/house-time.ts'
import { calm } from '../kit/house-wires.ts'
import type { Doom, Moment } from '../kit/mortal.ts'

/** Of each kind, how many a minute. */
export interface Strength {
  readonly cut: number
  readonly pull: number
  readonly killNode: number
  readonly stopNode: number
  readonly killCoordinator: number
  readonly stealLease: number
  readonly hideHeads: number
  readonly clockJump: number
  readonly chainDown: number
  readonly frameMsMax: number
  readonly skewMsMax: number
  /** Whether somebody freezes the vault. */
  readonly freezes: boolean
}

const rates = [0, 0, 2, 6] as const
const tables = ['accepted', 'journal', 'line', 'history'] as const
const lineTypes = [
  'intent.created',
  'approval.recorded',
  'spend.reserved',
  'session.started',
  'session.aborted',
  'sign.completed',
  'tx.broadcast',
] as const

export function strengthOf(dice: Dice): Strength {
  return {
    cut: dice.pick(rates),
    pull: dice.pick(rates) / 2,
    killNode: dice.pick(rates) / 2,
    stopNode: dice.pick(rates) / 2,
    killCoordinator: dice.pick(rates) / 2,
    stealLease: dice.pick(rates) * 2,
    hideHeads: dice.pick(rates),
    clockJump: dice.pick(rates) / 3,
    chainDown: dice.pick(rates) / 2,
    frameMsMax: dice.pick([3, 40, 400]),
    skewMsMax: dice.pick([0, 0, 30_000]),
    freezes: dice.chance(0.15),
  }
}

export class Weather {
  readonly #house: House
  readonly #dice: Dice
  readonly #strength: Strength
  #isOver = false
  /** Nodes whose cosigned heads are held back. */
  readonly #hidden = new Set<string>()

  constructor(house: House, dice: Dice, strength: Strength) {
    this.#house = house
    this.#dice = dice
    this.#strength = strength
  }

  begin(): void {
    const house = this.#house
    const strength = this.#strength
    const { frameMsMax, skewMsMax } = strength
    house.wires.pace = { frameMsMax, noticeMsMax: 10 * frameMsMax, dialMsMax: 2_000 }
    for (const node of house.nodes.values()) {
      // Little by little would be the same: what counts is how far clocks are apart.
      node.skewMs = this.#dice.between(-skewMsMax, skewMsMax)
    }
    house.down = ({ node }, frame) => {
      return frame.frame === 'heads' && this.#hidden.has(node) ? undefined : frame
    }
    this.#often(strength.cut, () => house.wires.cut(this.#place()))
    this.#often(strength.pull, () => this.#pull())
    this.#often(strength.killNode, () => this.#killNode())
    this.#often(strength.stopNode, () => this.#stopNode())
    this.#often(strength.killCoordinator, () => this.#killCoordinator())
    this.#often(strength.stealLease, () => {
      void house.store.query('update job set lease_until = 0')
    })
    this.#often(strength.hideHeads, () => this.#hideHeads())
    this.#often(strength.clockJump, () => this.#jumpClock())
    this.#often(strength.chainDown, () => this.#breakChain())
  }

  /** Everything that was broken is mended; clocks stay where they are. */
  async end(): Promise<void> {
    const house = this.#house
    this.#isOver = true
    this.#hidden.clear()
    house.down = (_place, frame) => frame
    house.wires.pace = calm
    house.chain.isDown = false
    house.chain.isStuck = false
    for (const name of house.coordinatorNames) {
      if (house.isUp(name)) house.running(name).life.doom = undefined
      else await house.startCoordinator(name)
    }
    for (const node of house.nodes.values()) {
      if (node.isUp) node.life.doom = undefined
      else node.start()
    }
    house.wires.plugAll()
  }

  #often(perMinute: number, work: () => void): void {
    if (perMinute === 0) return
    const meanMs = 60_000 / perMinute
    this.#house.time.after(this.#dice.between(1, 2 * meanMs), () => {
      if (this.#isOver) return
      work()
      this.#often(perMinute, work)
    })
  }

  #later(ms: number, work: () => void): void {
    this.#house.time.after(ms, () => {
      if (!this.#isOver) work()
    })
  }

  #place() {
    const { coordinatorNames } = this.#house
    return { node: this.#dice.pick(names), coordinator: this.#dice.pick(coordinatorNames) }
  }

  #pull(): void {
    const place = this.#place()
    this.#house.wires.pull(place)
    this.#later(this.#dice.between(1_000, 20_000), () => this.#house.wires.plug(place))
  }

  /** At once, or at the next thing that it makes durable. */
  #killNode(): void {
    const node = this.#house.at(this.#dice.pick(names))
    if (!node.isUp) return
    if (this.#dice.chance(0.4)) node.kill()
    else node.life.doom = this.#doomAt(this.#dice.pick(tables))
    this.#later(this.#dice.between(500, 15_000), () => {
      if (node.isUp) node.life.doom = undefined
      else node.start()
    })
  }

  #stopNode(): void {
    const node = this.#house.at(this.#dice.pick(names))
    node.stop()
    this.#later(this.#dice.between(500, 10_000), () => node.start())
  }

  #killCoordinator(): void {
    const house = this.#house
    const name = this.#dice.pick(house.coordinatorNames)
    if (!house.isUp(name)) return
    const { life } = house.running(name)
    if (this.#dice.chance(0.4)) life.end()
    else life.doom = this.#doomOf(this.#dice.pick(lineTypes))
    this.#later(this.#dice.between(1_000, 15_000), () => {
      if (house.isUp(name)) house.running(name).life.doom = undefined
      else void house.launch(name)
    })
  }

  #hideHeads(): void {
    const node = this.#dice.pick(names)
    this.#hidden.add(node)
    this.#later(this.#dice.between(1_000, 25_000), () => this.#hidden.delete(node))
  }

  /** More than a node takes for a hiccup, less than makes it useless. */
  #jumpClock(): void {
    const node = this.#house.at(this.#dice.pick(names))
    const jumpMs = this.#dice.between(6_000, 12_000)
    node.skewMs += node.skewMs > 0 ? -jumpMs : jumpMs
  }

  #breakChain(): void {
    const { chain } = this.#house
    const isLong = this.#dice.chance(0.3)
    if (isLong) chain.isStuck = true
    else chain.isDown = true
    this.#later(this.#dice.between(5_000, isLong ? 150_000 : 40_000), () => {
      chain.isDown = false
      chain.isStuck = false
    })
  }

  #doomAt(table: string): Doom {
    return {
      moment: this.#moment(),
      of: ({ statement }) => statement.includes(`insert into ${table} `),
    }
  }

  #doomOf(type: string): Doom {
    return {
      moment: this.#moment(),
      of: ({ statement, values }) =>
        statement.includes('insert into entry ') &&
        values.some((value) => Array.isArray(value) && value.includes(type)),
    }
  }

  #moment(): Moment {
    return this.#dice.pick(['before', 'after'])
  }
}
