/**
 * Watches the memory of one party: every typed array that its code makes while it runs is
 * remembered, and afterwards searched for secrets, whoever holds them and whatever they are called.
 * A curve can be tapped to learn what the secrets are: all that its arithmetic gave out.
 */

import { vi } from 'vitest'
import { chunks } from '../../signer-node/dkls23/bytes.ts'
import { kernel } from '../../signer-node/dkls23/core.ts'
import type { Curve, Scalar, ScalarTable } from '../../signer-node/dkls23/curve.ts'
import { threadLibrary } from '../../signer-node/dkls23/curve-wasm-library.ts'
import type { Protocol } from '../../signer-node/dkls23/protocol.ts'
import { SecretScope } from '../../signer-node/dkls23/secret.ts'
import { hex, unhex } from '../kit/vectors.ts'

const KINDS = ['Uint8Array', 'Uint32Array', 'Float64Array', 'BigUint64Array'] as const
const NEEDLE_BYTES_MIN = 16

/** What is searched for, by name. */
export type Needles = Iterable<readonly [name: string, bytes: Uint8Array]>

export class Memory {
  readonly #buffers: Set<ArrayBufferLike>

  /** The memory of the compiled module and of the WebAssembly library are always searched. */
  constructor() {
    this.#buffers = new Set([kernel.memory, threadLibrary().memory].map(({ buffer }) => buffer))
  }

  /** Runs the code with constructors that note the memory of what they make. */
  watch<T>(code: () => T): T {
    const undo = KINDS.map((kind) => this.#tap(kind))
    try {
      return code()
    } finally {
      for (const restore of undo) restore()
    }
  }

  /** The names of what is still there, once each. */
  find(needles: Needles): readonly string[] {
    const byStart = new Map<number, { readonly name: string; readonly bytes: Buffer }[]>()
    const isStart = new Uint8Array(2 ** 16)
    for (const [name, secret] of needles) {
      if (secret.length < NEEDLE_BYTES_MIN) throw new RangeError(`${name} is too short to search`)
      const bytes = Buffer.from(secret)
      const start = bytes.readUInt16LE()
      byStart.set(start, [...(byStart.get(start) ?? []), { name, bytes }])
      isStart[start] = 1
    }
    const found = new Set<string>()
    for (const buffer of this.#buffers) {
      const held = new Uint8Array(buffer)
      for (let at = 0; at + NEEDLE_BYTES_MIN <= held.length; at++) {
        const start = held[at]! | (held[at + 1]! << 8)
        if (isStart[start] !== 1) continue
        for (const { name, bytes } of byStart.get(start) ?? []) {
          if (bytes.equals(held.subarray(at, at + bytes.length))) found.add(name)
        }
      }
    }
    return [...found]
  }

  #tap(kind: (typeof KINDS)[number]): () => void {
    const original = globalThis[kind]
    const note = this.#buffers.add.bind(this.#buffers)
    const tapped: typeof original = new Proxy(original, {
      construct(target, args, newTarget) {
        const made: Uint8Array = Reflect.construct(
          target,
          args,
          newTarget === tapped ? target : newTarget,
        )
        note(made.buffer)
        return made
      },
    })
    // The prototype too, because `slice` and `map` make their result through it.
    const install = (value: typeof original): void => {
      Object.assign(globalThis, { [kind]: value })
      Object.defineProperty(original.prototype, 'constructor', {
        value,
        configurable: true,
        writable: true,
      })
    }
    install(tapped)
    return () => install(original)
  }
}

/** Copies of what a watched party sent. */
export type Sent = { readonly round: number; readonly bytes: Buffer }[]

/**
 * The protocol, watched in every step; `sent` gets copies of its messages. What arrived is wiped at
 * the end, as a session does.
 */
export function* watched<R>(memory: Memory, protocol: Protocol<R>, sent: Sent = []): Protocol<R> {
  let isOver = false
  const arrived: Uint8Array[] = []
  try {
    let step = memory.watch(() => protocol.next([]))
    while (step.done !== true) {
      for (const { round, bytes } of step.value) sent.push({ round, bytes: Buffer.from(bytes) })
      const inbox = yield step.value
      arrived.push(...inbox.map(({ bytes }) => bytes))
      step = memory.watch(() => protocol.next(inbox))
    }
    isOver = true
    return step.value
  } finally {
    if (!isOver) memory.watch(() => protocol.return(undefined as R))
    for (const bytes of arrived) bytes.fill(0)
  }
}

