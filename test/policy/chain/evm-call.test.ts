// Contract calls as text and as bytes, against ethers' ABI coder.
import { AbiCoder, Interface, id } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chainOf } from '../../../policy/chain/chains.ts'
import { type EvmTransaction, encodeUnsigned, transferCall } from '../../../policy/chain/evm.ts'
import { decodeValues, encodeValues, parseValue } from '../../../policy/chain/evm-abi.ts'
import {
  callText,
  decodeCall,
  encodeCall,
  parseCall,
  parseFunction,
} from '../../../policy/chain/evm-call.ts'
import { functionOf } from '../../../policy/chain/evm-selectors.ts'
import { concat, fromHex, toHex } from '../../../proto/crypto.ts'
import { attempt, isRefusal } from '../../../proto/refusal.ts'
import { refusedWith } from '../../kit/refused.ts'

const theirs = AbiCoder.defaultAbiCoder()
const hex = (text: string): Uint8Array => fromHex(text.replace('0x', '')) as Uint8Array
const spender = '0x7a16ff8270133f063aab6c9977183d9e72835428'
const approve = `approve(address spender = ${spender}, uint256 value = 1000000)`

interface Sample {
  readonly type: string
  readonly text: string
  /** What ethers encodes. */
  readonly value: unknown
}

const sizes = fc.integer({ min: 1, max: 32 })
const bytesOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => `0x${toHex(bytes)}`)
const same = (type: string) => (text: string) => ({ type, text, value: text })
const fixed: fc.Arbitrary<Sample> = fc.oneof(
  bytesOf(20).map(same('address')),
  fc.boolean().map((value) => ({ type: 'bool', text: `${value}`, value })),
  sizes.chain((size) => bytesOf(size).map(same(`bytes${size}`))),
  sizes.chain((size) => {
    const bits = BigInt(8 * size)
    return fc
      .bigInt({ min: 0n, max: (1n << bits) - 1n })
      .map((value) => ({ type: `uint${bits}`, text: `${value}`, value }))
  }),
  sizes.chain((size) => {
    const half = 1n << BigInt(8 * size - 1)
    return fc
      .bigInt({ min: -half, max: half - 1n })
      .map((value) => ({ type: `int${8 * size}`, text: `${value}`, value }))
  }),
)
const printable = fc
  .string({ unit: 'grapheme-ascii', maxLength: 70 })
  .map((text) => text.replace(/ {2,}/g, ' '))
const dynamic: fc.Arbitrary<Sample> = fc.oneof(
  fc.uint8Array({ maxLength: 70 }).map((bytes) => same('bytes')(`0x${toHex(bytes)}`)),
  printable.map((value) => {
    return { type: 'string', text: `"${value.replace(/["\\]/g, '\\$&')}"`, value }
  }),
  fc.array(fixed, { minLength: 1, maxLength: 1 }).chain(([one]) =>
    fc.integer({ min: 0, max: 5 }).map((count) => ({
      type: `${one!.type}[]`,
      text: `[${Array(count).fill(one!.text).join(', ')}]`,
      value: Array(count).fill(one!.value),
    })),
  ),
)
const samples = fc.array(fc.oneof(fixed, dynamic), { maxLength: 6 })

