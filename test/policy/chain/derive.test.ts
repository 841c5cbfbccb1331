import { secp256k1 } from '@noble/curves/secp256k1.js'
import { HDNodeWallet } from 'ethers'
import { describe, expect, it } from 'vitest'
import { derive, pointBytes, shift } from '../../../policy/chain/derive.ts'
import { toHex } from '../../../proto/crypto.ts'
import { refusedWith } from '../../kit/refused.ts'

// Extended public keys of BIP-32, its test vectors 1 and 2, as base58; the non-hardened steps.
const vectors = [
  {
    name: 'vector 1, m/0h to m/0h/1',
    parent:
      'xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEj' +
      'WgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw',
    path: 'm/1',
    child:
      'xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3' +
      'UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ',
  },
  {
    name: 'vector 1, m/0h/1/2h to m/0h/1/2h/2/1000000000',
    parent:
      'xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VU' +
      'NgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5',
    path: 'm/2/1000000000',
    child:
      'xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSV' +
      'qNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy',
  },
  {
    name: 'vector 2, m to m/0',
    parent:
      'xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUa' +
      'pSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB',
    path: 'm/0',
    child:
      'xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9Lgpe' +
      'yGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH',
  },
  {
    name: 'vector 2, m/0/2147483647h to m/0/2147483647h/1',
    parent:
      'xpub6ASAVgeehLbnwdqV6UKMHVzgqAG8Gr6riv3Fxxpj8ksbH9ebxaEy' +
      'BLZ85ySDhKiLDBrQSARLq1uNRts8RuJiHjaDMBU4Zn9h8LZNnBC5y4a',
    path: 'm/1',
    child:
      'xpub6DF8uhdarytz3FWdA8TvFSvvAh8dP3283MY7p2V4SeE2wyWmG5mg' +
      '5EwVvmdMVCQcoNJxGoWaU9DCWh89LojfZ537wTfunKau47EL2dhHKon',
  },
] as const

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.slice(2), 'hex'))
function extended(xpub: string) {
  const node = HDNodeWallet.fromExtendedKey(xpub)
  return { publicKey: bytes(node.publicKey), chainCode: bytes(node.chainCode) }
}

describe('derivation of a child public key', () => {
  it.each(vectors)('gives the key of BIP-32: $name', ({ parent, path, child }) => {
    expect(derive(extended(parent), path)).toEqual(extended(child))
  })

  it('of m is the key itself', () => {
    const key = extended(vectors[0].parent)
    expect(derive(key, 'm')).toEqual(key)
  })

  it('agrees with ethers on long paths', () => {
    const parent = vectors[2].parent
    const node = HDNodeWallet.fromExtendedKey(parent)
    for (const path of ['m/0/0', 'm/44/60/0/0/7', 'm/1/2/3/4/5/6/7/2147483647']) {
      const theirs = node.derivePath(path.slice(2))
      expect(toHex(derive(extended(parent), path).publicKey)).toBe(theirs.publicKey.slice(2))
    }
  })

  it('knows no hardened step, no empty step and no ninth step', () => {
    const key = extended(vectors[0].parent)
    expect(refusedWith(() => derive(key, 'm/1/2/3/4/5/6/7/8'))).toBe('accepted')
    const wrong = [
      'm/1/2/3/4/5/6/7/8/9',
      'm/2147483648',
      "m/0'",
      'm/0h',
      'm/',
      'm//1',
      'm/01',
      'm/-1',
      'M/1',
      '',
      '1',
      'm/1 ',
      `m/${'9'.repeat(60)}`,
    ]
    for (const path of wrong) expect(refusedWith(() => derive(key, path))).toBe('MALFORMED')
  })

  it('takes compressed points of the curve only', () => {
    const { publicKey, chainCode } = extended(vectors[0].parent)
    const uncompressed = Uint8Array.of(4, ...pointBytes(publicKey))
    const wrong = [uncompressed, publicKey.with(0, 5), new Uint8Array(33).fill(0xff).with(0, 2)]
    for (const key of [...wrong, new Uint8Array(0)]) {
      expect(refusedWith(() => derive({ publicKey: key, chainCode }, 'm/1'))).toBe('MALFORMED')
    }
  })

  it('gives no key for a tweak outside the field or one that cancels the key', () => {
    const { Fn } = secp256k1.Point
    const key = secp256k1.getPublicKey(Fn.toBytes(5n))
    expect(shift(key, Fn.toBytes(0n))).toEqual(key)
    expect(shift(key, Fn.toBytes(2n))).toEqual(secp256k1.getPublicKey(Fn.toBytes(7n)))
    const order = Fn.ORDER.toString(16)
    for (const tweak of [Fn.toBytes(Fn.ORDER - 5n), bytes(`0x${order}`)]) {
      expect(refusedWith(() => shift(key, tweak))).toBe('BYTES_FROM')
    }
  })
})