/** A curve that notes what it gives out and what it is told is public. */
export interface Tap {
  readonly curve: Curve
  /** By hex: the operations that gave it. */
  readonly given: Map<string, string>
  /** Hex of scalars that went where only public ones may go. */
  readonly open: Set<string>
  /** Tables made of secrets. */
  readonly tables: ScalarTable[]
}

export function tap(curve: Curve): Tap {
  const given = new Map<string, string>()
  const open = new Set<string>()
  const tables: ScalarTable[] = []
  const note = <Bytes extends Uint8Array>(name: string, bytes: Bytes): Bytes => {
    const key = hex(bytes)
    given.set(key, given.get(key) ?? name)
    return bytes
  }
  const keep = (table: ScalarTable): ScalarTable => {
    tables.push(table)
    return table
  }
  const publish = (scalar: Scalar): Scalar => {
    open.add(hex(scalar))
    return scalar
  }
  const { scalars, points, tables: sums } = curve
  return {
    given,
    open,
    tables,
    curve: {
      ...curve,
      scalars: {
        ...scalars,
        decodeScalar: (bytes) => note('decodeScalar', scalars.decodeScalar(bytes)),
        fromWide: (bytes) => note('fromWide', scalars.fromWide(bytes)),
        add: (a, b) => note('add', scalars.add(a, b)),
        subtract: (a, b) => note('subtract', scalars.subtract(a, b)),
        negate: (a) => note('negate', scalars.negate(a)),
        multiply: (a, b) => note('multiply', scalars.multiply(a, b)),
        invertPublic: (a) => publish(scalars.invertPublic(publish(a))),
      },
      points: {
        ...points,
        multiplyPublic: (point, k) => points.multiplyPublic(point, publish(k)),
        sharedX: (point, k) => note('sharedX', points.sharedX(point, k)),
        sharedDigest: (point, k) => note('sharedDigest', points.sharedDigest(point, k)),
      },
      tables: {
        ...sums,
        reduceTable(packed, columns) {
          note('first pad', packed.subarray(0, 32))
          note('last pad', packed.subarray(-32))
          return keep(sums.reduceTable(packed, columns))
        },
        encodeTable(table) {
          const packed = sums.encodeTable(table)
          note('first of a packed table', packed.subarray(0, 32))
          note('last of a packed table', packed.subarray(-32))
          return packed
        },
        weighColumns: (...given) =>
          sums.weighColumns(...given).map((sum) => note('weighColumns', sum)),
        sumSelected: (...given) => note('sumSelected', sums.sumSelected(...given)),
        addSelected: (...given) => keep(sums.addSelected(...given)),
        subtractSelected: (...given) => keep(sums.subtractSelected(...given)),
        combineRows(table, weights) {
          for (const weight of weights) publish(weight)
          return keep(sums.combineRows(table, weights))
        },
      },
    },
  }
}

/** Numbers that anybody would guess: indices, their differences and Lagrange weights. */
const isSmall = (value: string): boolean => /^(0{48}|f{31})/.test(value)

/** All that the arithmetic gave out and that was not published by anybody. */
export function secretsOf({ given, open }: Tap, published: readonly Uint8Array[]): Needles {
  const isPublished = (value: string): boolean =>
    published.some((bytes) => Buffer.from(bytes).includes(value, 0, 'hex'))
  return [...given]
    .filter(([value]) => !isSmall(value) && !open.has(value) && !isPublished(value))
    .map(([value, name]) => [name, unhex(value)])
}

/** Each piece of equal size, under one name. */
export const rowsOf = (name: string, bytes: Uint8Array, size = 32): Needles =>
  chunks(bytes, size).map((row) => [name, row])

/** From here to the end of the test scopes wipe nothing, to see that it would be found. */
export const forget = () => vi.spyOn(SecretScope.prototype, Symbol.dispose).mockReturnValue()
