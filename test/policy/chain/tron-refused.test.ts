import { describe, expect, it } from 'vitest'
import { chainOf } from '../../../policy/chain/chains.ts'
import { readFields, type Value, writeFields } from '../../../policy/chain/protobuf.ts'
import { trc20Call, tronChain } from '../../../policy/chain/tron.ts'
import { encodeRaw } from '../../../policy/chain/tron-raw.ts'
import { concat, fromHex, toUtf8 } from '../../../proto/crypto.ts'
import { attempt, isRefusal } from '../../../proto/refusal.ts'
import { base, coin, customer, owner, token } from '../../kit/tron-transfers.ts'
import { testBlock, usdtTransfer } from '../../kit/tron-vectors.ts'

const mainnet = tronChain('tron:0x2b6653dc')
const hex = (text: string): Uint8Array => fromHex(text)!

/** The rule by which these bytes are refused. */
const refusedBy = (bytes: Uint8Array): string => {
  const answer = attempt(() => mainnet.decode(bytes))
  return isRefusal(answer) ? `${answer.code} ${answer.rule}` : 'accepted'
}

const url = (name: string): Uint8Array => toUtf8(`type.googleapis.com/protocol.${name}`)
type Pairs = readonly (readonly [number, Value])[]
interface Wrong {
  readonly raw?: Pairs
  readonly contract?: Pairs
  readonly type?: bigint
  readonly url?: Uint8Array
  readonly parameter?: Pairs
  readonly body?: Pairs
  readonly instead?: Pairs
}

const rawWith = (contract: Uint8Array, raw: Pairs): Uint8Array => {
  const fields: Pairs = [
    [1, base.refBlockBytes],
    [4, base.refBlockHash],
    [8, base.expiration],
    [11, contract],
    [14, base.timestamp],
    ...raw,
  ]
  return writeFields([...fields].sort(([a], [b]) => a - b))
}

const transferBody: Pairs = [
  [1, owner],
  [2, customer],
  [3, 5n],
]
const sorted = (fields: Pairs): Uint8Array => writeFields([...fields].sort(([a], [b]) => a - b))

/** A transfer of the coin with something in it that does not belong there. */
function transfer(wrong: Wrong): Uint8Array {
  const body = sorted([...(wrong.instead ?? transferBody), ...(wrong.body ?? [])])
  const parameter = sorted([
    [1, wrong.url ?? url('TransferContract')],
    [2, body],
    ...(wrong.parameter ?? []),
  ])
  const contract = sorted([[1, wrong.type ?? 1n], [2, parameter], ...(wrong.contract ?? [])])
  return rawWith(contract, wrong.raw ?? [])
}

function call(wrong: Wrong & { readonly calldata?: Uint8Array }): Uint8Array {
  const limit: Pairs = [[18, 30_000_000n]]
  const instead: Pairs = [
    [1, owner],
    [2, token],
    [4, wrong.calldata ?? trc20Call(usdtTransfer.to, 42n)],
  ]
  const named = { type: 31n, url: url('TriggerSmartContract'), instead, raw: limit }
  return transfer({ ...named, ...wrong })
}

