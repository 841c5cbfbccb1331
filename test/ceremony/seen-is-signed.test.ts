// T-wysiwys against Stations: the online side built other bytes than people asked for, an approval
// without a limit among them; the request is over, or frozen; the table asks for another session than
// the one that was confirmed, or brings another warrant. A Station shows none of it as something to
// confirm, and its node signs none of it, whoever says that it was confirmed.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type EvmTransaction, transferCall } from '../../policy/chain/evm.ts'
import { fromUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorFrame } from '../../proto/frames.ts'
import { parseDigest } from '../../proto/ids.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import type { SignOrder } from '../../signer-node/ceremony/hub-orders.ts'
import { showRequest } from '../../signer-node/ceremony/shown-request.ts'
import { customer } from '../kit/audit-documents.ts'
import { freeze } from '../kit/change-log.ts'
import { ColdHouse, type PaymentWish, type Sat } from '../kit/cold-house.ts'
import { show } from '../kit/refused.ts'
import { Cupboard } from '../kit/table-cupboard.ts'
import { Room } from '../kit/table-room.ts'

const house = new ColdHouse(3, 2)
const cupboard = new Cupboard()
const thief = '0x000000000000000000000000000000000000dead'
let room: Room

beforeAll(async () => {
  const { bundle, request, deal } = house.keySitting('genesis')
  room = await new Room(cupboard, house, bundle, { way: 'memory' }).sit()
  room.permit(request)
  const made = await room.hub.deal(deal)
  await room.close()
  if (made.kind === 'failed') throw new Error(made.because)
  house.imported(made.result.lines, [fromUtf8(deal.order) ?? ''])
}, 60_000)
afterEach(async () => {
  await room.close()
  house.giveUp()
})
afterAll(() => cupboard[Symbol.dispose]())

type Signing = Sat & { readonly order: SignOrder }

async function seated(wish: PaymentWish = {}): Promise<Signing> {
  const sat = house.signSitting(wish)
  room = await new Room(cupboard, house, sat.bundle, { way: 'memory' }).sit()
  return sat
}

/** What its custodian would see: the text, or the refusal. */
function shown({ bundle, order }: Pick<Signing, 'bundle' | 'order'>): string {
  const [planned] = bundle.plan.plan.requests
  if (planned === undefined) throw new Error('a plan has requests')
  const digest = parseDigest('00'.repeat(32))
  const warrant = { kind: 'warrant', digest, bytes: order.warrant } as const
  const read = attempt(() => showRequest(room.at('node-a').station.own, planned, warrant))
  return isRefusal(read) ? show(read) : read.text
}

/** Nothing of a signature leaves a Station, though every custodian said yes. */
async function signsNothing(sat: Signing, order = sat.order): Promise<string> {
  room.permit(sat.request, ...sat.order.signers)
  const ended = await room.hub.sign(order)
  const left = room.said.filter(({ frame }) => ['share', 'envelope'].includes(frame.frame))
  expect([ended.kind, left]).toEqual(['failed', []])
  return ended.kind === 'failed' ? ended.because : ''
}

const call = (selector: string, ...words: readonly (string | bigint)[]): Uint8Array => {
  const padded = words.map((one) => BigInt(one).toString(16).padStart(64, '0'))
  return new Uint8Array(Buffer.from(`${selector}${padded.join('')}`, 'hex'))
}
const approval = (spender: string, amount: bigint) => call('095ea7b3', spender, amount)

