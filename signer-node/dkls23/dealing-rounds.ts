/**
 * The two rounds in which dealers commit and reveal (specification 1.11), one text for a new key, a
 * refresh and a reshare: dealers commit to everybody, and reveal to the receivers after they have
 * seen every commitment. What comes out is public sums, the share of this party, the transcript.
 * INVARIANT: no share of a dealer is used before the dealer's commitment, proofs, constant and
 * share held; every failed check names its culprit, and a difference of views names nobody.
 * It does not know what the sums mean; `keygen.ts`, `refresh.ts` and `reshare.ts` do.
 */

import { concat } from './bytes.ts'
import type { Curve, Scalar, Sum } from './curve.ts'
import {
  type Dealing,
  type DealingForm,
  type Opening,
  openingLayout,
  requireDealing,
  requireShare,
} from './dealing.ts'
import { alone, digest, group, secretScalar } from './layout.ts'
import type { Participant, Party } from './party.ts'
import {
  exchangeAmong,
  type Protocol,
  type Round,
  type Run,
  requireSameView,
  roundOf,
} from './protocol.ts'
import { Secret, SecretScope } from './secret.ts'
import { hash } from './transcript.ts'

/** Who deals what to whom. All lists are in ascending x. */
export interface DealingPlan {
  readonly name: 'dkg' | 'refresh' | 'reshare'
  readonly form: DealingForm
  readonly dealers: readonly Participant[]
  readonly receivers: readonly Participant[]
  /** What else a dealer owes, beside its proofs; an Abort names the dealer. */
  readonly requireConstant?: (dealer: Participant, opening: Opening) => void
}

/** What a receiver has when every dealer has kept its word. */
export interface Dealt {
  /** The sum over all dealers of each coefficient in the exponent, the constant first. */
  readonly coefficients: readonly Sum[]
  readonly chainCodes: readonly Uint8Array[]
  /** The sum of what everyone dealt to this party. */
  readonly share: Secret<Scalar>
  readonly transcript: Uint8Array
}

type ByParty<T> = ReadonlyMap<Party, T>

/** Both rounds of a receiver, with its own dealing when it is a dealer too. */
export function* receiveDealings(run: Run, plan: DealingPlan, dealing?: Dealing): Protocol<Dealt> {
  using scraps = new SecretScope()
  const { curve, self } = run
  const dealers = others(run, plan.dealers)
  const commitments = yield* exchangeCommitments(run, plan, dealing)
  const echo = echoOf(run, commitments)

  const reveal = revealRound(curve, plan, scraps)
  const reveals = dealing && revealsOf(run, plan, dealing, { echo, scraps })
  const revealed = yield* exchangeAmong(reveal, dealers, reveals ?? new Map())
  requireSameView(
    echo,
    pick(revealed, ({ echo }) => echo),
    'the list of commitments',
  )
  for (const dealer of dealers) {
    const message = entry(revealed, dealer.x)
    requireDealing(run, dealer, entry(commitments, dealer.x), message.opening)
    plan.requireConstant?.(dealer, message.opening)
    const evidence = { share: message.share, message: () => reveal.encode(message) }
    requireShare(run, dealer, message.opening, evidence)
  }

  const own = dealing && { opening: dealing.opening, share: scraps.keep(dealing.shareFor(self.x)) }
  const all = inOrder<Pick<Reveal, 'opening' | 'share'>>(run, plan.dealers, revealed, own)
  const openings = [...all.values()].map(({ opening }) => opening)
  return {
    coefficients: sumCoefficients(curve, plan.form, openings),
    chainCodes: openings.map(({ chainCode }) => chainCode),
    share: sumScalars(
      curve,
      [...all.values()].map(({ share }) => share),
    ),
    transcript: transcriptOf(run, commitments, openings),
  }
}

/** Both rounds of a dealer that receives nothing: it waits for all commitments, then reveals. */
export function* onlyDeal(run: Run, plan: DealingPlan, dealing: Dealing): Protocol<void> {
  using scraps = new SecretScope()
  const commitments = yield* exchangeCommitments(run, plan, dealing)
  const echo = echoOf(run, commitments)
  const reveals = revealsOf(run, plan, dealing, { echo, scraps })
  yield* exchangeAmong(revealRound(run.curve, plan, scraps), [], reveals)
}

