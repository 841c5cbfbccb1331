// Signing with 2 of 3 and 3 of 5 keys: CPU per party, bytes and rounds of ours beside the WASM DKLs
// peer (bench/peers), turn by turn in one process; the reference twin prints its own figure. A
// sample is the mean of a batch, because thread CPU time moves in ticks.
import type { Curve } from '../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../signer-node/dkls23/curve-native.ts'
import { nobleCurve } from '../signer-node/dkls23/curve-noble.ts'
import { nativeEcdh } from './ecdh.ts'
import { Meter } from './meter.ts'
import { makeKey, pairAll, signOnce } from './parties.ts'
import { type Peer, wasmPeer } from './peer-wasm.ts'
import { type Bench, type Figure, figure, type Ratio, ratio } from './report.ts'

const SAMPLES = 30
const BATCH = 4
const WARM = 3

type Shape = readonly [threshold: number, nodes: number]

export async function bench(): Promise<Bench> {
  const peer = wasmPeer()
  const figures: Figure[] = []
  const ratios: Ratio[] = []
  for (const shape of [[2, 3] as const, [3, 5] as const]) {
    const sides = signers(shape, peer)
    const taken = sides.map(() => [] as Meter[])
    for (let i = -WARM; i < SAMPLES; i += 1) {
      sides.forEach(({ sign }, side) => {
        const meter = new Meter(shape[0])
        for (let k = 0; k < BATCH; k += 1) sign(meter)
        if (i >= 0) taken[side]?.push(meter)
      })
    }
    const cpu = sides.map(({ name }, side) => {
      const meters = taken[side] ?? []
      const label = `${name} sign ${shape.join(' of ')}`
      const samples = meters.map((meter) => meter.cpuMsPerParty() / BATCH)
      const bytes = meters.map((meter) => meter.bytesPerParty() / BATCH)
      figures.push(figure(`${label}, CPU per party`, 'ms', samples))
      figures.push(figure(`${label}, sent per party`, 'bytes', bytes))
      figures.push(figure(`${label}, rounds`, 'rounds', [(meters[0]?.rounds ?? 0) / BATCH]))
      return figure(label, 'ms', samples)
    })
    const [ours, theirs] = cpu
    if (ours !== undefined && theirs !== undefined) {
      ratios.push(ratio(`sign-${shape.join('of')}-cpu-vs-wasm-dkls`, ours, theirs))
    }
  }
  const reference = figure('reference twin sign 2 of 3, CPU per party', 'ms', referenceSamples())
  const ecdh = figure('native ecdh, one call', 'ms', nativeEcdh())
  const notes = peer === undefined ? ['the WASM peer is not installed: see bench/peers'] : []
  const native = figures[0]
  if (native !== undefined) ratios.push(ratio('sign-2of3-cpu-vs-native-ecdh', native, ecdh))
  return { figures: [...figures, reference, ecdh], ratios, notes }
}

interface Side {
  readonly name: string
  sign(meter: Meter): void
}

function signers(shape: Shape, peer: Peer | undefined): readonly Side[] {
  const [t] = shape
  const ours = side('ours', nativeCurve(), shape)
  if (peer === undefined) return [ours]
  const shares = peer.dkg(t, shape[1], new Meter(shape[1]))
  const ids = Array.from({ length: t }, (_, i) => i)
  return [ours, { name: 'wasm peer', sign: (meter) => peer.sign(shares, ids, meter) }]
}

function side(name: string, curve: Curve, shape: Shape): Side {
  const keyshares = makeKey(curve, shape, new Meter(shape[1]))
  const pairings = pairAll(curve, shape[0])
  const sign = (meter: Meter): void =>
    signOnce(curve, keyshares.slice(0, shape[0]), pairings, meter)
  return { name, sign }
}

function referenceSamples(): readonly number[] {
  const { sign } = side('reference', nobleCurve(), [2, 3])
  return Array.from({ length: 5 }, () => {
    const meter = new Meter(2)
    sign(meter)
    return meter.cpuMsPerParty()
  })
}