describe('what a Station shows', () => {
  it('is a payment as people asked for it, and that is signed', async () => {
    const sat = await seated()
    expect(shown(sat)).toMatch(/^TRANSFER /)
    room.permit(sat.request, ...sat.order.signers)
    expect(await room.hub.sign(sat.order)).toMatchObject({ kind: 'signed' })
  }, 30_000)

  const other = (calldata: Uint8Array) => () => ({ calldata })
  const others: readonly (readonly [string, (asked: EvmTransaction) => object, string])[] = [
    ['another recipient', other(transferCall(thief, 1_000_000n)), 'BYTES_TO'],
    ['another amount', other(transferCall(customer, 77_000_000n)), 'BYTES_AMOUNT'],
    ['an approval without a limit', other(approval(thief, 2n ** 256n - 1n)), 'BYTES_OP'],
    ['an approval of one coin', other(approval(customer, 1_000_000n)), 'BYTES_OP'],
    ['a transfer from another', other(call('23b872dd', customer, thief, 1n)), 'BYTES_OP'],
    ['another token', () => ({ to: thief }), 'BYTES_TO'],
    ['coins beside the token', () => ({ value: 1n }), 'BYTES_SHAPE'],
    ['another nonce', ({ nonce }) => ({ nonce: nonce + 1n }), 'NONCE'],
    ['another chain', () => ({ chainId: 1n }), 'BYTES_SHAPE'],
    ['a fee beyond the cap', () => ({ price: 10n ** 15n }), 'FEE'],
  ]
  it.each(others)(
    'is nothing where the bytes are %s, and nothing is signed',
    async (_, bend, code) => {
      const sat = await seated({ bend: (asked) => ({ ...asked, ...bend(asked) }) })
      expect(shown(sat)).toBe(`${code} X-12`)
      expect(await signsNothing(sat)).toMatch(new RegExp(`^node-a refuses: ${code}: `))
    },
    30_000,
  )

  it('is nothing of a warrant that the log does not name', async () => {
    const first = await seated()
    await room.close()
    house.giveUp()
    const sat = await seated()
    const order = { ...sat.order, warrant: first.order.warrant }
    expect(shown({ ...sat, order })).toBe('WARRANT X-12')
    expect(await signsNothing(sat, order)).toMatch(/^node-a refuses: WARRANT: /)
  }, 30_000)

  it('is nothing of a request that is over', async () => {
    const sat = await seated({ hours: 3 })
    const late = house.log.t + 2 * 3_600_000
    const [before, since] = [room.clock.wallMs(), room.clock.monotonicMs()]
    // Both, or the station says of itself that its clocks parted.
    const monotonicMs = (): number => since + late - before
    Object.assign(room.clock, { wallMs: () => late, monotonicMs })
    expect(shown(sat)).toBe('TIME X-12')
    expect(await signsNothing(sat)).toMatch(/^node-a refuses: TIME: /)
  }, 30_000)
})

describe('a session', () => {
  it('is of what was confirmed: for another request that the table asks for nobody said yes', async () => {
    const sat = await seated()
    const other = parseDigest('ab'.repeat(32))
    room.permit(other, ...sat.order.signers)
    const signing = room.hub.sign(sat.order)
    await room.until(() => room.at('node-a').heard.some(({ what }) => what === 'asked'))
    expect(room.said.filter(({ frame }) => frame.frame === 'accepted')).toEqual([])
    room.hub.stop('nobody confirmed it')
    expect(await signing).toMatchObject({ kind: 'failed' })
  }, 30_000)

  it('is not of the warrant that the table puts in the place of the confirmed one', async () => {
    const first = await seated()
    await room.close()
    house.giveUp()
    const sat = await seated()
    const down = (_: string, frame: CoordinatorFrame): CoordinatorFrame[] =>
      frame.frame === 'prepare'
        ? [{ ...frame, prepare: { ...frame.prepare, warrant: first.order.warrant } }]
        : [frame]
    room.tamper = { down }
    expect(shown(sat)).toMatch(/^TRANSFER /)
    expect(await signsNothing(sat)).toMatch(/^node-a refuses: WARRANT: /)
  }, 30_000)
})

// The last one: nobody clears it.
describe('a frozen vault', () => {
  it('is nothing where somebody froze the vault since', async () => {
    const sat = await seated({ beside: () => freeze(house.log, 'all') })
    expect(shown(sat)).toBe('FROZEN X-12')
    expect(await signsNothing(sat)).toMatch(/^node-a refuses: FROZEN: /)
  }, 30_000)
})
