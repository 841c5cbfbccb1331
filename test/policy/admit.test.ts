import { describe, expect, it } from 'vitest'
import { admit } from '../../policy/admit.ts'
import type { AttemptRow } from '../../policy/view.ts'
import { issue } from '../../policy/warrant.ts'
import { concat, toHex, toUtf8 } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { customer, payout } from '../kit/examples.ts'
import { scene, startedAt } from '../kit/scene.ts'
import {
  answer,
  bumped,
  cooling,
  full,
  gas,
  judged,
  type Row,
  second,
  sweep,
  trade,
  tradeAt,
} from '../kit/scene-changes.ts'
import { instant, vaults } from '../kit/scene-world.ts'

describe('admit', () => {
  it('admits an approved payout and says exactly what may be signed', () => {
    const the = scene()
    const result = admit(the)
    expect(isRefusal(result)).toBe(false)
    if (isRefusal(result)) return
    const [line] = the.own.view.attempts
    expect(result).toMatchObject({
      intent: payout,
      intentDigest: '0f90702c456aef0c787f1d0545d8582ccb93fdded7cd5e0e04225cbd7daf24b6',
      warrantDigest: line?.warrant,
      attempt: 1,
      bytesDigest: line?.bytes,
      digest: line?.digest,
      tier: 'hot',
      participants: ['signer-a', 'signer-c'],
      policy: the.rulebook.digest,
      display: '7ee6f156e37460246f702716ac8be0f6ca50d88cdce19d9cd47ed785b8ba6fa0',
      until: instant('2026-12-07T12:21:30Z') - 1,
    })
    const hot = vaults.find(({ vault }) => vault === 'hot-eth')
    expect(toHex(result.publicKey)).toBe(toHex(hot!.publicKey))
    expect(result.effect).toMatchObject({ to: customer, amount: 42_000_000_000n, slot: '7' })
  })

  it('gives everybody the same trace for the same lines', () => {
    const traceAt = (clockMs: number): string => {
      const result = admit(scene({ own: { clockMs } }))
      return isRefusal(result) ? result.because : result.trace
    }
    expect(traceAt(startedAt + 90_000)).toBe(traceAt(startedAt))
    expect(traceAt(startedAt)).toMatch(/^[0-9a-f]{64}$/)
  })

  it('admits every lawful kind of request', () => {
    expect(judged(sweep)).toBe('admitted')
    expect(judged(gas)).toBe('admitted')
    expect(judged(trade)).toBe('admitted')
    expect(judged({ intent: { ...payout, path: 'm/0/7' } })).toBe('admitted')
    expect(judged(second(bumped))).toBe('admitted')
    const retry = { attempt: { attempt: 2 }, before: (row: AttemptRow) => [row] }
    expect(judged(retry)).toBe('admitted')
  })

  it('derives the key of the path, so that a path is part of what is signed', () => {
    const at = (path: string) => {
      const result = admit(scene({ intent: { ...payout, path } }))
      return isRefusal(result) ? '' : toHex(result.publicKey)
    }
    expect(new Set([at('m'), at('m/0'), at('m/1')]).size).toBe(3)
  })
})

const lawful: readonly Row[] = [
  ['a clock at the edge', 'admitted', { own: { clockMs: startedAt + limits.clockSkewMs } }],
  ['a cool-down that has just ended', 'admitted', cooling(tradeAt - 48 * 3_600_000)],
  ['a limit filled to its last unit', 'admitted', full('hot-24h', 958_000_000_000n)],
  ['a fee that is the whole bound', 'admitted', { transaction: { gasLimit: 2_500_000n } }],
  [
    'an approval that holds one second longer',
    'admitted',
    { approval: { expires: startedAt + 1_000 } },
  ],
]

describe('admit reads the warrant itself', () => {
  const the = scene()
  const of = (warrant: Uint8Array): string => answer({ ...the, warrant })

  it('and refuses any other bytes than the line names', () => {
    expect(of(the.warrant)).toBe('admitted')
    expect(of(issue({ ...the.warrantValue, heads: ['a head'] }))).toBe('N1 WARRANT')
    expect(of(concat(the.warrant, toUtf8(' ')))).toBe('N1 MALFORMED')
    expect(of(new Uint8Array(limits.warrantBytesMax + 1))).toBe('N1 TOO_LARGE')
    expect(answer({ ...the, attempt: 2 })).toBe('N8 LINE_MISSING')
  })

  it('and refuses an approval that stands twice', () => {
    const { approvals } = the.warrantValue
    expect(judged({ warrant: { approvals: [...approvals, approvals[0]!] } })).toBe(
      'N18 APPROVAL_REPLAYED',
    )
  })

  it('and refuses a signature of the intent over other text', () => {
    const { intent } = the.warrantValue
    const document = intent.document.replace('42000000000', '42000000001')
    expect(judged({ warrant: { intent: { ...intent, document } } })).toBe('N17 INTENT_SIG')
  })
})

describe('admit, at the edge of what is lawful', () => {
  it.each(lawful)('%s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })
})
