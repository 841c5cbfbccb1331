/**
 * A stage is one protocol with its parties, as often as wanted: the same parties and keys, another
 * session each time. Every honest party of it is the real generator.
 */

import { verifies } from '../../policy/chain/signature.ts'
import { chunks } from '../../signer-node/dkls23/bytes.ts'
import { combine } from '../../signer-node/dkls23/combine.ts'
import type { Curve, Scalar } from '../../signer-node/dkls23/curve.ts'
import { nobleCurve } from '../../signer-node/dkls23/curve-noble.ts'
import type { Signature } from '../../signer-node/dkls23/ecdsa.ts'
import { confirmKey, prepareKey } from '../../signer-node/dkls23/keygen.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import { group, scalar } from '../../signer-node/dkls23/layout.ts'
import { setUpPairing } from '../../signer-node/dkls23/pair-setup.ts'
import type { Pairing } from '../../signer-node/dkls23/pairing.ts'
import { DELTA_BYTES, KEY_BYTES, LEAVES } from '../../signer-node/dkls23/params.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import { lagrangeAtZero } from '../../signer-node/dkls23/polynomial.ts'
import { choiceBit, puncturedLeaf } from '../../signer-node/dkls23/pprf.ts'
import {
  broadcast,
  type Protocol,
  peersOf,
  type Round,
  type Run,
  roundOf,
} from '../../signer-node/dkls23/protocol.ts'
import { equalBytes } from '../../signer-node/dkls23/secret.ts'
import { type SigningJob, sign } from '../../signer-node/dkls23/sign.ts'
import { keygenRuns, keyTerms } from '../kit/keys.ts'
import { type Deaths, dealPairings, pairRuns } from '../kit/pairings.ts'
import { nodes, vectorRandomness } from '../kit/protocol.ts'
import { allRounds } from '../kit/rounds.ts'
import {
  dkgKey,
  keysharesOf,
  prepareSigning,
  type VectorKey,
  vectorDigest,
} from '../kit/signing.ts'
import { vector } from '../kit/vectors.ts'

export interface Stage {
  readonly name: string
  readonly curve: Curve
  readonly parties: readonly Party[]
  /** Up to t - 1 of them may be corrupt at once. */
  readonly corruptMax: number
  /** Every message that is sent, by the number of its round. */
  readonly rounds: ReadonlyMap<number, Round<unknown>>
  begin(session: string): Show
  /** The same in another epoch, whose messages are foreign here. */
  foreign(): Show
}

/** One run of all parties. */
export interface Show {
  readonly protocols: ReadonlyMap<Party, Protocol<unknown>>
  readonly deaths: Deaths
  /** Which of two values a receiver's Delta makes it read. */
  readonly isChosen: (receiver: Party, index: number) => boolean
  /** Empty when these results of some parties are right and fit together. */
  readonly judge: (results: readonly unknown[]) => string
}

export const none = (): boolean => false

export function roundsOf(curve: Curve, threshold: number, names: readonly string[]) {
  const all = [...allRounds(curve, threshold).values()]
  const picked = all.filter(({ name }) => names.some((start) => name.startsWith(start)))
  return new Map(picked.map((round) => [round.number, round]))
}

export function pairSetup(curve: Curve): Stage {
  const begin = (session: string, attempt = 1): Show => {
    const runs = pairRuns(curve, [1, 2], { name: session, attempt })
    const deaths: Deaths = []
    const deltaOf = (x: Party): Uint8Array => {
      const peer = x === 1 ? 2 : 1
      return vectorRandomness(session, x, curve).bytes('delta', DELTA_BYTES, peer)
    }
    return {
      deaths,
      protocols: new Map(
        [...runs].map(([x, run]) => [
          x,
          setUpPairing(run, (death) => deaths.push({ by: x, death })),
        ]),
      ),
      isChosen: (receiver, index) => (index & 1) === choiceBit(deltaOf(receiver), index >> 1),
      judge: (results) => judgePairings(results as readonly Pairing[]),
    }
  }
  return {
    name: 'pair setup',
    curve,
    parties: [1, 2].map(parseParty),
    corruptMax: 1,
    rounds: roundsOf(curve, 2, ['pair setup']),
    begin,
    foreign: () => begin('another epoch', 2),
  }
}

/** Both have the same seed, and each has of the other's leaves all but those that its Delta says. */
function judgePairings(pairings: readonly Pairing[]): string {
  const [one, two] = pairings
  if (one === undefined || two === undefined) return ''
  const isShared = equalBytes(one.secrets.zeroSeed, two.secrets.zeroSeed)
  if (!isShared) return 'the zero seeds differ'
  return hasLeavesOf(one, two) && hasLeavesOf(two, one) ? '' : 'the leaves do not fit'
}

function hasLeavesOf({ secrets: sender }: Pairing, { secrets: receiver }: Pairing): boolean {
  const all = chunks(receiver.receiverLeaves, KEY_BYTES)
  return chunks(sender.senderLeaves, KEY_BYTES).every((leaf, at) => {
    const [tree, z] = [Math.floor(at / (LEAVES - 1)), (at % (LEAVES - 1)) + 1]
    return equalBytes(
      leaf,
      all[tree * LEAVES + (puncturedLeaf(sender.delta, tree) ^ z)] ?? leaf.slice(1),
    )
  })
}

