import { describe, expect, it } from 'vitest'
import { formatVkey, vkeyOf } from '../../policy/audit/checkpoint.ts'
import { inForce } from '../../policy/audit/history.ts'
import { readReigns } from '../../policy/audit/reigns.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { put, tables } from '../../policy/audit/tables.ts'
import { digestOfText } from '../../policy/document.ts'
import { toHex } from '../../proto/crypto.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { tags } from '../../proto/tags.ts'
import * as house from '../kit/audit-documents.ts'
import {
  bootedLog,
  bootstrap,
  digestNamed,
  keyBody,
  Payment,
  readyLog,
  type TestLog,
  vaultRow,
} from '../kit/audit-log.ts'
import {
  digestOfSignatures,
  firstRoot,
  lightJson,
  nextRoot,
  node,
  nodeJson,
  partLine,
  policy3,
  policyWith,
  replaced,
  replaceNode,
  rootLine,
  signedBy,
  threeOfThree,
  type WrittenRoot,
  witnessOf,
} from '../kit/succession.ts'

const hex = (name: string) => toHex(house.keyOf(name).publicKey)
const genesis = house.root['genesis'] as JsonObject
const outcome = (log: TestLog, next: WrittenRoot, ...more: Tail) =>
  log.outcome('root.activated', ...line(log, next, ...more))
const line = (log: TestLog, next: WrittenRoot, ...[by, documents]: Tail) =>
  rootLine(log, next, by ?? signedBy(next), documents)
type Tail = [by?: string | undefined, documents?: readonly string[]]
type Row = [string, string, WrittenRoot, (string | undefined)?, (readonly string[])?]

/** Replaces node-c by node-d and changes something more. */
const replacing = (change: JsonObject): WrittenRoot =>
  nextRoot({ ...(JSON.parse(replaced.text) as JsonObject), version: 2, ...change })
const withPolicy = [policy3.text]
/** The first policy again, as version 3 after version 1. */
function unordered() {
  const written = text({ ...house.policy, version: 3, previous: house.policyDigest })
  return { text: written, digest: documentDigest(written) }
}
const documentDigest = (written: string) => digestOfText(tags.policy, written)

