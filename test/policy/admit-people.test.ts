import { describe, expect, it } from 'vitest'
import { parseHandle, parsePersonId, parseVaultId } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { payout, testKey } from '../kit/examples.ts'
import { activatedAt, scene, toRecord } from '../kit/scene.ts'
import {
  created,
  full,
  judged,
  other,
  type Row,
  reserved,
  stranger,
  sweep,
  trade,
  tradeAt,
  view,
} from '../kit/scene-changes.ts'
import { customerRecord, directoryText, instant } from '../kit/scene-world.ts'
import { approvedBy, endingAt, underDirectory, withMembers } from './admit-changes.ts'

const soon = instant('2026-12-07T10:30:00Z')
const people: readonly Row[] = [
  [
    'an intent signed by another key',
    'N17 INTENT_SIG',
    { initiator: { key: 'ana', credential: 'svc-payouts-1' } },
  ],
  [
    'an intent signed by another person',
    'N17 INTENT_SIG',
    { initiator: { key: 'ana', credential: 'ana-1' } },
  ],
  [
    'an unknown credential',
    'N17 INTENT_SIG',
    { initiator: { key: 'svc-payouts', credential: 'svc-payouts-9' } },
  ],
  [
    'a credential that was not valid yet',
    'N17 INTENT_SIG',
    created({ t: instant('2026-10-31T00:00:00Z') }),
  ],
  [
    'another credential than recorded',
    'N17 INTENT_SIG',
    created({ credential: parseHandle('ana-1') }),
  ],
  ['lines of another intent', 'N17 INTENT_SIG', created({ intent: other })],
  [
    'a created line with another end',
    'N17 LINE_VOID',
    created({ notAfter: payout.notAfter + 1_000 }),
  ],
  ['a created line with another id', 'N17 LINE_VOID', created({ id: parseHandle('x') })],
  [
    'AUTH-09 an intent dated in the future',
    'N17 TIME',
    created({ t: payout.created - limits.clockSkewMs - 1 }),
  ],
  [
    'AUTH-09 an attempt past notAfter',
    'N17 TIME',
    { intent: { ...payout, notAfter: soon - 1_000 } },
  ],
  [
    'an intent whose key was withdrawn before the attempt',
    'N17 INTENT_SIG',
    underDirectory(endingAt('svc-payouts-1', '2026-12-07T10:30:00Z')),
  ],
  [
    'an approval whose key was withdrawn before the attempt',
    'N18 APPROVAL_SIG',
    underDirectory(endingAt('ana-1', '2026-12-07T10:30:00Z')),
  ],
  ['AUTH-09 an approval that expired', 'N18 TIME', { approval: { expires: soon } }],
  [
    'an approval that ends before it begins',
    'N18 TIME',
    { approval: { issued: soon, expires: soon } },
  ],
  [
    'AUTH-09 an approval dated in the future',
    'N18 TIME',
    { approval: { issued: instant('2026-12-07T10:23:32Z') } },
  ],
  [
    'an attempt after the ttl of the rule',
    'N18 TIME',
    { ...sweep, intent: { ...sweep.intent!, created: soon - 30 * 60_000 } },
  ],
  [
    'a clock past the approvals',
    'N18 TIME',
    { approval: { expires: soon + 60_000 }, own: { clockMs: soon + 60_000 } },
  ],
  [
    'AUTH-02 an approval for another intent',
    'N18 APPROVAL_INTENT',
    { approval: { intent: other } },
  ],
  [
    'AUTH-08 an approval of another organisation',
    'N18 APPROVAL_SCOPE',
    { approval: { org: parseHandle('acme') } },
  ],
  ['AUTH-08 an approval from staging', 'N18 APPROVAL_SCOPE', { approval: { env: 'test' } }],
  [
    'AUTH-11 an approval under another policy',
    'N18 APPROVAL_POLICY',
    { approval: { policy: other } },
  ],
  [
    'AUTH-11 an approval under another directory',
    'N18 APPROVAL_POLICY',
    { approval: { directory: other } },
  ],
  ['an approval under another rule', 'N18 RULE', { approval: { rule: parseHandle('payout-mid') } }],
  ['AUTH-04 an approval of another text', 'N20 DISPLAY', { approval: { display: other } }],
  [
    'an approval in another name',
    'N18 APPROVAL_SIG',
    { approval: { person: parsePersonId('bo') } },
  ],
  [
    'an approval by a stranger',
    'N18 APPROVAL_SIG',
    {
      approvers: [
        ['mallory', 'ops'],
        ['eli', 'treasury'],
      ],
    },
  ],
  ['a rejection in place of an approval', 'N18 APPROVAL_SIG', { approval: { decision: 'reject' } }],
  [
    'an approval that no line records',
    'N18 LINE_MISSING',
    { after: view(({ decisions }) => ({ decisions: decisions.slice(1) })) },
  ],
  [
    'an approval recorded after the attempt line',
    'N18 LINE_MISSING',
    {
      after: view(({ decisions }) => ({
        decisions: decisions.map((row) => ({ ...row, seq: row.seq + 1_000 })),
      })),
    },
  ],
  [
    'an approval recorded for another person',
    'N18 LINE_MISSING',
    {
      after: view(({ decisions }) => ({
        decisions: decisions.map((row) => ({ ...row, person: parsePersonId('bo') })),
      })),
    },
  ],
  [
    'AUTH-15 a no',
    'N19 REJECTED',
    {
      after: view(({ decisions }) => ({
        decisions: [
          ...decisions,
          { ...decisions[0]!, person: parsePersonId('bo'), decision: 'reject' as const },
        ],
      })),
    },
  ],
  ['nobody', 'N21 QUORUM', { approvers: [] }],
  ['one of two', 'N21 QUORUM', { approvers: [['ana', 'ops']] }],
  [
    'AUTH-14 two of one role',
    'N21 QUORUM',
    {
      approvers: [
        ['ana', 'ops'],
        ['bo', 'ops'],
      ],
    },
  ],
  [
    'a role that the person does not have',
    'N21 QUORUM',
    {
      approvers: [
        ['ana', 'ops'],
        ['bo', 'treasury'],
      ],
    },
  ],
  [
    'AUTH-14 the owner of the service that asks',
    'N21 QUORUM',
    {
      approvers: [
        ['ana', 'ops'],
        ['gus', 'treasury'],
      ],
    },
  ],
  [
    'a hold that is not over',
    'N21 HOLD',
    { ...trade, attempt: { t: tradeAt - 9 * 60_000 }, own: { clockMs: tradeAt - 9 * 60_000 } },
  ],
  [
    'a hold that no head proves',
    'N21 HOLD',
    {
      ...trade,
      own: { ...trade.own, witnessedAt: (seq) => (seq === 4 ? activatedAt : undefined) },
    },
  ],
]

