// What Tron endpoints answer to a broadcast: each code has one meaning, and none of them ends a request
// by itself, because any endpoint may say any of them. The list is that of java-tron's api.proto.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openTronRpc } from '../../coordinator/chain-rpc/tron.ts'
import { type Meaning, meaningOf } from '../../coordinator/chain-rpc/tron-broadcast.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { unwatched } from '../kit/chain-watch.ts'
import { daily } from '../kit/every-case.ts'
import { TronSim } from '../kit/tron-sim.ts'
import { pgliteEngine } from './store-kit.ts'
import { minute, solidAfter, TronWalk } from './tron-walk.ts'

vi.mock('../policy/dev-fixture.ts', async (original) => {
  const fixture = await original<typeof import('../policy/dev-fixture.ts')>()
  const { tronDocuments } = await import('../kit/tron-documents.ts')
  return { ...fixture, ...tronDocuments(fixture) }
})

const codes: readonly (readonly [code: string, meaning: Meaning])[] = [
  ['SUCCESS', 'taken'],
  ['SIGERROR', 'refused'],
  ['CONTRACT_VALIDATE_ERROR', 'refused'],
  ['CONTRACT_EXE_ERROR', 'refused'],
  ['BANDWITH_ERROR', 'refused'],
  ['DUP_TRANSACTION_ERROR', 'known'],
  ['TAPOS_ERROR', 'refused'],
  ['TOO_BIG_TRANSACTION_ERROR', 'refused'],
  ['TRANSACTION_EXPIRATION_ERROR', 'refused'],
  ['SERVER_BUSY', 'unclear'],
  ['NO_CONNECTION', 'unclear'],
  ['NOT_ENOUGH_EFFECTIVE_CONNECTION', 'unclear'],
  ['BLOCK_UNSOLIDIFIED', 'unclear'],
  ['OTHER_ERROR', 'unclear'],
  ['A_CODE_OF_TOMORROW', 'unclear'],
]
const answerOf = (code: string) => ({
  ...(code === 'SUCCESS' ? { result: true } : { message: '6e6f' }),
  code,
})

describe('an answer to a broadcast', () => {
  const sim = new TronSim({ now: Date.now })
  const sentTo = async (...answers: readonly object[]) => {
    const doors = answers.map((said) => sim.listen({ 'wallet/broadcasthex': said }))
    const urls = await Promise.all(doors)
    const rpc = openTronRpc({ ...unwatched, network: sim.network, urls, timeoutMs: 2_000 })
    return (await rpc.send(new Uint8Array(3))).kind
  }
  afterAll(() => sim.close())

  it.each(codes)('of %s means: %s', async (code, meaning) => {
    expect(meaningOf(answerOf(code))).toBe(meaning)
    const kind = meaning === 'known' ? 'taken' : meaning
    expect(await sentTo(answerOf(code), answerOf(code))).toBe(kind)
    // One endpoint that took it is enough, and one that does not know leaves it open.
    expect(await sentTo(answerOf(code), answerOf('SUCCESS'))).toBe('taken')
    const beside = await sentTo(answerOf('OTHER_ERROR'), answerOf(code))
    expect(beside).toBe(kind === 'taken' ? 'taken' : 'unclear')
  })

  it('without a code is a success where it says so, and says nothing where it contradicts itself', () => {
    expect(meaningOf({ result: true, txid: '00' })).toBe('taken')
    for (const said of [
      ...[{}, { result: false }, { result: 'true' }, { code: 5 }, { code: 'SUCCESS' }],
      ...[
        { result: true, code: 'SIGERROR' },
        { result: true, code: 'DUP_TRANSACTION_ERROR' },
      ],
    ]) {
      expect(meaningOf(said), JSON.stringify(said)).toBe('unclear')
    }
  })
})

const engine = pgliteEngine()
let walk: TronWalk

describe.runIf(anvilInstalled)('a payment whose endpoints all answer', () => {
  beforeAll(async () => {
    walk = await TronWalk.open(await engine.fresh())
  })
  afterAll(() => walk?.close())

  it.each(codes)('%s, and took it, settles and is paid once', async (code) => {
    const { sim, held } = walk.chain
    const one = walk.payment()
    const [before, sent] = [await held(one.to), sim.sent.length]
    sim.answers = new Array<string>(1_000).fill(code)
    const id = await walk.house.submit(one)
    await walk.untilState(id, 'SETTLED')
    sim.answers = []
    expect(await walk.told(id)).toMatchObject({ attempts: 1 })
    expect(sim.sent.length - sent).toBe(1)
    expect((await held(one.to)) - before).toBe(one.amount)
  })

  it('whatever there is, and never took it, is dropped when its life is over, and not before', async () => {
    const { sim, held } = walk.chain
    sim.isDeaf = true
    const before = await held(walk.payment().to)
    const ids: string[] = []
    for (const [code, meaning] of daily(codes, 1, 4)) {
      sim.answers = new Array<string>(1_000).fill(code)
      const id = await walk.house.submit(walk.payment())
      const isTaken = meaning === 'taken' || meaning === 'known'
      await walk.untilState(id, isTaken ? 'BROADCAST' : 'SIGNED', 0)
      ids.push(id)
    }
    sim.answers = Array.from({ length: 20_000 }, (_, at) => codes[at % codes.length]?.[0] ?? '')
    const ended = async () => {
      const states = await Promise.all(ids.map((id) => walk.house.state(id)))
      return states.filter((state) => state === 'DROPPED').length
    }
    for (const wait of [9, 9]) {
      await walk.away(wait * minute)
      await walk.blocks(solidAfter + 2)
      expect(await ended()).toBe(0)
    }
    await walk.away(4 * minute)
    await walk.until('all of them are dropped', async () => (await ended()) === ids.length, 3)
    for (const id of ids) expect(await walk.told(id)).toEqual({ attempts: 1, heights: [] })
    expect(await held(walk.payment().to)).toBe(before)
  }, 600_000)
})