describe('a root that follows another', () => {
  it('comes into force when the quorum of the root before signed exactly it, and is kept', () => {
    const log = bootedLog()
    const next = nextRoot({
      nodes: [node.a, node.b, { ...node.c, transport: digestNamed('tls 2') }],
    })
    const before = readSync(inForce(), log.rows)
    log.add('root.activated', ...line(log, next))
    const after = readSync(inForce(), log.rows)
    expect(after).toMatchObject({ root: next.root.digest, policy: before.policy })
    expect(after.books).toEqual(before.books)
    expect(after.digest).not.toBe(before.digest)
    const reigns = readSync(readReigns(), log.rows)
    expect(reigns.map(({ root, from }) => [root.version, from])).toEqual([
      [1, 1],
      [2, 5],
    ])
  })

  it('puts the documents that it names anew in force by the lines after it, and nothing before', () => {
    const log = readyLog()
    const pay = new Payment('p', log.t + 3_600_000)
    const reserve = () => log.outcome('spend.reserved', pay.reserved('0'))
    log.add('intent.created', pay.created()).add('intent.evaluated', pay.evaluated('allow'))
    expect(reserve()).toBe('folded')
    log.add('root.activated', ...line(log, replaced, undefined, withPolicy))
    expect(reserve()).toBe('POLICY_CHANGED')
    expect(readSync(inForce(), log.rows)).toMatchObject({ policy: '', directory: '' })
    const other = partLine(log, 'policy', replaced, house.policyText)
    expect(log.outcome('policy.activated', ...other)).toBe('RULESET_SIG')
    const directory = partLine(log, 'directory', replaced, house.directoryText)
    expect(log.outcome('directory.activated', ...directory)).toBe('RULESET_VERSION')
    log.add('policy.activated', ...partLine(log, 'policy', replaced, policy3.text))
    expect(reserve()).not.toBe('folded')
    log.add('directory.activated', ...partLine(log, 'directory', replaced, house.directoryText))
    const renewed = { ...pay.reserved('0'), policy: policy3.digest }
    expect(log.outcome('spend.reserved', renewed)).toBe('folded')
    // The book kept its place and its age.
    expect(readSync(inForce(), log.rows).books).toMatchObject([{ name: 'customer', seq: 4 }])
  })

  it('keeps enough holders of every key that its policy names, or is void', () => {
    const log = replaceNode(bootedLog().add('key.generated', keyBody(vaultRow('hot-eth'))))
    const onlyA = nextRoot({ nodes: [node.a, nodeJson('node-f', 2), node.d] }, replaced)
    const [body, documents] = line(log, onlyA)
    expect(log.outcome('root.activated', body, documents)).toBe('PARTICIPANTS')
    const withB = nextRoot({ nodes: [node.a, node.b, nodeJson('node-f', 3)] }, replaced)
    expect(outcome(log, withB)).toBe('folded')
    const unkeyed = replaceNode(bootedLog())
    expect(outcome(unkeyed, onlyA)).toBe('folded')
    const destroyed = replaceNode(bootedLog())
    const row = { ...vaultRow('hot-eth'), standing: 'disabled' } as const
    destroyed.rows.apply([put(tables.vault, 'hot-eth', row)])
    expect(outcome(destroyed, onlyA)).toBe('folded')
    // Given up by name: the vault is in the policy no more.
    const other = JSON.parse(policy3.text.replaceAll('"hot-eth"', '"hot-new"')) as JsonObject
    const without = text({ ...other, version: 3, previous: policy3.digest })
    const givenUp = nextRoot(
      {
        nodes: [node.a, nodeJson('node-f', 2), node.d],
        genesis: { ...genesis, policy: documentDigest(without) },
      },
      replaced,
    )
    expect(outcome(log, givenUp, undefined, [without])).toBe('folded')
  })

  it('may be followed by the next one, which is signed by its own quorum', () => {
    const keys = ['g-1', 'g-2', 'g-3']
    const second = nextRoot({ governance: { keys: keys.map(hex), threshold: 2 } })
    const third = nextRoot({ governance: { keys: [hex('g-1'), hex('g-2')], threshold: 1 } }, second)
    const log = bootedLog()
    log.add('root.activated', ...line(log, second, signedBy(second, ['governance', 'g-1', 'g-2'])))
    expect(outcome(log, third, signedBy(third, ['governance']))).toBe('GOV_QUORUM')
    expect(outcome(log, third, signedBy(third, ['g-1']))).toBe('GOV_QUORUM')
    expect(outcome(log, third, signedBy(third, ['g-1', 'g-3']))).toBe('folded')
  })

  const otherLog = vkeyOf(house.origin, 'log', house.keyOf('other log').publicKey)
  const light = lightJson('light')
  const moved = nextRoot({ nodes: [{ ...node.a, x: 2 }, { ...node.b, x: 1 }, node.c] })
  const renamed = { ...nodeJson('node-f', 3), identity: node.c['identity']! }
  const rekeyed = { ...nodeJson('node-c', 3), identity: hex('other identity') }
  const wider = policyWith({ witness: { n: 4, f: 0, quorum: 3 } })

  const table: readonly Row[] = [
    ['nothing wrong', 'folded', nextRoot()],
    ['nothing wrong, and a node replaced', 'folded', replaced, undefined, withPolicy],
    ['another organisation', 'RULESET_SIG', nextRoot({ org: 'other' })],
    ['another environment', 'RULESET_SIG', nextRoot({ env: 'test' })],
    [
      'another key of the log',
      'LOG_FORK',
      nextRoot({ log: { origin: house.origin, vkey: formatVkey(otherLog) } }),
    ],
    ['a version left out', 'RULESET_VERSION', nextRoot({ version: 3 })],
    ['the version in force again', 'RULESET_VERSION', nextRoot({ version: 1 })],
    ['another root before it', 'RULESET_VERSION', nextRoot({ previous: digestNamed('other') })],
    ['places that moved', 'PARTICIPANTS', moved],
    [
      'a name with another key',
      'PARTICIPANTS',
      replacing({ nodes: [node.a, node.b, rekeyed] }),
      undefined,
      withPolicy,
    ],
    [
      'a key with another name',
      'PARTICIPANTS',
      replacing({ nodes: [node.a, node.b, renamed] }),
      undefined,
      withPolicy,
    ],
    ['no signature of the quorum', 'GOV_QUORUM', nextRoot(), signedBy(nextRoot(), ['nobody'])],
    [
      'a signature of a stranger beside it',
      'GOV_QUORUM',
      nextRoot(),
      signedBy(nextRoot(), ['governance', 'nobody']),
    ],
    [
      'new governance keys without proof that somebody holds them',
      'GOV_QUORUM',
      nextRoot({ governance: { keys: [hex('g-1'), hex('g-2')], threshold: 2 } }),
    ],
    [
      'new governance keys without the old',
      'GOV_QUORUM',
      nextRoot({ governance: { keys: [hex('g-1')], threshold: 1 } }),
      signedBy(nextRoot({ governance: { keys: [hex('g-1')], threshold: 1 } }), ['g-1']),
    ],
    [
      'a policy with other numbers',
      'INVALID_POLICY',
      nextRoot({
        nodes: [node.a, node.b, node.d],
        witness: { w: 3, f: 0, q: 3 },
      }),
    ],
    [
      'a policy that does not follow the one in force',
      'RULESET_VERSION',
      nextRoot({ genesis: { ...genesis, policy: unordered().digest } }),
      undefined,
      [unordered().text],
    ],
    ['too few witnesses in common', 'LOG_FORK', nextRoot({ nodes: [node.a, node.b, node.d] })],
    [
      'a node that becomes a light witness',
      'PARTICIPANTS',
      nextRoot({
        ...{ nodes: [node.a, node.b], witnesses: [lightJson('node-c')] },
        quorumCrypto: { n: 2, t: 2, f: 1 },
      }),
    ],
    [
      'a light witness more and a quorum that still meets the old one',
      'folded',
      nextRoot({
        witnesses: [light],
        witness: { w: 4, f: 0, q: 3 },
        genesis: { ...genesis, policy: wider.digest },
      }),
      undefined,
      [wider.text],
    ],
  ]
  it.each(table)('with %s: %s', (...row: Row) => {
    const [, expected, next, by, documents] = row
    expect(outcome(bootedLog(), next, by, documents)).toBe(expected)
  })

  it('is void with signatures of another root, and with one that was bent', () => {
    const next = nextRoot()
    const other = nextRoot({ governance: { keys: [hex('governance'), hex('g-1')], threshold: 1 } })
    const log = bootedLog()
    const copied = signedBy(other)
    expect(outcome(log, other, signedBy(other, ['governance', 'g-1']))).toBe('folded')
    expect(outcome(log, next, copied)).toBe('RULESET_SIG')
    // The same votes under the name of this root.
    const replayed = text({ ...JSON.parse(copied), root: next.root.digest })
    expect(outcome(log, next, replayed)).toBe('RULESET_SIG')
    const twice = JSON.parse(signedBy(next))
    twice.signatures.push(twice.signatures[0])
    expect(outcome(log, next, text(twice))).toBe('MALFORMED')
  })

  it('is void without signatures, which only the pinned root may lack, and void twice', () => {
    const log = bootedLog()
    const [{ signatures: _, ...body }, enclosures] = line(log, nextRoot())
    expect(log.outcome('root.activated', body, enclosures)).toBe('GOV_QUORUM')
    log.add('root.activated', ...line(log, nextRoot()))
    expect(outcome(log, nextRoot())).toBe('RULESET_VERSION')
    const signed = signedBy(firstRoot)
    const first = { ...bootstrap.root, signatures: digestOfSignatures(signed) }
    const begun = new (log.constructor as new () => TestLog)()
    begun.add('log.genesis', JSON.parse(Buffer.from(log.lines[0]!).toString()).body)
    expect(begun.outcome('root.activated', first, [house.rootText, signed])).toBe('RULESET_SIG')
    expect(begun.outcome('root.activated', bootstrap.root, [house.rootText])).toBe('folded')
  })

  it('cannot be folded by anybody while its text, its signatures or a new document did not come', () => {
    const log = bootedLog()
    const [body, enclosures] = line(log, replaced, undefined, withPolicy)
    expect(log.outcome('root.activated', body, enclosures)).toBe('folded')
    for (const left of enclosures) {
      const rest = enclosures.filter((one) => one !== left)
      expect(log.outcome('root.activated', body, rest)).toBe('missing')
    }
  })

  it('does not bring back a policy that was replaced, nor a node or witness that left', () => {
    const log = replaceNode(bootedLog())
    const back = nextRoot(
      { genesis: { ...genesis, policy: house.policyDigest }, witness: { w: 3, f: 0, q: 2 } },
      replaced,
    )
    expect(outcome(log, back, undefined, [house.policyText])).toBe('RULESET_VERSION')
    const policy = text({
      ...house.policy,
      version: 3,
      previous: policy3.digest,
    })
    const lowered = { ...genesis, policy: documentDigest(policy) }
    const returned = nextRoot(
      { nodes: [node.a, node.b, node.c], witness: { w: 3, f: 0, q: 2 }, genesis: lowered },
      replaced,
    )
    expect(outcome(log, returned, undefined, [policy])).toBe('PARTICIPANTS')
    const named = nextRoot(
      {
        nodes: [node.a, node.b, { ...node.d, witness: formatVkey(witnessOf('node-c')) }],
        witness: { w: 3, f: 0, q: 2 },
        genesis: lowered,
      },
      replaced,
    )
    expect(outcome(log, named, undefined, [policy])).toBe('PARTICIPANTS')
    // Back to a quorum of two with the same three: q 3 and q 2 of three share two.
    const lower = nextRoot({ witness: { w: 3, f: 0, q: 2 }, genesis: lowered }, replaced)
    expect(outcome(log, lower, undefined, [policy])).toBe('folded')
  })

  it('counts what an unfinished root has named as standing', () => {
    const log = bootedLog()
    log.add('root.activated', ...line(log, replaced, undefined, withPolicy))
    const again = nextRoot({}, replaced)
    const back = nextRoot({ genesis, witness: { w: 3, f: 0, q: 2 } }, replaced)
    expect(outcome(log, back, undefined, [house.policyText])).toBe('RULESET_VERSION')
    expect(outcome(log, again)).toBe('folded')
  })

  it(`is the last one at ${limits.rootsMax} roots`, () => {
    const log = bootedLog()
    let last = firstRoot
    for (let version = 2; version <= limits.rootsMax; version += 1) {
      const next = nextRoot({}, last)
      log.add('root.activated', ...line(log, next))
      last = next
    }
    expect(outcome(log, nextRoot({}, last))).toBe('TOO_LARGE')
  }, 60_000)
})