describe('values of a call', () => {
  it('are the bytes that ethers makes of them, and are read back as the same text', () => {
    fc.assert(
      fc.property(samples, (all) => {
        const types = all.map(({ type }) => type)
        const texts = all.map(({ text }) => text)
        for (const { type, text } of all) expect(parseValue(type, text)).toBe(text)
        const bytes = encodeValues(types, texts)
        const expected = theirs.encode(
          types,
          all.map(({ value }) => value),
        )
        expect(`0x${toHex(bytes)}`).toBe(expected)
        expect(decodeValues(types, bytes)).toEqual(texts)
      }),
      { numRuns: 300 },
    )
  })

  it('have one form: bytes that were changed are refused, or are other values', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(samples, fc.array(change, { minLength: 1, maxLength: 3 }), (all, changes) => {
        const types = all.map(({ type }) => type)
        const bytes = encodeValues(
          types,
          all.map(({ text }) => text),
        )
        if (bytes.length === 0) return
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        const read = attempt(() => decodeValues(types, bytes))
        if (!isRefusal(read)) expect(toHex(encodeValues(types, read))).toBe(toHex(bytes))
      }),
      { numRuns: 500 },
    )
  })

  const word = (value: bigint) => hex(value.toString(16).padStart(64, '0'))
  const refused: readonly (readonly [string, readonly string[], Uint8Array])[] = [
    ['a dirty address', ['address'], word(1n << 160n)],
    ['a bool of two', ['bool'], word(2n)],
    ['a uint8 of 256', ['uint8'], word(256n)],
    ['an int8 of 128', ['int8'], word(128n)],
    ['an int8 whose sign is not extended', ['int8'], word(255n)],
    ['a bytes4 with a fifth byte', ['bytes4'], word(1n)],
    ['one byte too many', ['uint8'], concat(word(1n), Uint8Array.of(0))],
    ['one byte too few', ['uint8'], word(1n).slice(1)],
    ['an offset that points elsewhere', ['bytes'], concat(word(64n), word(0n), word(0n))],
    ['an offset into its own head', ['bytes'], concat(word(0n), word(0n))],
    ['an offset beyond all', ['bytes'], word(1n << 255n)],
    ['a length beyond all', ['bytes'], concat(word(32n), word(1n << 200n))],
    ['padding that is not nothing', ['bytes'], concat(word(32n), word(1n), word(1n))],
    ['a list of too many', ['uint8[]'], concat(word(32n), word(33n), new Uint8Array(33 * 32))],
    ['text that is not UTF-8', ['string'], concat(word(32n), word(1n), word(0xffn << 248n))],
    ['text that does not print', ['string'], concat(word(32n), word(1n), word(10n << 248n))],
  ]
  it.each(refused)('never are %s', (_, types, bytes) => {
    expect(refusedWith(() => decodeValues(types, bytes))).toBe('BYTES_SHAPE abi')
  })
})

describe('the text of a call', () => {
  it('is the calldata that ethers makes of the same call, and back', () => {
    const call = parseCall(approve)
    const erc20 = new Interface(['function approve(address spender, uint256 value)'])
    const calldata = encodeCall(call)
    expect(`0x${toHex(calldata)}`).toBe(erc20.encodeFunctionData('approve', [spender, 1_000_000n]))
    expect(callText(decodeCall(call.form, calldata))).toBe(approve)
    expect(callText(call)).toBe(approve)
  })

  it('may have no arguments, lists and text with any mark', () => {
    const texts = [
      'deposit()',
      'vote(uint256[] ids = [1, 2], string reason = "a, b) = \\"c\\" \\\\", bool yes = true)',
      'pay(int8 x = -128, bytes data = 0x, bytes2 tag = 0x00ff)',
    ]
    for (const text of texts) {
      const call = parseCall(text)
      expect(callText(decodeCall(call.form, encodeCall(call)))).toBe(text)
    }
  })

  it.each([
    ['an address in capitals', approve.replace('ff8', 'FF8')],
    ['a leading zero', approve.replace('1000000', '01000000')],
    ['a number in hex', approve.replace('1000000', '0x10')],
    ['a number above its type', 'f(uint8 a = 256)'],
    ['minus nothing', 'f(int8 a = -0)'],
    ['two spaces', approve.replace(', ', ',  ')],
    ['no name', 'f(uint8 = 1)'],
    ['a name twice', 'f(uint8 a = 1, uint8 a = 2)'],
    ['an alias of a type', 'f(uint a = 1)'],
    ['a type of seven bits', 'f(uint7 a = 1)'],
    ['33 bytes', 'f(bytes33 a = 0x)'],
    ['a list in a list', 'f(uint8[][] a = [])'],
    ['a list of what is not fixed', 'f(bytes[] a = [])'],
    ['a tuple', 'f((uint8) a = 1)'],
    ['something after the end', `${approve} `],
    ['no end', approve.slice(0, -1)],
    ['blanks that push text aside', 'f(string a = "x  y")'],
    ['no value', 'approve(address spender, uint256 value)'],
    [
      'seventeen parameters',
      `f(${Array.from({ length: 17 }, (_, i) => `bool a${i} = true`).join(', ')})`,
    ],
    ['a text above its bound', `f(bytes a = 0x${'00'.repeat(2_048)})`],
    ['nothing', ''],
  ])('has one form, and is refused with %s', (_, text) => {
    expect(refusedWith(() => parseCall(text))).toMatch(/^(?:MALFORMED|BYTES_SHAPE abi)$/)
  })

  it.each(['transfer', 'multicall', 'aggregate', 'execTransaction', 'execute'])(
    '%s is no call: a payment, or a wrapper of calls that nobody sees',
    (name) => {
      expect(refusedWith(() => parseCall(`${name}(bytes data = 0x)`))).toBe(
        `OP_NOT_ALLOWED ${name}`,
      )
      expect(refusedWith(() => parseFunction(`${name}()`))).toBe(`OP_NOT_ALLOWED ${name}`)
    },
  )
})

