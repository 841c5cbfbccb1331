// When nodes, fees or the chain do not do what was hoped: what the log says then, and how the request
// goes on. Every attempt ends with a line before the next begins; nothing is signed twice unseen.
import { afterEach, describe, expect, it } from 'vitest'
import { readLinesOf } from '../../coordinator/store/lines.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { ed25519Signer } from '../../proto/crypto.ts'
import { writeSigned } from '../../proto/frames.ts'
import { parseDigest, parseNodeId } from '../../proto/ids.ts'
import { kinds, signBy } from '../../proto/node-documents.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import { seedOf } from '../policy/dev-fixture.ts'
import { type House, type HouseOptions, houseOn, story } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { freezeOf, origin, payout } from './world.ts'

const engine = pgliteEngine()
const houses: House[] = []

afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

async function built(options: HouseOptions = {}): Promise<House> {
  const house = await houseOn(await engine.fresh(), options)
  houses.push(house)
  return house
}

async function bodies(house: House, id: string, type: string) {
  const lines = await readLinesOf(house.store, origin, parseDigest(id))
  return lines.map(parseEntry).flatMap((entry) => (entry.type === type ? [entry.body] : []))
}

async function reasonsOf(house: House, id: string): Promise<string[]> {
  const shown = await house.coordinator.requests.find({ id })
  return isRefusal(shown) ? [shown.code] : shown.reasons.map(({ code }) => code)
}

const count = (all: readonly string[], type: string) => all.filter((one) => one === type).length

describe('nodes', () => {
  it('too few of them: the request waits without a reservation, and goes on when they come', async () => {
    const house = await built()
    const [a, b, c] = house.nodes
    for (const node of [b!, c!]) node.say('draining')
    const id = await house.submit(payout())
    await house.pass(3_000)
    expect(await house.state(id)).toBe('WAITING')
    expect(await reasonsOf(house, id)).toContain('NOT_ENOUGH_SIGNERS')
    expect(await story(house, id)).not.toContain('spend.reserved')
    b!.say('ready')
    await house.untilState(id, 'BROADCAST')
    const [started] = await bodies(house, id, 'session.started')
    expect(started).toMatchObject({ participants: [a!.name, b!.name] })
  })

  it('silent ones: the attempt is given up and others sign', async () => {
    const house = await built()
    house.nodes[0]!.script.silent = true
    const id = await house.submit(payout())
    await house.untilState(id, 'BROADCAST')
    const [aborted] = await bodies(house, id, 'session.aborted')
    const [first, second, ...more] = await bodies(house, id, 'session.started')
    expect(aborted).toMatchObject({ reason: 'SESSION_TIMEOUT', culprit: '', attempt: 1 })
    expect(first).toMatchObject({ participants: ['signer-a', 'signer-b'] })
    expect(second).toMatchObject({ participants: ['signer-b', 'signer-c'] })
    expect(more).toEqual([])
  })

  it('that refuse for their own reasons: others are asked, and the refusal is kept', async () => {
    const house = await built()
    const id0 = await house.submit(payout())
    await house.untilState(id0, 'BROADCAST')
    for (const node of house.nodes) node.script.refuseWith = 'BUSY'
    const id = await house.submit(payout({ amount: 7_000_000n }))
    await house.until('a refusal', async () => {
      return (await bodies(house, id, 'session.aborted')).length > 0
    })
    for (const node of house.nodes) node.script.refuseWith = undefined
    await house.untilState(id, 'BROADCAST')
    const [aborted] = await bodies(house, id, 'session.aborted')
    expect(aborted).toMatchObject({ reason: 'REFUSED' })
    const { refusals } = aborted as { refusals: string[] }
    const [kept] = await house.store.query('select kind from blob where digest = $1', refusals)
    expect(kept).toEqual({ kind: 'refusal' })
  })

  it('that refuse what was admitted here: somebody has to look', async () => {
    const house = await built()
    for (const node of house.nodes) node.script.refuseWith = 'RULE'
    const id = await house.submit(payout())
    await house.until('an alarm', () => house.events.some(({ name }) => name === 'node.refused'))
    await house.pass(20_000)
    expect(count(await story(house, id), 'session.started')).toBe(1)
    expect(await reasonsOf(house, id)).toContain('NODE_REFUSED')
    expect(await house.state(id)).toBe('SIGNING')
  })

  it('that stop say one word and name nobody, and the log repeats no more than that', async () => {
    const house = await built()
    for (const node of house.nodes) node.script.stopWith = { reason: 'SESSION_TIMEOUT' }
    const id = await house.submit(payout())
    await house.until('an abort', async () => count(await story(house, id), 'session.aborted') > 0)
    for (const node of house.nodes) node.script.stopWith = { reason: 'oh no!' }
    await house.until('two more', async () => count(await story(house, id), 'session.aborted') > 2)
    for (const node of house.nodes) node.script.stopWith = undefined
    await house.untilState(id, 'BROADCAST')
    const aborts = await bodies(house, id, 'session.aborted')
    expect(aborts.map((body) => 'reason' in body && body.reason)).toContain('SESSION_TIMEOUT')
    expect(aborts.map((body) => 'reason' in body && body.reason)).toContain('INTERNAL')
    for (const body of aborts) expect(body).toMatchObject({ culprit: '' })
  })

  it('whose parts make no signature: the attempt failed, nothing is sent', async () => {
    const house = await built()
    for (const node of house.nodes) node.script.spoilShare = true
    const id = await house.submit(payout())
    await house.until('an abort', async () => count(await story(house, id), 'session.aborted') > 0)
    expect(house.chain.sent).toEqual([])
    const [aborted] = await bodies(house, id, 'session.aborted')
    expect(aborted).toMatchObject({ reason: 'PEER_FAULT' })
    for (const node of house.nodes) node.script.spoilShare = false
    await house.untilState(id, 'BROADCAST')
  })

  it('that never answer: after eight attempts the request lapses', async () => {
    const house = await built()
    for (const node of house.nodes) node.script.silent = true
    const id = await house.submit(payout())
    await house.jump(17 * 30_000)
    await house.until('it lapses', async () => (await house.state(id)) === 'LAPSING')
    const all = await story(house, id)
    expect(count(all, 'session.started')).toBe(count(all, 'session.aborted'))
    expect(count(all, 'session.started')).toBeLessThanOrEqual(8)
  })
})

