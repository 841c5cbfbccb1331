/**
 * Signing by exactly t parties in three rounds (1.12; DKLs23). The generator sends the first two
 * rounds and RETURNS the third, (u_i, w_i): whoever holds one of every signer has the signature,
 * so only the caller decides whether and when it leaves. `combine` makes the signature of all.
 * INVARIANT: in round 3 the view D of every peer is compared before any check that bans, so that
 * a split view never makes honest parties ban each other; each such check goes through the fence.
 *
 * r, phi, R_i = nonce.share, nonce.mask, nonce.point | sk_i, pk_i = key.share, key.point
 * chi = request.factor | (cu, cv), (du, dv) = products | Gu, Gv = gammas | psi = offset | D = view
 */

import { Abort } from './abort.ts'
import { commit, requireOpening, SALT_BYTES } from './commitment.ts'
import { type Curve, type Point, requirePoint, SCALAR_BYTES, type Scalar } from './curve.ts'
import { deriveChild, type Path } from './derivation.ts'
import { type Keyshare, requireUnexported } from './keyshare.ts'
import {
  answer,
  finish,
  type MultiplicationRun,
  type Request,
  request,
  type ScalarPair,
} from './multiplication.ts'
import type { Pairing } from './pairing.ts'
import type { Party } from './party.ts'
import { lagrangeAtZero } from './polynomial.ts'
import {
  exchange,
  PAUSE,
  type Protocol,
  peersOf,
  type Run,
  requireSameView,
  type Sliced,
} from './protocol.ts'
import { equalBytes, SecretScope } from './secret.ts'
import { type FirstMessage, firstRound, type SecondMessage, secondRound } from './sign-messages.ts'
import { pairingWith, requireSigners } from './signers.ts'
import { hash } from './transcript.ts'
import { zeroShare } from './zero-share.ts'

/** What is signed and with which key; the participants of the run are the signers. */
export interface SigningJob {
  readonly keyshare: Keyshare
  /** One with every other signer. */
  readonly pairings: ReadonlyMap<Party, Pairing>
  readonly path: Path
  /** m: 32 bytes that this node computed itself. */
  readonly digest: Uint8Array
}

/** Pauses between the work for one signer and that for the next. */
export interface SlicedJob extends SigningJob {
  readonly isSliced: true
}

/** (u_i, w_i), and the nonce point on which all signers agree. */
export interface SignatureShare {
  readonly u: Scalar
  readonly w: Scalar
  /** R. */
  readonly nonce: Point
}

/** What one signer brings to a multiplication: its part of the nonce, or of the key. */
interface Input {
  readonly share: Scalar
  readonly point: Point
}

interface Nonce extends Input {
  readonly mask: Scalar
  readonly salt: Uint8Array
  readonly commitment: Uint8Array
}

