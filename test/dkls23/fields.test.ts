// What the tests are told of the messages. The hostile cases and the fuzzing make their mutations from
// these descriptions: a scalar that called itself mere bytes would be tried less, and nothing of
// the protocol would notice. So the descriptions are written down here, apart from the code.
import { describe, expect, it } from 'vitest'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { allRounds, leavesOf } from '../kit/rounds.ts'

const opening = (coefficients: number) => [
  `opening.value.sent: ${coefficients} point`,
  `opening.value.proofs.row.firstMessage: ${32 * coefficients} point`,
  `opening.value.proofs.row.challenge: ${32 * coefficients} number`,
  `opening.value.proofs.row.response: ${32 * coefficients} scalar`,
]
const dealt = ['opening.salt: 1 salt', 'echo: 1 digest', 'share: 1 scalar']

/** Round and name, then the fields in order; all with threshold 2. */
const written: Readonly<Record<string, readonly string[]>> = {
  '1 pair setup 1': ['choices.row: 512 point', 'commitment: 1 digest'],
  '2 pair setup 2': [
    'answers.row: 512 point',
    'trees.corrections: 256 bytes',
    'trees.proofSum: 128 bytes',
    'trees.proofs: 128 digest',
    'zeroPart: 1 bytes',
    'salt: 1 salt',
  ],
  '3 pair setup 3': ['confirm: 1 digest'],
  '3 key confirm': [
    'confirmation: 1 digest',
    'proof.firstMessage: 1 point',
    'proof.response: 1 scalar',
  ],
  '1 dkg commit': ['commitment: 1 digest'],
  '2 dkg reveal': [...opening(2), 'opening.value.chainCode: 1 bytes', ...dealt],
  '1 refresh commit': ['commitment: 1 digest'],
  '2 refresh reveal': [...opening(1), ...dealt],
  '1 reshare commit': ['commitment: 1 digest'],
  '2 reshare reveal': [...opening(2), ...dealt],
  '1 sign 1': [
    'commitment: 1 digest',
    'extension.corrections: 128 bytes',
    'extension.choiceSum: 1 bytes',
    'extension.rowSums: 128 bytes',
  ],
  '2 sign 2': [
    'product.correction: 1536 scalar',
    'product.eta: 1 scalar',
    'product.proof: 1 digest',
    'view: 1 digest',
    'noncePoint: 1 point',
    'salt: 1 salt',
    'keyPoint: 1 point',
    'gammas: 2 point',
    'offset: 1 scalar',
  ],
}

describe('a message', () => {
  it('says of every field what it is, so that it is tried as that', () => {
    const rounds = [...allRounds(nativeCurve(), 2).values()]
    const told = rounds.map(({ number, name, fields }) => [
      `${number} ${name}`,
      leavesOf(fields).map(({ path, kind, offsets }) => `${path}: ${offsets.length} ${kind}`),
    ])
    expect(Object.fromEntries(told)).toEqual(written)
    expect(told).toHaveLength(Object.keys(written).length)
  })
})
