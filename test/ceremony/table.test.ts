// T-table, daily part: a first key is made and a payment signed at a table in memory, and what is
// lost, doubled, swapped or of another ceremony.
import { afterAll, describe, expect, it } from 'vitest'
import { parseSignature, verifies } from '../../policy/chain/signature.ts'
import { fromUtf8 } from '../../proto/crypto.ts'
import type { Hub } from '../../signer-node/ceremony/hub.ts'
import { here } from '../../signer-node/here.ts'
import { ColdHouse } from '../kit/cold-house.ts'
import { Cupboard, Room } from '../kit/table-room.ts'

const house = new ColdHouse(3, 2)
const cupboard = new Cupboard()
afterAll(() => cupboard[Symbol.dispose]())

type Dealt = Awaited<ReturnType<Hub['deal']>>

describe('a table', () => {
  it('makes a first key, and signs with it', async () => {
    const { deal, request, bundle } = house.keySitting('genesis')
    const room = await new Room(cupboard, house, bundle, { way: 'memory', runner: here }).sit()
    room.permit(request)
    const made: Dealt = await room.hub.deal(deal)
    console.log(
      made.kind === 'failed' ? made : made.certifiedBy,
      room.at('node-a').events.map((e) => `${e.name} ${e.because}`),
    )
    await room.close()
    if (made.kind === 'failed') throw new Error(made.because)
    expect(made.certifiedBy).toEqual(house.names)
    house.imported(made.result.lines, [fromUtf8(deal.order)!])
    const sat = house.signSitting()
    const second = await new Room(cupboard, house, sat.bundle, {
      way: 'memory',
      runner: here,
    }).sit()
    second.permit(sat.request, ...sat.order.signers)
    const t0 = performance.now()
    const signed = await second.hub.sign(sat.order)
    console.log(
      performance.now() - t0,
      signed.kind === 'failed' ? signed : signed.verifiedBy,
      second.at('node-a').events.map((e) => `${e.name} ${e.because}`),
    )
    await second.close()
    if (signed.kind === 'failed') throw new Error(signed.because)
    const { about, signature } = signed
    expect(verifies(parseSignature(signature), about.digest, about.publicKey)).toBe(true)
    house.imported(signed.result.lines)
  }, 120_000)
})
