import { describe, expect, it } from 'vitest'
import { ascii } from '../../signer-node/dkls23/bytes.ts'
import type { Scalar } from '../../signer-node/dkls23/curve.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { zeroSeed, zeroShare } from '../../signer-node/dkls23/zero-share.ts'
import { twins } from '../kit/twins.ts'

const sid = sha256(ascii('session'))
const digest = sha256(ascii('view'))
const parties = [2, 5, 9].map(parseParty)

const seedOf = (a: Party, b: Party): Uint8Array => sha256(ascii([a, b].sort().join()))
const seedsOf = (self: Party): ReadonlyMap<Party, Uint8Array> =>
  new Map(parties.filter((peer) => peer !== self).map((peer) => [peer, seedOf(self, peer)]))

describe.each(twins)('shares of zero on the $name twin', (curve) => {
  const sum = (shares: readonly Scalar[]): Scalar =>
    shares.reduce((all, share) => curve.scalars.add(all, share), curve.scalars.zero)
  const shareOf = (self: Party, view = { sid, digest }): Scalar =>
    zeroShare(curve, self, seedsOf(self), view)

  it('sum to zero over all signers, and none of them is zero', () => {
    const shares = parties.map((self) => shareOf(self))
    expect(curve.scalars.isZero(sum(shares))).toBe(true)
    expect(shares.some((share) => curve.scalars.isZero(share))).toBe(false)
  })

  it('do not cancel when one signer has another view or session', () => {
    for (const view of [
      { sid, digest: sha256(ascii('another view')) },
      { sid: sha256(ascii('another session')), digest },
    ]) {
      const [first, second, third] = parties
      const shares = [shareOf(first!), shareOf(second!), shareOf(third!, view)]
      expect(curve.scalars.isZero(sum(shares))).toBe(false)
    }
  })

  it('come from a seed that depends on both parts, their order and the pairing', () => {
    const [a, b] = [ascii('part a'), ascii('part b')]
    const seeds = [zeroSeed(sid, a, b), zeroSeed(sid, b, a), zeroSeed(digest, a, b)]
    expect(new Set(seeds.map((seed) => seed.join())).size).toBe(3)
  })
})