/** Rule payout-large asks one of ops and one of treasury; here ana is in both. */
const inBoth = withMembers('treasury', ['eli', 'fay', 'gus', 'ana'])
const twoKeys = directoryText.replace(
  '"credentials":[{"factor":"none","from":"2026-11-01T00:00:00Z","id":"ana-1"',
  `"credentials":[{"factor":"none","from":"2026-11-01T00:00:00Z","id":"ana-2","publicKey":"${Buffer.from(
    testKey('ana-2').publicKey,
  ).toString('hex')}","scheme":"ed25519","to":"2027-11-01T00:00:00Z"},` +
    '{"factor":"none","from":"2026-11-01T00:00:00Z","id":"ana-1"',
)
const anaOps = { person: 'ana', role: 'ops' }
const anaAgain = { person: 'ana', role: 'treasury', credential: 'ana-2', key: 'ana-2' }
const withTwoKeys = underDirectory(twoKeys, inBoth)

const separation: readonly Row[] = [
  [
    'a second credential for another person’s slot',
    'N18 APPROVAL_REPLAYED',
    approvedBy([anaOps, anaAgain], withTwoKeys),
  ],
  ['the second credential alone', 'N21 QUORUM', approvedBy([anaAgain], withTwoKeys)],
  [
    'a person of two roles in both',
    'N18 APPROVAL_REPLAYED',
    approvedBy([anaOps, { person: 'ana', role: 'treasury' }], inBoth),
  ],
  ['a person of two roles in one', 'N21 QUORUM', { ...inBoth, approvers: [['ana', 'ops']] }],
  [
    'a person who asked and approves',
    'N21 QUORUM',
    {
      ...trade,
      approvers: [
        ['eli', 'treasury'],
        ['gus', 'treasury'],
        ['oli', 'risk'],
        ['jun', 'director'],
      ],
    },
  ],
  ['a person who left the role', 'N21 QUORUM', withMembers('ops', ['bo'])],
]

