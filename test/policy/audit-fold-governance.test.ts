import { describe, expect, it } from 'vitest'
import { enclosureDigest, readEnclosures, signedEnclosure } from '../../policy/audit/enclosures.ts'
import { inForce, requestView } from '../../policy/audit/history.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { attempt } from '../../proto/refusal.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import * as house from '../kit/audit-documents.ts'
import { bootedLog, bootstrap, digestNamed, genesisBody, TestLog } from '../kit/audit-log.ts'
import { handleOf } from '../kit/examples.ts'

const begun = () => new TestLog().add('log.genesis', genesisBody)
const rooted = () => begun().add('root.activated', bootstrap.root, [house.rootText])
const withPolicy = () => rooted().add('policy.activated', bootstrap.policy, [house.policyText])
const withDirectory = () =>
  withPolicy().add('directory.activated', bootstrap.directory, [house.directoryText])

const freeze: JsonObject = {
  format: 'custody-freeze/v1',
  org: house.org,
  env: house.env,
  scope: 'all',
  person: 'ana',
  credential: 'ana-1',
  issued: '2026-12-01T00:00:00Z',
  nonce: '00'.repeat(16),
}

function freezeBy(person: string, change: JsonObject = {}): [JsonObject, string[]] {
  const document: JsonObject = { ...freeze, person, credential: `${person}-1`, ...change }
  const key = house.keyOf(person).sign
  const signed = sign(tags.freeze, toUtf8(text(document)), handleOf(`${person}-1`), key)
  const enclosure = signedEnclosure(signed)
  return [{ freeze: enclosureDigest(enclosure), scope: document['scope']! }, [enclosure]]
}

describe('the bootstrap of governance', () => {
  it('puts exactly the pinned root and what it names in force, in order', () => {
    const log = bootedLog()
    const ruleset = readSync(inForce(), log.rows)
    expect(ruleset).toMatchObject({
      root: house.rootDigest,
      policy: house.policyDigest,
      directory: house.directoryDigest,
      books: [{ name: 'customer', digest: house.bookDigest, seq: 4 }],
      digest: bootstrap.book.ruleset,
    })
    const { documents } = readSync(requestView(digestNamed('none')), log.rows)
    expect([...documents.values()]).toEqual([
      house.rootText,
      house.policyText,
      house.directoryText,
      house.bookText,
    ])
  })

  it('is void for a genesis of another origin', () => {
    const body = { ...genesisBody, origin: 'log.evil.example/custody-dev' }
    expect(new TestLog().outcome('log.genesis', body)).toBe('LOG_FORK')
  })

  it('is void for a root that is not pinned, and needs no document to say so', () => {
    const body = { ...bootstrap.root, root: digestNamed('other root') }
    expect(begun().outcome('root.activated', body)).toBe('RULESET_SIG')
  })

  it('is void for a root that names another log than the genesis', () => {
    const other = house.log.publicKey.map((byte) => byte ^ 1)
    const vkey = `${house.origin}+00000000+${Buffer.from([1, ...other]).toString('base64')}`
    const log = new TestLog().add('log.genesis', { ...genesisBody, vkey })
    expect(log.outcome('root.activated', bootstrap.root, [house.rootText])).toBe('LOG_FORK')
  })

  it('is void for a second activation of each', () => {
    const log = bootedLog()
    expect(log.outcome('root.activated', bootstrap.root, [house.rootText])).toBe('GOV_QUORUM')
    expect(log.outcome('policy.activated', bootstrap.policy)).toBe('NOT_SUPPORTED')
    expect(log.outcome('directory.activated', bootstrap.directory)).toBe('NOT_SUPPORTED')
    expect(log.outcome('book.activated', bootstrap.book)).toBe('NOT_SUPPORTED')
  })

  it('is void for a document that the root does not name', () => {
    const other = digestNamed('other')
    const policy = { ...bootstrap.policy, policy: other }
    expect(rooted().outcome('policy.activated', policy)).toBe('RULESET_SIG')
    const directory = { ...bootstrap.directory, directory: other }
    expect(withPolicy().outcome('directory.activated', directory)).toBe('RULESET_SIG')
    const book = { ...bootstrap.book, book: other }
    expect(withDirectory().outcome('book.activated', book)).toBe('RULESET_SIG')
    const named = { ...bootstrap.book, name: 'otc' }
    expect(withDirectory().outcome('book.activated', named)).toBe('RULESET_SIG')
  })

  it('is void out of order', () => {
    expect(begun().outcome('policy.activated', bootstrap.policy)).toBe('RULESET_VERSION')
    expect(rooted().outcome('directory.activated', bootstrap.directory)).toBe('RULESET_VERSION')
    expect(withPolicy().outcome('book.activated', bootstrap.book)).toBe('RULESET_VERSION')
  })

  it('is void with another version, ruleset or change in the line', () => {
    const cases: readonly [TestLog, 'root' | 'policy' | 'directory' | 'book', string][] = [
      [begun(), 'root', house.rootText],
      [rooted(), 'policy', house.policyText],
      [withPolicy(), 'directory', house.directoryText],
      [withDirectory(), 'book', house.bookText],
    ]
    for (const [log, what, document] of cases) {
      const type = `${what}.activated` as const
      const bent = (change: JsonObject) =>
        log.outcome(type, { ...bootstrap[what], ...change }, [document])
      expect(bent({}), what).toBe('folded')
      expect(bent({ version: 2 }), what).toBe('RULESET_VERSION')
      expect(bent({ ruleset: digestNamed('other') }), what).toBe('RULESET_VERSION')
      if (what !== 'root') expect(bent({ change: digestNamed('x') }), what).toBe('NOT_SUPPORTED')
    }
  })

  it('cannot be folded by anybody while a document that it needs did not come', () => {
    expect(begun().outcome('root.activated', bootstrap.root)).toBe('missing')
    expect(rooted().outcome('policy.activated', bootstrap.policy)).toBe('missing')
    expect(withPolicy().outcome('directory.activated', bootstrap.directory)).toBe('missing')
    expect(withDirectory().outcome('book.activated', bootstrap.book)).toBe('missing')
    expect(bootedLog().outcome('freeze.set', freezeBy('ana')[0])).toBe('missing')
  })

  it('leaves later changes void until they are supported', () => {
    const log = bootedLog()
    const { policy, directory } = bootstrap
    expect(log.outcome('policy.proposed', policy)).toBe('NOT_SUPPORTED')
    expect(log.outcome('directory.proposed', directory)).toBe('NOT_SUPPORTED')
    const list = { change: policy.change, list: policy.policy, name: 'x', ruleset: policy.ruleset }
    expect(log.outcome('list.published', { ...list, version: 1 })).toBe('NOT_SUPPORTED')
    const cleared = { change: policy.change, scope: 'all' }
    expect(log.outcome('freeze.cleared', cleared)).toBe('NOT_SUPPORTED')
    expect(log.outcome('log.heartbeat', {})).toBe('folded')
  })

  it('gives no view of a request before a root is in force', () => {
    const view = () => readSync(requestView(digestNamed('none')), begun().rows)
    expect(attempt(view)).toMatchObject({ code: 'RULESET_VERSION' })
  })
})

