// A whole node that signs with a corrupt one, for `edge.ts`: each showing is a payout of its own, judged
// and begun by whole nodes, up to the moment at which a lie arrives. The clock of the nodes stands
// still while others work. It runs, as the machine's does, while the lie is worked off and in the
// tick after the deadline of the round; what lies between is left out, because nothing happens in it.

import type { NodeFrame } from '../proto/frames.ts'
import { nodeCodec } from '../proto/io/frame-codec.ts'
import { limits } from '../proto/limits.ts'
import type { SessionPlan } from '../signer-node/session.ts'
import { Sessions } from '../signer-node/sessions.ts'
import { bent } from '../test/kit/bent.ts'
import { SigningHouse } from '../test/signer-node/signing-kit.ts'
import { coordinator } from '../test/signer-node/three-nodes.ts'
import type { Lie } from './edge-lies.ts'

/** A rule of the house lets so many pass, all of other amounts. */
const payoutsMax = 90
/** Between two ticks of a node. */
const TICK_MS = 50
/** That pass between the lie and the deadline, at least; in a node they are up to a hundred. */
const TICKS = 6
const SLEEP_MS = 2

export interface Shown {
  /** From the begin of the tick in which it leaves to the word. */
  readonly wordUs: number
  /** What the node did at once, as long as which other frames wait. */
  readonly busyUs: number
  /** All that left the node from the lie on, with sizes. */
  readonly said: string
}

export class Edge implements Disposable {
  #house = new SigningHouse()
  #payouts = 0
  #lie: Lie | undefined
  #sinceMs: number | undefined
  readonly #start = Sessions.prototype.start

  constructor() {
    const edge = this
    const start = this.#start
    Sessions.prototype.start = function (sid, by, plan) {
      start.call(this, sid, by, edge.#bent(plan as never) as never)
    }
    this.#open()
  }

  /** At any moment of the round, before any phase of the ticks: both between 0 and 1. */
  show(lie: Lie, [moment, phase]: readonly [number, number]): Shown {
    this.#next()
    const house = this.#house
    const { node, ports } = house.at('node-a')
    const payout = house.payout()
    if (!node.status().pairings.includes('node-b' as never)) throw new Error('there is no pairing')
    const given = house.askSigners(payout)
    const late: (() => void)[] = []
    house.carry = (from, to, frame) => {
      const isIt = from === 'node-b' && to === 'node-a' && frame.frame === 'envelope'
      if (!isIt || frame.envelope.round !== lie.round) return frame
      const arriving = lie.carry?.(frame.envelope) ?? [frame.envelope]
      for (const envelope of arriving) {
        late.push(() => node.receive(coordinator, { frame: 'envelope', envelope }))
      }
      return undefined
    }
    this.#lie = lie
    house.begin(payout, given)
    this.#lie = undefined
    const dueMs = house.clock.monotonicMs() + limits.roundTimeoutMs
    house.clock.advance(Math.floor(moment * (limits.roundTimeoutMs - 2 * TICKS * TICK_MS)))
    const busyUs = this.#timed(() => {
      for (const arrive of late) arrive()
      while (ports.run());
      spin(lie.planted?.busyUs)
    })
    const early = ports.sent.splice(0)
    let wordUs = Number.NaN
    const tickMs = Math.ceil(dueMs + phase * TICK_MS)
    // The last of them is the first after the deadline, in which the node finds it over.
    for (let before = TICKS; before >= 0; before -= 1) {
      this.#leap(tickMs - before * (TICK_MS + 1))
      sleep()
      node.tick()
    }
    early.push(...ports.sent.splice(0))
    this.#leap(tickMs + TICK_MS)
    sleep()
    const send = ports.send
    const begun = process.hrtime.bigint()
    Object.assign(ports, {
      send: (to: string, frame: NodeFrame) => {
        spin(lie.planted?.wordUs)
        if (frame.frame === 'stopped') wordUs = Number(process.hrtime.bigint() - begun) / 1_000
        send(to, frame)
      },
    })
    this.#timed(() => node.tick())
    Object.assign(ports, { send })
    const more = lie.planted?.bytes ?? 0
    const said = [...early, undefined, ...ports.sent].map((one) => shape(one?.frame, more))
    const { because = '' } = ports.events.findLast(({ name }) => name === 'session-failed') ?? {}
    if (!because.includes(lie.because)) throw new Error(`${lie.name}: ${because}`)
    this.#cleared()
    return { wordUs, busyUs, said: said.join(' ') }
  }

  [Symbol.dispose](): void {
    Sessions.prototype.start = this.#start
    this.#house.close()
  }

  #next(): void {
    this.#payouts += 1
    if (this.#payouts <= payoutsMax) return
    this.#payouts = 1
    this.#house.close()
    this.#house = new SigningHouse()
    this.#open()
  }

  #open(): void {
    const { clock } = this.#house
    const ran = (): number => (this.#sinceMs === undefined ? 0 : performance.now() - this.#sinceMs)
    clock.monotonicMs = () => clock.monotonic + ran()
    clock.wallMs = () => clock.wall + Math.floor(ran())
  }

  /** The session of node b with node a, and no other. */
  #bent(plan: SessionPlan<unknown>): SessionPlan<unknown> {
    const lie = this.#lie
    const nodes = [...plan.counterparts.values()].map(({ node }) => String(node))
    if (lie === undefined || nodes.join() !== 'node-a') return plan
    lie.begin?.(plan)
    return lie.twist === undefined ? plan : { ...plan, stepper: bent(plan.stepper, lie.twist) }
  }

  /** While the clock of the nodes runs. */
  #timed(work: () => void): number {
    this.#sinceMs = performance.now()
    const before = process.hrtime.bigint()
    work()
    const took = Number(process.hrtime.bigint() - before) / 1_000
    this.#house.clock.advance(Math.ceil(performance.now() - this.#sinceMs))
    this.#sinceMs = undefined
    return took
  }

  #leap(toMs: number): void {
    const { clock } = this.#house
    if (toMs < clock.monotonic) throw new Error('the lie was worked off too late')
    clock.advance(Math.ceil(toMs - clock.monotonic))
  }

  /** What died is made anew, and the ban is lifted; the hour before the next payout does the rest. */
  #cleared(): void {
    const house = this.#house
    const { store } = house.at('node-a')
    const open = 'select peer || number, peer, number, 1 from ban'
    store.run(`insert or ignore into readmission ${open}`)
    house.carry = (_from, _to, frame) => frame
    house.settle()
    for (const name of ['node-a', 'node-b'] as const) house.at(name).said.length = 0
    house.at('node-a').ports.events.length = 0
  }
}

/** What left before the tick of the word, and in it, stand on two sides of a bar. */
function shape(frame: NodeFrame | undefined, more: number): string {
  if (frame === undefined) return '|'
  const word = frame.frame === 'stopped' ? ` ${frame.stopped.reason}` : ''
  return `${frame.frame}${word} ${nodeCodec.encode(frame).length + more}`
}

/** As between two ticks: whoever wakes has lost its caches, whatever it did before. */
function sleep(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SLEEP_MS)
}

function spin(us = 0): void {
  const until = process.hrtime.bigint() + BigInt(1_000 * us)
  while (process.hrtime.bigint() < until);
}
