/**
 * The door to the compiled module (`core/`): lays operands into its memory one behind the other,
 * runs one call, copies results out and wipes what lay there. One instance in each thread.
 * INVARIANT: between calls the memory holds nothing of any caller; nobody keeps a view of it.
 * It does not decide what is secret: everything is wiped.
 */

import { coreModule } from './core-module.ts'
import { instantiate } from './engine.ts'

/** What core/tables.ts and core/transfers.ts export; the order of operands stands there. */
export interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer }
  start(): number
  addScalars(at: number): void
  subtractScalars(at: number): void
  multiplyScalars(at: number): void
  reduceWide(at: number): void
  areBelowOrder(at: number, count: number): number
  reduceAll(at: number, count: number): void
  weighColumns(at: number, rows: number, columns: number, wanted: number): void
  sumSelected(at: number, rows: number): void
  correct(at: number, rows: number, columns: number): void
  addSelected(at: number, rows: number, columns: number): void
  combineRows(at: number, rows: number, columns: number): void
  subtractSelected(at: number, rows: number): void
  expandOwn(at: number): void
  expandKnown(at: number): void
  weigh(at: number): void
  weighColumn(at: number): void
  disagree(at: number): number
  pads(at: number): void
}

export const kernel = parseKernel(instantiate(Buffer.from(coreModule, 'base64')))
const memory = new Uint8Array(kernel.memory.buffer)
const START = kernel.start()

/** `using operands = new Operands(a, b)`: from `at` on, in this order, until the scope ends. */
export class Operands {
  static #isOpen = false
  readonly at = START
  #end = START

  constructor(...operands: readonly Uint8Array[]) {
    if (Operands.#isOpen) throw new Error('the memory of the core is in use')
    const length = operands.reduce((sum, bytes) => sum + bytes.length, 0)
    if (START + length > memory.length) throw new RangeError('too much for the memory of the core')
    Operands.#isOpen = true
    for (const bytes of operands) {
      memory.set(bytes, this.#end)
      this.#end += bytes.length
    }
  }

  /** Where the next `length` bytes go, which the call will write. */
  room(length: number): number {
    const offset = this.#end - START
    this.#end += length
    return offset
  }

  /** A copy, outside the engine's heap, which would keep old copies of its own. */
  take(offset: number, length: number): Uint8Array {
    const copy = new Uint8Array(new ArrayBuffer(length))
    copy.set(memory.subarray(START + offset, START + offset + length))
    return copy
  }

  [Symbol.dispose](): void {
    memory.fill(0, START, this.#end)
    Operands.#isOpen = false
  }
}

function parseKernel(exports: unknown): Kernel {
  return exports as Kernel
}
