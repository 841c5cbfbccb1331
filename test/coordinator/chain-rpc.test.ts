// Endpoints that answer well, badly, late, from another network or not at all.
import { createServer, type Server } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { openEvmRpc } from '../../coordinator/chain-rpc/evm.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import { unwatched } from '../kit/chain-watch.ts'

type Answers = Readonly<Record<string, unknown>>
const servers: Server[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** A value is a result; an Error is a JSON-RPC error; a string in `raw` is the whole body. */
function endpoint(answers: Answers, raw?: string): Promise<string> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => {
      body += String(part)
    })
    request.on('end', () => {
      if (raw !== undefined) return response.end(raw)
      const { id, method } = JSON.parse(body) as { id: number; method: string }
      const answer = method === 'eth_chainId' ? (answers[method] ?? '0x1') : answers[method]
      if (answer === undefined) return undefined // silence
      const outcome =
        answer instanceof Error
          ? { error: { code: -1, message: answer.message } }
          : { result: answer }
      return response.end(JSON.stringify({ jsonrpc: '2.0', id, ...outcome }))
    })
  })
  servers.push(server)
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`)
    })
  })
}

const open = (...urls: string[]) =>
  openEvmRpc({ ...unwatched, network: 'eip155:1', urls, confirmations: 2, timeoutMs: 200 })

const block = { eth_getBlockByNumber: { baseFeePerGas: '0x10' }, eth_maxPriorityFeePerGas: '0x2' }
const call = { from: '0x', to: '0x', value: 1n, calldata: new Uint8Array(0) }
const dead = 'http://127.0.0.1:1'

describe('prices and gas', () => {
  it('are one price on a chain that has no base fee', async () => {
    const old = { eth_getBlockByNumber: {}, eth_gasPrice: '0x7' }
    expect(await open(await endpoint(old)).prices()).toEqual({ base: 7n, tip: 0n })
    const mute = { eth_getBlockByNumber: { baseFeePerGas: null }, eth_gasPrice: '0x7' }
    await expect(open(await endpoint(mute)).prices()).rejects.toBeInstanceOf(Unavailable)
  })

  it('come from the endpoints that answer', async () => {
    expect(await open(await endpoint(block)).prices()).toEqual({ base: 16n, tip: 2n })
    const second = await endpoint(block)
    for (const first of [
      dead,
      await endpoint({}),
      await endpoint({ ...block, eth_chainId: '0x2' }),
      await endpoint({ ...block, eth_getBlockByNumber: null }),
      await endpoint({ ...block, eth_maxPriorityFeePerGas: '0x02' }),
      await endpoint({ ...block, eth_maxPriorityFeePerGas: 7 }),
      await endpoint({ ...block, eth_maxPriorityFeePerGas: new Error('no such method') }),
      await endpoint({}, 'no json'),
      await endpoint({}, 'null'),
      await endpoint({}, '{}'),
      await endpoint({}, 'x'.repeat(5_000_000)),
    ]) {
      expect(await open(first, second).prices()).toEqual({ base: 16n, tip: 2n })
      await expect(open(first).prices()).rejects.toBeInstanceOf(Unavailable)
    }
  })

  it('are those in the middle: one that lies drains nothing', async () => {
    const at = (base: string, tip: string) =>
      endpoint({ eth_getBlockByNumber: { baseFeePerGas: base }, eth_maxPriorityFeePerGas: tip })
    const [low, honest, high] = [at('0x1', '0x1'), at('0x10', '0x2'), at('0xffffff', '0xffffff')]
    const prices = async (...asked: Promise<string>[]) =>
      open(...(await Promise.all(asked))).prices()
    expect(await prices(high, honest)).toEqual({ base: 16n, tip: 2n })
    expect(await prices(high, low, honest)).toEqual({ base: 16n, tip: 2n })
    expect(await prices(high, at('0x11', '0x3'), honest)).toEqual({ base: 17n, tip: 3n })
  })

  it('are the higher ones for what no block took: one of two that lies low stops no address', async () => {
    const at = (base: string, tip: string) =>
      endpoint({ eth_getBlockByNumber: { baseFeePerGas: base }, eth_maxPriorityFeePerGas: tip })
    const all = [at('0x0', '0x0'), at('0x10', '0x2'), at('0xffffff', '0xffffff')]
    const [low = '', honest = '', high = ''] = await Promise.all(all)
    expect(await open(low, honest).prices()).toEqual({ base: 0n, tip: 0n })
    expect(await open(low, honest).prices('stuck')).toEqual({ base: 16n, tip: 2n })
    expect(await open(honest).prices('stuck')).toEqual({ base: 16n, tip: 2n })
    expect(await open(high, low, honest).prices('stuck')).toEqual({ base: 16n, tip: 2n })
    expect(await open(high, honest, honest).prices('stuck')).toEqual({ base: 16n, tip: 2n })
  })

  it('does not follow a redirect', async () => {
    const target = await endpoint(block)
    const server = createServer((_, response) =>
      response.writeHead(307, { location: target }).end(),
    )
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
    await expect(open(url).prices()).rejects.toBeInstanceOf(Unavailable)
  })

  it('name an endpoint by its place, never by its url', async () => {
    const url = `${await endpoint({ eth_estimateGas: new Error('boom\n\u0007') })}/secret-key`
    const answer = await open(url).gas(call)
    expect(answer).toEqual({ kind: 'reverts', because: 'endpoint 1 of eip155:1: boom ' })
    const failed = await open(`${dead}/secret-key`).prices().catch(String)
    expect(failed).not.toContain('secret')
  })

  it('say when the call would fail', async () => {
    const good = open(await endpoint({ eth_estimateGas: '0x5208' }))
    expect(await good.gas(call)).toEqual({ kind: 'gas', gas: 21_000n })
    const long = open(await endpoint({ eth_estimateGas: new Error('r'.repeat(500)) }))
    const answer = await long.gas(call)
    expect(answer.kind === 'reverts' && answer.because.length).toBeLessThan(300)
  })
})

describe('the gas of a call', () => {
  const says = (gas: unknown) => endpoint({ eth_estimateGas: gas })
  const gas = async (...asked: unknown[]) => open(...(await Promise.all(asked.map(says)))).gas(call)

  it('is the one in the middle: too little fails on the chain, too much is taken by no block', async () => {
    expect(await gas('0xffffffff', '0xea60', '0xea61')).toEqual({ kind: 'gas', gas: 60_001n })
    expect(await gas('0x5208', '0xea60', '0xea61')).toEqual({ kind: 'gas', gas: 60_000n })
    expect(await gas('0xffffffff', '0xea60')).toEqual({ kind: 'gas', gas: 60_000n })
    expect(await open(dead, await says('0xea60')).gas(call)).toEqual({ kind: 'gas', gas: 60_000n })
  })

  it('is none while not more than half say that it would not fail', async () => {
    const no = new Error('paused')
    expect(await gas(no, '0xea60', '0xea61')).toEqual({ kind: 'gas', gas: 60_000n })
    expect(await gas('0xea60', no)).toMatchObject({ kind: 'reverts' })
    expect(await gas('0xea60', no, no)).toMatchObject({ kind: 'reverts' })
    await expect(open(dead).gas(call)).rejects.toBeInstanceOf(Unavailable)
  })
})

describe('sending', () => {
  const raw = Uint8Array.of(2, 1)
  const sender = (answer: unknown) => endpoint({ eth_sendRawTransaction: answer })

  it('succeeds when one endpoint takes or already has the bytes', async () => {
    const no = await sender(new Error('nonce too low'))
    expect(await open(no, dead, await sender('0xhash')).send(raw)).toEqual({ kind: 'taken' })
    const known = await sender(new Error('transaction already imported'))
    expect(await open(no, known).send(raw)).toEqual({ kind: 'taken' })
  })

  it('is refused when all that answer refuse, and unavailable when none answers', async () => {
    const no = await sender(new Error('nonce too low'))
    const answer = await open(no, dead).send(raw)
    expect(answer.kind === 'refused' && answer.because).toContain('nonce too low')
    await expect(open(dead, await endpoint({})).send(raw)).rejects.toBeInstanceOf(Unavailable)
  })
})

describe('what is in a block', () => {
  const hash = (digit: string) => `0x${digit.repeat(64)}`
  const txid = hash('1')
  const mined = (height: string, status = '0x1', blockHash = hash('a')) => ({
    eth_getTransactionReceipt: { blockHash, blockNumber: height, status, transactionHash: txid },
    eth_blockNumber: '0x10',
  })
  const unknown = { eth_getTransactionReceipt: null, eth_blockNumber: '0x10' }

  it('is final under enough blocks, and says whether the call succeeded', async () => {
    const at = async (answers: Answers) => open(await endpoint(answers)).minedAt(txid)
    expect(await at(mined('0xe'))).toEqual({ height: 14n, final: true, succeeded: true })
    expect(await at(mined('0xf'))).toMatchObject({ final: false })
    expect(await at(mined('0xe', '0x0'))).toMatchObject({ succeeded: false })
    expect(await at(unknown)).toBeUndefined()
  })

  it('says what its tokens moved, by their own events alone', async () => {
    const word = (text: string) => `0x${text.padStart(64, '0')}`
    const transfer = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
    const log = { address: '0xAB', topics: [transfer, word('1'), word('2')], data: word('5') }
    const logs = [
      log,
      { ...log, topics: [word('7'), word('1'), word('2')] },
      { ...log, topics: [transfer, word('1'), word('2'), word('3')] },
      { ...log, data: '0x' },
      { ...log, topics: undefined },
    ]
    const { eth_getTransactionReceipt: receipt, ...rest } = mined('0xe')
    const answers = { ...rest, eth_getTransactionReceipt: { ...receipt, logs } }
    const { moved } = (await open(await endpoint(answers)).minedAt(txid)) ?? {}
    expect(moved).toEqual([{ contract: '0xab', to: `0x${'2'.padStart(40, '0')}`, amount: 5n }])
  })

  it('is looked for at every endpoint before it counts as absent', async () => {
    const urls = [dead, await endpoint(unknown), await endpoint(mined('0xe'))]
    expect(await open(...urls).minedAt(txid)).toMatchObject({ height: 14n, final: false })
    await expect(open(dead).minedAt(txid)).rejects.toBeInstanceOf(Unavailable)
  })

  it('is final by no single one of several endpoints, whatever that one says', async () => {
    const at = async (...answers: Answers[]) =>
      open(...(await Promise.all(answers.map((one) => endpoint(one))))).minedAt(txid)
    const liar = mined('0xe')
    expect(await at(liar, unknown)).toMatchObject({ final: false })
    expect(await at(liar, unknown, unknown)).toMatchObject({ final: false })
    expect(await at(liar, mined('0xe', '0x1', hash('b')))).toMatchObject({ final: false })
    expect(await at(liar, mined('0xe', '0x0'))).toMatchObject({ final: false })
    expect(await at(liar, mined('0xf'))).toMatchObject({ final: false })
    const told = (logs: unknown) => ({
      ...liar,
      eth_getTransactionReceipt: { ...liar.eth_getTransactionReceipt, logs },
    })
    expect(await at(liar, told([]))).toMatchObject({ final: false })
    expect(await at(liar, unknown, mined('0xe'))).toMatchObject({ final: true, height: 14n })
    const other = mined('0xe', '0x0', hash('c'))
    expect(await at(other, mined('0xe'), mined('0xe'))).toMatchObject({
      ...{ final: true, succeeded: true },
    })
  })

  it('is the transaction that was asked for, or no answer', async () => {
    const other = await endpoint(mined('0xe'))
    await expect(open(other).minedAt(hash('2'))).rejects.toBeInstanceOf(Unavailable)
    expect(await open(other, await endpoint(unknown)).minedAt(hash('2'))).toBeUndefined()
  })

  it('names its block, or is no answer', async () => {
    const { eth_blockNumber } = unknown
    const receipt = { blockNumber: '0xe', status: '0x1', transactionHash: txid }
    const url = await endpoint({ eth_getTransactionReceipt: receipt, eth_blockNumber })
    await expect(open(url).minedAt(txid)).rejects.toBeInstanceOf(Unavailable)
  })

  it('consumes a nonce only when two endpoints say so and fewer deny', async () => {
    const counted = (count: string, latest = '0x10') =>
      endpoint({ eth_getTransactionCount: count, eth_blockNumber: latest })
    const consumed = async (...urls: string[]) => open(...urls).consumed('0x', 7n)
    expect(await consumed(await counted('0x8'), await counted('0x9'))).toBe(true)
    expect(await consumed(await counted('0x8'))).toBe(false)
    expect(await consumed(await counted('0x8'), dead)).toBe(false)
    const [yes, no] = [await counted('0x8'), await counted('0x7')]
    expect(await consumed(yes, yes, no)).toBe(true)
    expect(await consumed(yes, no)).toBe(false)
    expect(await consumed(yes, no, no)).toBe(false)
    expect(await consumed(yes, yes, no, no)).toBe(false)
    expect(await consumed(await counted('0x8', '0x1'), await counted('0x8', '0x1'))).toBe(false)
  })

  it('tells how many nonces are used by endpoints that know what is final, and by no other', async () => {
    const counted = (count: string, tag: unknown = { number: '0x9' }, latest = '0x10') =>
      endpoint({
        ...{ eth_getTransactionCount: count, eth_blockNumber: latest },
        eth_getBlockByNumber: tag,
      })
    const used = async (finality: 'finalized' | 'confirmations', ...urls: string[]) => {
      const options = { ...unwatched, network: 'eip155:1', confirmations: 2, timeoutMs: 200 }
      return openEvmRpc({ ...options, urls, finality }).used('0x')
    }
    const knows = await counted('0x39')
    const [strange, empty] = [await counted('0x39', new Error('tag')), await counted('0x39', null)]
    expect(await used('finalized', knows, knows)).toBe(57n)
    expect(await used('finalized', knows)).toBe(57n)
    for (const mute of [strange, empty]) {
      expect(await used('finalized', mute, mute)).toBe(undefined)
      expect(await used('finalized', mute)).toBe(undefined)
      expect(await used('finalized', knows, mute, mute)).toBe(undefined)
      expect(await used('finalized', knows, knows, mute, mute)).toBe(57n)
    }
    expect(await used('confirmations', strange, empty)).toBe(57n)
    const young = await counted('0x0', null, '0x1')
    expect(await used('finalized', young, young)).toBe(0n)
  })
})