describe('receipts', () => {
  it('that a node offers later are recorded once, and only its own', async () => {
    const house = await built()
    const id = await house.submit(payout())
    await house.untilState(id, 'BROADCAST')
    const receipt = (counter: number, by = 'signer-a') => {
      const document = {
        format: 'custody-share-receipt/v1',
        org: 'acme-dev',
        env: 'dev',
        node: by,
        counter,
        previous: '',
        sid: id,
        intent: id,
        attempt: 1,
        warrant: id,
        digest: id,
        size: 3,
        root: id,
      }
      return writeSigned(
        signBy(kinds.receipt, document, { node: parseNodeId(by), sign: ed25519Signer(seedOf(by)) }),
      )
    }
    const { tree } = house.coordinator
    const before = tree.size
    const offer = (...receipts: ReturnType<typeof receipt>[]) =>
      house.nodes[0]!.send({ frame: 'receipts', receipts: { receipts } })
    offer(receipt(41), receipt(42), receipt(43, 'signer-b'))
    await house.until('they are recorded', () => tree.size === before + 2)
    offer(receipt(41), receipt(42))
    await house.pass(1_000)
    expect(tree.size).toBe(before + 2)
    expect(house.events.filter(({ name }) => name === 'node.receipt')).toHaveLength(1)
  })
})

