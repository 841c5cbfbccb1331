// Messages under a policy: what an author may write, what is judged, what a node signs.
import { describe, expect, it } from 'vitest'
import { analyse, sentence } from '../../policy/analyse.ts'
import { encodeUnsigned } from '../../policy/chain/evm.ts'
import { encodeMessage, parseMessage } from '../../policy/chain/evm-message.ts'
import { render } from '../../policy/display.ts'
import { encodeIntent, parseIntent } from '../../policy/request.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { parseHandle } from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { customer } from '../kit/examples.ts'
import { refusedWith } from '../kit/refused.ts'
import { build } from '../kit/scene.ts'
import { judged, type Row, type second, stranger } from '../kit/scene-changes.ts'
import {
  custody,
  declaration,
  messagePolicy,
  owner,
  permit,
  permitting,
  said,
  stating,
  usdc,
  usdcPermit,
} from '../kit/scene-messages.ts'
import { addressOf, supported } from '../kit/scene-world.ts'

const bytesOf = (message: string) => encodeMessage(parseMessage(message))
const inBytes = (message: string) => permitting(permit(), { raw: bytesOf(message) })
const speaking = (patch: object, message = declaration()) => {
  const scene = stating(message)
  return { ...scene, intent: { ...scene.intent!, ...patch } }
}
const transaction = encodeUnsigned({ ...build(permitting().intent!), value: 1n })
const nobody = { approvers: [['ana', 'ops']] } as const

const rows: readonly Row[] = [
  ['another spender in the bytes', 'N15 BYTES_OP', inBytes(permit({ spender: stranger }))],
  ['one unit more in the bytes', 'N15 BYTES_OP', inBytes(permit({ value: '5000001' }))],
  [
    'another contract in the bytes',
    'N15 BYTES_OP',
    inBytes(permit({}, { verifyingContract: stranger })),
  ],
  ['another chain in the bytes', 'N15 BYTES_OP', inBytes(permit({}, { chainId: '56' }))],
  ['a declaration in the bytes', 'N15 BYTES_OP', inBytes(declaration())],
  [
    'a transaction in the bytes',
    'N12 BYTES_SHAPE',
    permitting(permit(), { raw: transaction, attempt: { ...permitting().attempt, slot: '' } }),
  ],
  [
    'a digest in the line that is not that of the bytes',
    'N13 BYTES_DIGEST',
    permitting(permit(), {
      attempt: { ...permitting().attempt, digest: new Uint8Array(32).fill(1) },
    }),
  ],
  [
    'a nonce in the line',
    'N16 NONCE',
    permitting(permit(), { attempt: { ...permitting().attempt, slot: '7' } }),
  ],
  [
    'a spender that the policy does not list',
    'N22 RULE',
    permitting(permit({ spender: stranger })),
  ],
  ['more than the policy lends', 'N22 RULE', permitting(permit({ value: '1000000001' }))],
  ['another owner', 'N22 RULE', permitting(permit({ owner: stranger }))],
  ['another version of the contract', 'N22 RULE', permitting(permit({}, { version: '1' }))],
  ['another name', 'N22 RULE', permitting(permit({}, { name: 'USD Token' }))],
  ['one approval of two', 'N21 QUORUM', permitting(permit(), nobody)],
  [
    'a policy without messages',
    'N22 RULE',
    permitting(permit(), { policy: supported, rule: 'warm-trade' }),
  ],
  ['a declaration of one approval', 'N21 QUORUM', stating(declaration(), nobody)],
  ['other words in the bytes', 'N15 BYTES_OP', stating(declaration(), { raw: bytesOf(permit()) })],
  [
    'one letter more in the bytes',
    'N15 BYTES_OP',
    stating(declaration(), { raw: bytesOf(declaration(`${said}!`)) }),
  ],
  [
    'words that the policy does not know',
    'N22 RULE',
    stating(declaration('We owe him all of it.')),
  ],
  ['more words than may follow', 'N22 RULE', stating(declaration(`${said} and 12 letters`))],
  ['an address that does not sign it', 'N10 DEST_UNKNOWN', speaking({ to: addressOf('hot-eth') })],
  ['the address of another path', 'N10 DEST_UNKNOWN', speaking({ path: 'm/1' })],
]

