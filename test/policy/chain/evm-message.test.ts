// Messages as text, as bytes and as digests, against ethers and the example that EIP-712 publishes.
import { Signature, SigningKey, TypedDataEncoder, verifyTypedData } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chainOf } from '../../../policy/chain/chains.ts'
import {
  decodeMessage,
  encodeMessage,
  messageDigest,
  messageText,
  parseMessage,
} from '../../../policy/chain/evm-message.ts'
import { leavesOf } from '../../../policy/chain/evm-typed.ts'
import { parseTypeText, placesIn, typeText } from '../../../policy/chain/evm-typed-form.ts'
import { keccak256, toHex, toUtf8 } from '../../../proto/crypto.ts'
import { type Json, type JsonObject, text } from '../../../proto/jcs.ts'
import { limits } from '../../../proto/limits.ts'
import { refusedWith } from '../../kit/refused.ts'

const contract = '0xcccccccccccccccccccccccccccccccccccccccc'
const cow = '0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826'
const bob = '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'

/** EIP-712, "Example.sol" and "Example.js". */
const mail: JsonObject = {
  domain: { chainId: '1', name: 'Ether Mail', verifyingContract: contract, version: '1' },
  message: {
    contents: 'Hello, Bob!',
    from: { name: 'Cow', wallet: cow },
    to: { name: 'Bob', wallet: bob },
  },
  primaryType: 'Mail',
  types: {
    Mail: [
      { name: 'from', type: 'Person' },
      { name: 'to', type: 'Person' },
      { name: 'contents', type: 'string' },
    ],
    Person: [
      { name: 'name', type: 'string' },
      { name: 'wallet', type: 'address' },
    ],
  },
}

const read = (value: Json) => parseMessage(text(value))
const digestHex = (value: Json) => `0x${toHex(messageDigest(read(value)))}`
const typed = (change: JsonObject) => refusedWith(() => read({ ...mail, ...change }))

describe('the example of EIP-712', () => {
  const message = read(mail)
  if (message.kind !== 'typed') throw new Error('no typed data')

  it('has the type, the digest and the signature that are published', () => {
    const type = 'Mail(Person from,Person to,string contents)Person(string name,address wallet)'
    expect(typeText(message.typed)).toBe(type)
    expect(toHex(keccak256(toUtf8(type)))).toBe(
      'a0cedeb2dc280ba39b857546d74f5549c3a1d7bdc2dd96bf881f76108e23dac2',
    )
    const digest = 'be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2'
    expect(toHex(messageDigest(message))).toBe(digest)
    const key = new SigningKey(`0x${toHex(keccak256(toUtf8('cow')))}`)
    const { r, s, v } = key.sign(`0x${digest}`)
    expect(v).toBe(28)
    expect(r).toBe('0x4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d')
    expect(s).toBe('0x07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562')
  })

  it('goes to nodes as bytes that say the same, and is signed as 65 bytes', () => {
    const bytes = encodeMessage(message)
    expect([bytes[0], bytes[1]]).toEqual([0x19, 0x01])
    expect(messageText(decodeMessage(bytes))).toBe(text(mail))
    const chain = chainOf('eip155:1')
    const effect = chain.decode(bytes, { forms: [], message: true })
    expect(effect).toMatchObject({ op: 'evm.message', to: contract, amount: 0n, slot: '' })
    expect(chain.digest(bytes)).toEqual(effect.digest)
    const key = new SigningKey(`0x${toHex(keccak256(toUtf8('cow')))}`)
    const { r, s, yParity } = key.sign(effect.digest)
    const part = (written: string) => Uint8Array.from(Buffer.from(written.slice(2), 'hex'))
    const signed = chain.attach(bytes, { r: part(r), s: part(s), v: yParity })
    expect(signed.txid).toBe(`0x${toHex(effect.digest)}`)
    expect(signed.raw).toHaveLength(65)
    const { domain, types, message: said } = mail as Record<string, JsonObject>
    const by = verifyTypedData(
      domain!,
      types as never,
      said!,
      Signature.from(`0x${toHex(signed.raw)}`),
    )
    expect(by.toLowerCase()).toBe(cow)
  })

  it('is shown field by field, each with the place that a policy names', () => {
    expect(leavesOf(message.typed).map(({ path, text: said }) => `${path} ${said}`)).toEqual([
      'from.name "Cow"',
      `from.wallet ${cow}`,
      'to.name "Bob"',
      `to.wallet ${bob}`,
      'contents "Hello, Bob!"',
    ])
    expect(placesIn(message.typed).map(({ name }) => name)).toEqual(
      leavesOf(message.typed).map(({ place }) => place),
    )
  })

  it('is no transaction: where none is asked for it is refused, and a transaction is no message', () => {
    const chain = chainOf('eip155:1')
    const bytes = encodeMessage(message)
    expect(refusedWith(() => chain.decode(bytes))).toBe('BYTES_OP message')
    const transaction = Uint8Array.of(0x02, 0xc0)
    expect(refusedWith(() => chain.decode(transaction, { forms: ['type-2'], message: true }))).toBe(
      'BYTES_SHAPE message',
    )
    const trailing = Uint8Array.of(...bytes, 0x20)
    expect(refusedWith(() => decodeMessage(trailing))).toBe('MALFORMED')
  })
})

