// The life of a key: pair set-up of two nodes, key making, refresh, and a reshare of 2 of 3 to
// 3 of 5, each with its confirmation: CPU per party, bytes and rounds. A pairing serves every key of
// its two nodes, so its set-up stands for itself. The bar of key making is absolute: see the notes.
import { nativeCurve } from '../signer-node/dkls23/curve-native.ts'
import { measure } from './measure.ts'
import { Meter } from './meter.ts'
import { makeKey, pairAll, refreshKey, reshareKey } from './parties.ts'
import type { Bench, Figure } from './report.ts'

/** Milliseconds of CPU per party that making a key of 2 of 3 may take. */
const DKG_BAR_MS = 25

export async function bench(): Promise<Bench> {
  const curve = nativeCurve()
  const figures: Figure[] = [
    ...measure('pair setup of two nodes', 2, (meter) => pairAll(curve, 2, meter)),
  ]
  const notes: string[] = []
  for (const [t, n] of [[2, 3] as const, [3, 5] as const]) {
    const key = makeKey(curve, [t, n], new Meter(n))
    const made = measure(`dkg ${t} of ${n}`, n, (meter) => makeKey(curve, [t, n], meter))
    const refresh = `refresh ${t} of ${n}`
    figures.push(...made, ...measure(refresh, n, (meter) => refreshKey(curve, key, meter)))
    const cpu = made[0]?.median ?? 0
    if (t === 2) notes.push(`dkg 2 of 3: ${cpu < DKG_BAR_MS ? 'below' : 'ABOVE'} ${DKG_BAR_MS} ms`)
  }
  const key = makeKey(curve, [2, 3], new Meter(3))
  const reshare = (meter: Meter) => reshareKey(curve, key, [3, 5], meter)
  figures.push(...measure('reshare 2 of 3 to 3 of 5', 5, reshare))
  return { figures, ratios: [], notes }
}
