import { describe, expect, it } from 'vitest'
import { digestOfText } from '../../policy/document.ts'
import { isOver, requestStates } from '../../policy/view.ts'
import { parseHandle } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { tags } from '../../proto/tags.ts'
import { testKey } from '../kit/examples.ts'
import { startedAt } from '../kit/scene.ts'
import {
  type Change,
  created,
  judged,
  key,
  nodes,
  other,
  type Row,
  reserved,
  view,
} from '../kit/scene-changes.ts'
import { directoryText, supported, vaults } from '../kit/scene-world.ts'
import { approvedBy, underDirectory } from './admit-changes.ts'

/** The same request, were its vault a cold one. */
const cold: Change = {
  policy: {
    ...supported,
    vaults: {
      ...(supported['vaults'] as object),
      'hot-eth': { tier: 'cold', network: 'eth', key: 'k-hot-eth' },
    },
  },
}

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
  ['AUTH-22 dated too early', 'N3 CLOCK', { own: { clockMs: startedAt + limits.clockSkewMs + 1 } }],
  ['AUTH-22 dated too late', 'N3 CLOCK', { own: { clockMs: startedAt - limits.clockSkewMs - 1 } }],
  ['of a frozen vault', 'N4 FROZEN', { after: view(() => ({ frozen: ['hot-eth'] })) }],
  ['for a frozen node', 'N4 FROZEN', { own: { frozenLocally: true } }],
  ['not created', 'N8 LINE_MISSING', { after: view(() => ({ intent: undefined })) }],
  ['not reserved', 'N8 LINE_MISSING', { after: view(() => ({ reservation: undefined })) }],
  ['reserved after it started', 'N8 LINE_MISSING', reserved({ seq: 32 })],
  ['reserved by its own line', 'N8 LINE_MISSING', reserved({ seq: 31 })],
  ['judged by a clock that is no time', 'N3 CLOCK', { own: { clockMs: Number.NaN } }],
  ['not started', 'N8 LINE_MISSING', { after: view(() => ({ attempts: [] })) }],
]

const ended: readonly Row[] = [
  'DENIED',
  'LAPSING',
  'SETTLED',
  'DROPPED',
  'REJECTED',
  'CANCELLED',
  'EXPIRED',
].map((state) => [`of a request that is ${state}`, 'N8 REQUEST_ENDED', created({ state })])

const open: readonly Row[] = requestStates
  .filter((state) => !isOver(state))
  .map((state) => [`a request that is ${state}`, 'admitted', created({ state })])

const rules: readonly Row[] = [
  ['AUTH-25 a warrant of another ruleset', 'N9 RULESET_VERSION', { warrant: { ruleset: other } }],
  ['a line of another ruleset', 'N9 RULESET_VERSION', { attempt: { ruleset: other } }],
  ['AUTH-25 a reservation of another policy', 'N9 RULESET_VERSION', reserved({ policy: other })],
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
  ['AUTH-08 a warrant of another environment', 'N9 WARRANT', { warrant: { env: 'test' } }],
  [
    'AUTH-08 a warrant of another organisation',
    'N9 WARRANT',
    { warrant: { org: parseHandle('acme') } },
  ],
  ['a vault that is cold', 'N9 NOT_SUPPORTED', cold],
  ['a key of another name', 'N9 EPOCH', key({ key: parseHandle('k-other') })],
  [
    'a key of fewer nodes than the policy states now, made under an earlier root',
    'admitted',
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
  it.each([...lines, ...ended])('%s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })
})

describe('admit, by the rules of the policy, answers', () => {
  it.each(rules)('%s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })
})

describe('admit asks what is still open', () => {
  it.each(open)('%s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })
})

describe('AUTH-31 admit believes no directory but the one that governance put in force', () => {
  /** The directory with another key under the handle of ana. */
  const swapped = directoryText.replace(
    Buffer.from(testKey('ana').publicKey).toString('hex'),
    Buffer.from(testKey('mallory').publicKey).toString('hex'),
  )
  const digest = digestOfText(tags.directory, swapped)
  const signedWith = (key: string): Change =>
    approvedBy([
      { person: 'ana', role: 'ops', key },
      { person: 'eli', role: 'treasury' },
    ])

  it('so an approval under the swapped key is no approval of ana', () => {
    expect(swapped).not.toBe(directoryText)
    expect(judged(signedWith('ana'))).toBe('admitted')
    expect(judged(signedWith('mallory'))).toBe('N18 APPROVAL_SIG')
  })

  it('not a swapped text under the digest of the old one', () => {
    const lies = view(({ reservation, documents }) => ({
      documents: new Map([...documents, [reservation!.directory, swapped]]),
    }))
    expect(judged({ after: lies })).toBe('N9 RULESET_VERSION')
  })

  it('not a swapped directory that its lines do not name', () => {
    const slipped = view(({ ruleset, documents }) => ({
      ruleset: { ...ruleset, directory: digest },
      documents: new Map([...documents, [digest, swapped]]),
    }))
    expect(judged({ after: slipped })).toBe('N9 RULESET_VERSION')
  })

  it('and under a new one in force the old key speaks no more', () => {
    expect(judged(underDirectory(directoryText))).toBe('admitted')
    expect(judged(underDirectory(swapped))).toBe('N18 APPROVAL_SIG')
  })
})
