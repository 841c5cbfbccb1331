// Pairings of nodes in one process that are dealt instead of agreed: one message each way, by which
// either end knows that the other lives, and then trees out of a pool. For walks that make thousands of
// pairings and ask of them only who made one with whom; whatever signs over them signs well.
import { alone, digest } from '../../signer-node/dkls23/layout.ts'
import type { PairingSecrets } from '../../signer-node/dkls23/pairing.ts'
import {
  broadcast,
  type Protocol,
  peersOf,
  type Run,
  requireSameView,
  roundOf,
} from '../../signer-node/dkls23/protocol.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { here } from '../../signer-node/here.ts'
import { type Runner, stepperOf } from '../../signer-node/stepper.ts'
import { dealTrees } from './pairings.ts'

const aliveRound = roundOf(1, 'dealt pairing', alone('alive', digest))

/** As `here`, but for pairings. */
export const dealt: Runner = { ...here, pair: (run) => stepperOf(dealtPairing(run)) }

function* dealtPairing(run: Run): Protocol<PairingSecrets> {
  const { sid, self } = run
  const peers = peersOf(run)
  const own = sha256(sid)
  requireSameView(own, yield* broadcast(aliveRound, peers, own), 'the dealt pairing')
  const peer = peers[0]?.x ?? 0
  const { delta, senderLeaves } = treesOf(self.x, peer)
  // Copies: whoever takes them wipes them.
  return {
    delta: delta.slice(),
    senderLeaves: senderLeaves.slice(),
    receiverLeaves: treesOf(peer, self.x).allLeaves.slice(),
    zeroSeed: own,
  }
}

const pool = new Map<string, ReturnType<typeof dealTrees>>()

function treesOf(from: number, to: number): ReturnType<typeof dealTrees> {
  const name = `dealt ${from} to ${to}`
  const trees = pool.get(name) ?? dealTrees(name)
  pool.set(name, trees)
  return trees
}
