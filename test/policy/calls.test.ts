// Contract calls under a policy: what an author may write, what is judged, what a node signs.
import { describe, expect, it } from 'vitest'
import { analyse, sentence } from '../../policy/analyse.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { encodeUnsigned, transferCall } from '../../policy/chain/evm.ts'
import { encodeCall, parseCall } from '../../policy/chain/evm-call.ts'
import { render } from '../../policy/display.ts'
import { exposure } from '../../policy/exposure.ts'
import { encodeIntent, parseIntent } from '../../policy/request.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { duplicateOf } from '../../policy/rules/guard.ts'
import { parseHandle } from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { customer, token } from '../kit/examples.ts'
import { refusedWith } from '../kit/refused.ts'
import { scene } from '../kit/scene.ts'
import { approval, approveRouter, calling, callPolicy, router } from '../kit/scene-calls.ts'
import { judged, type Row, second, stranger } from '../kit/scene-changes.ts'
import { supported } from '../kit/scene-world.ts'

const bytesOf = (call: string) => ({ calldata: encodeCall(parseCall(call)) })
const withCalldata = (calldata: Uint8Array) => {
  const { transaction } = calling()
  return calling(approval, { transaction: { ...transaction, calldata } })
}
const transacting = (patch: object) => {
  const { transaction } = calling()
  return calling(approval, { transaction: { ...transaction, ...patch } })
}
const intending = (patch: object) => {
  const { intent } = calling()
  return calling(approval, { intent: { ...intent!, ...patch } })
}
const more = approval.replace('5000000', '1000000001')
const toStranger = approval.replace(router, stranger)

const rows: readonly Row[] = [
  [
    'AUTH-29 another spender in the bytes',
    'N15 BYTES_OP',
    withCalldata(bytesOf(toStranger).calldata),
  ],
  [
    'AUTH-06 one unit more in the bytes',
    'N15 BYTES_OP',
    withCalldata(bytesOf(approval.replace('5000000', '5000001')).calldata),
  ],
  [
    'AUTH-29 another function in the bytes',
    'N12 BYTES_OP',
    withCalldata(transferCall(router, 5_000_000n)),
  ],
  [
    'AUTH-03 trailing calldata',
    'N12 BYTES_SHAPE',
    withCalldata(new Uint8Array([...bytesOf(approval).calldata, 0])),
  ],
  [
    'AUTH-07 a dirty address word',
    'N12 BYTES_SHAPE',
    withCalldata(bytesOf(approval).calldata.with(4, 1)),
  ],
  ['AUTH-03 coin beside the call', 'N15 BYTES_AMOUNT', transacting({ value: 1n })],
  ['another contract in the bytes', 'N15 BYTES_TO', transacting({ to: stranger })],
  [
    'a plain transfer of the coin instead',
    'N12 BYTES_OP',
    transacting({ calldata: new Uint8Array(0), value: 1n }),
  ],
  ['AUTH-29 a spender that the policy does not list', 'N22 RULE', calling(toStranger)],
  ['AUTH-29 more than the policy lends', 'N22 RULE', calling(more)],
  [
    'the same function under other names',
    'N22 RULE',
    calling(approval.replace('spender', 'friend')),
  ],
  [
    'a function that no entry names',
    'N22 RULE',
    calling(`increaseAllowance(address spender = ${router}, uint256 value = 1)`),
  ],
  [
    'coin with a call whose rule sends none',
    'N22 RULE',
    {
      ...intending({ amount: 1n }),
      transaction: { ...calling().transaction, value: 1n },
    },
  ],
  ['one approval of two', 'N21 QUORUM', calling(approval, { approvers: [['ana', 'ops']] })],
  [
    'a policy without calls',
    'N22 RULE',
    calling(approval, { policy: supported, rule: 'warm-trade' }),
  ],
]

