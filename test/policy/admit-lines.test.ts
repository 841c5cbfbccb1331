import { describe, expect, it } from 'vitest'
import { parseHandle } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { startedAt } from '../kit/scene.ts'
import { judged, key, nodes, other, type Row, reserved, view } from '../kit/scene-changes.ts'
import { supported, vaults } from '../kit/scene-world.ts'

const lines: readonly Row[] = [
  ['accepted before', 'N1 STALE_ATTEMPT', { own: { accepted: other } }],
  ['aborted', 'N1 STALE_ATTEMPT', { attempt: { state: 'aborted' } }],
  ['completed', 'N1 STALE_ATTEMPT', { attempt: { state: 'completed' } }],
  [
    'followed by a later attempt',
    'N1 STALE_ATTEMPT',
    {
      after: view(({ attempts }) => ({ attempts: [...attempts, { ...attempts[0]!, attempt: 2 }] })),
    },
  ],
  ['named by another digest', 'N1 WARRANT', { attempt: { warrant: other } }],
  ['said to replace another', 'N1 WARRANT', { attempt: { replaces: other } }],
  ['of a vault without a key', 'N2 EPOCH', { after: view(() => ({ vaults: [] })) }],
  ['of an older epoch', 'N2 EPOCH', key({ epoch: 2 })],
  ['for one node', 'N2 PARTICIPANTS', nodes('signer-a')],
  ['for three nodes', 'N2 PARTICIPANTS', nodes('signer-a', 'signer-b', 'signer-c')],
  ['for a node twice', 'N2 PARTICIPANTS', nodes('signer-a', 'signer-a')],
  ['for nodes out of order', 'N2 PARTICIPANTS', nodes('signer-c', 'signer-a')],
  ['for a strange node', 'N2 PARTICIPANTS', nodes('signer-a', 'signer-x')],
  ['dated too early', 'N3 CLOCK', { own: { clockMs: startedAt + limits.clockSkewMs + 1 } }],
  ['dated too late', 'N3 CLOCK', { own: { clockMs: startedAt - limits.clockSkewMs - 1 } }],
  ['of a frozen vault', 'N4 FROZEN', { after: view(() => ({ frozen: ['hot-eth'] })) }],
  ['for a frozen node', 'N4 FROZEN', { own: { frozenLocally: true } }],
  ['not created', 'N8 LINE_MISSING', { after: view(() => ({ intent: undefined })) }],
  ['not reserved', 'N8 LINE_MISSING', { after: view(() => ({ reservation: undefined })) }],
  ['not started', 'N8 LINE_MISSING', { after: view(() => ({ attempts: [] })) }],
]

const rules: readonly Row[] = [
  ['a warrant of another ruleset', 'N9 RULESET_VERSION', { warrant: { ruleset: other } }],
  ['a line of another ruleset', 'N9 RULESET_VERSION', { attempt: { ruleset: other } }],
  ['a reservation of another policy', 'N9 RULESET_VERSION', reserved({ policy: other })],
  ['a reservation of another directory', 'N9 RULESET_VERSION', reserved({ directory: other })],
  ['no documents', 'N9 RULESET_VERSION', { after: view(() => ({ documents: new Map() })) }],
  [
    'no policy in force',
    'N9 RULESET_VERSION',
    { after: view(({ ruleset }) => ({ ruleset: { ...ruleset, policy: '' } })) },
  ],
  [
    'a document under the digest of another',
    'N9 RULESET_VERSION',
    {
      after: view(({ ruleset, documents }) => {
        const real = documents.get(ruleset.books[0]!.digest)!
        const book = { ...ruleset.books[0]!, digest: other }
        return {
          ruleset: { ...ruleset, books: [book] },
          documents: new Map([...documents, [other, real]]),
        }
      }),
    },
  ],
  ['a warrant of another environment', 'N9 WARRANT', { warrant: { env: 'test' } }],
  ['a warrant of another organisation', 'N9 WARRANT', { warrant: { org: parseHandle('acme') } }],
  ['a key of another name', 'N9 EPOCH', key({ key: parseHandle('k-other') })],
  [
    'a key of fewer nodes',
    'N9 PARTICIPANTS',
    key({ participants: vaults[0]!.participants.filter(({ x }) => x !== 2) }),
  ],
  [
    'a policy past its end',
    'N22 RULESET_VERSION',
    { policy: { ...supported, expires: '2026-12-07T10:30:00Z' } },
  ],
  [
    'a policy before its time',
    'N22 DELAY',
    { policy: { ...supported, notBefore: '2026-12-07T10:30:01Z' } },
  ],
]

describe('admit refuses a warrant', () => {
  it.each(lines)('%s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })
})

describe('admit refuses', () => {
  it.each(rules)('%s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })
})
