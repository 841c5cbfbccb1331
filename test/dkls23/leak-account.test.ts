// The account of a pairing (1.13, attack A2 in its parallel form): a corrupt receiver of the extension
// opens three hundred sessions over one pairing, of two keys, and puts one guess about Delta in each.
// A right guess is answered and taught it two bits, so what counts is that nothing is answered any
// more once one was wrong: to learn L bits and go on is to win 2^-L once.
import { describe, expect, it } from 'vitest'
import { Abort } from '../../signer-node/dkls23/abort.ts'
import { concat, u16 } from '../../signer-node/dkls23/bytes.ts'
import { COMMITMENT_BYTES } from '../../signer-node/dkls23/commitment.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import type { Pairing } from '../../signer-node/dkls23/pairing.ts'
import { BETA_BYTES, COLUMN_BYTES, TAIL_BYTES, TREES } from '../../signer-node/dkls23/params.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { puncturedLeaf } from '../../signer-node/dkls23/pprf.ts'
import { expand } from '../../signer-node/dkls23/transcript.ts'
import { keygen, keygenRuns, keyTerms } from '../kit/keys.ts'
import { type Deaths, dealPairings } from '../kit/pairings.ts'
import { driveAll, nodes } from '../kit/protocol.ts'
import { dkgKey, keysharesOf, prepareSigning, signingProtocols } from '../kit/signing.ts'

const curve = nativeCurve()
const [one, two] = [parseParty(1), parseParty(2)]
const runs = [...keygenRuns(curve, 2, nodes(1, 2, 3), 'another key')]
const another = driveAll(new Map(runs.map(([x, run]) => [x, keygen(run, keyTerms(2))])))
const keys = [keysharesOf(curve, dkgKey), another]

interface Guess {
  readonly tree: number
  readonly leaf: number
}

/** Round 1 of a receiver that chose otherwise in one tree, and repaired its sums for one Delta. */
function cheat(pairing: Pairing, sid: Uint8Array, { tree, leaf }: Guess): Uint8Array {
  const psid = pairing.psid(sid, 'receiver', 'ote')
  const choices = expand('rng', BETA_BYTES + TAIL_BYTES, sid)
  const { receiverLeaves } = pairing.secrets
  const { corrections, rows } = curve.extension.expandOwn(psid, receiverLeaves, choices)
  corrections[tree * COLUMN_BYTES]! ^= 1
  const parameters = concat(u16(2), u16(256), u16(512), u16(128))
  const weights = expand('ote-chi', 64, psid, parameters, corrections)
  const rowSums = curve.extension.weigh(rows, weights)
  // The changed bit is the first of block 1, so each column with a bit of Delta is off by chi_1.
  for (const b of [0, 1].filter((b) => (leaf >>> b) & 1)) {
    const column = 2 * tree + b
    for (let p = 0; p < 128; p++) {
      const isOff = (weights[p >>> 3]! >>> (p & 7)) & 1
      rowSums[32 * p + (column >>> 3)]! ^= isOff << (column & 7)
    }
  }
  const choiceSum = curve.extension.weighColumn(choices, weights)
  return concat(new Uint8Array(COMMITMENT_BYTES), corrections, choiceSum, rowSums)
}

/** All sessions are open before the first verdict, as they would be side by side. */
function play(guesses: readonly Guess[], deaths: Deaths): readonly string[] {
  const pairings = dealPairings([1, 2], deaths)
  const open = guesses.map((guess, i) => {
    const keyshares = keys[i % keys.length]!
    const setup = { curve, name: `session ${i}`, signers: [1, 2], keyshares, pairings }
    const mine = signingProtocols(setup).get(one)!
    mine.next([])
    const { sid } = prepareSigning(setup).get(two)!.run
    const bytes = cheat(pairings.get(two)!.get(one)!, sid, guess)
    return { mine, inbox: [{ round: 1, from: two, bytes }] }
  })
  return open.map(({ mine, inbox }) => {
    try {
      return mine.next(inbox).done === true ? 'done' : 'answered'
    } catch (thrown) {
      if (!(thrown instanceof Abort)) throw thrown
      return thrown.reason
    }
  })
}

const { delta } = dealPairings([1, 2]).get(one)!.get(two)!.secrets
const guesses = Array.from({ length: 300 }, (_, i): Guess => {
  const [tree, drawn] = [i % TREES, expand('rng', 1, `guess ${i}`)[0]! & 3]
  return { tree, leaf: drawn }
})
const isRight = ({ tree, leaf }: Guess): boolean => leaf === puncturedLeaf(delta, tree)

describe('three hundred sessions with a guess in each', () => {
  it('are answered up to the first wrong guess and never after it (A2)', () => {
    const firstRight = [0, 1, 2].map((tree) => ({ tree, leaf: puncturedLeaf(delta, tree) }))
    const wrong = { tree: 3, leaf: puncturedLeaf(delta, 3) ^ 1 }
    const all = [...firstRight, wrong, ...guesses.slice(4)]
    expect(all.slice(4).filter(isRight).length).toBeGreaterThan(50)
    const deaths: Deaths = []
    const outcomes = play(all, deaths)
    expect(outcomes.slice(0, 4)).toEqual(['answered', 'answered', 'answered', 'ot-check'])
    expect(new Set(outcomes.slice(4))).toEqual(new Set(['pairing-dead']))
    expect(outcomes).toHaveLength(300)
    expect(deaths).toMatchObject([{ by: one, death: { peer: two, check: 'ot-check' } }])
  })

  it('would all be answered to who knows Delta: the check asks for nothing else', () => {
    const known = guesses.slice(0, 20).map(({ tree }) => {
      return { tree, leaf: puncturedLeaf(delta, tree) }
    })
    const deaths: Deaths = []
    expect(new Set(play(known, deaths))).toEqual(new Set(['answered']))
    expect(deaths).toEqual([])
  })
})
