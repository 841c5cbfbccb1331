// Cancels under a policy: what an author may write, what is judged, what a node signs.
import { describe, expect, it } from 'vitest'
import { analyse, sentence } from '../../policy/analyse.ts'
import { encodeLegacy } from '../../policy/chain/evm-legacy.ts'
import { render } from '../../policy/display.ts'
import type { Intent } from '../../policy/intent.ts'
import { encodeIntent, parseIntent } from '../../policy/request.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { parseDigest, parseHandle, parsePersonId, parseVaultId } from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { payout } from '../kit/examples.ts'
import { refusedWith } from '../kit/refused.ts'
import type { Parts } from '../kit/scene.ts'
import { judged, type Row, second, stranger } from '../kit/scene-changes.ts'
import { addressOf, instant, supported } from '../kit/scene-world.ts'

const request = parseDigest('ca'.repeat(32))
const match: JsonObject = {
  op: ['evm.cancel'],
  from: ['warm-eth'],
  to: ['warm'],
  asset: ['eth-native'],
  initiator: ['treasury'],
  amount: { lte: '0' },
  when: 'always',
}

function cancelPolicy(rule: JsonObject = {}): JsonObject {
  const lists = (key: string) => supported[key] as readonly JsonObject[]
  const ops = ['erc20.transfer', 'trc20.transfer', 'evm.transfer', 'tron.transfer', 'evm.cancel']
  const require = [{ role: 'ops', count: 1 }]
  return {
    ...supported,
    guards: lists('guards').map((guard) =>
      guard['id'] === 'g-ops' ? { ...guard, deny: { op: { notIn: ops } } } : guard,
    ),
    rules: [...lists('rules'), { id: 'cancel', match: { ...match, ...rule }, require, ttl: '8h' }],
  }
}

const at = instant('2026-12-07T11:30:00Z')
const intent: Intent = {
  ...payout,
  vault: parseVaultId('warm-eth'),
  op: 'evm.cancel',
  asset: parseHandle('eth-native'),
  contract: '',
  amount: 0n,
  to: addressOf('warm-eth'),
  dest: '',
  cancels: request,
  initiator: parsePersonId('gus'),
}

const cancelling = (change: Partial<Parts> = {}): Partial<Parts> => ({
  policy: cancelPolicy(),
  intent,
  initiator: { key: 'gus', credential: 'gus-1' },
  rule: 'cancel',
  record: undefined,
  approvers: [['ana', 'ops']],
  attempt: { t: at },
  own: { clockMs: at },
  ...change,
})
const transacting = (transaction: Parts['transaction']) => cancelling({ transaction })
const low = { price: 10_999_999_999n, tip: 1_000_000_000n }

const rows: readonly Row[] = [
  ['a payment in the bytes', 'N12 BYTES_SHAPE', transacting({ value: 1n })],
  ['calldata', 'N12 BYTES_SHAPE', transacting({ calldata: Uint8Array.of(1) })],
  ['more gas than a plain transfer', 'N12 BYTES_SHAPE', transacting({ gasLimit: 21_001n })],
  ['another address in the bytes', 'N15 BYTES_TO', transacting({ to: stranger })],
  ['another nonce', 'N16 NONCE', transacting({ nonce: 8n })],
  ['more fees than it may cost', 'N15 FEE', transacting({ price: 10n ** 15n })],
  ['a price too little above', 'N16 ONE_EFFECT', transacting(low)],
  ['a tip too little above', 'N16 ONE_EFFECT', transacting({ tip: 549_999_999n })],
  [
    'an older form that the policy does not ask for',
    'N12 BYTES_SHAPE',
    { ...cancelling(), transaction: { tip: 20_000_000_000n }, encode: encodeLegacy },
  ],
  [
    'an address that is not the own',
    'N10 DEST_UNKNOWN',
    cancelling({ intent: { ...intent, to: addressOf('hot-eth') } }),
  ],
  ['nobody who approved', 'N21 QUORUM', cancelling({ approvers: [] })],
  ['a policy without cancels', 'N22 RULE', cancelling({ policy: supported, rule: 'warm-trade' })],
  [
    'a reservation that cancels another request',
    'N23 LIMIT',
    cancelling({
      after: (view) => ({
        ...view,
        reservation: {
          ...view.reservation!,
          cancelling: { request: parseDigest('cb'.repeat(32)), before: '', price: 1n, tip: 1n },
        },
      }),
    }),
  ],
  [
    'a cancel of its own',
    'N8 REQUEST_ENDED',
    cancelling({
      after: (view) => ({ ...view, intent: { ...view.intent!, cancelledBy: request } }),
    }),
  ],
]