describe('a key under a later root', () => {
  it('signs with its members that the root still names, and with no other', () => {
    const log = replaceNode(readyLog())
    const pay = new Payment('p', log.t + 3_600_000)
    const policy = { policy: policy3.digest }
    log.add('intent.created', pay.created())
    log.add('spend.reserved', pay.reserved('0', policy))
    const start = (participants: string[]) =>
      log.outcome('session.started', pay.started(1, '0', { participants }))
    expect(start(['node-a', 'node-c'])).toBe('PARTICIPANTS')
    expect(start(['node-a', 'node-d'])).toBe('PARTICIPANTS')
    expect(start(['node-a', 'node-b'])).toBe('folded')
  })

  it('is made by the nodes of the root in force at its line', () => {
    const log = replaceNode(bootedLog())
    const row = vaultRow('hot-eth')
    const participants = row.participants.map((member) => {
      return member.node === 'node-c' ? { ...member, node: 'node-d' as typeof member.node } : member
    })
    expect(log.outcome('key.generated', keyBody(row))).toBe('PARTICIPANTS')
    expect(log.outcome('key.generated', keyBody({ ...row, participants }))).toBe('folded')
  })

  it('leaves the receipts of a node that has left their place in the log', () => {
    const log = replaceNode(readyLog())
    const receipt = (name: string) => ({ counter: 1, node: name, receipt: digestNamed(name) })
    expect(log.outcome('share.receipt', receipt('node-c'))).toBe('folded')
    expect(log.outcome('share.receipt', receipt('node-d'))).toBe('folded')
    expect(log.outcome('share.receipt', receipt('node-x'))).toBe('PARTICIPANTS')
  })
})

describe('the witnesses of the switch', () => {
  it('are named in words when too few are shared', () => {
    const log = bootedLog()
    const next = nextRoot({ nodes: [node.a, node.b, node.d] })
    expect(log.judge('root.activated', ...line(log, next))).toMatchObject({
      because: 'expected old and new quorums to share 1, got 0 (q 2 + q 2 - 4 witnesses)',
    })
    expect(threeOfThree).toEqual({ n: 3, f: 0, quorum: 3 })
  })
})