describe('a Tron transaction of any other shape', () => {
  it('is refused where it was published with a memo', () => {
    expect(refusedBy(hex(testBlock.transactions[2].raw))).toBe('BYTES_SHAPE memo')
  })

  it('is written by the kit as it is written here', () => {
    expect(transfer({})).toEqual(encodeRaw(coin))
    expect(refusedBy(call({}))).toBe('accepted')
  })

  it.each<[string, Wrong]>([
    ['memo', { raw: [[10, toUtf8('send to tony')]] }],
    ['ref-block-number', { raw: [[3, 1n]] }],
    ['authorities', { raw: [[9, Uint8Array.of(10, 0)]] }],
    ['scripts', { raw: [[12, Uint8Array.of(1)]] }],
    ['unknown-field', { raw: [[19, 1n]] }],
    ['second-contract', { raw: [[11, Uint8Array.of(8, 1)]] }],
    ['fee-limit', { raw: [[18, 1n]] }],
    ['permission', { contract: [[5, 2n]] }],
    ['provider', { contract: [[3, Uint8Array.of(1)]] }],
    ['contract-name', { contract: [[4, Uint8Array.of(1)]] }],
    ['type-url', { url: url('TriggerSmartContract') }],
    ['type-url', { url: toUtf8('protocol.TransferContract') }],
    ['unknown-field', { parameter: [[3, 1n]] }],
    ['unknown-field', { body: [[4, 1n]] }],
    ['zero-amount', { instead: transferBody.slice(0, 2) }],
    ['amount', { instead: [...transferBody.slice(0, 2), [3, 2n ** 63n]] }],
    ['amount', { instead: [...transferBody.slice(0, 2), [3, Uint8Array.of(1)]] }],
    [
      'to',
      {
        instead: [
          [1, owner],
          [2, concat(Uint8Array.of(0xa0), customer.slice(1))],
          [3, 5n],
        ],
      },
    ],
    [
      'to',
      {
        instead: [
          [1, owner],
          [2, customer.slice(1)],
          [3, 5n],
        ],
      },
    ],
    ['owner', { instead: transferBody.slice(1) }],
    ['parameter', { instead: [] }],
    ['duplicate', { body: [[3, 5n]] }],
    ['duplicate', { raw: [[14, 5n]] }],
  ])('is refused as %s', (rule, wrong) => {
    expect(refusedBy(transfer(wrong))).toBe(`BYTES_SHAPE ${rule}`)
  })

  const calldata = trc20Call(usdtTransfer.to, 42n)
  const dirty = Uint8Array.from(calldata)
  dirty[15] = 0x41
  const approve = concat(hex('095ea7b3'), calldata.slice(4))
  it.each<[string, Wrong & { readonly calldata?: Uint8Array }]>([
    ['BYTES_SHAPE value-beside-call', { body: [[3, 1n]] }],
    ['BYTES_SHAPE token-value-beside-call', { body: [[5, 1n]] }],
    ['BYTES_SHAPE token-id', { body: [[6, 1_000_001n]] }],
    ['BYTES_SHAPE unknown-field', { body: [[7, 1n]] }],
    ['BYTES_SHAPE fee-limit', { raw: [] }],
    ['BYTES_SHAPE fee-limit', { raw: [[18, 15_000_000_001n]] }],
    ['BYTES_SHAPE calldata', { calldata: concat(calldata, Uint8Array.of(0)) }],
    ['BYTES_SHAPE calldata', { calldata: calldata.slice(0, 67) }],
    [
      'BYTES_SHAPE calldata',
      {
        instead: [
          [1, owner],
          [2, token],
        ],
      },
    ],
    ['BYTES_SHAPE dirty-address', { calldata: dirty }],
    ['BYTES_SHAPE zero-amount', { calldata: trc20Call(usdtTransfer.to, 0n) }],
    [
      'BYTES_TO undefined',
      {
        calldata: concat(calldata.slice(0, 16), calldata.slice(36, 56), calldata.slice(36)).fill(
          0,
          16,
          36,
        ),
      },
    ],
    ['BYTES_OP approve', { calldata: approve }],
    ['BYTES_OP unknown-call', { calldata: concat(hex('deadbeef'), calldata.slice(4)) }],
    ['BYTES_SHAPE permission', { contract: [[5, 2n]] }],
    [
      'BYTES_SHAPE memo',
      {
        raw: [
          [10, toUtf8('hi')],
          [18, 1n],
        ],
      },
    ],
  ])('is refused as %s beside a call', (rule, wrong) => {
    expect(refusedBy(call(wrong))).toBe(rule)
  })

  it.each([1n, 2n, 3n, 9n, 10n, 2n ** 64n - 1n])(
    'is refused with permission %s, whatever it moves, and the id is said',
    (id) => {
      for (const bytes of [transfer({ contract: [[5, id]] }), call({ contract: [[5, id]] })]) {
        expect(() => chainOf('tron:0x2b6653dc').decode(bytes)).toThrow(`permission ${id}, not`)
        expect(refusedBy(bytes)).toBe('BYTES_SHAPE permission')
      }
    },
  )

  it('is refused where the permission of the owner is written, or is no number', () => {
    const named = transfer({ contract: [[5, 1n]] })
    const at = named.findLastIndex((byte, index) => byte === 0x28 && named[index + 1] === 1)
    expect(refusedBy(Uint8Array.from(named, (byte, index) => (index === at + 1 ? 0 : byte)))).toBe(
      'BYTES_SHAPE default',
    )
    expect(refusedBy(transfer({ contract: [[5, Uint8Array.of(2)]] }))).toBe(
      'BYTES_SHAPE permission',
    )
  })

  it.each([
    [46, 'account-permission-update'],
    [57, 'delegate-resource'],
    [58, 'undelegate-resource'],
    [54, 'freeze-balance-v2'],
    [55, 'unfreeze-balance-v2'],
    [11, 'freeze-balance'],
    [2, 'transfer-asset'],
    [30, 'contract-creation'],
    [4, 'vote-witness'],
    [0, 'account-create'],
    [99, 'unknown-contract'],
  ])('is denied by the name of contract %s, %s', (type, name) => {
    expect(refusedBy(transfer({ type: BigInt(type) }))).toBe(`BYTES_OP ${name}`)
  })

  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['varint', (b) => concat(b.slice(0, 1), Uint8Array.of(0x82, 0x00), b.slice(2))],
    ['varint', (b) => concat(Uint8Array.of(0x8a, 0x00), b.slice(1))],
    ['varint', (b) => concat(b, Uint8Array.of(0x98, 1), new Uint8Array(11).fill(0xff))],
    [
      'varint',
      (b) => concat(b, Uint8Array.of(0x98, 1), new Uint8Array(9).fill(0xff), Uint8Array.of(2)),
    ],
    ['length', (b) => b.slice(0, -1)],
    ['length', (b) => concat(b, Uint8Array.of(0x9a, 1, 5))],
    ['wire-type', (b) => concat(b, Uint8Array.of(0x9d, 1, 0, 0, 0, 0))],
    ['field-number', (b) => concat(Uint8Array.of(0x02, 0x01, 0x01), b)],
    ['default', (b) => concat(b, Uint8Array.of(0x90, 1, 0))],
    ['order', (b) => concat(b.slice(4, 14), b.slice(0, 4), b.slice(14))],
    ['order', (b) => concat(b, Uint8Array.of(8, 1))],
    ['size', () => new Uint8Array(4_097)],
  ])('is refused for its %s', (rule, change) => {
    expect(refusedBy(change(encodeRaw(coin)))).toBe(`BYTES_SHAPE ${rule}`)
  })

  it('is refused without a reference, a lifetime, a time or a contract', () => {
    const without = (number: number) =>
      writeFields([...readFields(encodeRaw(coin), 'raw')].filter(([field]) => field !== number))
    expect([1, 4, 8, 11, 14].map((number) => refusedBy(without(number)))).toEqual(
      ['ref-block-bytes', 'ref-block-hash', 'expiration', 'contract', 'timestamp'].map(
        (rule) => `BYTES_SHAPE ${rule}`,
      ),
    )
    for (const expiration of [1_767_246_552_001n, 253_402_300_800_000n, 2n ** 63n - 1n]) {
      expect(refusedBy(encodeRaw({ ...coin, expiration }))).toBe('BYTES_SHAPE expiration')
    }
    expect(() => chainOf('tron:0x2b6653dc').digest(new Uint8Array())).not.toThrow()
    expect(() => writeFields([[1, 2n ** 64n]])).toThrow()
  })
})
