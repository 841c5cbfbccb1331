// Which make of the curve a node computes with. `native` is asked for; where its addon does not
// load, the WebAssembly twin takes its place, and that is an alarm in the log, a word in /readyz
// and a metric: never silent. The reference twin is used only when it is named.
import type { SignerConfig } from './config.ts'
import type { Curve } from './dkls23/curve.ts'
import { nativeCurve } from './dkls23/curve-native.ts'
import { nobleCurve } from './dkls23/curve-noble.ts'
import { wasmCurve } from './dkls23/curve-wasm.ts'
import type { Event } from './ports.ts'

export interface Choice {
  readonly curve: Curve
  /** What must be said loudly; nothing about the native twin as configured. */
  readonly warning?: Event
}

export interface Makes {
  readonly native: () => Curve
  readonly wasm: () => Curve
  readonly noble: () => Curve
}

const makes: Makes = { native: nativeCurve, wasm: wasmCurve, noble: nobleCurve }

export function chooseCurve(
  name: SignerConfig['curve'],
  { native, wasm, noble }: Makes = makes,
): Choice {
  switch (name) {
    case 'native':
      try {
        return { curve: native() }
      } catch (cause) {
        const because = `slower, in WebAssembly, because ${reasonOf(cause)}`
        return { curve: wasm(), warning: { level: 'alarm', name: 'curve.no-addon', because } }
      }
    case 'wasm':
      return { curve: wasm(), warning: warn('curve.wasm', 'slower than the native curve') }
    case 'noble': {
      const because = 'the reference: slower, and not constant in time'
      return { curve: noble(), warning: warn('curve.noble', because) }
    }
  }
}

function warn(name: string, because: string): Event {
  return { level: 'warn', name, because }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