describe('a message', () => {
  it('is signed when the policy allows exactly it, people approved it, and the bytes say it', () => {
    expect(judged(permitting())).toBe('admitted')
    expect(judged(permitting(permit({ value: '1000000000' })))).toBe('admitted')
    expect(judged(stating())).toBe('admitted')
    expect(judged(stating(declaration(said.replace('7f3a', '7f3a7f3a7f3a 7f3'))))).toBe('admitted')
  })

  it('may be stated by the key of a path below the vault', () => {
    expect(judged(speaking({ path: 'm/7', to: addressOf('warm-eth', 'm/7') }))).toBe('admitted')
  })

  it.each(rows)('is not signed with %s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })

  it('is tried again as it is, and never as another one', () => {
    const at = permitting().attempt
    const before = (first: Parameters<NonNullable<ReturnType<typeof second>['before']>>[0]) => [
      first,
    ]
    const again = { attempt: { ...at, attempt: 2 }, before }
    expect(judged({ ...permitting(), ...again })).toBe('admitted')
    const other = (first: Parameters<typeof before>[0]) => [{ ...first, bytes: first.warrant }]
    expect(judged({ ...permitting(), ...again, before: other })).toBe('N16 ONE_EFFECT')
  })

  it('is shown field by field or line by line, whole, before anybody approves it', () => {
    const rulebook = parseRulebook(text(messagePolicy()))
    const named = { class: parseHandle('exchange'), label: 'usdc' }
    const shown = render(permitting().intent!, rulebook, parseHandle('router-permit'), named)
    expect(shown).toContain(
      [
        'SIGN      Permit',
        `          address owner = ${owner}`,
        '          address spender = 0x2222222222222222222222222222222222222222',
        '          uint256 value = 5000000',
        '          uint256 nonce = 0',
        '          uint256 deadline = 1796000000',
        'FOR       USD Coin',
        'VERSION   2',
        'ON        Ethereum mainnet (eip155:1)',
        'FROM      warm-eth',
        `TO        ${usdc}`,
        '          exchange: usdc',
        'PURPOSE',
      ].join('\n'),
    )
    const warm = { class: parseHandle('warm'), label: 'warm-eth' }
    const stated = render(stating().intent!, rulebook, parseHandle('declaration'), warm)
    expect(stated).toContain(
      [
        'DECLARE   3 lines',
        '          | We hold this address for our customers.',
        '          | ',
        '          | Challenge 7f3a',
        'ON        Ethereum mainnet (eip155:1)',
      ].join('\n'),
    )
  })
})

describe('the intent of a message', () => {
  const intent = permitting().intent!
  const { message: _, ...without } = intent

  it('is read back as it was written, and one without a message keeps its bytes', () => {
    expect(parseIntent(encodeIntent(intent)).intent).toEqual(intent)
    expect(new TextDecoder().decode(encodeIntent(without))).not.toContain('"message"')
  })

  it.each([
    ['no message', without],
    ['a message beside a transfer', { ...intent, op: 'evm.transfer', amount: 1n }],
    ['a call beside it', { ...intent, call: 'f()' }],
    ['an amount', { ...intent, amount: 1n }],
    ['a fee', { ...intent, maxFee: 1n }],
    ['another contract than its domain', { ...intent, to: customer }],
    ['a message for another chain', { ...intent, message: permit({}, { chainId: '56' }) }],
    ['typed data for an own address', { ...intent, dest: '' }],
    ['a declaration to a record', { ...intent, message: declaration() }],
    [
      'a declaration that is a hash',
      { ...stating().intent!, message: declaration('a'.repeat(32)) },
    ],
    ['a text that is no message', { ...intent, message: 'hello' }],
    ['a message in another form', { ...intent, message: ` ${permit()}` }],
    [
      'a Tron network',
      { ...intent, network: 'tron:0x2b6653dc', to: 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t' },
    ],
  ])('is refused with %s', (_what, wrong) => {
    const read = (one: typeof intent) => refusedWith(() => parseIntent(encodeIntent(one)))
    expect(read(intent)).toBe('accepted')
    expect(read(stating().intent!)).toBe('accepted')
    expect(read(wrong as typeof intent)).toMatch(/^(?:INVALID_INTENT|MALFORMED|BYTES_SHAPE)/)
  })
})

const fieldsOf = (change: readonly JsonObject[]) => {
  const all = usdcPermit['fields'] as readonly JsonObject[]
  return all.map((one) => change.find(({ field }) => field === one['field']) ?? one)
}
const written = (change: JsonObject) => () =>
  parseRulebook(
    text(messagePolicy({ messages: { 'usdc-permit': { ...usdcPermit, ...change }, custody } })),
  )
const worded = (change: JsonObject) => () =>
  parseRulebook(
    text(
      messagePolicy({
        messages: { 'usdc-permit': usdcPermit, custody: { ...custody, ...change } },
      }),
    ),
  )
const beside = (id: string, entry: JsonObject) => () =>
  parseRulebook(
    text(messagePolicy({ messages: { 'usdc-permit': usdcPermit, custody, [id]: entry } })),
  )
const ruled = (rule: JsonObject) => () => parseRulebook(text(messagePolicy({ rule })))
const vote: JsonObject = {
  ...usdcPermit,
  type: 'Vote(uint256[] ids,bool yes,Choice[] all)Choice(string text,uint64 weight)',
  fields: [
    { field: 'ids[]', lte: '9' },
    { field: 'yes', any: true },
    { field: 'all[].text', in: ['"a"', '"b"'] },
    { field: 'all[].weight', any: true },
  ],
}

describe('what an author of a policy may not write', () => {
  it.each<[string, () => unknown]>([
    ['a spender without a list', written({ fields: fieldsOf([{ field: 'spender', any: true }]) })],
    ['a value without a bound', written({ fields: fieldsOf([{ field: 'value', any: true }]) })],
    [
      'a value without an end',
      written({ fields: fieldsOf([{ field: 'value', lte: `${1n << 128n}` }]) }),
    ],
    [
      'a value without an end in a list',
      written({ fields: fieldsOf([{ field: 'value', in: [`${(1n << 256n) - 1n}`] }]) }),
    ],
    ['a field too few', written({ fields: fieldsOf([]).slice(1) })],
    ['fields in another order', written({ fields: fieldsOf([]).toReversed() })],
    ['a type in another form', written({ type: `${usdcPermit['type']} ` })],
    [
      'a wrapper of calls',
      written({ type: 'SafeTx(bytes data)', fields: [{ field: 'data', in: ['0x'] }] }),
    ],
    [
      'an unbounded number in what lends, however small its type',
      written({ type: 'Permit(uint8 value)', fields: [{ field: 'value', any: true }] }),
    ],
    [
      'a list of what lends, whose sum nothing bounds',
      written({
        type: 'PermitBatch(uint256[] values)',
        fields: [{ field: 'values[]', lte: '1' }],
      }),
    ],
    [
      'what lends inside another struct',
      written({
        type: 'Box(PermitDetails[] details)PermitDetails(uint160 amount)',
        fields: [{ field: 'details[].amount', lte: '1' }],
      }),
    ],
    ['an unknown network', written({ network: 'bsc' })],
    ['a network whose keys sign no messages', written({ network: 'tron' })],
    [
      'a contract that is no address',
      written({ domain: { name: 'USD Coin', verifyingContract: 'T', version: '2' } }),
    ],
    ['an unknown key', written({ most: '1' })],
    ['one message under two names', beside('again', usdcPermit)],
    ['a declaration that says nothing', worded({ begins: 'We' })],
    ['a declaration that does not print', worded({ begins: 'We hold it\t\t\t' })],
    ['a declaration that may be longer than any', worded({ more: 1_024 })],
    [
      'a declaration that begins as another one',
      beside('again', { ...custody, begins: 'We hold this address' }),
    ],
    ['a rule of an unknown message', ruled({ message: ['other'] })],
    ['a rule of messages and transfers', ruled({ op: ['evm.message', 'evm.transfer'] })],
    ['a rule of transfers with a message', ruled({ op: ['evm.transfer'] })],
    ['a message rule without messages', ruled({ message: [] })],
    ['a rule of messages with an amount', ruled({ amount: { lte: '1' } })],
    ['messages of a cold vault, which no room could type', ruled({ from: ['cold-eth'] })],
  ])('%s', (_, parse) => {
    expect(refusedWith(written({}))).toBe('accepted')
    expect(refusedWith(parse)).toMatch(/^(?:INVALID_POLICY|MALFORMED|OP_NOT_ALLOWED|BYTES_SHAPE)/)
  })

  it('but what takes nothing may have lists, and each item has the bound of its place', () => {
    const policy = messagePolicy({ messages: { 'usdc-permit': vote, custody } })
    const voting = (ids: readonly string[], choice = 'a') => {
      const message = text({
        domain: { chainId: '1', name: 'USD Coin', verifyingContract: usdc, version: '2' },
        message: {
          ids,
          yes: true,
          all: [
            { text: 'b', weight: '7' },
            { text: choice, weight: '1' },
          ],
        },
        primaryType: 'Vote',
        types: {
          Choice: [
            { name: 'text', type: 'string' },
            { name: 'weight', type: 'uint64' },
          ],
          Vote: [
            { name: 'ids', type: 'uint256[]' },
            { name: 'yes', type: 'bool' },
            { name: 'all', type: 'Choice[]' },
          ],
        },
      })
      return judged(permitting(message, { policy }))
    }
    expect(voting(['1', '9'])).toBe('admitted')
    expect(voting([])).toBe('admitted')
    expect(voting(['1', '10'])).toBe('N22 RULE')
    expect(voting(['1'], 'c')).toBe('N22 RULE')
  })

  it('a second domain or type of one contract is another entry', () => {
    const older = { ...usdcPermit, domain: { name: 'USD Coin', verifyingContract: usdc } }
    expect(refusedWith(beside('older', older))).toBe('accepted')
    expect(refusedWith(beside('vote', vote))).toBe('accepted')
    expect(refusedWith(beside('other', { ...custody, begins: 'We hold nothing at all' }))).toBe(
      'accepted',
    )
  })
})

describe('the analyser on messages', () => {
  const findings = (change: Parameters<typeof messagePolicy>[0] = {}) =>
    analyse(parseRulebook(text(messagePolicy(change)))).map(sentence)
  const gives =
    'warning gives away at messages.usdc-permit: whoever has a signature of ' +
    'Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline) ' +
    'may take what it says'
  const free = 'note free words at messages.custody: 16 characters may follow, and say anything'

  it('names what a signature alone can take, and room for words that nobody has read', () => {
    expect(findings()).toEqual([gives, free])
    const exact = { ...custody, begins: said, more: 0 }
    expect(findings({ messages: { 'usdc-permit': vote, custody: exact } })).toEqual([])
  })

  it.each([
    'PermitSingle',
    'PermitTransferFrom',
    'TransferWithAuthorization',
    'ReceiveWithAuthorization',
    'Order',
    'OrderComponents',
    'LimitOrder',
    'Delegation',
    'Maker',
    'Listing',
    'Repayment',
    'RelayRequest',
    'MetaTransactionData',
    'Agent',
  ])('knows %s', (name) => {
    const type = `${name}(uint256 amount)`
    const entry = { ...usdcPermit, type, fields: [{ field: 'amount', lte: '1' }] }
    expect(findings({ messages: { 'usdc-permit': entry, custody } })[0]).toMatch(/gives away/)
  })

  it('wants messages counted, because what they do is in no sum', () => {
    expect(findings({ limits: [] }).slice(0, 2)).toEqual([
      'error no aggregate limit at rules.router-permit: its messages are in no limit that counts',
      'error no aggregate limit at rules.declaration: its messages are in no limit that counts',
    ])
  })

  it('finds a rule whose messages go to an own vault of another class, or are of another network', () => {
    const dead = /^error dead rule at rules.router-permit: nothing can move this way/
    expect(findings({ rule: { to: ['hot'] } })[0]).toMatch(dead)
    expect(findings({ rule: { from: ['warm-tron'], asset: ['trx-native'] } })[0]).toMatch(dead)
    expect(findings({ rule: { asset: ['usdt-eth'] } })[0]).toMatch(dead)
  })
})
