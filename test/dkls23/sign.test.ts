import { describe, expect, it } from 'vitest'
import { combine } from '../../signer-node/dkls23/combine.ts'
import { commit } from '../../signer-node/dkls23/commitment.ts'
import type { Curve, Point, Scalar } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { PRODUCT_MESSAGE_BYTES } from '../../signer-node/dkls23/multiplication.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import { PAUSE, type Protocol, type Sliced } from '../../signer-node/dkls23/protocol.ts'
import { sign } from '../../signer-node/dkls23/sign.ts'
import {
  firstRound,
  type SecondMessage,
  secondRound,
} from '../../signer-node/dkls23/sign-messages.ts'
import { hash } from '../../signer-node/dkls23/transcript.ts'
import { type Deaths, dealPairings } from '../kit/pairings.ts'
import { abortOf, drive, driveAll, flip, type Tamper, vectorRandomness } from '../kit/protocol.ts'
import {
  dkgKey,
  keysharesOf,
  prepareSigning,
  type SigningSetup,
  signingProtocols,
  type VectorKey,
  vectorDigest,
} from '../kit/signing.ts'
import { vector } from '../kit/vectors.ts'

const curve = nativeCurve()
const { scalars, points } = curve
const [one, two] = [parseParty(1), parseParty(2)]
const keyshares = keysharesOf(curve, dkgKey)
const { publicKey } = keyshares.get(one)!.facts
const second = secondRound(curve)
const resharedKey: VectorKey = {
  threshold: 3,
  epoch: 3,
  shares: Object.fromEntries([1, 2, 4, 5, 6].map((x) => [x, vector(`reshare s_${x}`)])),
}

/** Two of three sign, over fresh pairings; `deaths` notes what died. */
function pairOfSigners(deaths: Deaths = [], name = 'tampered'): SigningSetup {
  return { curve, name, signers: [1, 2], keyshares, pairings: dealPairings([1, 2], deaths) }
}

/** Changes the message of one round from party 2; party 1 judges it. */
const tamperWith = (
  round: number,
  change: (bytes: Uint8Array, to: Party) => Uint8Array,
): Tamper => {
  return (r, from, to, bytes) => (r === round && from === two ? change(bytes, to) : bytes)
}

const retold = (change: (message: SecondMessage) => Partial<SecondMessage>): Tamper =>
  tamperWith(2, (bytes) => {
    const message = second.decode(bytes)
    return second.encode({ ...message, ...change(message) })
  })

const judged = (tamper: Tamper, setup = pairOfSigners()) =>
  abortOf(drive(signingProtocols(setup), tamper), 1)

const plusG = (point: Point): Point => points.add(point, points.generator)!
const plusOne = (scalar: Scalar): Scalar => scalars.add(scalar, scalars.one)

describe('signing in slices', () => {
  it('pauses before the work for each peer, and makes the same shares as in one go', () => {
    const keyshares = keysharesOf(curve, resharedKey)
    const signers = [1, 2, 4]
    const setup = () => ({
      curve,
      name: 'slices',
      signers,
      keyshares,
      pairings: dealPairings(signers),
    })
    let pauses = 0
    const resumed = function* <R>(protocol: Sliced<R>): Protocol<R> {
      let step = protocol.next([])
      while (step.done !== true) {
        if (step.value === PAUSE) pauses += 1
        step = protocol.next(step.value === PAUSE ? [] : yield step.value)
      }
      return step.value
    }
    const sliced = [...prepareSigning(setup())].map(([x, { run, job }]) => {
      return [x, resumed(sign(run, { ...job, isSliced: true }))] as const
    })
    const shares = driveAll(new Map(sliced))
    expect(shares).toEqual(driveAll(signingProtocols(setup())))
    // Three signers, each with a pause for each of two peers in each of three steps.
    expect(pauses).toBe(18)
  })

  const firstStep = (signers: readonly number[], asked: { readonly isSliced?: true }) => {
    const pairings = dealPairings(signers)
    const keys = keysharesOf(curve, signers.length === 2 ? dkgKey : resharedKey)
    const setup = { curve, name: 'first step', signers, keyshares: keys, pairings }
    const { run, job } = prepareSigning(setup).get(one)!
    const signing = sign(run, { ...job, ...asked })
    return { first: signing.next([]).value, signing, randomness: run.randomness }
  }

  it('pauses only when asked to, and where there is only one peer too', () => {
    for (const signers of [
      [1, 2],
      [1, 2, 4],
    ]) {
      expect(firstStep(signers, {}).first).not.toBe(PAUSE)
      expect(firstStep(signers, { isSliced: true }).first).toBe(PAUSE)
    }
  })

  it('has done the work for one peer between two pauses, and none for the next', () => {
    const { signing, randomness } = firstStep([1, 2, 4], { isSliced: true })
    expect(signing.next([]).value).toBe(PAUSE)
    // Every draw happens once: what was drawn for a peer shows that its work was done.
    expect(() => randomness.bytes('beta', 64, 2)).toThrow('drawn twice')
    expect(randomness.bytes('beta', 64, 4)).toHaveLength(64)
  })

  it('sends nothing over a pairing that died in a pause', () => {
    const keyshares = keysharesOf(curve, resharedKey)
    const pairings = dealPairings([1, 2, 4])
    const setup = { curve, name: 'dead in a pause', signers: [1, 2, 4], keyshares, pairings }
    const { run, job } = prepareSigning(setup).get(one)!
    const signing = sign(run, { ...job, isSliced: true })
    expect(signing.next([]).value).toBe(PAUSE)
    expect(signing.next([]).value).toBe(PAUSE)
    pairings.get(one)!.get(two)![Symbol.dispose]()
    expect(() => signing.next([])).toThrow('the pairing was destroyed')
  })
})

