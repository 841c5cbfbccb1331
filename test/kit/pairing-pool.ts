/**
 * Pairings for any parties, out of trees that are dealt once and used again: what a pairing is
 * bound to (its id, its two nodes) is new each time, and its hashes contain that.
 */

import { ascii } from '../../signer-node/dkls23/bytes.ts'
import { Pairing } from '../../signer-node/dkls23/pairing.ts'
import type { Participant, Party } from '../../signer-node/dkls23/party.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { dealTrees } from './pairings.ts'

export type Pairings = ReadonlyMap<Party, ReadonlyMap<Party, Pairing>>
type Trees = ReturnType<typeof dealTrees>

const pool = new Map<string, Trees>()

/** One direction of trees for two places in a list of parties. */
function treesOf(from: number, to: number): Trees {
  const name = `${from} to ${to}`
  const trees = pool.get(name) ?? dealTrees(`pool ${name}`)
  pool.set(name, trees)
  return trees
}

/** All pairings among the parties; their ids and zero seeds follow from the seed. */
export function poolPairings(parties: readonly Participant[], seed: string): Pairings {
  const all = new Map(parties.map(({ x }) => [x, new Map<Party, Pairing>()]))
  parties.forEach((self, i) => {
    parties.forEach((peer, j) => {
      if (i !== j) all.get(self.x)?.set(peer.x, pairing({ self, i }, { peer, j }, seed))
    })
  })
  return all
}

function pairing(
  { self, i }: { readonly self: Participant; readonly i: number },
  { peer, j }: { readonly peer: Participant; readonly j: number },
  seed: string,
): Pairing {
  const name = `${seed} ${Math.min(i, j)} ${Math.max(i, j)}`
  const { delta, senderLeaves } = treesOf(i, j)
  const secrets = {
    // Copies: whoever ends a pairing wipes what it holds.
    delta: delta.slice(),
    senderLeaves: senderLeaves.slice(),
    receiverLeaves: treesOf(j, i).allLeaves.slice(),
    zeroSeed: sha256(ascii(`zero ${name}`)),
  }
  return new Pairing({ id: sha256(ascii(`pairing ${name}`)), self, peer }, secrets, () => {})
}
