import { describe, expect, it } from 'vitest'
import { concat, Malformed } from '../../signer-node/dkls23/bytes.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Dealing, type DealingForm, openingLayout } from '../../signer-node/dkls23/dealing.ts'
import { decodeAs, encodeAs } from '../../signer-node/dkls23/layout.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { Polynomial } from '../../signer-node/dkls23/polynomial.ts'
import { keygenRuns } from '../kit/keys.ts'
import { nodes } from '../kit/protocol.ts'

const curve = nativeCurve()
const POINT = 33
const PROOF = 2144
const two = parseParty(2)

/** What party 2 deals in each form: coefficients that are sent, and bytes of the chain code. */
const forms: readonly (readonly [DealingForm['of'], number, number])[] = [
  ['key', 3, 32],
  ['zero', 2, 0],
  ['share', 3, 0],
]

describe.each(forms)('a dealing of %s', (of, sent, chainCode) => {
  const form = { threshold: 3, of } as const
  const run = keygenRuns(curve, 3, nodes(1, 2, 3, 4, 5)).get(two)!
  const constant = of === 'zero' ? curve.scalars.fromNumber(0) : curve.scalars.fromNumber(5)
  const polynomial = Polynomial.sample(curve, run.randomness, 3, constant)
  const { opening } = Dealing.deal(run, form, polynomial)
  const layout = openingLayout(curve, form)

  it('opens to the coefficients of its polynomial, the constant first', () => {
    const expected = polynomial.commitments()
    expect(opening.coefficients).toEqual(expected)
    expect(opening.coefficients[0] === undefined).toBe(of === 'zero')
  })

  it('has a proof for each coefficient that is sent, under the true index of it', () => {
    const first = 3 - sent
    const indices = Array.from({ length: sent }, (_, i) => first + i)
    expect(opening.proofs.map(({ index }) => index)).toEqual(indices)
    expect(opening.proofs.map(({ statement }) => statement)).toEqual(
      opening.coefficients.slice(first),
    )
    for (const { repetitions } of opening.proofs) expect(repetitions).toHaveLength(32)
  })

  it('brings a part of a chain code only for a new key', () => {
    expect(opening.chainCode).toHaveLength(chainCode)
    expect(opening.value).toHaveLength(sent * (POINT + PROOF) + chainCode)
    if (chainCode > 0) expect(opening.value.slice(-chainCode)).toEqual(opening.chainCode)
  })

  it('is read as it was written, and neither longer nor shorter', () => {
    const bytes = encodeAs(layout, opening)
    expect(bytes).toEqual(concat(opening.value, opening.salt))
    expect(decodeAs(layout, bytes)).toEqual(opening)
    expect(() => decodeAs(layout, concat(bytes, Uint8Array.of(0)))).toThrow(Malformed)
    expect(() => decodeAs(layout, bytes.slice(1))).toThrow(Malformed)
  })
})