describe('signing, when a message is not what it must be', () => {
  it('finishes when none is touched, and no pairing dies', () => {
    const deaths: Deaths = []
    const setup = pairOfSigners(deaths)
    const shares = driveAll(
      signingProtocols(setup),
      retold((message) => message),
    )
    expect(combine(curve, publicKey, vectorDigest, [...shares.values()]).recovery).toBeLessThan(2)
    expect(deaths).toEqual([])
  })

  it.each([
    ['a nonce point off the curve', PRODUCT_MESSAGE_BYTES + 32, 'malformed'],
    ['a key point off the curve', PRODUCT_MESSAGE_BYTES + 97, 'malformed'],
    ['a gamma off the curve', PRODUCT_MESSAGE_BYTES + 163, 'malformed'],
    ['an offset not below the order', PRODUCT_MESSAGE_BYTES + 196, 'malformed'],
    ['an entry of the correction not below the order', 96 * 100, 'malformed'],
  ])('blames the sender of %s', (_, at, reason) => {
    const deaths: Deaths = []
    const tamper = tamperWith(2, (bytes) => Uint8Array.from(bytes).fill(0xff, at, at + 32))
    expect(judged(tamper, pairOfSigners(deaths))).toMatchObject({
      reason,
      remedy: 'fault',
      culprit: 2,
    })
    expect(deaths).toEqual([])
  })

  it.each([1, 2])('blames the sender of one byte too many in round %i (A51)', (round) => {
    const tamper = tamperWith(round, (bytes) => Uint8Array.from([...bytes, 0]))
    expect(judged(tamper)).toMatchObject({ reason: 'wrong-size', culprit: 2 })
  })

  it('blames a party that opens its commitment to another nonce (A27)', () => {
    for (const tamper of [
      retold(({ noncePoint }) => ({ noncePoint: plusG(noncePoint) })),
      retold(({ salt }) => ({ salt: flip(salt, 0) })),
    ]) {
      expect(judged(tamper)).toMatchObject({ reason: 'commitment', remedy: 'fault', culprit: 2 })
    }
  })

  it('does not accept a copy of its own commitment and opening (A28)', () => {
    const mine: { first?: Uint8Array; second?: SecondMessage } = {}
    const copy: Tamper = (round, from, _to, bytes) => {
      if (from === one && round === 1) mine.first = bytes
      if (from === one && round === 2) mine.second = second.decode(bytes)
      if (from === one) return bytes
      const message = round === 1 ? firstRound.decode(bytes) : second.decode(bytes)
      if ('commitment' in message) {
        const { commitment } = firstRound.decode(mine.first!)
        return firstRound.encode({ ...message, commitment })
      }
      const { view, noncePoint, salt } = mine.second!
      return second.encode({ ...message, view, noncePoint, salt })
    }
    expect(judged(copy)).toMatchObject({ reason: 'commitment', culprit: 2 })
  })
})

