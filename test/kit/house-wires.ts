// The streams between nodes and coordinators of a house: in order within a stream and direction, at
// their own pace against each other, and mortal. What is on its way when a stream is cut is lost; each
// end notices in its own time, and the node dials again.
import type { CoordinatorFrame, NodeFrame } from '../../proto/frames.ts'
import type { Dice, Time } from './house-time.ts'

/** How long frames and people at the ends of a cable take, in milliseconds. */
export interface Pace {
  readonly frameMsMax: number
  readonly noticeMsMax: number
  readonly dialMsMax: number
}

export const calm: Pace = { frameMsMax: 3, noticeMsMax: 50, dialMsMax: 200 }

/** The two ends as the processes offer them. */
export interface NodeEnd {
  attached(coordinator: string): void
  detached(coordinator: string): void
  receive(coordinator: string, frame: CoordinatorFrame): void
}
export interface CoordinatorEnd {
  receive(frame: NodeFrame): void
  close(): void
}

/** Undefined while that process does not run. */
export interface Exchanges {
  readonly node: (name: string) => NodeEnd | undefined
  readonly coordinator: (
    name: string,
    node: string,
    send: (frame: CoordinatorFrame) => void,
  ) => CoordinatorEnd | undefined
  /** What arrives instead of a frame; nothing for one that is lost on purpose. */
  readonly up: (place: Place, frame: NodeFrame) => NodeFrame | undefined
  readonly down: (place: Place, frame: CoordinatorFrame) => CoordinatorFrame | undefined
}

export interface Place {
  readonly node: string
  readonly coordinator: string
}

interface Wire {
  /** As it was when it dialled: a node that comes back is another one. */
  readonly node: NodeEnd
  readonly end: CoordinatorEnd
  isOpen: boolean
  upAt: number
  downAt: number
}

export class Wires {
  readonly #time: Time
  readonly #dice: Dice
  readonly #ends: Exchanges
  readonly #wires = new Map<string, Wire>()
  /** Where the node has not noticed yet that its stream is gone. */
  readonly #unnoticed = new Set<string>()
  /** Cables that are pulled out until they are put back. */
  readonly #pulled = new Set<string>()
  pace: Pace = calm

  constructor(time: Time, dice: Dice, ends: Exchanges) {
    this.#time = time
    this.#dice = dice
    this.#ends = ends
  }

  dial(place: Place): void {
    const key = keyOf(place)
    const node = this.#ends.node(place.node)
    const isTaken = this.#wires.has(key) || this.#unnoticed.has(key)
    if (isTaken || this.#pulled.has(key) || node === undefined) return
    const send = (frame: CoordinatorFrame): void => this.#down(place, wire, frame)
    const end = this.#ends.coordinator(place.coordinator, place.node, send)
    if (end === undefined) {
      this.#dialLater(place)
      return
    }
    const { now } = this.#time
    const wire: Wire = { node, end, isOpen: true, upAt: now, downAt: now }
    this.#wires.set(key, wire)
    node.attached(place.coordinator)
  }

  up(place: Place, frame: NodeFrame): void {
    const wire = this.#wires.get(keyOf(place))
    if (!wire?.isOpen) return
    wire.upAt = this.#arrival(wire.upAt)
    this.#time.after(wire.upAt - this.#time.now, () => {
      const arrives = wire.isOpen ? this.#ends.up(place, frame) : undefined
      if (arrives !== undefined) wire.end.receive(arrives)
    })
  }

  cut(place: Place): void {
    const wire = this.#wires.get(keyOf(place))
    if (wire === undefined) return
    wire.isOpen = false
    this.#wires.delete(keyOf(place))
    const soon = (): number => this.#dice.below(this.pace.noticeMsMax + 1)
    this.#time.after(soon(), () => wire.end.close())
    this.#unnoticed.add(keyOf(place))
    this.#time.after(soon(), () => {
      this.#unnoticed.delete(keyOf(place))
      wire.node.detached(place.coordinator)
      this.#dialLater(place)
    })
  }

  /** Until `plug`. */
  pull(place: Place): void {
    this.#pulled.add(keyOf(place))
    this.cut(place)
  }

  plug(place: Place): void {
    this.#pulled.delete(keyOf(place))
    this.#dialLater(place)
  }

  plugAll(): void {
    for (const key of [...this.#pulled]) this.plug(placeOf(key))
  }

  isOpen(place: Place): boolean {
    return this.#wires.has(keyOf(place))
  }

  #down(place: Place, wire: Wire, frame: CoordinatorFrame): void {
    if (!wire.isOpen) return
    wire.downAt = this.#arrival(wire.downAt)
    this.#time.after(wire.downAt - this.#time.now, () => {
      const arrives = wire.isOpen ? this.#ends.down(place, frame) : undefined
      if (arrives !== undefined) wire.node.receive(place.coordinator, arrives)
    })
  }

  #arrival(last: number): number {
    return Math.max(last, this.#time.now + this.#dice.below(this.pace.frameMsMax + 1))
  }

  #dialLater(place: Place): void {
    const ms = this.#dice.between(1, this.pace.dialMsMax)
    this.#time.after(ms, () => this.dial(place))
  }
}

const keyOf = ({ node, coordinator }: Place): string => `${node} ${coordinator}`

function placeOf(key: string): Place {
  const [node = '', coordinator = ''] = key.split(' ')
  return { node, coordinator }
}