const sizes = fc.integer({ min: 1, max: 32 })
const hexOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => `0x${toHex(bytes)}`)
const printable = fc
  .string({ unit: 'grapheme-ascii', maxLength: 40 })
  .map((written) => written.replace(/ {2,}/g, ' '))

/** A type and a way to draw more values of it, so that lists hold different ones. */
interface Kind {
  readonly type: string
  readonly values: fc.Arbitrary<Json>
}

const atoms: fc.Arbitrary<Kind> = fc.oneof(
  fc.constant({ type: 'address', values: hexOf(20) }),
  fc.constant({ type: 'bool', values: fc.boolean() }),
  fc.constant({ type: 'string', values: printable }),
  fc.constant({
    type: 'bytes',
    values: fc.uint8Array({ maxLength: 40 }).map((bytes) => `0x${toHex(bytes)}`),
  }),
  sizes.map((size) => ({ type: `bytes${size}`, values: hexOf(size) })),
  sizes.map((size) => ({
    type: `uint${8 * size}`,
    values: fc.bigInt({ min: 0n, max: (1n << BigInt(8 * size)) - 1n }).map(String),
  })),
  sizes.map((size) => {
    const half = 1n << BigInt(8 * size - 1)
    return {
      type: `int${8 * size}`,
      values: fc.bigInt({ min: -half, max: half - 1n }).map(String),
    }
  }),
)

const listed = (kind: Kind): fc.Arbitrary<Kind> =>
  fc.oneof(
    fc.constant(kind),
    fc.constant({ type: `${kind.type}[]`, values: fc.array(kind.values, { maxLength: 2 }) }),
    fc.constant({
      type: `${kind.type}[2]`,
      values: fc.array(kind.values, { minLength: 2, maxLength: 2 }),
    }),
  )
const members = atoms.chain(listed).chain(listed)

const struct = (kinds: readonly Kind[], first: string) => {
  const names = kinds.map((_, at) => `${first}${at}`)
  const fields = kinds.map(({ values }, at) => [names[at]!, values] as const)
  return {
    list: kinds.map(({ type }, at) => ({ name: names[at]!, type })),
    values: fc.record(Object.fromEntries(fields)) as fc.Arbitrary<JsonObject>,
  }
}