describe('a function that has the first bytes of another', () => {
  it('is refused: many_msg_babbage is known for having those of transfer', () => {
    const text = 'many_msg_babbage(bytes1 x = 0x00)'
    expect(refusedWith(() => parseCall(text))).toBe('OP_NOT_ALLOWED transfer')
    expect(refusedWith(() => parseCall(text.replace('babbage', 'cabbage')))).toBe('accepted')
  })
})

describe('the first bytes of what lends, gives away or wraps', () => {
  it.each([
    'approve(address,uint256)',
    'increaseApproval(address,uint256)',
    'decreaseApproval(address,uint256)',
    'approveAndCall(address,uint256,bytes)',
    'transferAndCall(address,uint256,bytes)',
    'transferFromAndCall(address,address,uint256,bytes)',
    'safeTransferFrom(address,address,uint256)',
    'safeTransferFrom(address,address,uint256,bytes)',
    'safeTransferFrom(address,address,uint256,uint256,bytes)',
    'safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)',
    'changeAdmin(address)',
    'grantRole(bytes32,address)',
    'aggregate3((address,bool,bytes)[])',
    'aggregate3Value((address,bool,uint256,bytes)[])',
    'tryAggregate(bool,(address,bytes)[])',
    'execTransactionFromModule(address,uint256,bytes,uint8)',
    'executeBatch(address[],uint256[],bytes[])',
    'multiSend(bytes)',
  ])('%s are known, so that nobody gives them another name', (signature) => {
    const selector = hex(id(signature).slice(0, 10))
    expect(functionOf(selector)).toBe(signature.slice(0, signature.indexOf('(')))
  })
})

describe('a transaction with a call', () => {
  const chain = chainOf('eip155:1')
  const contract = '0xdac17f958d2ee523a2206206994597c13d831ec7'
  const calling: EvmTransaction = {
    chainId: 1n,
    nonce: 7n,
    tip: 1n,
    price: 2n,
    gasLimit: 90_000n,
    to: contract,
    value: 0n,
    calldata: encodeCall(parseCall(approve)),
  }
  const accepts = { forms: ['type-2'], call: approve } as const
  const decoded = (patch: Partial<EvmTransaction>) =>
    chain.decode(encodeUnsigned({ ...calling, ...patch }), accepts)

  it('says what the bytes call, not what was asked for', () => {
    expect(decoded({ value: 3n })).toMatchObject({
      op: 'evm.call',
      contract: '',
      to: contract,
      amount: 3n,
      call: approve,
    })
    const more = approve.replace('1000000', '1000001')
    const other = decoded({ calldata: encodeCall(parseCall(more)) })
    expect(other.call).toBe(more)
  })

  it.each<readonly [string, string, Partial<EvmTransaction>]>([
    ['another function', 'BYTES_OP another-call', { calldata: transferCall(spender, 1n) }],
    ['no calldata', 'BYTES_OP another-call', { calldata: new Uint8Array(0) }],
    ['calldata cut short', 'BYTES_SHAPE abi', { calldata: calling.calldata.slice(0, -1) }],
    ['trailing calldata', 'BYTES_SHAPE abi', { calldata: concat(calling.calldata, hex('00')) }],
    ['a dirty address word', 'BYTES_SHAPE abi', { calldata: calling.calldata.with(5, 1) }],
  ])('is refused with %s', (_, expected, patch) => {
    expect(refusedWith(() => decoded({}))).toBe('accepted')
    expect(refusedWith(() => decoded(patch))).toBe(expected)
  })

  it('is refused under its name where no call was asked for', () => {
    expect(refusedWith(() => chain.decode(encodeUnsigned(calling)))).toBe('BYTES_OP approve')
  })
})
