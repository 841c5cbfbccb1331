/**
 * The stage of freshOt: two signers make a pairing inside the session, for it alone, and sign over it:
 * six rounds, and the last message.
 */

import { combine } from '../../signer-node/dkls23/combine.ts'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import type { Signature } from '../../signer-node/dkls23/ecdsa.ts'
import { type FreshJob, SETUP_ROUNDS } from '../../signer-node/dkls23/fresh-sign.ts'
import { DELTA_BYTES } from '../../signer-node/dkls23/params.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { choiceBit } from '../../signer-node/dkls23/pprf.ts'
import {
  broadcast,
  type Protocol,
  peersOf,
  type Round,
  type Run,
} from '../../signer-node/dkls23/protocol.ts'
import type { Deaths } from '../kit/pairings.ts'
import { vectorRandomness } from '../kit/protocol.ts'
import { dkgKey, keysharesOf, prepareSigning } from '../kit/signing.ts'
import { freshSign } from '../kit/stepped.ts'
import { judgeSignatures, lastRound, refreshed, roundsOf, type Show, type Stage } from './stage.ts'

export function freshSigning(curve: Curve): Stage {
  const begin = (session: string, key = dkgKey): Show => {
    const deaths: Deaths = []
    const setup = (x: number) => vectorRandomness(`${session} setup`, x, curve)
    const keyshares = keysharesOf(curve, key)
    const signers = { curve, name: session, signers: [1, 2], keyshares, pairings: new Map() }
    return {
      deaths,
      protocols: new Map(
        [...prepareSigning(signers)].map(([x, { run, job }]) => {
          const fresh: FreshJob = {
            ...job,
            randomness: new Map(peersOf(run).map((peer) => [peer.x, setup(x)])),
            recordDeath: (death) => deaths.push({ by: x, death }),
          }
          return [x, signAndCombine(run, fresh)] as const
        }),
      ),
      isChosen: (receiver, index) => {
        const delta = setup(receiver).bytes('delta', DELTA_BYTES, 3 - receiver)
        return (index & 1) === choiceBit(delta, index >> 1)
      },
      judge: (results) => judgeSignatures(key, results as readonly Signature[]),
    }
  }
  return {
    name: 'signing over a fresh pairing',
    curve,
    parties: [1, 2].map(parseParty),
    corruptMax: 1,
    rounds: freshRounds(curve),
    begin,
    foreign: () => begin('another epoch', refreshed),
  }
}

/** Those of the set-up, those of signing numbered on, and the last message. */
function freshRounds(curve: Curve): ReadonlyMap<number, Round<unknown>> {
  const setup = [...roundsOf(curve, 2, ['pair setup']).values()]
  const signing = [...roundsOf(curve, 2, ['sign']).values(), lastRound(curve)]
  const after = signing.map((round) => ({ ...round, number: round.number + SETUP_ROUNDS }))
  return new Map([...setup, ...after].map((round) => [round.number, round]))
}

function* signAndCombine(run: Run, job: FreshJob): Protocol<Signature> {
  const share = yield* freshSign(run, job)
  const last = { ...lastRound(run.curve), number: 2 * SETUP_ROUNDS }
  const theirs = yield* broadcast(last, peersOf(run), share)
  const all = [share, ...[...theirs.values()].map((one) => ({ ...one, nonce: share.nonce }))]
  return combine(run.curve, job.keyshare.facts.publicKey, job.digest, all)
}