describe('signing, when a check fails that no honest party fails', () => {
  const ban = (reason: string) => ({ reason, remedy: 'ban', culprit: 2 })

  it.each([
    ['a correction of the extension', 32 + 5000],
    ['x~', 32 + 10_240],
    ['t~', 32 + 10_256 + 77],
  ])('bans for %s and sends nothing more (OT check)', (_, at) => {
    const deaths: Deaths = []
    const setup = pairOfSigners(deaths)
    const sent: string[] = []
    const flipped = tamperWith(1, (bytes) => flip(bytes, at))
    const tamper: Tamper = (round, from, to, bytes) => {
      sent.push(`${round} from ${from}`)
      return flipped(round, from, to, bytes)
    }
    expect(judged(tamper, setup)).toMatchObject(ban('ot-check'))
    expect(deaths).toMatchObject([{ by: 1, death: { peer: 2, check: 'ot-check' } }])
    expect(sent).not.toContain('2 from 1')
    expect(setup.pairings.get(one)!.get(two)!.isAlive).toBe(false)
  })

  it.each([
    ['the correction', 40 * 96],
    ['eta', PRODUCT_MESSAGE_BYTES - 33],
    ['mu', PRODUCT_MESSAGE_BYTES - 1],
  ])('bans for %s of the product (RVOLE check)', (_, at) => {
    const deaths: Deaths = []
    const tamper = tamperWith(2, (bytes) => flip(bytes, at))
    expect(judged(tamper, pairOfSigners(deaths))).toMatchObject(ban('rvole-check'))
    expect(deaths).toMatchObject([{ by: 1, death: { check: 'rvole-check' } }])
  })

  it.each<[string, (message: SecondMessage) => Partial<SecondMessage>]>([
    ['Gamma_u', ({ gammas: [u, v] }) => ({ gammas: [plusG(u), v] })],
    ['Gamma_v', ({ gammas: [u, v] }) => ({ gammas: [u, plusG(v)] })],
    ['the key point', ({ keyPoint }) => ({ keyPoint: plusG(keyPoint) })],
  ])('bans for another %s than the product has (Gamma check)', (_, change) => {
    const deaths: Deaths = []
    expect(judged(retold(change), pairOfSigners(deaths))).toMatchObject(ban('gamma-check'))
    expect(deaths).toMatchObject([{ by: 1, death: { check: 'gamma-check' } }])
  })

  it('bans, and does not break, when a gamma cancels what it is added to', () => {
    const { run, job } = prepareSigning(pairOfSigners()).get(one)!
    const cancelling: Curve = { ...curve, points: { ...points, add: () => undefined } }
    const mine = sign({ ...run, curve: cancelling }, job)
    const theirs = signingProtocols(pairOfSigners()).get(two)!
    const outcomes = drive(new Map([[one, mine] as const, [two, theirs]]))
    expect(abortOf(outcomes, 1)).toMatchObject(ban('gamma-check'))
  })

  it('bans for a committed and opened nonce point that is not the one multiplied (A14)', () => {
    const { run } = prepareSigning(pairOfSigners()).get(two)!
    const random = vectorRandomness('tampered', 2, curve)
    const noncePoint = plusG(points.multiplyBase(random.scalar('r'))!)
    const salt = random.bytes('r-salt', 32)
    const scope = { sid: run.sid, committer: run.self, label: 'R' } as const
    const commitment = commit(scope, noncePoint, salt)
    const seen: Uint8Array[] = []
    const tamper: Tamper = (round, from, _to, bytes) => {
      if (round === 1 && from === one) seen.push(firstRound.decode(bytes).commitment)
      if (from === one) return bytes
      if (round === 1) return firstRound.encode({ ...firstRound.decode(bytes), commitment })
      const view = hash('round1', run.sid, [seen[0]!, commitment])
      return second.encode({ ...second.decode(bytes), view, noncePoint, salt })
    }
    expect(judged(tamper)).toMatchObject(ban('gamma-check'))
  })

  it('ends every other session over the pairing once a check failed (A2, the fence)', () => {
    const deaths: Deaths = []
    const pairings = dealPairings([1, 2], deaths)
    const setup = (name: string): SigningSetup => ({ ...pairOfSigners(), name, pairings })
    const flipped = (guilty: boolean) => (bytes: Uint8Array) => (guilty ? flip(bytes, 99) : bytes)
    const sessions = ['a', 'b', 'c', 'd'].map((name) => {
      const protocols = signingProtocols(setup(name))
      const [mine, theirs] = [protocols.get(one)!, protocols.get(two)!]
      mine.next([])
      const sent = theirs.next([])
      if (sent.done === true) return expect.unreachable()
      const [message] = sent.value
      const bytes = flipped(name === 'b')(message!.bytes)
      return { mine, inbox: [{ round: 1, from: two, bytes }] }
    })
    const outcomes = sessions.map(({ mine, inbox }) => {
      try {
        return mine.next(inbox).done === false ? 'answered' : 'done'
      } catch (thrown) {
        return (thrown as { reason: string }).reason
      }
    })
    expect(outcomes).toEqual(['answered', 'ot-check', 'pairing-dead', 'pairing-dead'])
    expect(deaths).toHaveLength(1)
  })
})

