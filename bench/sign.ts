// Signing with 2 of 3 and 3 of 5 keys: CPU per party, bytes and rounds of ours beside the WASM DKLs
// peer (bench/peers), turn by turn in one process; for 2 of 3 on every twin of the curve. A sample
// is the mean of a batch, because thread CPU time moves in ticks.
import type { Curve } from '../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../signer-node/dkls23/curve-native.ts'
import { nobleCurve } from '../signer-node/dkls23/curve-noble.ts'
import { wasmCurve } from '../signer-node/dkls23/curve-wasm.ts'
import { nativeEcdh } from './ecdh.ts'
import { Meter } from './meter.ts'
import { makeKey, pairAll, signOnce } from './parties.ts'
import { type Peer, wasmPeer } from './peer-wasm.ts'
import { type Bench, type Figure, figure, type Ratio, ratio } from './report.ts'

const SAMPLES = 30
const BATCH = 4
const WARM = 3

type Shape = readonly [threshold: number, nodes: number]

/** One of the things that sign in turn; `ratio` ends the name of its ratio with the peer. */
interface Side {
  readonly name: string
  readonly ratio: string
  sign(meter: Meter): void
}

export async function bench(): Promise<Bench> {
  const peer = wasmPeer()
  const figures: Figure[] = []
  const ratios: Ratio[] = []
  for (const shape of [[2, 3] as const, [3, 5] as const]) {
    const { costs, theirs, more } = measured(shape, sides(shape, shape[0] === 2), peer)
    figures.push(...more)
    for (const [{ ratio: ending }, cost] of theirs === undefined ? [] : costs) {
      ratios.push(ratio(`sign-${shape.join('of')}-cpu-vs-wasm-dkls${ending}`, cost, theirs ?? cost))
    }
  }
  const ecdh = figure('native ecdh, one call', 'ms', nativeEcdh())
  const notes = peer === undefined ? ['the WASM peer is not installed: see bench/peers'] : []
  const native = figures[0]
  if (native !== undefined) ratios.push(ratio('sign-2of3-cpu-vs-native-ecdh', native, ecdh))
  return { figures: [...figures, ecdh], ratios, notes }
}

interface Measured {
  readonly costs: readonly (readonly [Side, Figure])[]
  readonly theirs: Figure | undefined
  readonly more: readonly Figure[]
}

function measured(shape: Shape, ours: readonly Side[], peer: Peer | undefined): Measured {
  const all = peer === undefined ? ours : [...ours, peerSide(peer, shape)]
  const taken = all.map(() => [] as Meter[])
  for (let i = -WARM; i < SAMPLES; i += 1) {
    all.forEach(({ sign }, side) => {
      const meter = new Meter(shape[0])
      for (let k = 0; k < BATCH; k += 1) sign(meter)
      if (i >= 0) taken[side]?.push(meter)
    })
  }
  const more: Figure[] = []
  const costs = all.map((side, index) => {
    const meters = taken[index] ?? []
    const label = `${side.name} sign ${shape.join(' of ')}`
    const cpu = meters.map((meter) => meter.cpuMsPerParty() / BATCH)
    const bytes = meters.map((meter) => meter.bytesPerParty() / BATCH)
    const cost = figure(`${label}, CPU per party`, 'ms', cpu)
    more.push(cost)
    more.push(figure(`${label}, sent per party`, 'bytes', bytes))
    more.push(figure(`${label}, rounds`, 'rounds', [(meters[0]?.rounds ?? 0) / BATCH]))
    return [side, cost] as const
  })
  const theirs = peer === undefined ? undefined : costs.at(-1)?.[1]
  return { costs: costs.slice(0, ours.length), theirs, more }
}

/** Keys and pairings are bytes, the same for every twin, so one twin makes them for all. */
function sides(shape: Shape, isEveryTwin: boolean): readonly Side[] {
  const native = nativeCurve()
  const keyshares = makeKey(native, shape, new Meter(shape[1])).slice(0, shape[0])
  const pairings = pairAll(native, shape[0])
  const side = (name: string, ending: string, curve: Curve): Side => ({
    name,
    ratio: ending,
    sign: (meter) => signOnce(curve, keyshares, pairings, meter),
  })
  const ours = side('ours', '', native)
  if (!isEveryTwin) return [ours]
  const wasm = side('ours without addon', '-wasm-curve', wasmCurve())
  return [ours, wasm, side('reference twin', '-noble', nobleCurve())]
}

function peerSide(peer: Peer, [t, n]: Shape): Side {
  const shares = peer.dkg(t, n, new Meter(n))
  const ids = Array.from({ length: t }, (_, i) => i)
  return { name: 'wasm peer', ratio: '', sign: (meter) => peer.sign(shares, ids, meter) }
}