describe('a freeze', () => {
  it('of a listed person works from its line on, for everything or one vault', () => {
    const log = bootedLog()
      .add('freeze.set', ...freezeBy('ana'))
      .add('freeze.set', ...freezeBy('bo', { scope: 'hot-eth' }))
    expect(log.rows.answer({ kind: 'get', table: 'freeze', key: 'all' }).length).toBe(1)
    expect(log.rows.answer({ kind: 'get', table: 'freeze', key: 'hot-eth' }).length).toBe(1)
  })

  it('is void the second time', () => {
    const given = freezeBy('ana')
    const log = bootedLog().add('freeze.set', ...given)
    expect(log.outcome('freeze.set', ...given)).toBe('APPROVAL_REPLAYED')
  })

  it('is void from a person in no role that may freeze', () => {
    expect(bootedLog().outcome('freeze.set', ...freezeBy('jun'))).toBe('GOV_QUORUM')
  })

  /** Enclosures of one digest whose signatures verify under no credential that it names. */
  function forgedOf(enclosure: string): readonly string[] {
    const document = toUtf8(JSON.parse(enclosure).document)
    const [ana, jun] = [house.keyOf('ana').sign, house.keyOf('jun').sign]
    return [
      sign(tags.freeze, document, handleOf('ana-1'), jun),
      sign(tags.freeze, document, handleOf('jun-1'), jun),
      sign(tags.freeze, document, handleOf('eve-1'), jun),
      sign(tags.freeze, document, handleOf('bo-1'), ana),
      sign(tags.approval, document, handleOf('ana-1'), ana),
    ].map(signedEnclosure)
  }

  it('has not come, and is not void, while no enclosure of it verifies', () => {
    const log = bootedLog()
    const [body, [enclosure]] = freezeBy('ana')
    const forged = forgedOf(enclosure!)
    for (const one of forged) {
      expect(enclosureDigest(one)).toBe(body['freeze'])
      expect(log.outcome('freeze.set', body, [one])).toBe('missing')
    }
    expect(log.outcome('freeze.set', body, forged)).toBe('missing')
    expect(log.outcome('freeze.set', body, [])).toBe('missing')
    const unknown = freezeBy('ana', { credential: 'eve-1' })
    expect(log.outcome('freeze.set', ...unknown)).toBe('missing')
  })

  it('means the same beside any other enclosure of its digest, in any order', () => {
    const [body, [enclosure]] = freezeBy('ana')
    const forged = forgedOf(enclosure!)
    const alone = bootedLog().add('freeze.set', body, [enclosure!]).rows.dump()
    for (const one of forged) {
      for (const came of [
        [enclosure!, one],
        [one, enclosure!],
      ]) {
        expect(bootedLog().add('freeze.set', body, came).rows.dump()).toEqual(alone)
      }
    }
    const [listless, [refused]] = freezeBy('jun')
    const other = forgedOf(refused!)[0]!
    expect(bootedLog().outcome('freeze.set', listless, [other, refused!])).toBe('GOV_QUORUM')
  })

  it('is void by a credential that is valid no longer, and as a document of another kind', () => {
    const log = bootedLog()
    log.t = Date.parse('2028-01-02T00:00:00Z')
    const late = freezeBy('ana', { issued: '2028-01-02T00:00:00Z' })
    expect(log.outcome('freeze.set', ...late)).toBe('APPROVAL_SIG')
    const odd = freezeBy('ana', { format: 'custody-thaw/v1' })
    expect(bootedLog().outcome('freeze.set', ...odd)).toBe('MALFORMED')
  })

  it('is void unless it is dated when it was recorded, within the difference of clocks', () => {
    const [at, late] = [bootedLog(), bootedLog()]
    expect(at.wait(120).outcome('freeze.set', ...freezeBy('ana'))).toBe('folded')
    expect(late.wait(121).outcome('freeze.set', ...freezeBy('ana'))).toBe('TIME')
    const ahead = freezeBy('ana', { issued: '2026-12-01T00:02:01Z' })
    expect(bootedLog().outcome('freeze.set', ...ahead)).toBe('TIME')
  })

  it('is void when the line or the person says something else than what was signed', () => {
    const log = bootedLog()
    const [body, enclosures] = freezeBy('ana')
    const wider = { ...body, scope: 'hot-eth' }
    expect(log.outcome('freeze.set', wider, enclosures)).toBe('APPROVAL_SCOPE')
    const named = freezeBy('ana', { person: 'bo' })
    expect(log.outcome('freeze.set', ...named)).toBe('APPROVAL_SCOPE')
  })

  it('is void for another organisation or environment, and for an unknown vault', () => {
    const log = bootedLog()
    expect(log.outcome('freeze.set', ...freezeBy('ana', { env: 'prod' }))).toBe('RULESET_SIG')
    expect(log.outcome('freeze.set', ...freezeBy('ana', { org: 'other' }))).toBe('RULESET_SIG')
    const nowhere = freezeBy('ana', { scope: 'hot-btc' })
    expect(log.outcome('freeze.set', ...nowhere)).toBe('VAULT_NOT_FOUND')
  })

  it('is void before there is a policy and a directory to judge it by', () => {
    expect(begun().outcome('freeze.set', ...freezeBy('ana'))).toBe('RULESET_VERSION')
    expect(rooted().outcome('freeze.set', ...freezeBy('ana'))).toBe('POLICY_CHANGED')
    expect(withPolicy().outcome('freeze.set', ...freezeBy('ana'))).toBe('DIRECTORY')
  })
})

describe('an enclosure', () => {
  it('is found only under the digest of its own bytes', () => {
    const read = readEnclosures([house.rootText, house.policyText, house.bookText])
    expect([...read.keys()]).toEqual([house.rootDigest, house.policyDigest, house.bookDigest])
    expect(readEnclosures([house.rootText, house.rootText]).get(house.rootDigest)?.length).toBe(2)
  })

  it('is refused when it is no canonical document of a known kind', () => {
    expect(() => readEnclosures([` ${house.rootText}`])).toThrow('canonical')
    expect(() => readEnclosures(['[]'])).toThrow('expected an object')
    expect(() => readEnclosures(['{"format":"custody-intent/v1"}'])).toThrow('unknown key')
    expect(() => readEnclosures(['x'.repeat(524_289)])).toThrow('too long')
  })
})