export function sign(run: Run, job: SlicedJob): Sliced<SignatureShare>
export function sign(run: Run, job: SigningJob): Protocol<SignatureShare>
export function* sign(run: Run, job: SigningJob | SlicedJob): Sliced<SignatureShare> {
  using secrets = new SecretScope()
  requireSigners(run, job.keyshare)
  requireUnexported(job.keyshare.facts)
  if (job.digest.length !== SCALAR_BYTES) throw new RangeError('a digest has 32 bytes')
  const { curve } = run
  const { publicKey, tweak } = deriveChild(curve, job.keyshare.facts, job.path)
  const links = linksOf(run, job)
  const peers = links.map(({ pairing }) => pairing.peer)
  const nonce = drawNonce(run, secrets)

  // Round 1
  const requests = yield* byPeer(job, links, (link) => keepRequest(secrets, request(link)))
  const firsts = yield* exchange(firstRound, peers, ({ x }) => ({
    commitment: nonce.commitment,
    extension: entry(requests, x).message,
  }))

  // Round 2
  const view = viewOf(run, nonce.commitment, firsts)
  const key = keyInput(run, job, { tweak, view }, secrets)
  const answers = yield* byPeer(job, links, (link, x) => {
    const made = answer(link, [nonce.share, key.share], entry(firsts, x).extension)
    return { ...made, shares: keepPair(secrets, made.shares) }
  })
  const seconds = yield* exchange(secondRound(curve), peers, ({ x }) => {
    const { product, shares } = entry(answers, x)
    const offset = curve.scalars.subtract(nonce.mask, entry(requests, x).factor)
    const { point: noncePoint, salt } = nonce
    const gammas = gammasOf(curve, shares)
    return { product, view, noncePoint, salt, keyPoint: key.point, gammas, offset }
  })

  // Round 3: the views of all before anything else.
  requireSameView(view, new Map([...seconds].map(([x, second]) => [x, second.view])), 'the view')
  const finished = yield* byPeer(job, links, (link, x) => {
    requireNonceOpening(link, entry(firsts, x).commitment, entry(seconds, x))
    const shares = keepPair(secrets, finish(link, entry(requests, x), entry(seconds, x).product))
    requireGammas(link, entry(requests, x).factor, shares, entry(seconds, x))
    return shares
  })
  const theirs = [...seconds.values()]
  requirePublicKey(curve, publicKey, [key.point, ...theirs.map(({ keyPoint }) => keyPoint)])
  const points = [nonce.point, ...theirs.map(({ noncePoint }) => noncePoint)]
  const noncePoint = requirePoint(curve.points.sum(points))
  const masks = [nonce.mask, ...theirs.map(({ offset }) => offset)]
  const products = [...[...answers.values()].map(({ shares }) => shares), ...finished.values()]
  const terms = { nonce, key, masks, products, noncePoint, digest: job.digest }
  return { ...lastShares(run, secrets, terms), nonce: noncePoint }
}

/** One multiplication run with every other signer, over the pairing with exactly that node. */
function linksOf(run: Run, { pairings }: SigningJob): readonly MultiplicationRun[] {
  const { sid, curve, randomness } = run
  return peersOf(run).map((peer) => {
    return { sid, curve, randomness, pairing: pairingWith(run, peer, pairings) }
  })
}

function drawNonce({ sid, self, curve, randomness }: Run, secrets: SecretScope): Nonce {
  const share = secrets.keep(randomness.scalar('r'))
  const mask = secrets.keep(randomness.scalar('phi'))
  const salt = randomness.bytes('r-salt', SALT_BYTES)
  const point = requirePoint(curve.points.multiplyBase(share))
  return {
    share,
    mask,
    point,
    salt,
    commitment: commit({ sid, committer: self, label: 'R' }, point, salt),
  }
}

/** D: the commitments of all signers, in order. */
function viewOf(
  { self, sid, participants }: Run,
  own: Uint8Array,
  firsts: ReadonlyMap<Party, FirstMessage>,
): Uint8Array {
  const commitments = participants.map(({ x }) =>
    x === self.x ? own : entry(firsts, x).commitment,
  )
  return hash('round1', sid, commitments)
}

/** sk_i = lambda_i (s_i + tau) + zeta_i: an additive share, another one in every session. */
function keyInput(
  { curve, self, sid, participants }: Run,
  { keyshare, pairings }: SigningJob,
  { tweak, view }: { readonly tweak: Scalar; readonly view: Uint8Array },
  secrets: SecretScope,
): Input {
  const { add, multiply } = curve.scalars
  const seeds = new Map(
    participants
      .filter(({ x }) => x !== self.x)
      .map(({ x }) => [x, entry(pairings, x).secrets.zeroSeed]),
  )
  const weight = lagrangeAtZero(
    curve,
    participants.map(({ x }) => x),
    self.x,
  )
  // At the path m the tweaked share is the share itself: gone before anything is awaited.
  using scraps = new SecretScope()
  const tweaked = scraps.keep(add(keyshare.secretShare.bytes, tweak))
  const weighted = scraps.keep(multiply(weight, tweaked))
  const zero = scraps.keep(zeroShare(curve, self.x, seeds, { sid, digest: view }))
  const share = secrets.keep(add(weighted, zero))
  return { share, point: requirePoint(curve.points.multiplyBase(share)) }
}

function gammasOf({ points }: Curve, [u, v]: ScalarPair): readonly [Point, Point] {
  return [requirePoint(points.multiplyBase(u)), requirePoint(points.multiplyBase(v))]
}

function requireNonceOpening(
  { sid, pairing }: MultiplicationRun,
  commitment: Uint8Array,
  { noncePoint, salt }: SecondMessage,
): void {
  requireOpening({ sid, committer: pairing.peer, label: 'R' }, commitment, noncePoint, salt)
}

