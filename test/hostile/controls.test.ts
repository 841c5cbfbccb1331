// For every check of the specification one lie that passes everything but that check: with the check
// the honest party stops, and without it, taken away by the test's own means, the lie goes through.
// So each check is the thing that stops its lie, and no negative test of it is empty.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Abort } from '../../signer-node/dkls23/abort.ts'
import { groupOracle, offer } from '../../signer-node/dkls23/base-ot.ts'
import type { commit } from '../../signer-node/dkls23/commitment.ts'
import type { Curve, Point } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import type { proveCoefficient, proveSchnorr } from '../../signer-node/dkls23/dlog-proof.ts'
import { acceptImport, dealImport, importDigest } from '../../signer-node/dkls23/importing.ts'
import { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import { type BanCheck, Pairing } from '../../signer-node/dkls23/pairing.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import type { growTrees } from '../../signer-node/dkls23/pprf.ts'
import type { Protocol } from '../../signer-node/dkls23/protocol.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { sign } from '../../signer-node/dkls23/sign.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { KEY_ID } from '../kit/keys.ts'
import { importRuns, reshareRuns, reshareTerms, resharing } from '../kit/lifecycle.ts'
import { dealPairings, pairRuns } from '../kit/pairings.ts'
import { drive, flip, nodes, type Outcome, type Tamper, vectorRandomness } from '../kit/protocol.ts'
import { leavesOf } from '../kit/rounds.ts'
import { dkgKey, keysharesOf, prepareSigning } from '../kit/signing.ts'
import { changing, controls, dkg, evil, pairs, refreshes, signers, two } from './controls.ts'
import { refreshed, type Show, type Stage } from './stage.ts'
import { exporting, reshare } from './stages-life.ts'

/** What is taken away now, and what party 2 lies about at the source, consistently with itself. */
const the = vi.hoisted(() => ({ off: new Set<string>(), lie: '', grown: 0 }))
const curve = nativeCurve()

vi.mock('../../signer-node/dkls23/commitment.ts', async (original) => {
  const real = await original<typeof import('../../signer-node/dkls23/commitment.ts')>()
  const commitAs: typeof commit = (scope, value, salt) =>
    the.lie === 'commitment' && scope.committer.x === evil
      ? real.commit(scope, value, flip(salt, 0))
      : real.commit(scope, value, salt)
  const requireOpening: typeof real.requireOpening = (...args) => {
    if (!the.off.has('opening')) real.requireOpening(...args)
  }
  return { ...real, commit: commitAs, requireOpening }
})
vi.mock('../../signer-node/dkls23/protocol.ts', async (original) => {
  const real = await original<typeof import('../../signer-node/dkls23/protocol.ts')>()
  const requireSameView: typeof real.requireSameView = (...args) => {
    if (!the.off.has('view')) real.requireSameView(...args)
  }
  return { ...real, requireSameView }
})
vi.mock('../../signer-node/dkls23/dlog-proof.ts', async (original) => {
  const real = await original<typeof import('../../signer-node/dkls23/dlog-proof.ts')>()
  const other = { label: 'share', extra: new Uint8Array(32), statement: curveG() } as const
  function curveG(): Point {
    return nativeCurve().points.generator
  }
  const coefficient: typeof proveCoefficient = (scope, claim, ...rest) =>
    the.lie === 'coefficient' && scope.prover.x === evil
      ? real.proveCoefficient(scope, { ...claim, index: claim.index + 1 }, ...rest)
      : real.proveCoefficient(scope, claim, ...rest)
  const schnorr: typeof proveSchnorr = (scope, claim, ...rest) =>
    the.lie === 'schnorr' && scope.prover.x === evil
      ? real.proveSchnorr(scope, other, ...rest)
      : real.proveSchnorr(scope, claim, ...rest)
  return {
    ...real,
    proveCoefficient: coefficient,
    proveSchnorr: schnorr,
    verifyCoefficient: ((...args) =>
      the.off.has('coefficient') ||
      real.verifyCoefficient(...args)) as typeof real.verifyCoefficient,
    verifySchnorr: ((...args) =>
      the.off.has('schnorr') || real.verifySchnorr(...args)) as typeof real.verifySchnorr,
  }
})
vi.mock('../../signer-node/dkls23/polynomial.ts', async (original) => {
  const real = await original<typeof import('../../signer-node/dkls23/polynomial.ts')>()
  const isShareOf: typeof real.isShareOf = (...args) =>
    the.off.has('share') || real.isShareOf(...args)
  return { ...real, isShareOf }
})
vi.mock('../../signer-node/dkls23/ecdsa.ts', async (original) => {
  const real = await original<typeof import('../../signer-node/dkls23/ecdsa.ts')>()
  return {
    ...real,
    isValidSignature: ((...args) =>
      the.off.has('signature') || real.isValidSignature(...args)) as typeof real.isValidSignature,
    recoversTo: ((...args) =>
      the.off.has('signature') || real.recoversTo(...args)) as typeof real.recoversTo,
  }
})
vi.mock('../../signer-node/dkls23/pprf.ts', async (original) => {
  const real = await original<typeof import('../../signer-node/dkls23/pprf.ts')>()
  const growAs: typeof growTrees = (...args) => {
    const trees = real.growTrees(...args)
    the.grown += 1
    // Party 1 grows first. Whichever of the two sums of tree 0 is read, it is wrong.
    const isLie = the.lie === 'trees' && the.grown === 2
    return isLie ? { ...trees, message: flip(flip(trees.message, 0), 32) } : trees
  }
  const punctureTrees: typeof real.punctureTrees = (...args) => {
    const trees = real.punctureTrees(...args)
    return the.off.has('trees') ? { ...trees, isConsistent: true } : trees
  }
  return { ...real, growTrees: growAs, punctureTrees }
})
const { judge } = Pairing.prototype
beforeEach(() => {
  the.grown = 0
  the.lie = ''
  the.off.clear()
  Pairing.prototype.judge = function (check: BanCheck, hasPassed: boolean) {
    judge.call(this, check, hasPassed || the.off.has(check))
  }
})
afterEach(() => {
  Pairing.prototype.judge = judge
})

/** How it ended for party 1: `done`, what is wrong with what came out, or why it stopped. */
function ending(show: Show, tamper?: Tamper, sent: string[] = []): string {
  const watched: Tamper = (round, from, to, bytes) => {
    sent.push(`${round} from ${from}`)
    return tamper === undefined ? bytes : tamper(round, from, to, bytes)
  }
  const outcomes = new Map<Party, Outcome<unknown>>()
  try {
    for (const [x, outcome] of drive(show.protocols, watched)) outcomes.set(x, outcome)
  } catch (thrown) {
    // What stands behind a check that was taken away.
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
  const mine = [...outcomes].find(([x]) => x === 1)?.[1]
  if (mine === undefined) throw new Error('party 1 is missing')
  if (mine.kind === 'aborted') return mine.abort.reason
  const done = [...outcomes.values()].flatMap((one) => (one.kind === 'done' ? [one.value] : []))
  return show.judge(done) || 'done'
}

/** The liar's own run: what it finds wrong with itself does not concern the others. */
function* reckless<R>(protocol: Protocol<R>): Protocol<R> {
  try {
    return yield* protocol
  } catch {
    throw new Abort('missing-message', 'the liar falls silent')
  }
}

describe('a lie that passes everything but one check', () => {
  it.each([pairs, dkg, refreshes, signers].map((stage) => [stage.name, stage] as const))(
    'is no lie at all in an honest run of %s, which ends well',
    (_, stage) => {
      expect(ending(stage.begin('honest'))).toBe('done')
    },
  )

  it.each(controls.map((one) => [one.check, one] as const))(
    'is stopped by %s, and by nothing else',
    (_, one) => {
      the.lie = one.lie ?? ''
      expect(ending(one.stage.begin('lied'), one.tamper)).toBe(one.stopped)
      the.grown = 0
      the.off.add(one.off)
      expect(ending(one.stage.begin('lied'), one.tamper)).toBe(one.through)
    },
  )

  it('about the extension is stopped by the consistency check, before anything depends on it', () => {
    const tamper = changing(signers, 1, 'extension.choiceSum')
    const sent: string[] = []
    expect(ending(signers.begin('extension'), tamper, sent)).toBe('ot-check')
    expect(sent).not.toContain('2 from 1')
    the.off.add('ot-check')
    // The liar has hashed another message into its own pads, and stops; the honest one went on.
    expect(ending(signers.begin('extension'), tamper, sent)).toBe('missing-message')
    expect(sent).toContain('3 from 1')
  })

  it('about its share of the key is stopped by the sum of the key points, and then by the signature', () => {
    const stale = keysharesOf(curve, refreshed).get(evil)!
    const play = (equal: Curve['points']['equal']): string => {
      const bent = { ...curve, points: { ...curve.points, equal } }
      const setup = {
        curve: bent,
        name: 'stale',
        signers: [1, 2],
        keyshares: keysharesOf(curve, dkgKey),
      }
      const prepared = prepareSigning({ ...setup, pairings: dealPairings([1, 2]) })
      const protocols = new Map(
        [...prepared].map(([x, { run, job }]) => {
          const keyshare = x === evil ? stale : job.keyshare
          return [x, sign(run, { ...job, keyshare })] as const
        }),
      )
      const outcome = drive(protocols).get(parseParty(1))
      return outcome?.kind === 'aborted' ? outcome.abort.reason : 'released'
    }
    expect(play(curve.points.equal)).toBe('public-key-sum')
    expect(play(() => true)).toBe('released')
  })

  it('about the share that a reshare is of is stopped by the constant of its dealing', () => {
    const play = (equal: Curve['points']['equal']): string => {
      const bent = { ...curve, points: { ...curve.points, equal } }
      const key = keysharesOf(curve, dkgKey)
      const honest = reshare(curve).begin('constant')
      const setup = { dealers: [1, 2], receivers: nodes(1, 2, 4, 5, 6), threshold: 3 }
      const terms = reshareTerms(key, setup)
      const runs = reshareRuns(bent, key, terms, 'constant')
      const holds = (x: Party) => (x === evil ? wrongShare(key.get(x)!) : key.get(x))
      const protocols = new Map(
        [...runs].map(([x, run]) => {
          const share = terms.dealers.includes(x) ? holds(x) : undefined
          const own = resharing(run, terms, share)
          return [x, x === evil ? reckless(own) : own] as const
        }),
      )
      return ending({ ...honest, protocols })
    }
    expect(play(curve.points.equal)).toBe('constant')
    expect(play(() => true)).toBe('the shares are not of the public key')
  })

  it('about a part of an export is stopped by the fragments that came with it', () => {
    const honest = exporting(curve)
    expect(ending(honest.begin('part'))).toBe('done')
    expect(ending(honest.begin('part'), changing(honest, 1, 'part'))).toBe('share')
    const bent = exporting({ ...curve, points: { ...curve.points, equal: () => true } })
    expect(ending(bent.begin('part'), changing(bent, 1, 'part'))).toBe(
      'what was exported is not the key',
    )
  })

  it('about an imported share is stopped by the approved commitments', () => {
    const play = (): string => {
      const participants = nodes(1, 2, 3)
      const holders = { keyId: KEY_ID, threshold: 2, participants }
      const dealer = vectorRandomness('control', 0, curve)
      using key = new Secret(dealer.scalar('r'))
      const chainCode = dealer.bytes('cc', 32)
      const { dealing, shares } = dealImport(curve, dealer, holders, { key, chainCode })
      const commitments = importDigest(holders, dealing)
      const approved = { publicKey: dealing.coefficients[0]!, chainCode, commitments }
      const run = importRuns(curve, holders, commitments).get(parseParty(1))!
      try {
        acceptImport(run, { ...holders, epoch: 1, approved }, dealing, shares.get(evil)!)
        return 'taken'
      } catch (thrown) {
        return thrown instanceof Abort ? thrown.reason : String(thrown)
      }
    }
    expect(play()).toBe('share')
    the.off.add('share')
    // Behind it stands the keyshare itself, which is never made of a share and another's point.
    expect(play()).toMatch(/Malformed/)
  })

  it('about a base transfer is stopped where its slot becomes the identity (A7)', () => {
    const run = [...pairRuns(curve, [1, 2]).values()][0]!
    const psid = sha256(Uint8Array.of(1))
    const play = (add: Curve['points']['add']): string => {
      const bent = { ...curve, points: { ...curve.points, add } }
      const other = curve.points.generator
      const oracle = groupOracle(curve, psid, { idx: 0, slot: 0 }, other)
      const cancelling = curve.points.negate(oracle)!
      try {
        offer({ curve: bent, psid, peer: evil, randomness: run.randomness }, [[cancelling, other]])
        return 'answered'
      } catch (thrown) {
        return thrown instanceof Abort ? thrown.reason : String(thrown)
      }
    }
    expect(play(curve.points.add)).toBe('identity-point')
    expect(play((a, b) => curve.points.add(a, b) ?? curve.points.generator)).toBe('answered')
  })

  it('about the form of a scalar or a point is stopped by its decoder', () => {
    const put = (stage: Stage, path: string, bytes: Uint8Array): Tamper => {
      const leaf = leavesOf(stage.rounds.get(2)?.fields ?? []).find((one) => one.path === path)
      return (round, from, _to, message) => {
        if (round === 2 && from === evil) message.set(bytes, leaf?.offsets[0] ?? 0)
        return message
      }
    }
    const high = new Uint8Array(32).fill(0xff)
    const off = new Uint8Array(33).fill(0xff)
    expect(ending(signers.begin('form'), put(signers, 'offset', high))).toBe('malformed')
    expect(ending(signers.begin('form'), put(signers, 'noncePoint', off))).toBe('malformed')
    const { scalars, points } = curve
    const loose = two({ scalars: { ...scalars, decodeScalar: (bytes) => scalars.reduce(bytes) } })
    expect(ending(loose.begin('form'), put(loose, 'offset', high))).toBe('signature-invalid')
    const decodePoint: typeof points.decodePoint = (bytes) =>
      points.tryPoint(bytes) ?? points.generator
    const open = two({ points: { ...points, decodePoint } })
    expect(ending(open.begin('form'), put(open, 'noncePoint', off))).toBe('commitment')
  })
})

/** The share of the key and one more. */
function wrongShare(keyshare: Keyshare): Keyshare {
  const { scalars } = curve
  const secretShare = new Secret(scalars.add(keyshare.secretShare.bytes, scalars.one))
  return Object.assign(Object.create(Keyshare.prototype), keyshare, { secretShare })
}
