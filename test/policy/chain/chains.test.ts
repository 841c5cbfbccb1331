import { describe, expect, it } from 'vitest'
import {
  chainOf,
  isNobody,
  networkTitle,
  opsOf,
  parseAddress,
} from '../../../policy/chain/chains.ts'
import { parseTronAddress, tronAddress } from '../../../policy/chain/tron-address.ts'
import { sha256 } from '../../../proto/crypto.ts'
import { refusedWith } from '../../kit/refused.ts'

const evm = '0x7a16ff8270133f063aab6c9977183d9e72835428'
const tron = 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'

describe('the registry of networks', () => {
  it('shows a name beside the id, and the id alone where there is no name', () => {
    expect(networkTitle('eip155:1')).toBe('Ethereum mainnet (eip155:1)')
    expect(networkTitle('eip155:56')).toBe('BNB Smart Chain (eip155:56)')
    expect(networkTitle('eip155:31337')).toBe('Local development chain (eip155:31337)')
    expect(networkTitle('eip155:424242')).toBe('eip155:424242')
  })

  it('answers for every EVM chain id of 64 bits', () => {
    expect(chainOf('eip155:1')).toBeDefined()
    expect(chainOf(`eip155:${2n ** 64n - 1n}`)).toBeDefined()
    for (const id of ['0', '01', '-1', '1e3', 'main', `${2n ** 64n}`]) {
      expect(refusedWith(() => chainOf(`eip155:${id}`))).toBe('MALFORMED')
    }
  })

  it('refuses networks that nobody decodes', () => {
    expect(refusedWith(() => chainOf('bip122:000000000019d6689c085ae165831e93'))).toBe(
      'NOT_SUPPORTED',
    )
    for (const text of ['', 'eip155', 'eip155:', 'EIP155:1', 'eip155:1:2', 'eip155:1\n']) {
      expect(refusedWith(() => chainOf(text))).toBe('MALFORMED')
    }
  })

  it('has one form of a network, wherever one is named', () => {
    const wrong = ['eip155:01', 'eip155:0', 'eip155:hello', `eip155:${2n ** 64n}`]
    const tron = ['tron:mainnet', 'tron:728126428', 'tron:0x2B6653DC', 'tron:0x2b6653d']
    for (const text of [...wrong, ...tron]) {
      expect(refusedWith(() => opsOf(text))).toBe('MALFORMED')
      expect(refusedWith(() => parseAddress(text, evm))).toBe('MALFORMED')
    }
  })

  it('refuses rollups whose data fee no transaction bounds', () => {
    for (const text of ['eip155:10', 'eip155:8453']) {
      expect(refusedWith(() => chainOf(text))).toBe('NOT_SUPPORTED')
      expect(refusedWith(() => opsOf(text))).toBe('NOT_SUPPORTED')
      expect(networkTitle(text)).toBe(text)
    }
  })

  it('knows the address of nobody on each network', () => {
    const burned = `41${'00'.repeat(20)}`
    const body = Buffer.from(burned, 'hex')
    const sum = sha256(sha256(body)).slice(0, 4)
    const value = BigInt(`0x${burned}${Buffer.from(sum).toString('hex')}`)
    const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
    let written = ''
    for (let rest = value; rest > 0n; rest /= 58n) written = alphabet[Number(rest % 58n)] + written
    expect(isNobody('tron:0x2b6653dc', written)).toBe(true)
    expect(isNobody('tron:0x2b6653dc', tron)).toBe(false)
    expect(isNobody('eip155:1', `0x${'00'.repeat(20)}`)).toBe(true)
    expect(isNobody('eip155:1', evm)).toBe(false)
  })

  it('knows the operations of a network', () => {
    expect(opsOf('eip155:1')).toEqual({
      call: 'evm.call',
      message: 'evm.message',
      cancel: 'evm.cancel',
      native: 'evm.transfer',
      token: 'erc20.transfer',
    })
    expect(opsOf('tron:0x2b6653dc')).toEqual({ native: 'tron.transfer', token: 'trc20.transfer' })
  })

  it('AUTH-07 accepts an address in one form only, without EIP-55 capitals', () => {
    expect(parseAddress('eip155:1', evm)).toBe(evm)
    expect(parseAddress('tron:0x2b6653dc', tron)).toBe(tron)
    const wrong = [
      evm.toUpperCase(),
      '0xdAC17F958D2ee523a2206206994597C13D831ec7',
      evm.slice(2),
      `${evm}00`,
      evm.slice(0, -1),
      `${evm}\n`,
      tron,
    ]
    for (const text of wrong) {
      expect(refusedWith(() => parseAddress('eip155:1', text))).toBe('MALFORMED')
    }
  })

  it('checks the checksum of a Tron address', () => {
    const wrong = [
      'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u',
      'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6',
      'tR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t',
      'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj0t',
      `T${'z'.repeat(33)}`,
      '',
      evm,
    ]
    for (const text of wrong) {
      expect(refusedWith(() => parseAddress('tron:0x2b6653dc', text))).toBe('MALFORMED')
    }
  })
})

describe('a Tron address', () => {
  it('is the twenty bytes of the EVM address, in base58 with a checksum', () => {
    // Of the private key 1.
    const one = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
    const address = tronAddress(Uint8Array.from(Buffer.from(one, 'hex')))
    expect(address).toBe('TMVQGm1qAQYVdetCeGRRkTWYYrLXuHK2HC')
    expect(parseTronAddress(address)).toBe(address)
  })
})
