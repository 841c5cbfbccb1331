// What hashes and draws leave behind: any part of a preimage may be secret, and the 64 bytes that
// become a scalar tell it. Larger runs look for the scalars themselves (`wiping-sign`).
import { afterEach, describe, expect, it, vi } from 'vitest'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { SessionRandomness } from '../../signer-node/dkls23/randomness.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import {
  expand,
  FixedHash,
  hash,
  hashToScalar,
  sha256,
} from '../../signer-node/dkls23/transcript.ts'
import { Memory } from './memory.ts'

const curve = nativeCurve()
const part = expand('rng', 32, 'a secret part')
const key = expand('rng', 32, 'a secret K')
const wide = expand('zero', 64, part)
const drawn = expand('rng', 64, key, 'r', new Uint8Array(2), new Uint8Array(2), new Uint8Array(2))
const needles = [
  ['part', part],
  ['wide', wide],
  ['K', key],
  ['drawn', drawn],
] as const

const calls: Readonly<Record<string, () => unknown>> = {
  'a hash': () => hash('zero-seed', part),
  'a longer hash': () => expand('zero', 96, 'first', part),
  'a scalar of a hash': () => hashToScalar(curve, 'zero', part),
  'a fixed hash': () => {
    using oracle = new FixedHash('ote-pad', sha256(part))
    return oracle.digest(part, 3)
  },
  'a draw': () => {
    using randomness = new SessionRandomness(new Secret(Uint8Array.from(key)), curve)
    return randomness.scalar('r')
  },
}

describe('the memory after a hash', () => {
  afterEach(() => void vi.restoreAllMocks())

  it.each(Object.entries(calls))('holds nothing of what went into %s', (_, call) => {
    const memory = new Memory()
    memory.watch(call)
    expect(memory.find(needles)).toEqual([])
  })

  it('would be found to hold it if nothing was wiped', () => {
    vi.spyOn(Uint8Array.prototype, 'fill').mockReturnThis()
    const found = Object.values(calls).flatMap((call) => {
      const memory = new Memory()
      memory.watch(call)
      return memory.find(needles)
    })
    expect(new Set(found)).toEqual(new Set(['part', 'wide', 'K', 'drawn']))
  })
})