const decisions: readonly Row[] = [
  ['a rule that does not exist', 'N22 RULE', reserved({ rule: parseHandle('nothing') })],
  ['a rule for smaller amounts', 'N22 RULE', { rule: 'payout-mid', approvers: [['ana', 'ops']] }],
  [
    'an initiator that no rule names',
    'N22 RULE',
    {
      intent: { ...payout, initiator: parsePersonId('ana') },
      initiator: { key: 'ana', credential: 'ana-1' },
    },
  ],
  ['a repeated payment', 'N22 RULE', reserved({ duplicateOf: other })],
  ['AUTH-21 a limit that was used up', 'N22 LIMIT', full('hot-24h', 1_000_000_000_000n)],
  ['a limit that one unit exceeds', 'N22 LIMIT', full('hot-24h', 958_000_000_001n)],
  ['no figures for the limits', 'N22 ERROR', reserved({ limits: [] })],
  ['a reservation of less', 'N23 LIMIT', reserved({ amount: 1n })],
  ['a reservation of another fee', 'N23 LIMIT', reserved({ feeMax: 1n })],
  ['a reservation to another address', 'N23 LIMIT', reserved({ to: stranger })],
  ['a reservation of another class', 'N23 LIMIT', reserved({ dest: parseHandle('warm') })],
  ['a reservation of another asset', 'N23 LIMIT', reserved({ asset: parseHandle('eth-native') })],
  ['a reservation of another vault', 'N23 LIMIT', reserved({ vault: parseVaultId('warm-eth') })],
  ['a reservation on another network', 'N23 LIMIT', reserved({ network: 'eip155:56' })],
  ['a reservation of another operation', 'N23 LIMIT', reserved({ op: 'evm.transfer' })],
  ['a reservation by another person', 'N23 LIMIT', reserved({ initiator: parsePersonId('ana') })],
]

describe('admit refuses what is asked or approved with', () => {
  it.each(people)('%s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })
})

describe('AUTH-14 admit counts people, and refuses', () => {
  it('nothing where the second person is another, or the second key the only one', () => {
    const another = { person: 'bo', role: 'ops' }
    expect(judged(approvedBy([another, anaAgain], withTwoKeys))).toBe('admitted')
    expect(judged(approvedBy([another, { person: 'ana', role: 'treasury' }], inBoth))).toBe(
      'admitted',
    )
  })

  it.each(separation)('%s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })
})

describe('AUTH-05 a destination that changes after the first approval', () => {
  const moved = { ...customerRecord, address: stranger }
  const edited = { ...customerRecord, version: 4 }
  const { approvals } = scene().warrantValue

  it.each([
    ['is another address', moved],
    ['is another version of the record', edited],
  ])('%s, and needs approvals of its own', (_, record) => {
    const change = { record, intent: toRecord(record) }
    expect(judged(change)).toBe('admitted')
    expect(judged({ ...change, warrant: { approvals } })).toBe('N18 APPROVAL_INTENT')
  })
})

describe('admit refuses what is decided by', () => {
  it.each(decisions)('%s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })
})