export function keyMaking(curve: Curve, threshold: number, xs: readonly number[]): Stage {
  const begin = (session: string, epoch = 1): Show => {
    const runs = keygenRuns(curve, threshold, nodes(...xs), session)
    const terms = { ...keyTerms(threshold), epoch }
    return {
      deaths: [],
      protocols: new Map([...runs].map(([x, run]) => [x, makeKey(run, terms)])),
      isChosen: none,
      judge: (results) => judgeKeyshares(curve, results as readonly Keyshare[]),
    }
  }
  return {
    name: `key making ${threshold} of ${xs.length}`,
    curve,
    parties: xs.map(parseParty),
    corruptMax: threshold - 1,
    rounds: roundsOf(curve, threshold, ['dkg', 'key confirm']),
    begin,
    foreign: () => begin('another epoch', 2),
  }
}

function* makeKey(run: Run, terms: Parameters<typeof prepareKey>[1]): Protocol<Keyshare> {
  return yield* confirmKey(run, yield* prepareKey(run, terms))
}

/** All hold the same public facts, and any t of the shares are the key. */
export function judgeKeyshares(curve: Curve, keyshares: readonly Keyshare[]): string {
  const [first] = keyshares
  if (first === undefined) return ''
  const { threshold, publicKey } = first.facts
  if (keyshares.some(({ keyState }) => !equalBytes(keyState, first.keyState))) {
    return 'the key states differ'
  }
  const holders = keyshares.slice(0, threshold)
  if (holders.length < threshold) return ''
  const xs = holders.map(({ self }) => self.x)
  const secret = holders.reduce<Scalar>((sum, { self, secretShare }) => {
    const weight = lagrangeAtZero(curve, xs, self.x)
    return curve.scalars.add(sum, curve.scalars.multiply(weight, secretShare.bytes))
  }, curve.scalars.zero)
  // By the other twin: a test may have put a double in place of this one.
  const { points } = nobleCurve()
  const isKey = points.equal(points.multiplyBase(secret), publicKey)
  return isKey ? '' : 'the shares are not of the public key'
}

export const fiveShares: VectorKey = {
  threshold: 3,
  epoch: 3,
  shares: Object.fromEntries([1, 2, 4, 5, 6].map((x) => [x, vector(`reshare s_${x}`)])),
}
export const refreshed: VectorKey = {
  threshold: 2,
  epoch: 2,
  shares: Object.fromEntries([1, 2, 3].map((x) => [x, vector(`refresh s_${x}`)])),
}

interface Released {
  readonly u: Scalar
  readonly w: Scalar
}

/** The last message, which goes through a coordinator in clear; whoever has all is done. */
export function lastRound(curve: Curve): Round<Released> {
  return roundOf(3, 'sign 3', group<Released>({ u: scalar(curve), w: scalar(curve) }))
}

export function signing(curve: Curve, signers: readonly number[]): Stage {
  const key = signers.length === 2 ? dkgKey : fiveShares
  const other = signers.length === 2 ? refreshed : { ...fiveShares, epoch: 4 }
  // Dealt once, and the same again whenever a check has killed one.
  let deaths: Deaths = []
  let pairings = dealPairings(signers, deaths)
  const begin = (session: string, ofKey = key): Show => {
    if (deaths.length > 0) {
      deaths = []
      pairings = dealPairings(signers, deaths)
    }
    const keyshares = keysharesOf(curve, ofKey)
    const prepared = prepareSigning({ curve, name: session, signers, keyshares, pairings })
    return {
      deaths,
      protocols: new Map([...prepared].map(([x, { run, job }]) => [x, signAndCombine(run, job)])),
      isChosen: none,
      judge: (results) => judgeSignatures(key, results as readonly Signature[]),
    }
  }
  const rounds = roundsOf(curve, key.threshold, ['sign'])
  return {
    name: `signing by ${signers.length} of ${Object.keys(key.shares).length}`,
    curve,
    parties: signers.map(parseParty),
    corruptMax: key.threshold - 1,
    rounds: new Map<number, Round<unknown>>([...rounds, [3, lastRound(curve)]]),
    begin,
    foreign: () => begin('another epoch', other),
  }
}

/** Every signer also does what the coordinator does: it collects the last messages. */
function* signAndCombine(run: Run, job: SigningJob): Protocol<Signature> {
  const share = yield* sign(run, job)
  const theirs = yield* broadcast(lastRound(run.curve), peersOf(run), share)
  const all = [share, ...[...theirs.values()].map((one) => ({ ...one, nonce: share.nonce }))]
  return combine(run.curve, job.keyshare.facts.publicKey, job.digest, all)
}

/** By another program than the one that made them: what the coordinator and the auditor run. */
export function judgeSignatures(key: VectorKey, signatures: readonly Signature[]): string {
  const [keyshare] = keysharesOf(nobleCurve(), key).values()
  const publicKey = keyshare?.facts.publicKey ?? new Uint8Array()
  const areValid = signatures.every(({ r, s, recovery }) =>
    verifies({ r, s, v: recovery === 1 ? 1 : 0 }, vectorDigest, publicKey),
  )
  return areValid ? '' : 'a signature is not valid'
}
