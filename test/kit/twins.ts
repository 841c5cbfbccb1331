/** Every make of the curve: what is true of one must be true of all, byte for byte. */

import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { nobleCurve } from '../../signer-node/dkls23/curve-noble.ts'
import { wasmCurve } from '../../signer-node/dkls23/curve-wasm.ts'

export const native = nativeCurve()
export const wasm = wasmCurve()
export const noble = nobleCurve()
export const twins = [native, wasm, noble] as const
