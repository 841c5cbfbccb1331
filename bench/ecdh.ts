// A yardstick that every machine has: one native ecdh call, as the mean of a batch.
import { nativeCurve } from '../signer-node/dkls23/curve-native.ts'

const SAMPLES = 30
const BATCH = 500

/** Milliseconds of CPU a call. */
export function nativeEcdh(): readonly number[] {
  const { points, scalars } = nativeCurve()
  const k = scalars.reduce(new Uint8Array(32).fill(7))
  return Array.from({ length: SAMPLES }, () => {
    const before = process.threadCpuUsage()
    for (let i = 0; i < BATCH; i += 1) points.sharedDigest(points.generator, k)
    const { user, system } = process.threadCpuUsage(before)
    return (user + system) / 1000 / BATCH
  })
}
