// A yardstick that every machine has: one native ecdh call, as the mean of a batch.
import { nativeCurve } from '../signer-node/dkls23/curve-native.ts'

const SAMPLES = 30
const BATCH = 500

/** Milliseconds a call. */
export function nativeEcdh(): readonly number[] {
  const { points, scalars } = nativeCurve()
  const k = scalars.reduce(new Uint8Array(32).fill(7))
  return Array.from({ length: SAMPLES }, () => {
    const before = process.hrtime.bigint()
    for (let i = 0; i < BATCH; i += 1) points.sharedX(points.generator, k)
    return Number(process.hrtime.bigint() - before) / 1e6 / BATCH
  })
}