describe('signing, when the signers have different views', () => {
  it('blames nobody for another view, and looks at nothing else first', () => {
    const deaths: Deaths = []
    const broken = (message: SecondMessage): Partial<SecondMessage> => ({
      view: flip(message.view, 0),
      salt: flip(message.salt, 0),
      product: { ...message.product, proof: flip(message.product.proof, 0) },
    })
    const abort = judged(retold(broken), pairOfSigners(deaths))
    expect(abort).toMatchObject({ reason: 'view-mismatch', remedy: 'retry', culprit: undefined })
    expect(deaths).toEqual([])
  })

  it('compares the views of all before a check of one that bans', () => {
    const deaths: Deaths = []
    const setup: SigningSetup = {
      curve,
      name: 'three',
      signers: [1, 2, 4],
      keyshares: keysharesOf(curve, resharedKey),
      pairings: dealPairings([1, 2, 4], deaths),
    }
    const tamper: Tamper = (round, from, to, bytes) => {
      if (round !== 2 || to !== one) return bytes
      if (from === two) return flip(bytes, PRODUCT_MESSAGE_BYTES - 1)
      return flip(bytes, PRODUCT_MESSAGE_BYTES)
    }
    const outcomes = drive(signingProtocols(setup), tamper)
    expect(abortOf(outcomes, 1)).toMatchObject({ reason: 'view-mismatch', remedy: 'retry' })
    expect(deaths).toEqual([])
  })

  it('retries at both honest parties when a third showed them different commitments (A20)', () => {
    const deaths: Deaths = []
    const setup: SigningSetup = {
      curve,
      name: 'split',
      signers: [1, 2, 4],
      keyshares: keysharesOf(curve, resharedKey),
      pairings: dealPairings([1, 2, 4], deaths),
    }
    const split = tamperWith(1, (bytes, to) => (to === one ? flip(bytes, 0) : bytes))
    const outcomes = drive(signingProtocols(setup), split)
    for (const x of [1, 4]) {
      expect(abortOf(outcomes, x)).toMatchObject({ reason: 'view-mismatch', remedy: 'retry' })
    }
    expect(deaths).toEqual([])
  })
})

describe('signing, when the fault cannot be attributed', () => {
  it('aborts when the key shares do not sum to the public key', () => {
    const refreshed = keysharesOf(curve, {
      threshold: 2,
      epoch: 2,
      shares: { 1: vector('refresh s_1'), 2: vector('refresh s_2'), 3: vector('refresh s_3') },
    })
    const setup = pairOfSigners()
    const [mine, theirs] = [one, two].map((x) => prepareSigning(setup).get(x)!)
    const stale = { ...theirs!.job, keyshare: refreshed.get(two)! }
    const outcomes = drive(
      new Map([
        [one, sign(mine!.run, mine!.job)],
        [two, sign(theirs!.run, stale)],
      ]),
    )
    expect(abortOf(outcomes, 1)).toMatchObject({ reason: 'public-key-sum', remedy: 'abort' })
    expect(abortOf(outcomes, 1).culprit).toBeUndefined()
  })

  it('gives no signature for another offset psi, and no key point twice (A15)', () => {
    const keyPoints = new Set<string>()
    const note: Tamper = (round, from, _to, bytes) => {
      if (round === 2 && from === one) keyPoints.add(second.decode(bytes).keyPoint.join())
      return bytes
    }
    driveAll(signingProtocols(pairOfSigners([], 'session 1')), note)
    driveAll(signingProtocols(pairOfSigners([], 'session 2')), note)
    expect(keyPoints.size).toBe(2)
    const bent = retold(({ offset }) => ({ offset: plusOne(offset) }))
    const shares = driveAll(signingProtocols(pairOfSigners()), bent)
    expect(() => combine(curve, publicKey, vectorDigest, [...shares.values()])).toThrow(
      expect.objectContaining({ reason: 'signature-invalid', remedy: 'abort' }),
    )
  })

  it.each<[string, Partial<Curve['points']>]>([
    ['x of the nonce is zero', { xScalar: () => ({ x: scalars.zero, isReduced: true }) }],
    ['the nonce points cancel', { sum: () => undefined, equal: () => true }],
    ['a point comes out as the identity', { multiplyBase: () => undefined }],
  ])('aborts without blame when %s (A26)', (_, changes) => {
    const broken: Curve = { ...curve, points: { ...points, ...changes } }
    const protocols = [...prepareSigning(pairOfSigners())].map(([x, { run, job }]) => {
      return [x, sign({ ...run, curve: broken }, job)] as const
    })
    expect(abortOf(drive(new Map(protocols)), 1)).toMatchObject({
      reason: 'degenerate',
      remedy: 'abort',
      culprit: undefined,
    })
  })
})