function* exchangeCommitments(
  run: Run,
  plan: DealingPlan,
  dealing: Dealing | undefined,
): Protocol<ByParty<Uint8Array>> {
  const heard = (dealing: Dealing): ByParty<Uint8Array> =>
    new Map(others(run, run.participants).map(({ x }) => [x, dealing.commitment]))
  const messages = dealing === undefined ? new Map<Party, Uint8Array>() : heard(dealing)
  const theirs = yield* exchangeAmong(commitRound(plan), others(run, plan.dealers), messages)
  return inOrder(run, plan.dealers, theirs, dealing?.commitment)
}

export function commitRound(plan: Pick<DealingPlan, 'name'>): Round<Uint8Array> {
  return roundOf(1, `${plan.name} commit`, alone('commitment', digest))
}

interface Reveal {
  readonly opening: Opening
  readonly echo: Uint8Array
  readonly share: Scalar
}

type RevealPlan = Pick<DealingPlan, 'name' | 'form'>

/** Every share is kept as it is decoded, so that it is wiped whatever else is wrong. */
export function revealRound(curve: Curve, plan: RevealPlan, scraps: SecretScope): Round<Reveal> {
  const layout = group<Reveal>({
    opening: openingLayout(curve, plan.form),
    echo: digest,
    share: secretScalar(curve, scraps),
  })
  return roundOf(2, `${plan.name} reveal`, layout)
}

/** What a dealer tells each other receiver. */
function revealsOf(
  run: Run,
  { receivers }: DealingPlan,
  dealing: Dealing,
  { echo, scraps }: { readonly echo: Uint8Array; readonly scraps: SecretScope },
): ByParty<Reveal> {
  const { opening } = dealing
  return new Map(
    others(run, receivers).map(({ x }) => [
      x,
      { opening, echo, share: scraps.keep(dealing.shareFor(x)) },
    ]),
  )
}

function echoOf({ sid }: Run, commitments: ByParty<Uint8Array>): Uint8Array {
  return hash('echo', sid, [...commitments.values()])
}

function transcriptOf(
  { sid }: Run,
  commitments: ByParty<Uint8Array>,
  openings: readonly Opening[],
): Uint8Array {
  const opened = openings.map(({ value, salt }) => concat(value, salt))
  return hash('transcript', sid, [...commitments.values()], opened)
}

function sumCoefficients(
  { points }: Curve,
  { threshold }: DealingForm,
  openings: readonly Opening[],
): readonly Sum[] {
  return Array.from({ length: threshold }, (_, m) =>
    points.sum(openings.map(({ coefficients }) => coefficients[m])),
  )
}

function sumScalars({ scalars }: Curve, shares: readonly Scalar[]): Secret<Scalar> {
  using scraps = new SecretScope()
  const sum = shares.reduce((a, b) => scraps.keep(scalars.add(a, b)), scalars.zero)
  // A copy: the sums on the way, and the last of them, are wiped here.
  return new Secret(scalars.add(sum, scalars.zero))
}

function others({ self }: Run, all: readonly Participant[]): readonly Participant[] {
  return all.filter(({ x }) => x !== self.x)
}

/** The dealers' values in ascending x, this party's own among them when it has one. */
function inOrder<T>(
  { self }: Run,
  dealers: readonly Participant[],
  theirs: ByParty<T>,
  mine: T | undefined,
): ByParty<T> {
  return new Map(
    dealers.map(({ x }) => [x, x === self.x && mine !== undefined ? mine : entry(theirs, x)]),
  )
}

function pick<T, U>(messages: ByParty<T>, part: (message: T) => U): ByParty<U> {
  return new Map([...messages].map(([x, message]) => [x, part(message)]))
}

function entry<T>(map: ByParty<T>, x: Party): T {
  const value = map.get(x)
  if (value === undefined) throw new RangeError(`there is nothing of party ${x}`)
  return value
}