describe('fees and the transfer itself', () => {
  it('too dear: the nonce is given back after half a minute, and the request waits', async () => {
    const house = await built()
    house.chain.prices_ = { base: 10n ** 15n, tip: 1n }
    const id = await house.submit(payout())
    expect(await house.state(id)).toBe('RESERVED')
    await house.jump(30_000)
    await house.until('it is given back', async () => {
      return (await story(house, id)).includes('spend.released')
    })
    expect(await reasonsOf(house, id)).toContain('FEE')
    house.chain.prices_ = { base: 100n, tip: 10n }
    await house.untilState(id, 'BROADCAST')
  })

  it('no endpoint says what they are: nonce and room are given back all the same', async () => {
    const house = await built()
    const { prices } = house.chain
    house.chain.prices = () =>
      Promise.reject(new Unavailable('no endpoint answers', 'CHAIN_UNAVAILABLE'))
    const id = await house.submit(payout())
    expect(await house.state(id)).toBe('RESERVED')
    await house.jump(30_000)
    await house.until('it is given back', async () => {
      return (await story(house, id)).includes('spend.released')
    })
    expect(await reasonsOf(house, id)).toContain('CHAIN_UNAVAILABLE')
    house.chain.prices = prices
    await house.untilState(id, 'BROADCAST')
  })

  it('that would revert now: it waits, and is not signed', async () => {
    const house = await built()
    house.chain.reverts = true
    const id = await house.submit(payout())
    await house.pass(3_000)
    expect(await reasonsOf(house, id)).toContain('CHAIN_UNAVAILABLE')
    expect(await story(house, id)).not.toContain('session.started')
    house.chain.reverts = false
    await house.untilState(id, 'BROADCAST')
  })
})

