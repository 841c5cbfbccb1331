// Declarations (EIP-191) as text, as bytes and as digests, against ethers.
import { hashMessage } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chainOf } from '../../../policy/chain/chains.ts'
import {
  decodeMessage,
  encodeMessage,
  messageDigest,
  parseMessage,
} from '../../../policy/chain/evm-message.ts'
import { keccak256, toHex, toUtf8 } from '../../../proto/crypto.ts'
import { type Json, text } from '../../../proto/jcs.ts'
import { limits } from '../../../proto/limits.ts'
import { refusedWith } from '../../kit/refused.ts'

const read = (value: Json) => parseMessage(text(value))
const digestHex = (value: Json) => `0x${toHex(messageDigest(read(value)))}`
const declaration = (written: string) => refusedWith(() => read({ declaration: written }))

describe('a declaration', () => {
  const words = fc
    .array(fc.stringMatching(/^[!-~]{1,9}$/), { minLength: 2, maxLength: 12 })
    .map((all) => `I ${all.join(' ')}`)

  it('has the digest that wallets compute, and its bytes are what is hashed', () => {
    fc.assert(
      fc.property(words, words, (first, second) => {
        const said = `${first}\n\n${second}`
        fc.pre(said.length !== 32)
        const message = read({ declaration: said })
        expect(digestHex({ declaration: said })).toBe(hashMessage(said))
        const bytes = encodeMessage(message)
        expect(chainOf('eip155:1').digest(bytes)).toEqual(keccak256(bytes))
        expect(decodeMessage(bytes)).toEqual(message)
      }),
    )
    // The length is written before a text that may begin with digits as well.
    for (const said of ['1 2 3', '12 3', '1 a', '99 bottles of beer on']) {
      const message = read({ declaration: said })
      expect(decodeMessage(encodeMessage(message))).toEqual(message)
    }
  })

  it.each([
    ['nothing', ''],
    ['32 bytes, which contracts take for a hash', 'thirty-two characters of a text.'],
    ['hex', '0xdeadbeef'],
    ['hex without its mark', 'deadbeef'],
    ['typed data as text', '{"types":{}}'],
    ['a list', '[1]'],
    ['two blanks', 'pay  me'],
    ['a blank at its end', 'pay me '],
    ['an empty line at its end', 'pay me\n'],
    ['a tab', 'pay\tme'],
    ['letters of another alphabet', 'p\u0430y me'],
    ['text that turns around', 'pay \u202eme'],
    ['a control character', 'pay \u0019me'],
    ['more lines than people read', Array(65).fill('line').join('\n')],
    ['more than people read', `${'a '.repeat(limits.declarationBytesMax / 2)}a`],
  ])('is refused with %s', (_what, said) => {
    expect(declaration('pay me')).toBe('accepted')
    expect(declaration(`${'a '.repeat(limits.declarationBytesMax / 2 - 1)}aa`)).toBe('accepted')
    expect(declaration(said)).toMatch(/^BYTES_SHAPE/)
  })

  it('has one form of bytes', () => {
    const bytes = encodeMessage(read({ declaration: 'I am here' }))
    const written = (change: (from: string) => string) =>
      refusedWith(() => decodeMessage(toUtf8(change(new TextDecoder().decode(bytes)))))
    expect(written((from) => from)).toBe('accepted')
    expect(written((from) => from.replace('\n9', '\n8'))).toBe('BYTES_SHAPE length')
    expect(written((from) => from.replace('\n9', '\n09'))).toBe('BYTES_SHAPE length')
    expect(written((from) => `${from}!`)).toBe('BYTES_SHAPE length')
    expect(written((from) => from.replace('Ethereum', 'Tron'))).toBe('BYTES_SHAPE message')
    expect(refusedWith(() => decodeMessage(new Uint8Array(limits.transactionBytesMax + 1)))).toBe(
      'BYTES_SHAPE size',
    )
    expect(refusedWith(() => parseMessage(' '.repeat(limits.messageBytesMax + 1)))).toBe(
      'BYTES_SHAPE size',
    )
    expect(refusedWith(() => read({ declaration: 'a b', more: 'c' }))).toBe('BYTES_SHAPE typed')
  })
})