/** Two structs, the second within the first, also in lists. */
const documents = fc
  .tuple(
    fc.array(members, { minLength: 1, maxLength: 3 }),
    fc.array(members, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('Inner', 'Inner[]', 'Inner[2]'),
    fc.option(printable, { nil: undefined }),
    printable,
  )
  .chain(([own, within, use, version, name]) => {
    const inner = struct(within, 'b')
    const uses = {
      Inner: inner.values,
      'Inner[]': fc.array(inner.values, { maxLength: 2 }),
      'Inner[2]': fc.array(inner.values, { minLength: 2, maxLength: 2 }),
    }
    const outer = struct([...own, { type: use, values: uses[use] }], 'a')
    return outer.values.map((message) => ({
      domain: {
        chainId: '1',
        name,
        verifyingContract: contract,
        ...(version === undefined ? {} : { version }),
      },
      message,
      primaryType: 'Outer',
      types: { Inner: inner.list, Outer: outer.list },
    }))
  })

describe('typed data of any type', () => {
  it('has the digest and the type that ethers computes, and one text and one form of bytes', () => {
    let counted = 0
    fc.assert(
      fc.property(documents, ({ domain, message, primaryType, types }) => {
        const value = { domain, message, primaryType, types } as JsonObject
        // The rest has more values than people read; the bound has a test of its own.
        if (refusedWith(() => read(value)) === 'BYTES_SHAPE typed') return
        counted += 1
        const our = read(value)
        if (our.kind !== 'typed') throw new Error('no typed data')
        expect(digestHex(value)).toBe(TypedDataEncoder.hash(domain, types, message))
        expect(typeText(our.typed)).toBe(TypedDataEncoder.from(types).encodeType(primaryType))
        expect(typeText(parseTypeText(typeText(our.typed)))).toBe(typeText(our.typed))
        expect(messageText(our)).toBe(text(value))
        expect(messageText(decodeMessage(encodeMessage(our)))).toBe(text(value))
      }),
      { numRuns: 400 },
    )
    expect(counted).toBeGreaterThan(200)
  })

  const person = (change: Json) => ({ types: { ...(mail['types'] as JsonObject), Person: change } })
  const wide = Array.from({ length: 4 }, (_, at) => ({ name: `m${at}`, type: 'uint8' }))
  const deep = Object.fromEntries(
    Array.from({ length: 9 }, (_, at) => [
      `S${at}`,
      wide.map(({ name }) => ({ name, type: at === 8 ? 'uint8' : `S${at + 1}` })),
    ]),
  )

  it.each<[string, JsonObject, string]>([
    ['an unknown type', person([{ name: 'name', type: 'Name' }]), 'BYTES_SHAPE typed'],
    ['an alias of a type', person([{ name: 'name', type: 'uint' }]), 'BYTES_SHAPE typed'],
    ['fixed-point numbers', person([{ name: 'name', type: 'fixed128x18' }]), 'BYTES_SHAPE typed'],
    ['a list of lists of lists', person([{ name: 'a', type: 'bool[][][]' }]), 'BYTES_SHAPE typed'],
    ['a struct within itself', person([{ name: 'a', type: 'Mail' }]), 'BYTES_SHAPE typed'],
    ['a struct without members', person([]), 'BYTES_SHAPE typed'],
    [
      'one name twice',
      person([
        { name: 'a', type: 'bool' },
        { name: 'a', type: 'bool' },
      ]),
      'BYTES_SHAPE typed',
    ],
    ['a member that is no name', person([{ name: 'a b', type: 'bool' }]), 'BYTES_SHAPE typed'],
    [
      'a struct that nothing needs',
      { types: { ...(mail['types'] as JsonObject), Other: wide } },
      'BYTES_SHAPE typed',
    ],
    [
      'its domain as a struct',
      { primaryType: 'EIP712Domain', types: { EIP712Domain: wide } },
      'BYTES_SHAPE typed',
    ],
    [
      'a struct called like an atom',
      { primaryType: 'uint', types: { uint: wide } },
      'BYTES_SHAPE typed',
    ],
    [
      'a struct called like what every object has',
      {
        primaryType: '__proto__',
        types: Object.fromEntries([['__proto__', wide]]),
        message: { m0: '0', m1: '0', m2: '0', m3: '0' },
      },
      'BYTES_SHAPE typed',
    ],
    [
      'structs of structs with more fields than anybody reads',
      { primaryType: 'S0', types: deep },
      'BYTES_SHAPE typed',
    ],
    ['a first struct that is none of them', { primaryType: 'Letter' }, 'BYTES_SHAPE typed'],
    ['a field too few', { message: { contents: 'x' } }, 'BYTES_SHAPE typed'],
    [
      'a field too many',
      { message: { ...(mail['message'] as JsonObject), more: 'x' } },
      'BYTES_SHAPE typed',
    ],
    [
      'a text that does not print',
      { message: { ...(mail['message'] as JsonObject), contents: 'a\u202eb' } },
      'BYTES_SHAPE abi',
    ],
    [
      'a text that pushes aside what follows',
      { message: { ...(mail['message'] as JsonObject), contents: 'a  b' } },
      'BYTES_SHAPE abi',
    ],
    [
      'an address in capitals',
      {
        message: {
          ...(mail['message'] as JsonObject),
          to: { name: 'Bob', wallet: bob.toUpperCase() },
        },
      },
      'BYTES_SHAPE abi',
    ],
    [
      'a wrapper of calls',
      { primaryType: 'SafeTx', types: { SafeTx: wide } },
      'OP_NOT_ALLOWED SafeTx',
    ],
    [
      'a domain without a contract',
      { domain: { chainId: '1', name: 'Ether Mail', version: '1' } },
      'BYTES_SHAPE typed',
    ],
    [
      'a domain without a chain',
      { domain: { name: 'Ether Mail', verifyingContract: contract } },
      'BYTES_SHAPE typed',
    ],
    [
      'a domain with a salt',
      { domain: { ...(mail['domain'] as JsonObject), salt: `0x${'00'.repeat(32)}` } },
      'BYTES_SHAPE typed',
    ],
    [
      'a chain in hex',
      { domain: { ...(mail['domain'] as JsonObject), chainId: '0x1' } },
      'BYTES_SHAPE abi',
    ],
  ])('is refused with %s', (_what, change, expected) => {
    expect(typed({})).toBe('accepted')
    expect(typed(change)).toBe(expected)
  })

  it('has at most as many values as people read', () => {
    const list = (count: number) => ({
      message: { ids: Array(count).fill('1') },
      primaryType: 'Ids',
      types: { Ids: [{ name: 'ids', type: 'uint8[]' }] },
    })
    expect(typed(list(limits.messageLeavesMax))).toBe('accepted')
    expect(typed(list(limits.messageLeavesMax + 1))).toBe('BYTES_SHAPE typed')
    expect(typed({ ...list(0), types: { Ids: [{ name: 'ids', type: 'uint8[2]' }] } })).toBe(
      'BYTES_SHAPE typed',
    )
  })
})
