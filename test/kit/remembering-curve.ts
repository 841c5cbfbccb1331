// A curve that remembers what it computed. Nodes of a test are given the same randomness again and
// again, so they set up the same pairings in every case of a file, and points cost most of that.
// Every answer was computed by the real twin, once, from the very same bytes. For tests of whole
// nodes only: what it remembers is never wiped.
import type { Curve, Group, Sum } from '../../signer-node/dkls23/curve.ts'

/** Enough for a few dozen set-ups; then it begins anew. */
const answersMax = 200_000

export function rememberingCurve(curve: Curve): Curve {
  const { points } = curve
  const known = new Map<string, Sum>()
  const once = (key: string, compute: () => Sum): Sum => {
    const answer = known.get(key)
    if (answer !== undefined) return copy(answer)
    const computed = compute()
    if (known.size >= answersMax) known.clear()
    if (computed !== undefined) known.set(key, copy(computed) as Sum)
    return computed
  }
  const remembered: Partial<Group> = {
    tryPoint: (bytes) => once(`t${text(bytes)}`, () => points.tryPoint(bytes)),
    multiplyBase: (k) => once(`b${text(k)}`, () => points.multiplyBase(k)),
    add: (a, b) => once(`a${text(a)}${text(b)}`, () => points.add(a, b)),
    sharedX: (point, k) =>
      once(`x${text(point)}${text(k)}`, () => points.sharedX(point, k) as Uint8Array as Sum) ??
      points.sharedX(point, k),
  }
  return { ...curve, points: { ...points, ...remembered } }
}

function text(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '-'
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

function copy<T extends Uint8Array | undefined>(bytes: T): T {
  return (bytes && Uint8Array.from(bytes)) as T
}
