/**
 * Pairings for tests: by the real setup, as in the pair runs of the vectors, or at a hundredth of
 * the cost from trees whose base transfers a trusted dealer made.
 */

import { ascii } from '../../signer-node/dkls23/bytes.ts'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { setUpPairing } from '../../signer-node/dkls23/pair-setup.ts'
import {
  Pairing,
  type PairingDeath,
  type PairingSecrets,
} from '../../signer-node/dkls23/pairing.ts'
import { BASE_OTS, DELTA_BYTES, KEY_BYTES } from '../../signer-node/dkls23/params.ts'
import type { Party } from '../../signer-node/dkls23/party.ts'
import { choiceBit, growTrees, punctureTrees } from '../../signer-node/dkls23/pprf.ts'
import type { Protocol, Run } from '../../signer-node/dkls23/protocol.ts'
import { sessionId } from '../../signer-node/dkls23/session-id.ts'
import { expand, sha256 } from '../../signer-node/dkls23/transcript.ts'
import { driveAll, nodes, vectorAcceptance, vectorRandomness } from './protocol.ts'

const empty = new Uint8Array()

/** What every party ran into: the pairings that died, in order. */
export type Deaths = { readonly by: Party; readonly death: PairingDeath }[]

/** The two runs of a pair setup; the session id is the pairing id. */
export function pairRuns(
  curve: Curve,
  [low, high]: readonly [number, number],
  { name = `pair-${low}-${high}`, attempt = 1 } = {},
): ReadonlyMap<Party, Run> {
  const participants = nodes(low, high)
  const sid = sessionId({
    statement: {
      purpose: 'pair',
      incarnationLow: incarnation(low),
      incarnationHigh: incarnation(high),
      attempt,
    },
    networkId: ascii('vectors'),
    keyId: empty,
    epoch: 0,
    keyState: empty,
    participants,
    acceptances: participants.map(({ x }) => vectorAcceptance(name, x)),
  })
  return new Map(
    participants.map((self) => {
      const randomness = vectorRandomness(name, self.x, curve)
      return [self.x, { sid, self, participants, curve, randomness }]
    }),
  )
}

/** All pairings among the parties: of each party, by peer. */
export function makePairings(
  curve: Curve,
  xs: readonly number[],
  deaths: Deaths = [],
): ReadonlyMap<Party, ReadonlyMap<Party, Pairing>> {
  const all = new Map(nodes(...xs).map(({ x }) => [x, new Map<Party, Pairing>()]))
  const pairs = xs.flatMap((low) => xs.filter((high) => low < high).map((high) => [low, high]))
  for (const [low, high] of pairs) {
    const runs = pairRuns(curve, [low!, high!])
    const setups = [...runs].map(([x, run]): [Party, Protocol<Pairing>] => [
      x,
      setUpPairing(run, (death) => deaths.push({ by: x, death })),
    ])
    for (const [x, pairing] of driveAll(new Map(setups))) all.get(x)?.set(pairing.peer.x, pairing)
  }
  return all
}

/** The same kind of pairings, dealt: for tests of what is built on them. */
export function dealPairings(
  xs: readonly number[],
  deaths: Deaths = [],
  seed = 'dealer',
): ReadonlyMap<Party, ReadonlyMap<Party, Pairing>> {
  const participants = nodes(...xs)
  const all = new Map(participants.map(({ x }) => [x, new Map<Party, Pairing>()]))
  for (const self of participants) {
    for (const peer of participants.filter(({ x }) => x !== self.x)) {
      const name = [self.x, peer.x].sort((a, b) => a - b).join('-')
      // Dealt once: a Pairing copies what it is given.
      const secrets: PairingSecrets = {
        ...pick(dealtOnce(`${seed} ${self.x} to ${peer.x}`)),
        receiverLeaves: dealtOnce(`${seed} ${peer.x} to ${self.x}`).allLeaves,
        zeroSeed: sha256(ascii(`${seed} zero ${name}`)),
      }
      const id = sha256(ascii(`${seed} pairing ${name}`))
      const pairing = new Pairing({ id, self, peer }, secrets, (death) =>
        deaths.push({ by: self.x, death }),
      )
      all.get(self.x)?.set(peer.x, pairing)
    }
  }
  return all
}

const dealt = new Map<string, ReturnType<typeof dealTrees>>()

function dealtOnce(seed: string): ReturnType<typeof dealTrees> {
  const trees = dealt.get(seed) ?? dealTrees(seed)
  dealt.set(seed, trees)
  return trees
}

/** Both ends of one direction of trees. */
export function dealTrees(seed: string) {
  const psid = sha256(ascii(seed))
  const delta = expand('rng', DELTA_BYTES, seed, 'delta')
  const keys = expand('rng', BASE_OTS * 2 * KEY_BYTES, seed, 'keys')
  const chosen = chosenKeys(delta, keys)
  const grown = growTrees(psid, keys)
  const { leaves: senderLeaves } = punctureTrees(psid, delta, chosen, grown.message)
  return {
    psid,
    delta,
    keys,
    chosen,
    message: grown.message,
    senderLeaves,
    allLeaves: grown.leaves,
  }
}

export function chosenKeys(delta: Uint8Array, keys: Uint8Array): Uint8Array {
  const chosen = new Uint8Array(BASE_OTS * KEY_BYTES)
  for (let idx = 0; idx < BASE_OTS; idx++) {
    const from = (2 * idx + choiceBit(delta, idx)) * KEY_BYTES
    chosen.set(keys.subarray(from, from + KEY_BYTES), idx * KEY_BYTES)
  }
  return chosen
}

function pick({ delta, senderLeaves }: ReturnType<typeof dealTrees>) {
  return { delta, senderLeaves }
}

function incarnation(x: number): Uint8Array {
  return sha256(ascii(`mpc1 vector incarnation ${x}`)).slice(0, 16)
}