/** chi * R_j == du * G + Gu_j and chi * pk_j == dv * G + Gv_j: both, then one verdict. */
function requireGammas(
  { curve, pairing }: MultiplicationRun,
  factor: Scalar,
  [du, dv]: ScalarPair,
  { noncePoint, keyPoint, gammas: [gammaU, gammaV] }: SecondMessage,
): void {
  using scraps = new SecretScope()
  const { points } = curve
  // The digest of chi * P, so that no chi meets a point but in a Diffie-Hellman call.
  const holds = (point: Point, share: Scalar, gamma: Point): boolean => {
    const sum = points.add(points.multiplyBase(share), gamma)
    const digest = scraps.keep(points.sharedDigest(point, factor))
    return sum !== undefined && equalBytes(scraps.keep(points.digest(sum)), digest)
  }
  const [isNonceRight, isKeyRight] = [holds(noncePoint, du, gammaU), holds(keyPoint, dv, gammaV)]
  pairing.judge('gamma-check', isNonceRight && isKeyRight)
}

function requirePublicKey(curve: Curve, publicKey: Point, shares: readonly Point[]): void {
  if (curve.points.equal(curve.points.sum(shares), publicKey)) return
  throw new Abort('public-key-sum', 'the key shares of the signers do not sum to the public key')
}

interface LastTerms {
  readonly nonce: Nonce
  readonly key: Input
  /** phi_i and psi of every peer, which sum to F_i. */
  readonly masks: readonly Scalar[]
  /** (cu, cv) and (du, dv) of every peer. */
  readonly products: readonly ScalarPair[]
  readonly noncePoint: Point
  readonly digest: Uint8Array
}

/** u_i = r_i F_i + sum (cu + du); v_i = sk_i F_i + sum (cv + dv); w_i = m phi_i + r_x v_i. */
function lastShares({ curve }: Run, secrets: SecretScope, terms: LastTerms) {
  const { scalars, points } = curve
  const { x: r } = points.xScalar(terms.noncePoint)
  if (scalars.isZero(r)) throw new Abort('degenerate', 'x of the nonce point is zero')
  const add = (a: Scalar, b: Scalar): Scalar => secrets.keep(scalars.add(a, b))
  const multiply = (a: Scalar, b: Scalar): Scalar => secrets.keep(scalars.multiply(a, b))
  const sum = (all: readonly Scalar[]): Scalar => all.reduce(add, scalars.zero)
  const mask = sum(terms.masks)
  const u = multiply(terms.nonce.share, mask)
  const v = add(multiply(terms.key.share, mask), sum(terms.products.map(([, ofKey]) => ofKey)))
  const closing = multiply(scalars.reduce(terms.digest), terms.nonce.mask)
  // The two results are released, so they alone are not kept for wiping.
  return {
    u: scalars.add(u, sum(terms.products.map(([ofNonce]) => ofNonce))),
    w: scalars.add(closing, multiply(r, v)),
  }
}

function keepRequest(secrets: SecretScope, pending: Request): Request {
  for (const secret of [pending.factor, pending.beta, pending.pads]) secrets.keep(secret)
  return pending
}

function keepPair(secrets: SecretScope, pair: ScalarPair): ScalarPair {
  for (const share of pair) secrets.keep(share)
  return pair
}

/** One result for every other signer, in ascending x; where asked to, one in each turn. */
function* byPeer<T>(
  job: SigningJob | SlicedJob,
  links: readonly MultiplicationRun[],
  make: (link: MultiplicationRun, x: Party) => T,
): Sliced<ReadonlyMap<Party, T>> {
  const made = new Map<Party, T>()
  for (const link of links) {
    if ('isSliced' in job) yield PAUSE
    const { x } = link.pairing.peer
    made.set(x, make(link, x))
  }
  // One may have died in a pause, by the verdict of another session: nothing of it leaves here.
  for (const { pairing } of links) pairing.requireAlive()
  return made
}

function entry<T>(map: ReadonlyMap<Party, T>, x: Party): T {
  const value = map.get(x)
  if (value === undefined) throw new RangeError(`there is nothing of party ${x}`)
  return value
}
