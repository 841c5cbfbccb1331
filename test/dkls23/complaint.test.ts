import { describe, expect, it } from 'vitest'
import { type DealtPlace, isWrongShare } from '../../signer-node/dkls23/complaint.ts'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Dealing, type DealingForm } from '../../signer-node/dkls23/dealing.ts'
import { revealRound } from '../../signer-node/dkls23/dealing-rounds.ts'
import { PARTICIPANTS_MAX, parseParty } from '../../signer-node/dkls23/party.ts'
import { Polynomial } from '../../signer-node/dkls23/polynomial.ts'
import { SecretScope } from '../../signer-node/dkls23/secret.ts'
import { keygenRuns } from '../kit/keys.ts'
import { flip, nodes } from '../kit/protocol.ts'

const curve = nativeCurve()
const { scalars } = curve
const [one, three] = [parseParty(1), parseParty(3)]
const run = keygenRuns(curve, 2, nodes(1, 2, 3)).get(parseParty(2))!
const form: DealingForm = { threshold: 2, of: 'key' }
const place: DealtPlace = { sid: run.sid, form, dealer: run.self, receiver: one }
const round = revealRound(curve, { name: 'dkg', form }, new SecretScope())
const polynomial = Polynomial.sample(curve, run.randomness, 2)
const { opening } = Dealing.deal(run, form, polynomial)
const share = polynomial.evaluate(one)
const message = (given: typeof share): Uint8Array =>
  round.encode({ opening, echo: new Uint8Array(32), share: given })
const honest = message(share)
const wrong = message(scalars.add(share, scalars.one))
const judged = (bytes: Uint8Array, changed: Partial<DealtPlace> = {}): boolean =>
  isWrongShare(curve, { ...place, ...changed }, bytes)

describe('a complaint', () => {
  it('holds for a share that is not on the dealt polynomial, and for no other', () => {
    expect(judged(wrong)).toBe(true)
    expect(judged(honest)).toBe(false)
    expect(judged(honest, { receiver: three })).toBe(true)
  })

  it.each<[string, Partial<DealtPlace>]>([
    ['in another session', { sid: flip(run.sid, 0) }],
    ['of another dealer', { dealer: nodes(3)[0]! }],
    ['of fewer coefficients', { form: { threshold: 3, of: 'key' } }],
    ['of shares of an old key', { form: { threshold: 2, of: 'share' } }],
  ])('does not hold for what is no dealing %s', (_, changed) => {
    expect(judged(wrong, changed)).toBe(false)
  })

  it('does not hold where a proof of a coefficient fails, whatever the share is', () => {
    // The challenge of the first proof, and the response of the last.
    for (const at of [66 + 34, 66 + 2 * 2144 - 1]) expect(judged(flip(wrong, at))).toBe(false)
  })

  it.each([0, wrong.length - 1, wrong.length + 1])('does not hold for %i bytes', (length) => {
    const bytes = new Uint8Array(length)
    bytes.set(wrong.subarray(0, length))
    expect(judged(bytes)).toBe(false)
  })

  it.each([Number.NaN, -2, 0, 1, 2.5, PARTICIPANTS_MAX + 1, 2 ** 31])(
    'does not hold under a threshold of %d, which no key has, and reads nothing',
    (threshold) => {
      const untouched = new Proxy(curve, { get: () => expect.unreachable() })
      const bad = { ...place, form: { threshold, of: 'key' } } as const
      expect(isWrongShare(untouched, bad, wrong)).toBe(false)
    },
  )

  it('holds under the highest threshold too', () => {
    const highest = { threshold: PARTICIPANTS_MAX, of: 'share' } as const
    const other = keygenRuns(curve, 2, nodes(1, 2, 3)).get(three)!
    const dealt = Polynomial.sample(curve, other.randomness, PARTICIPANTS_MAX)
    const { opening } = Dealing.deal(other, highest, dealt)
    const bytes = revealRound(curve, { name: 'dkg', form: highest }, new SecretScope()).encode({
      opening,
      echo: new Uint8Array(32),
      share: scalars.one,
    })
    expect(judged(bytes, { form: highest, dealer: other.self })).toBe(true)
  })

  it('hides no fault of this program behind a verdict', () => {
    const broken: Curve = {
      ...curve,
      scalars: {
        ...scalars,
        decodeScalar() {
          throw new TypeError('broken')
        },
      },
    }
    expect(() => isWrongShare(broken, place, wrong)).toThrow('broken')
  })
})
