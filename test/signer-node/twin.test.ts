import { describe, expect, it } from 'vitest'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { wasmCurve } from '../../signer-node/dkls23/curve-wasm.ts'
import { WasmLibrary } from '../../signer-node/dkls23/curve-wasm-library.ts'
import { chooseCurve, type Makes } from '../../signer-node/twin.ts'
import { native, noble, wasm } from '../kit/twins.ts'

const makes: Makes = { native: () => native, wasm: () => wasm, noble: () => noble }
const broken: Makes = { ...makes, native: () => nativeCurve('secp256k1/no-such-build.js') }

describe('the make of the curve', () => {
  it('is the native one without a word when its addon loads', () => {
    expect(chooseCurve('native')).toEqual({ curve: expect.objectContaining({ name: 'native' }) })
  })

  it('is the WebAssembly one with an alarm when the addon does not load', () => {
    const { curve, warning } = chooseCurve('native', broken)
    expect(curve.name).toBe('wasm')
    expect(warning).toMatchObject({ level: 'alarm', name: 'curve.no-addon' })
    expect(warning?.because).toContain('the native secp256k1 addon did not load')
  })

  it('stops the node when neither loads', () => {
    const none: Makes = {
      ...broken,
      wasm: () => wasmCurve(new WasmLibrary(new Uint8Array(8))),
    }
    expect(() => chooseCurve('native', none)).toThrow('not the one that is known here')
  })

  it.each(['wasm', 'noble'] as const)('is %s when that is named, with a warning', (name) => {
    const { curve, warning } = chooseCurve(name, makes)
    expect([curve.name, warning?.level]).toEqual([name, 'warn'])
  })
})
