// A look that several endpoints share: what they agree on is said, and one that lies, lags, dies or
// writes nonsense neither decides nor stands in the way of two others.
import { describe, expect, it } from 'vitest'
import { type Asker, openLook } from '../../coordinator/chain-rpc/look.ts'
import { Unavailable } from '../../proto/unavailable.ts'

const word = (digit: string) => `0x${digit.repeat(64)}`
const account = `0x${'ab'.repeat(20)}`
const token = `0x${'cd'.repeat(20)}`
const txid = word('7')

type Answers = Readonly<Record<string, (params: readonly unknown[]) => unknown>>

const honest: Answers = {
  eth_blockNumber: () => '0x64',
  eth_getBlockByNumber: ([height]) => ({ hash: word('a'), timestamp: '0x10', number: height }),
  eth_getBalance: () => '0x5',
  eth_call: () => `0x${'0'.repeat(63)}9`,
  eth_getTransactionReceipt: () => ({ blockNumber: '0x62' }),
}
const asker = (change: Answers = {}): Asker => ({
  ask: async (method, params) => {
    const answer = { ...honest, ...change }[method]?.(params)
    if (answer instanceof Error) throw answer
    return answer
  },
  askAll: async () => [],
})
const dead = asker(Object.fromEntries(Object.keys(honest).map((m) => [m, () => new Error('dead')])))
const mad = asker(Object.fromEntries(Object.keys(honest).map((m) => [m, () => 7])))

const look = (...askers: readonly Asker[]) => openLook({ askers, witnesses: 2, confirmations: 2 })
const fails = (promise: Promise<unknown>) => expect(promise).rejects.toBeInstanceOf(Unavailable)
const block = { height: 98n, hash: word('a'), at: 16_000 }

describe('a look', () => {
  it('is at the highest block under the confirmations that two endpoints have', async () => {
    expect(await look(asker(), asker()).block()).toEqual(block)
    const high = asker({ eth_blockNumber: () => '0xffffff' })
    const low = asker({ eth_blockNumber: () => '0x0' })
    expect(await look(high, asker(), asker()).block()).toEqual(block)
    expect(await look(low, asker(), asker()).block()).toEqual(block)
    expect(await look(asker(), dead, mad, asker()).block()).toEqual(block)
  })

  it('sees no block where one endpoint is left, they differ, or none is deep enough', async () => {
    await fails(look(asker(), dead).block())
    await fails(look(asker(), mad).block())
    const forked = asker({ eth_getBlockByNumber: () => ({ hash: word('b'), timestamp: '0x10' }) })
    await fails(look(asker(), forked).block())
    const later = asker({ eth_getBlockByNumber: () => ({ hash: word('a'), timestamp: '0x11' }) })
    await fails(look(asker(), later).block())
    const young = asker({ eth_blockNumber: () => '0x1' })
    await fails(look(young, young).block())
    const absent = asker({ eth_getBlockByNumber: () => null })
    await fails(look(asker(), absent).block())
  })

  it('reads the balance of a coin and of a token as of that block', async () => {
    const asked: unknown[] = []
    const seen = asker({
      eth_getBalance: (params) => {
        asked.push(params)
        return '0x5'
      },
      eth_call: (params) => {
        asked.push(params)
        return `0x${'0'.repeat(63)}9`
      },
    })
    expect(await look(seen, asker()).balance(block, account, '')).toEqual({ amount: 5n, upTo: 98n })
    expect(await look(seen, asker()).balance(block, account, token)).toEqual({
      amount: 9n,
      upTo: 98n,
    })
    const data = `0x70a08231${'0'.repeat(24)}${'ab'.repeat(20)}`
    expect(asked).toEqual([
      [account, '0x62'],
      [{ to: token, data }, '0x62'],
    ])
  })

  it.each([
    ['more', () => '0xffffff'],
    ['nothing', () => '0x0'],
    ['nonsense', () => '05'],
    ['an error', () => new Error('no such block')],
  ])('believes two of three when the third says %s, and none of two', async (_, says) => {
    const liar = asker({ eth_getBalance: says, eth_call: says })
    for (const contract of ['', token]) {
      const true_ = contract === '' ? 5n : 9n
      expect(await look(liar, asker(), asker()).balance(block, account, contract)).toEqual({
        amount: true_,
        upTo: 98n,
      })
      await fails(look(liar, asker()).balance(block, account, contract))
    }
  })

  it('decides nothing where two stand against two', async () => {
    const other = asker({ eth_getBalance: () => '0x6' })
    await fails(look(asker(), asker(), other, other).balance(block, account, ''))
    expect(await look(asker(), asker(), other, asker()).balance(block, account, '')).toEqual({
      amount: 5n,
      upTo: 98n,
    })
  })

  it('knows when a transaction failed, of which two endpoints say so', async () => {
    const said = (status: string) =>
      asker({ eth_getTransactionReceipt: () => ({ blockNumber: '0x60', status }) })
    const [failed, well] = [said('0x0'), said('0x1')]
    expect(await look(failed, failed).failedAt(txid)).toBe(16_000)
    expect(await look(failed, well, failed).failedAt(txid)).toBe(16_000)
    expect(await look(well, well).failedAt(txid)).toBe(0)
    await fails(look(failed, well).failedAt(txid))
    const never = asker({ eth_getTransactionReceipt: () => null })
    expect(await look(never, never).failedAt(txid)).toBe(0)
  })

  it('knows what has landed by then, and what has not', async () => {
    expect(await look(asker(), asker()).landed(block, txid)).toBe(true)
    const after = asker({ eth_getTransactionReceipt: () => ({ blockNumber: '0x63' }) })
    expect(await look(after, after).landed(block, txid)).toBe(false)
    const never = asker({ eth_getTransactionReceipt: () => null })
    expect(await look(never, never).landed(block, txid)).toBe(false)
    expect(await look(never, asker(), asker()).landed(block, txid)).toBe(true)
    await fails(look(never, asker()).landed(block, txid))
  })
})
