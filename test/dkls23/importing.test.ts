import { beforeAll, describe, expect, it } from 'vitest'
import { Abort } from '../../signer-node/dkls23/abort.ts'
import { ascii, Malformed } from '../../signer-node/dkls23/bytes.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import {
  type ApprovedImport,
  acceptImport,
  dealImport,
  importDigest,
  importLayout,
  requireDealt,
} from '../../signer-node/dkls23/importing.ts'
import type { PendingKey } from '../../signer-node/dkls23/keygen.ts'
import { type KeyPast, Keyshare, MADE_HERE } from '../../signer-node/dkls23/keyshare.ts'
import { decodeAs, encodeAs } from '../../signer-node/dkls23/layout.ts'
import { InvalidParticipants, type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import { prepareReshare } from '../../signer-node/dkls23/reshare.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { sign } from '../../signer-node/dkls23/sign.ts'
import { hashToScalar } from '../../signer-node/dkls23/transcript.ts'
import { retry } from '../kit/crooked-dealer.ts'
import { KEY_ID } from '../kit/keys.ts'
import {
  anyOf,
  confirmAll,
  importKey,
  importRuns,
  type Key,
  refreshKey,
  reshareKey,
  reshareRuns,
  reshareTerms,
  resharing,
} from '../kit/lifecycle.ts'
import { dealPairings } from '../kit/pairings.ts'
import { abortOf, drive, flip, nodes, vectorRandomness } from '../kit/protocol.ts'
import { groupsOf, secretOf } from '../kit/shares.ts'
import { prepareSigning, signingProtocols } from '../kit/signing.ts'
import { hex } from '../kit/vectors.ts'

const curve = nativeCurve()
const { scalars, points } = curve
const secret = hashToScalar(curve, 'gadget', 'imported')
const publicKey = points.multiplyBase(secret)!
const chainCode = new Uint8Array(32).fill(7)
const holders = { keyId: KEY_ID, threshold: 2, participants: nodes(1, 2, 3) }
const one = parseParty(1)

const deal = (change: Partial<typeof holders> = {}, source = { chainCode }) => {
  const key = new Secret(scalars.add(secret, scalars.zero))
  const randomness = vectorRandomness('import', 0, curve)
  return dealImport(curve, randomness, { ...holders, ...change }, { ...source, key })
}
const { dealing, shares } = deal()
const approved: ApprovedImport = {
  publicKey,
  chainCode,
  commitments: importDigest(holders, dealing),
}
const terms = { keyId: KEY_ID, epoch: 1, threshold: 2, approved }
const run = importRuns(curve, holders, approved.commitments).get(one)!
const accept = (
  change: Partial<typeof terms> = {},
  given: { dealing?: typeof dealing; share?: Secret<typeof secret> } = {},
) => {
  const { share = shares.get(one)! } = given
  return acceptImport(run, { ...terms, ...change }, given.dealing ?? dealing, share)
}

describe('a dealt import', () => {
  it.each([
    [2, [1, 2]],
    [2, [1, 2, 3]],
    [3, [1, 2, 3, 4, 5]],
    [9, Array.from({ length: 16 }, (_, i) => i + 1)],
  ])('to %i of the nodes %j is the key that was given, and a refresh keeps it', (threshold, xs) => {
    const key = importKey(curve, { threshold, participants: nodes(...xs), secret, chainCode })
    expect([...key.keys()]).toEqual(xs)
    const past = { origin: 'imported', isExported: false, standing: 'unrefreshed' }
    for (const { facts } of key.values()) {
      expect(facts).toMatchObject({ epoch: 1, threshold, past })
      expect([facts.publicKey, facts.chainCode].map(hex)).toEqual([publicKey, chainCode].map(hex))
    }
    for (const group of groupsOf([...key.values()], threshold).slice(0, 10)) {
      expect(hex(secretOf(curve, group))).toBe(hex(secret))
      expect(hex(secretOf(curve, group.slice(1)))).not.toBe(hex(secret))
    }
  })

  it('leaves the key to its owner and gives every node another share', () => {
    const key = new Secret(scalars.add(secret, scalars.zero))
    const randomness = vectorRandomness('import', 0, curve)
    const dealt = dealImport(curve, randomness, holders, { key, chainCode })
    expect(hex(key.bytes)).toBe(hex(secret))
    const all = [...dealt.shares.values()].map(({ bytes }) => hex(bytes))
    expect(new Set([...all, hex(secret)]).size).toBe(4)
  })

  it('survives its encoding, which has one size', () => {
    const layout = importLayout(curve, 2)
    const bytes = encodeAs(layout, dealing)
    expect(bytes).toHaveLength(2 * 33 + 32)
    expect(decodeAs(layout, bytes)).toEqual(dealing)
    expect(() => decodeAs(importLayout(curve, 3), bytes)).toThrow(Malformed)
  })

  it('is refused for terms that no key may have', () => {
    expect(() => deal({ threshold: 1 })).toThrow(InvalidParticipants)
    expect(() => deal({ keyId: new Uint8Array() })).toThrow(Malformed)
    expect(() => deal({}, { chainCode: new Uint8Array(31) })).toThrow(Malformed)
  })
})

describe('the digest of a dealing', () => {
  it('is another for every other key, group, commitment or chain code', () => {
    const [first, second] = dealing.coefficients
    const digests = [
      importDigest(holders, dealing),
      importDigest({ ...holders, keyId: ascii('key-2') }, dealing),
      importDigest({ ...holders, threshold: 3 }, dealing),
      importDigest({ ...holders, participants: nodes(1, 2, 4) }, dealing),
      importDigest(holders, { ...dealing, coefficients: [second!, first!] }),
      importDigest(holders, { ...dealing, chainCode: flip(chainCode, 0) }),
    ].map(hex)
    expect(new Set(digests).size).toBe(6)
  })
})

describe('a node that receives an import', () => {
  it('accepts the approved dealing with its own share', () => {
    const pending = accept()
    expect(pending).toMatchObject({ round: 1 })
    expect(hex(pending.keyshare.facts.publicKey)).toBe(hex(publicKey))
    expect(pending.keyshare.secretShare.equals(shares.get(one)!)).toBe(true)
  })

  // Two of three could sign with a key of which people were told that it takes three.
  it('refuses fewer coefficients than the threshold, though people approved exactly those', () => {
    const asThree = { ...holders, threshold: 3 }
    const told = { ...approved, commitments: importDigest(asThree, dealing) }
    const call = () => accept({ threshold: 3, approved: told })
    expect(call).toThrow(Malformed)
    expect(call).toThrow('expected 3 coefficients, got 2')
  })

  it.each<[string, Partial<typeof holders>, Uint8Array]>([
    ['the name of no key', { keyId: new Uint8Array() }, chainCode],
    ['a chain code of 31 bytes', {}, chainCode.slice(1)],
    ['a chain code of 33 bytes', {}, new Uint8Array(33)],
  ])('refuses %s, though people approved exactly that', (_, change, code) => {
    const of = { ...holders, ...change }
    const dealt = { ...dealing, chainCode: code }
    const told = { publicKey, chainCode: code, commitments: importDigest(of, dealt) }
    const to = { x: one, share: shares.get(one)!.bytes }
    const lawful = { ...holders, epoch: 1, approved }
    expect(() => requireDealt(curve, lawful, dealing, to)).not.toThrow()
    const call = () => requireDealt(curve, { ...of, epoch: 1, approved: told }, dealt, to)
    expect(call).toThrow(Malformed)
  })

  const other = { ...dealing, coefficients: [dealing.coefficients[0]!, points.generator] }
  it.each<[string, () => unknown]>([
    ['another dealing of the same key', () => accept({}, { dealing: other })],
    [
      'another chain code',
      () => accept({}, { dealing: { ...dealing, chainCode: flip(chainCode, 3) } }),
    ],
    [
      'a chain code of 31 bytes',
      () => accept({}, { dealing: { ...dealing, chainCode: chainCode.slice(1) } }),
    ],
    [
      'a coefficient fewer (A30)',
      () => accept({}, { dealing: { ...dealing, coefficients: [publicKey] } }),
    ],
    [
      'a coefficient more (A30)',
      () =>
        accept({}, { dealing: { ...dealing, coefficients: [...dealing.coefficients, publicKey] } }),
    ],
    [
      'another public key than approved',
      () => accept({ approved: { ...approved, publicKey: points.generator } }),
    ],
    [
      'another chain code than approved',
      () => accept({ approved: { ...approved, chainCode: flip(chainCode, 3) } }),
    ],
    [
      'another digest than approved',
      () => accept({ approved: { ...approved, commitments: flip(approved.commitments, 3) } }),
    ],
    ['another threshold', () => accept({ threshold: 3 })],
    ['another key id', () => accept({ keyId: ascii('key-2') })],
  ])('refuses %s', (_, attempt) => {
    expect(attempt).toThrow(Malformed)
  })

  it.each([
    ['the share of another node', () => shares.get(parseParty(2))!],
    ['a share that is changed', () => new Secret(scalars.add(shares.get(one)!.bytes, scalars.one))],
  ])('refuses %s, and names no node, because the dealer is none', (_, share) => {
    let thrown: unknown
    try {
      accept({}, { share: share() })
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(Abort)
    expect(thrown).toMatchObject({ reason: 'share', culprit: undefined })
  })

  it('agrees with the others only in the same session: another one gives another confirmation', () => {
    const elsewhere = { ...run, sid: new Uint8Array(32) }
    const again = acceptImport(elsewhere, terms, dealing, shares.get(one)!)
    expect(hex(again.confirmation)).not.toBe(hex(accept().confirmation))
    expect(hex(again.keyshare.keyState)).toBe(hex(accept().keyshare.keyState))
  })

  it('does not confirm with a node that holds a share of another dealing', () => {
    const confirm = (change: Partial<PendingKey>) => {
      const runs = importRuns(curve, holders, approved.commitments)
      const pending = [...runs].map(
        ([x, own]) => [x, acceptImport(own, terms, dealing, shares.get(x)!)] as const,
      )
      const changed = pending.map(
        ([x, own]) => [x, x === one ? { ...own, ...change } : own] as const,
      )
      return confirmAll(runs, new Map(changed))
    }
    expect(() => confirm({ confirmation: new Uint8Array(32) })).toThrow('the confirmation')
    expect(confirm({}).size).toBe(3)
  })
})

describe('an imported key', () => {
  let imported: Key
  let refreshed: Key
  beforeAll(() => {
    imported = importKey(curve, { ...holders, secret, chainCode })
    refreshed = refreshKey(curve, imported)
  })
  const pairings = dealPairings([1, 2, 3])
  const setup = (keyshares: Key) => ({
    curve,
    name: 'imported',
    signers: [1, 2],
    keyshares,
    pairings,
  })
  const because = 'an imported key is used for nothing before it was refreshed'

  it('signs nothing before its refresh, and sends no byte', () => {
    const { run, job } = prepareSigning(setup(imported)).get(one)!
    expect(() => sign(run, job).next([])).toThrow(because)
  })

  it('is not reshared before its refresh', () => {
    const to = { dealers: [1, 2], receivers: nodes(1, 2, 3), threshold: 2 }
    expect(() => reshareKey(curve, imported, to)).toThrow(because)
    expect(anyOf(reshareKey(curve, refreshed, to)).facts.past.origin).toBe('imported')
  })

  it('is not dealt under terms that forget what became of it, which no key state names', () => {
    const exported = new Map([...refreshed].map(([x, one]) => [x, one.markExported(curve)]))
    const past = { origin: 'imported', isExported: false, standing: 'active' } as const
    const cases: readonly (readonly [Key, KeyPast, boolean])[] = [
      [imported, past, false],
      [imported, MADE_HERE, false],
      [refreshed, MADE_HERE, false],
      [exported, past, false],
      [refreshed, past, true],
      // The log may say more than this holder has heard.
      [refreshed, { ...past, isExported: true }, true],
    ]
    for (const [held, told, isDealt] of cases) {
      const terms = reshareTerms(held, { dealers: [1, 2], receivers: nodes(1, 3), threshold: 2 })
      const forged = { ...terms, old: { ...terms.old, past: told } }
      const first = prepareReshare(reshareRuns(curve, held, terms).get(one)!, forged, held.get(one))
      if (isDealt) expect(first.next([]).value).toHaveLength(2)
      else expect(() => first.next([])).toThrow('forget what became of this key')
      first.return(undefined)
    }
  })

  it('is confirmed by no receiver that was told less of its past than another', () => {
    const terms = reshareTerms(refreshed, {
      dealers: [1, 2],
      receivers: nodes(4, 5),
      threshold: 2,
    })
    const forged = { ...terms, old: { ...terms.old, past: MADE_HERE } }
    const parties = [...reshareRuns(curve, refreshed, terms)].map(([x, run]) => {
      const own = terms.dealers.includes(x) ? refreshed.get(x) : undefined
      return [x, resharing(run, x === 5 ? forged : terms, own)] as const
    })
    const outcomes = drive(new Map(parties))
    for (const x of [4, 5]) expect(abortOf(outcomes, x)).toMatchObject(retry('view-mismatch'))
  })

  it('signs after its refresh, with shares that its dealer never knew', () => {
    for (const [x, { secretShare, facts }] of refreshed) {
      expect(facts.past).toEqual({ origin: 'imported', isExported: false, standing: 'active' })
      expect(secretShare.equals(imported.get(x)!.secretShare)).toBe(false)
    }
    const outcomes = drive(signingProtocols(setup(refreshed)))
    expect([...outcomes.values()].map(({ kind }) => kind)).toEqual(['done', 'done'])
  })

  it('is imported for ever: in its file, after every refresh and every reshare', () => {
    const again = refreshKey(curve, refreshed, 'refresh again')
    const to = { dealers: [1, 3], receivers: nodes(3, 4, 5), threshold: 2 }
    const reshared = reshareKey(curve, again, to)
    for (const keyshare of reshared.values()) {
      using parsed = Keyshare.parse(curve, keyshare.encode().bytes)
      expect(parsed.facts.past).toEqual({
        origin: 'imported',
        isExported: false,
        standing: 'active',
      })
    }
  })

  it('that was exported stays so through a refresh and a reshare', () => {
    const marked = new Map(
      [...refreshed].map(([x, share]): [Party, Keyshare] => [x, share.markExported(curve)]),
    )
    const later = refreshKey(curve, marked, 'refresh exported')
    const to = { dealers: [1, 3], receivers: nodes(1, 2, 3), threshold: 2 }
    for (const { facts } of reshareKey(curve, later, to).values()) {
      expect(facts.past).toEqual({ origin: 'imported', isExported: true, standing: 'active' })
    }
  })
})