describe('a cancel', () => {
  it('is signed when the policy allows it and it pays nobody, above what it replaces', () => {
    expect(judged(cancelling())).toBe('admitted')
    expect(judged(transacting({ price: 11_000_000_000n, tip: 550_000_000n }))).toBe('admitted')
    const below = { ...intent, path: 'm/5', to: addressOf('warm-eth', 'm/5') }
    expect(judged(cancelling({ intent: below }))).toBe('admitted')
    const unproven = cancelling({ after: (view) => ({ ...view, shown: [] }) })
    expect(judged(unproven)).toBe('admitted')
  })

  it.each(rows)('is not signed with %s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })

  it('is bumped as any other transaction, and never into one that pays', () => {
    const { transaction: _, ...rest } = cancelling()
    const fees = { price: 22_000_000_000n, tip: 1_100_000_000n }
    const bumped = (patch: object) => second({ ...fees, ...patch }, rest)
    const attempt = { attempt: { ...rest.attempt, attempt: 2 } }
    expect(judged({ ...bumped({}), ...attempt })).toBe('admitted')
    expect(judged({ ...bumped({ value: 1n }), ...attempt })).toBe('N12 BYTES_SHAPE')
    expect(judged({ ...bumped({ to: stranger }), ...attempt })).toBe('N15 BYTES_TO')
  })

  it('is shown with the request that it cancels, and what it may cost', () => {
    const rulebook = parseRulebook(text(cancelPolicy()))
    const named = { class: parseHandle('warm'), label: 'warm-eth' }
    const shown = render(intent, rulebook, parseHandle('cancel'), named)
    expect(shown).toMatch(new RegExp(`^CANCEL    ${request}\nON `))
    expect(shown).toContain('FEE       at most')
  })
})

describe('the intent of a cancel', () => {
  const { cancels: _, ...without } = intent

  it.each([
    ['no request', without],
    ['a request beside a transfer', { ...intent, op: 'evm.transfer', amount: 1n }],
    ['a call beside it', { ...intent, call: 'f()' }],
    ['an amount', { ...intent, amount: 1n }],
    ['a record', { ...intent, dest: payout.dest }],
    ['a path to go to', { ...intent, toPath: 'm/1' }],
    ['a token', { ...intent, contract: stranger }],
    [
      'a Tron network',
      { ...intent, network: 'tron:0x2b6653dc', to: 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t' },
    ],
  ])('is refused with %s', (_what, wrong) => {
    const read = (one: Intent) => refusedWith(() => parseIntent(encodeIntent(one)))
    expect(read(intent)).toBe('accepted')
    expect(parseIntent(encodeIntent(intent)).intent).toEqual(intent)
    expect(read(wrong as Intent)).toBe('INVALID_INTENT')
  })
})

describe('what an author of a policy may not write of cancels', () => {
  it.each<[string, JsonObject]>([
    ['a rule of cancels and transfers', { op: ['evm.cancel', 'evm.transfer'] }],
    ['an amount', { amount: { lte: '1' } }],
    ['cancels of a cold vault, which no room could type', { from: ['cold-eth'] }],
    ['a call beside it', { call: ['x'] }],
  ])('%s', (_what, rule) => {
    const parsed = (one: JsonObject) => refusedWith(() => parseRulebook(text(cancelPolicy(one))))
    expect(parsed({})).toBe('accepted')
    expect(parsed(rule)).toBe('INVALID_POLICY')
  })

  it('and the analyser finds one that goes anywhere but back', () => {
    const findings = (rule: JsonObject = {}) =>
      analyse(parseRulebook(text(cancelPolicy(rule)))).map(sentence)
    expect(findings()).toEqual([])
    const dead = /^error dead rule at rules.cancel: nothing can move this way/
    for (const to of ['hot', 'exchange']) expect(findings({ to: [to] })[0]).toMatch(dead)
    expect(findings({ from: ['warm-tron'], asset: ['trx-native'] })[0]).toMatch(dead)
  })
})