describe('the chain', () => {
  it('refuses the bytes at first: they are sent again, the same ones', async () => {
    const house = await built()
    house.chain.answer = { kind: 'refused', because: 'mempool is full' }
    const id = await house.submit(payout())
    await house.untilState(id, 'SIGNED')
    await house.pass(3_000)
    expect(await reasonsOf(house, id)).toContain('CHAIN_UNAVAILABLE')
    house.chain.answer = { kind: 'taken' }
    await house.untilState(id, 'BROADCAST')
    expect(new Set(house.chain.sent).size).toBe(1)
    expect(house.chain.sent.length).toBeGreaterThan(1)
  })

  it('forgets the bytes: they are sent again every so often until a block has them', async () => {
    const house = await built()
    const id = await house.submit(payout())
    await house.untilState(id, 'BROADCAST')
    house.chain.forget()
    await house.pass(40_000)
    expect(house.chain.sent.length).toBeGreaterThan(2)
    house.chain.depth = 0
    await house.pass(2_000)
    expect(await house.state(id)).toBe('BROADCAST')
    house.chain.depth = 1
    await house.untilState(id, 'SETTLED')
  })

  it('is said to have them in a block: until that is final they are sent again all the same', async () => {
    const house = await built()
    const id = await house.submit(payout())
    await house.untilState(id, 'BROADCAST')
    house.chain.depth = 0
    const before = house.chain.sent.length
    await house.pass(40_000)
    expect(house.chain.sent.length).toBeGreaterThan(before + 1)
    expect(new Set(house.chain.sent).size).toBe(1)
    await house.jump(150_000)
    await house.pass(20_000)
    // But nothing is signed anew for what may have landed.
    expect(count(await story(house, id), 'session.started')).toBe(1)
    house.chain.depth = 1
    await house.untilState(id, 'SETTLED')
  })

  it('moves less than was asked for: the request settles, and the alarm says what arrived', async () => {
    const house = await built()
    const asked = payout()
    const { contract, to, amount } = asked
    const id = await house.submit(asked)
    await house.untilState(id, 'BROADCAST')
    const fee = { contract, to: contract, amount: 1n }
    const elsewhere = { contract: to, to, amount: 1n }
    house.chain.moved = [{ contract, to, amount: amount - 1n }, fee, elsewhere]
    house.chain.depth = 1
    await house.untilState(id, 'SETTLED')
    const short = (name: string) => house.events.filter((event) => event.name === name)
    expect(short('transaction.short').map((event) => event.because)).toEqual([
      `expected ${amount} base units to arrive, got ${amount - 1n}`,
    ])
    const whole = await house.submit(payout({ amount: 7_000_000n }))
    house.chain.moved = [{ contract, to, amount: 7_000_000n }]
    await house.untilState(whole, 'SETTLED')
    expect(short('transaction.short')).toHaveLength(1)
    expect(short('transaction.reverted')).toEqual([])
  })

  it('leaves them lying: the same effect is signed again for more, and either may land', async () => {
    const house = await built()
    const id = await house.submit(payout())
    await house.untilState(id, 'BROADCAST')
    house.chain.prices_ = { base: 500n, tip: 50n }
    await house.jump(150_000)
    await house.until('a bump', async () => count(await story(house, id), 'sign.completed') === 2)
    const [first, second] = await bodies(house, id, 'session.started')
    if (first === undefined || second === undefined) throw new Error('no attempts')
    expect('slot' in first && 'slot' in second && first.slot === second.slot).toBe(true)
    expect(second).toMatchObject({ replaces: 'warrant' in first ? first.warrant : '' })
    house.chain.depth = 1
    await house.untilState(id, 'SETTLED')
  })

  it('lands while its replacement cannot be signed: it settles, and nothing more is signed', async () => {
    const house = await built()
    const id = await house.submit(payout())
    await house.untilState(id, 'BROADCAST')
    house.chain.prices_ = { base: 500n, tip: 50n }
    for (const node of house.nodes) node.script.silent = true
    await house.jump(150_000)
    await house.untilState(id, 'SIGNING')
    house.chain.depth = 1
    await house.untilState(id, 'SETTLED')
    const told = await story(house, id)
    expect(count(told, 'session.started')).toBe(2)
    expect(told.slice(-2)).toEqual(['session.aborted', 'tx.settled'])
  })

  it.each([
    ['is sent again, or no later nonce of its address ever lands', 'SETTLED'],
    ['is not sent again once somebody said stop', 'LAPSING'],
  ])('forgets what no eight attempts could replace: it %s', async (_, end) => {
    const house = await built()
    const id = await house.submit(payout())
    await house.untilState(id, 'BROADCAST')
    house.chain.prices_ = { base: 500n, tip: 50n }
    for (const node of house.nodes) node.script.silent = true
    await house.jump(150_000)
    await house.untilState(id, 'SIGNING')
    await house.jump(17 * 30_000)
    expect(count(await story(house, id), 'session.started')).toBe(8)
    expect(await house.state(id)).toBe('LAPSING')
    const freeze = freezeOf('ana', 'hot', house.clock.now())
    if (end === 'LAPSING') await house.coordinator.decisions.freeze(freeze)
    house.chain.forget()
    const sent = house.chain.sent.length
    house.chain.depth = 1
    await house.jump(90_000)
    await house.pass(2_000)
    expect(house.chain.sent.length > sent).toBe(end === 'SETTLED')
    expect(await house.state(id)).toBe(end)
  })

  it('says that the nonce went to what the log never signed: nothing more begins for the vault', async () => {
    const house = await built()
    const id = await house.submit(payout())
    await house.untilState(id, 'BROADCAST')
    await house.pass(20_000)
    const foreign = () => house.events.filter(({ name }) => name === 'nonce.foreign')
    expect(foreign()).toEqual([])
    house.chain.consumedSlots.add('0')
    await house.until('an alarm', () => foreign().length > 0)
    const next = await house.submit(payout({ amount: 5_000_000n }))
    await house.pass(3_000)
    expect(await reasonsOf(house, next)).toContain('FROZEN')
    expect(await story(house, next)).not.toContain('spend.reserved')
    expect(foreign()).toMatchObject([{ level: 'alarm', vault: 'hot' }])
  })

  it('gives the nonce of a lapsed request to the next one, and then the lapsed one is dropped', async () => {
    const house = await built()
    for (const node of house.nodes) node.script.silent = true
    const lapsed = await house.submit(payout())
    await house.jump(17 * 30_000)
    await house.untilState(lapsed, 'LAPSING')
    for (const node of house.nodes) node.script.silent = false
    const next = await house.submit(payout({ amount: 5_000_000n, created: house.clock.now() }))
    await house.untilState(next, 'BROADCAST')
    const [a] = await bodies(house, lapsed, 'spend.reserved')
    const [b] = await bodies(house, next, 'spend.reserved')
    expect(
      a !== undefined && b !== undefined && 'slot' in a && 'slot' in b && a.slot === b.slot,
    ).toBe(true)
    house.chain.depth = 1
    await house.untilState(next, 'SETTLED')
    await house.jump(60_000)
    expect(await house.state(lapsed)).toBe('LAPSING')
    house.chain.consumedSlots.add('0')
    await house.untilState(lapsed, 'DROPPED')
  })
})
