/**
 * Export (specification 2.4): each of t nodes gives its part of the key to a recipient, who alone
 * adds them up. A part is lambda_i s_i plus a share of zero, so the recipient learns the key and
 * no share of it. `exportPart` is a node's side, `openExport` the recipient's; nothing is said
 * between nodes, and sealing a part to the recipient is the node's business.
 * INVARIANT: nothing is given out that does not add up to the public key, and who spoiled it is
 * named: each part comes with its fragments of zero in the exponent, and
 * part_i*G == lambda_i X_i + sum of F_ij (j < i) - sum of F_ij (j > i), with F_ij == F_ji.
 *
 * The fragments come from the seeds of the pairings, which both nodes of a pair had committed to;
 * a session id of its own purpose makes them independent of those of any signature.
 */

import { Abort } from './abort.ts'
import { Malformed } from './bytes.ts'
import { type Curve, type Point, requirePoint, type Scalar } from './curve.ts'
import { type KeyFacts, type Keyshare, requireKeyState } from './keyshare.ts'
import { decodeAs, encodeAs, group, type Layout, list, point, secretScalar } from './layout.ts'
import type { Pairing } from './pairing.ts'
import { InvalidParticipants, type Party } from './party.ts'
import { lagrangeAtZero } from './polynomial.ts'
import { peersOf, type Run } from './protocol.ts'
import { Secret, SecretScope } from './secret.ts'
import { pairingWith, requireSigners } from './signers.ts'
import { zeroFragment, zeroShare } from './zero-share.ts'

interface ExportPart {
  readonly part: Scalar
  /** F_ij for each other exporter j, in ascending order. */
  readonly fragments: readonly Point[]
}

export interface ExportJob {
  readonly keyshare: Keyshare
  /** One with every other exporter. */
  readonly pairings: ReadonlyMap<Party, Pairing>
}

/** A node's part, encoded; secret. The participants of the run are the exporters, exactly t. */
export function exportPart(run: Run, { keyshare, pairings }: ExportJob): Secret {
  using scraps = new SecretScope()
  const { curve, participants, self, sid } = run
  requireSigners(run, keyshare)
  const seeds = new Map(
    peersOf(run).map((peer) => [peer.x, pairingWith(run, peer, pairings).secrets.zeroSeed]),
  )
  const scope = { sid, digest: keyshare.keyState }
  const weight = lagrangeAtZero(
    curve,
    participants.map(({ x }) => x),
    self.x,
  )
  const weighed = scraps.keep(curve.scalars.multiply(weight, keyshare.secretShare.bytes))
  const zero = scraps.keep(zeroShare(curve, self.x, seeds, scope))
  const fragments = [...seeds.values()].map((seed) => {
    const fragment = scraps.keep(zeroFragment(curve, seed, scope))
    return requirePoint(curve.points.multiplyBase(fragment))
  })
  const part = scraps.keep(curve.scalars.add(weighed, zero))
  return new Secret(encodeAs(partLayout(curve, participants.length, scraps), { part, fragments }))
}

/**
 * The recipient's side: the whole key, or an Abort that names who spoiled it, if one can be named.
 * The key is what the log says it is: the facts come from nodes, and the key state checks them.
 */
export function openExport(
  curve: Curve,
  { facts, keyState }: Pick<Keyshare, 'facts' | 'keyState'>,
  parts: ReadonlyMap<Party, Secret>,
): Secret<Scalar> {
  using scraps = new SecretScope()
  requireKeyState(curve, facts, keyState)
  requireExporters(facts, [...parts.keys()])
  const layout = partLayout(curve, facts.threshold, scraps)
  const opened = new Map([...parts].map(([x, part]) => [x, decodePart(layout, x, part.bytes)]))
  const { add, zero } = curve.scalars
  const sum = [...opened.values()].reduce((all, { part }) => scraps.keep(add(all, part)), zero)
  if (curve.points.equal(curve.points.multiplyBase(sum), facts.publicKey)) {
    // A copy: the sums on the way, and the last of them, are wiped here.
    return new Secret(add(sum, zero))
  }
  for (const [x, part] of opened) requirePart(curve, facts, [...opened.keys()], { x, ...part })
  throw new Abort('view-mismatch', `parties ${parted(curve, opened)} state different fragments`)
}

/** Whoever is shown one part, and no other, judges it alone; an Abort names its maker. */
export function requireHonestPart(
  curve: Curve,
  { facts, keyState }: Pick<Keyshare, 'facts' | 'keyState'>,
  exporters: readonly Party[],
  { x, part }: { readonly x: Party; readonly part: Secret },
): void {
  using scraps = new SecretScope()
  requireKeyState(curve, facts, keyState)
  requireExporters(facts, exporters)
  const layout = partLayout(curve, facts.threshold, scraps)
  requirePart(curve, facts, exporters, { x, ...decodePart(layout, x, part.bytes) })
}

/** One of these two lies, and nobody can say which. */
function parted(curve: Curve, opened: ReadonlyMap<Party, ExportPart>): string {
  const xs = [...opened.keys()]
  const fragment = (of: Party, towards: Party): Point | undefined =>
    opened.get(of)?.fragments[xs.filter((x) => x !== of).indexOf(towards)]
  const pairs = xs.flatMap((a) => xs.filter((b) => b > a).map((b) => [a, b] as const))
  const { points } = curve
  const apart = pairs.filter(([a, b]) => {
    const [one, other] = [fragment(a, b), fragment(b, a)]
    return one === undefined || other === undefined || !points.equal(one, other)
  })
  return apart.map(([a, b]) => `${a} and ${b}`).join(', ')
}

function partLayout(curve: Curve, exporters: number, scraps: SecretScope): Layout<ExportPart> {
  return group({
    part: secretScalar(curve, scraps),
    fragments: list(exporters - 1, point(curve)),
  })
}

function decodePart(layout: Layout<ExportPart>, x: Party, bytes: Uint8Array): ExportPart {
  try {
    return decodeAs(layout, bytes)
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause
    throw new Abort('malformed', `the part of an export: ${cause.message}`, { culprit: x })
  }
}

function requireExporters({ threshold, participants }: KeyFacts, xs: readonly Party[]): void {
  const exporters = participants.filter(({ x }) => xs.includes(x)).map(({ x }) => x)
  if (xs.length !== threshold || exporters.join() !== xs.join()) {
    throw new InvalidParticipants(`expected the parts of ${threshold} holders, in ascending order`)
  }
}

/** The part of party i is what its own fragments say. */
function requirePart(
  curve: Curve,
  { publicShares }: KeyFacts,
  xs: readonly Party[],
  { x, part, fragments }: ExportPart & { readonly x: Party },
): void {
  const { points } = curve
  const others = xs.filter((other) => other !== x)
  const weighed = points.multiplyPublic(publicShares.get(x), lagrangeAtZero(curve, xs, x))
  const signed = fragments.map((fragment, i) =>
    (others[i] ?? x) < x ? fragment : points.negate(fragment),
  )
  if (points.equal(points.multiplyBase(part), points.sum([weighed, ...signed]))) return
  throw new Abort('share', 'the exported part is not of the share', { culprit: x })
}