describe('a contract call', () => {
  it('is signed when the policy allows exactly it, people approved it, and the bytes are it', () => {
    expect(judged(calling())).toBe('admitted')
    expect(judged(calling(approval.replace('5000000', '1000000000')))).toBe('admitted')
    expect(judged(calling(approval.replace('5000000', '0')))).toBe('admitted')
  })

  it.each(rows)('is not signed with %s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })

  it('is bumped as any other transaction, and never into another call', () => {
    const fees = { price: 22_000_000_000n, tip: 1_100_000_000n }
    const { transaction, ...rest } = calling()
    const bumped = (patch: object) => second({ ...transaction, ...fees, ...patch }, rest)
    const at = { attempt: { ...rest.attempt, attempt: 2 } }
    expect(judged({ ...bumped({}), ...at })).toBe('admitted')
    expect(judged({ ...bumped(bytesOf(toStranger)), ...at })).toBe('N15 BYTES_OP')
    expect(judged({ ...bumped({}), ...at, warrant: { replaces: '' } })).toBe('N16 ONE_EFFECT')
  })

  it('is shown argument by argument, whole, before anybody approves it', () => {
    const rulebook = parseRulebook(text(callPolicy()))
    const named = { class: parseHandle('exchange'), label: 'tether-usdt' }
    const shown = render(calling().intent!, rulebook, parseHandle('router-approve'), named)
    expect(shown).toContain(
      [
        'CALL      approve',
        `          address spender = ${router}`,
        '          uint256 value = 5000000',
        'WITH      0.000000000000000000 ETH',
        'ON        Ethereum mainnet (eip155:1)',
        'FROM      warm-eth',
        `TO        ${token}`,
        '          exchange: tether-usdt',
      ].join('\n'),
    )
  })
})

describe('the intent of a call', () => {
  const intent = calling().intent!
  const { call: _, ...without } = intent

  it('is read back as it was written, and one without a call keeps its bytes', () => {
    expect(parseIntent(encodeIntent(intent)).intent).toEqual(intent)
    expect(new TextDecoder().decode(encodeIntent(without))).not.toContain('"call"')
  })

  it.each([
    ['no call', without],
    ['a call beside a transfer', { ...intent, op: 'evm.transfer', amount: 1n }],
    ['a token', { ...intent, contract: customer }],
    ['the zero address', { ...intent, to: `0x${'00'.repeat(20)}` }],
    [
      'a Tron network',
      { ...intent, network: 'tron:0x2b6653dc', to: 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t' },
    ],
    [
      'a payment as a call',
      { ...intent, call: `transfer(address to = ${router}, uint256 value = 1)` },
    ],
    ['calls in an envelope', { ...intent, call: 'multicall(bytes32[] data = [])' }],
    ['a transfer of nothing', { ...without, op: 'evm.transfer' }],
  ])('is refused with %s', (_what, wrong) => {
    const read = attempt(() => parseIntent(encodeIntent(wrong as typeof intent)))
    expect(isRefusal(read)).toBe(true)
  })
})

describe('a call that no transaction has room for', () => {
  const words = (count: number) => `[${Array(count).fill('0').join(', ')}]`
  /** Lists of zeros: a short text, and 32 bytes for every three letters. */
  const long = (last: number) =>
    `vote(uint8[] a = ${words(32)}, uint8[] b = ${words(32)}, uint8[] c = ${words(32)}, uint8[] d = ${words(last)})`
  const read = (call: string) =>
    refusedWith(() => parseIntent(encodeIntent({ ...calling().intent!, call })))

  it('is refused before anybody approves it, and all that is not refused fits', () => {
    const fits = long(15)
    const calldata = encodeCall(parseCall(fits))
    expect(read(fits)).toBe('accepted')
    expect(calldata.length + 32).toBeGreaterThan(limits.calldataBytesMax)
    expect(read(long(16))).toBe('INVALID_INTENT')
    const most = (1n << 256n) - 1n
    const nonce = (1n << 64n) - 1n
    const gasLimit = BigInt(limits.transactionGasMax)
    const widest = { price: most, tip: most, value: most, nonce, gasLimit, calldata }
    const bytes = encodeUnsigned({ chainId: 1n, to: token, ...widest })
    const effect = chainOf('eip155:1').decode(bytes, { forms: ['type-2'], call: fits })
    expect(effect.call).toBe(fits)
  })
})

const written = (change: JsonObject) => () =>
  parseRulebook(text(callPolicy({ calls: { 'approve-router': { ...approveRouter, ...change } } })))
const ruled = (rule: JsonObject) => () => parseRulebook(text(callPolicy({ rule })))

describe('what an author of a policy may not write', () => {
  it.each<[string, () => unknown]>([
    ['a spender without a list', written({ arguments: [{ any: true }, { lte: '1' }] })],
    ['an allowance without a bound', written({ arguments: [{ in: [router] }, { any: true }] })],
    [
      'an allowance without an end',
      written({ arguments: [{ in: [router] }, { lte: `${1n << 128n}` }] }),
    ],
    [
      'an endless allowance in a list',
      written({ arguments: [{ in: [router] }, { in: [`${(1n << 256n) - 1n}`] }] }),
    ],
    [
      'an endless allowance in a list of lists',
      written({
        function: 'approve(address[] spenders, uint256[] values)',
        arguments: [{ in: [`[${router}]`] }, { in: [`[1, ${1n << 128n}]`] }],
      }),
    ],
    [
      'bytes that may hold anything',
      written({ function: 'send(bytes32 to)', arguments: [{ any: true }] }),
    ],
    [
      'addresses of no list',
      written({ function: 'send(address[] to)', arguments: [{ any: true }] }),
    ],
    ['fewer bounds than arguments', written({ arguments: [{ in: [router] }] })],
    [
      'more bounds than arguments',
      written({ arguments: [{ in: [router] }, { lte: '1' }, { lte: '1' }] }),
    ],
    [
      'a bound above its type',
      written({ arguments: [{ in: [router] }, { lte: `${1n << 256n}` }] }),
    ],
    [
      'a floor above its ceiling',
      written({ arguments: [{ in: [router] }, { gte: '2', lte: '1' }] }),
    ],
    ['a floor alone', written({ arguments: [{ in: [router] }, { gte: '2' }] })],
    ['two bounds at once', written({ arguments: [{ in: [router] }, { any: true, lte: '1' }] })],
    ['no bound at all', written({ arguments: [{ in: [router] }, {}] })],
    ['a range of addresses', written({ arguments: [{ lte: '5' }, { lte: '1' }] })],
    ['an address in another form', written({ arguments: [{ in: ['0xAB'] }, { lte: '1' }] })],
    ['a payment', written({ function: 'transfer(address to, uint256 value)' })],
    ['a wrapper of calls', written({ function: 'execute(address to, bytes data)' })],
    ['a function in another form', written({ function: 'approve(address,uint256)' })],
    ['an unknown network', written({ network: 'bsc' })],
    ['a network without contracts that we know', written({ network: 'tron' })],
    ['a contract that is no address', written({ contract: 'T' })],
    ['an unknown key', written({ maxValue: '1' })],
    [
      'two entries of one function of one contract',
      () =>
        parseRulebook(
          text(callPolicy({ calls: { 'approve-router': approveRouter, b: approveRouter } })),
        ),
    ],
    ['a rule of an unknown call', ruled({ call: ['other'] })],
    ['a rule of calls and transfers', ruled({ op: ['evm.call', 'evm.transfer'] })],
    ['a rule of transfers with a call', ruled({ op: ['evm.transfer'] })],
    ['a call rule without calls', ruled({ call: [] })],
    ['calls from a cold vault, which no room could type', ruled({ from: ['cold-eth'] })],
    [
      'an allowance under its older name without a bound',
      written({
        function: 'increaseApproval(address spender, uint256 value)',
        arguments: [{ in: [router] }, { any: true }],
      }),
    ],
    [
      'tokens that call whom they reach, without a bound',
      written({
        function: 'transferAndCall(address to, uint256 value, bytes data)',
        arguments: [{ in: [router] }, { any: true }, { in: ['0x'] }],
      }),
    ],
    [
      'a role at a contract for whoever may follow',
      written({
        function: 'changeAdmin(address admin, uint256 delay)',
        arguments: [{ in: [router] }, { any: true }],
      }),
    ],
  ])('%s', (_, parse) => {
    expect(refusedWith(written({}))).toBe('accepted')
    expect(refusedWith(parse)).toMatch(/^(?:INVALID_POLICY|MALFORMED|OP_NOT_ALLOWED|BYTES_SHAPE)/)
  })

  it('but what can name nobody may be anything, when that is written', () => {
    const any = { any: true }
    const of = (type: string, bound: JsonObject = any) =>
      refusedWith(written({ function: `vote(${type} it)`, arguments: [bound] }))
    for (const type of ['bool', 'uint8', 'int128', 'uint128', 'uint64[]']) {
      expect(of(type), type).toBe('accepted')
    }
    // An address has 160 bits, and a text is as long as it likes.
    for (const type of ['uint136', 'uint160', 'int256', 'uint256', 'uint256[]', 'string']) {
      expect(of(type), type).toBe('INVALID_POLICY')
    }
    expect(of('uint256', { lte: `${(1n << 128n) - 1n}` })).toBe('accepted')
    expect(of('uint256', { lte: `${1n << 128n}` })).toBe('INVALID_POLICY')
    expect(of('int256', { gte: `${-(1n << 128n)}`, lte: '0' })).toBe('INVALID_POLICY')
    expect(of('string', { in: ['"yes"'] })).toBe('accepted')
    expect(of('uint256', { in: [`${1n << 200n}`] })).toBe('accepted')
  })

  it('a rule of transfers from nothing on', () => {
    const rules = (supported['rules'] as readonly JsonObject[]).map((rule) => {
      return { ...rule, match: { ...(rule['match'] as JsonObject), amount: { lte: '1' } } }
    })
    expect(refusedWith(() => parseRulebook(text({ ...supported, rules })))).toBe('INVALID_POLICY')
  })
})

describe('the analyser on calls', () => {
  const findings = (change: Parameters<typeof callPolicy>[0] = {}) =>
    analyse(parseRulebook(text(callPolicy(change)))).map(sentence)

  it('has nothing against a call that is bounded and counted, and shows it as a way', () => {
    expect(findings()).toEqual([])
    const ways = exposure(parseRulebook(text(callPolicy())), 'ETH')
    const way = ways.find(({ from, to }) => from === 'warm-eth' && to === 'exchange')
    expect(way?.max).toBe('0')
  })

  it('wants calls counted, because what they do is in no sum', () => {
    expect(findings({ limits: [] })).toEqual([
      'error no aggregate limit at rules.router-approve: its calls are in no limit that counts',
    ])
  })

  it('wants the coin that goes with calls in a sum, where some may go', () => {
    expect(findings({ rule: { amount: { lte: '1' } } })).toEqual([
      'error no aggregate limit at rules.router-approve: ETH leaves without a sum limit',
    ])
  })

  it('finds a rule whose calls are on another network, or go to an own vault', () => {
    const dead = /^error dead rule at rules.router-approve: nothing can move this way/
    expect(findings({ rule: { from: ['warm-tron'], asset: ['trx-native'] } })[0]).toMatch(dead)
    expect(findings({ rule: { to: ['hot'] } })[0]).toMatch(dead)
    expect(findings({ rule: { asset: ['usdt-eth'] } })[0]).toMatch(dead)
  })

  it('finds two rules of one call, and none where the calls differ', () => {
    const transferFrom = {
      ...approveRouter,
      function: 'decreaseAllowance(address spender, uint256 value)',
    }
    const calls = { 'approve-router': approveRouter, less: transferFrom }
    const policy = callPolicy({ calls })
    const rules = policy['rules'] as readonly JsonObject[]
    const last = rules.at(-1)!
    const again = (call: string) => {
      const match = { ...(last['match'] as JsonObject), call: [call] }
      const more = [...rules, { ...last, id: 'again', match }]
      return analyse(parseRulebook(text({ ...policy, rules: more }))).map(sentence)
    }
    expect(again('approve-router').filter((one) => one.includes('overlap'))).toHaveLength(1)
    expect(again('less').filter((one) => one.includes('overlap'))).toEqual([])
  })
})

describe('two calls to one contract', () => {
  it('are no duplicates while no coin goes with them: Tether wants zero before a new allowance', () => {
    const { reservation } = scene(calling()).own.view
    const row = { ...reservation!, closesAt: reservation!.t }
    const found = (amount: bigint) =>
      duplicateOf(600_000, [{ ...row, amount }], { to: token, amount, t: row.t + 1 })
    expect(found(0n)).toBe('')
    expect(found(1n)).toBe(row.intent)
  })
})
