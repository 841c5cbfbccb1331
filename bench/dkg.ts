// Key generation for 2 of 3 and 3 of 5 and the pair set-up of two nodes: CPU per party, bytes and
// rounds, beside the WASM DKLs peer, whose key generation contains its own OT set-up; ours has one
// pairing for all keys of two nodes, so the two are also shown added up.
import { nativeCurve } from '../signer-node/dkls23/curve-native.ts'
import { nativeEcdh } from './ecdh.ts'
import { measure } from './measure.ts'
import { makeKey, pairAll } from './parties.ts'
import { wasmPeer } from './peer-wasm.ts'
import { type Bench, type Figure, figure, type Ratio, ratio } from './report.ts'

export async function bench(): Promise<Bench> {
  const curve = nativeCurve()
  const peer = wasmPeer()
  const figures: Figure[] = []
  const ratios: Ratio[] = []
  const pairing = measure('pair setup of two nodes', 2, (meter) => pairAll(curve, 2, meter))
  figures.push(...pairing)
  for (const [t, n] of [[2, 3] as const, [3, 5] as const]) {
    const ours = measure(`ours dkg ${t} of ${n}`, n, (meter) => makeKey(curve, [t, n], meter))
    figures.push(...ours)
    if (peer === undefined) continue
    const theirs = measure(`wasm peer dkg ${t} of ${n}`, n, (meter) => peer.dkg(t, n, meter))
    figures.push(...theirs)
    const [key, other, pair] = [ours[0], theirs[0], pairing[0]]
    if (key === undefined || other === undefined || pair === undefined) continue
    ratios.push(ratio(`dkg-${t}of${n}-cpu-vs-wasm-dkls`, key, other))
    const all = { ...key, median: key.median + (n - 1) * pair.median }
    ratios.push(ratio(`dkg-${t}of${n}-with-pairings-cpu-vs-wasm-dkls`, all, other))
  }
  figures.push(figure('native ecdh, one call', 'ms', nativeEcdh()))
  const notes = peer === undefined ? ['the WASM peer is not installed: see bench/peers'] : []
  return { figures, ratios, notes }
}
