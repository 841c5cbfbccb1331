// An endpoint that does not answer is left alone and costs nobody anything; one that is of another
// network, or whose head is late, is noticed.
import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { Breaker } from '../../coordinator/chain-rpc/breaker.ts'
import { openEvmRpc } from '../../coordinator/chain-rpc/evm.ts'
import { Heads } from '../../coordinator/chain-rpc/heads.ts'
import type { Event } from '../../coordinator/ports.ts'
import { Unavailable } from '../../proto/unavailable.ts'

const events: Event[] = []
let time = 0
const now = () => time
const report = (event: Event) => {
  events.push(event)
}
const names = () => events.splice(0).map(({ level, name }) => `${level} ${name}`)
const away = () => Promise.reject(new Unavailable('away', 'CHAIN_UNAVAILABLE'))
const soon = () => new Promise((resolve) => setImmediate(resolve))

afterEach(() => {
  events.length = 0
})

describe('a breaker', () => {
  const opened = (prove: () => Promise<string> = async () => '') => {
    time = 1_000_000
    return new Breaker({ name: 'endpoint 1', now, report, prove })
  }

  it('asks an endpoint that fails now and then, and leaves alone one that failed twice', async () => {
    const breaker = opened()
    let asked = 0
    const ask = () => {
      asked += 1
      return away()
    }
    await expect(breaker.run(ask)).rejects.toThrow('away')
    expect(await breaker.run(async () => 7)).toBe(7)
    await expect(breaker.run(ask)).rejects.toThrow('away')
    expect(names()).toEqual([])
    await expect(breaker.run(ask)).rejects.toThrow('away')
    expect(names()).toEqual(['warn endpoint.away'])
    await expect(breaker.run(ask)).rejects.toThrow('rests')
    expect(asked).toBe(3)
  })

  it('tries it again beside the path, and believes it when it has proved its network', async () => {
    let answer: () => Promise<string> = away
    let proofs = 0
    const breaker = opened(() => {
      proofs += 1
      return answer()
    })
    for (const _ of [1, 2]) await expect(breaker.run(away)).rejects.toThrow('away')
    expect(proofs).toBe(2)
    time += 4_999
    await expect(breaker.run(async () => 1)).rejects.toThrow('rests')
    expect(proofs).toBe(2)
    time += 1
    let release: (wrong: string) => void = () => {}
    answer = () =>
      new Promise((resolve) => {
        release = resolve
      })
    // Whoever asks does not wait for the trial, and there is one trial at a time.
    for (const _ of [1, 2, 3]) await expect(breaker.run(async () => 1)).rejects.toThrow('rests')
    expect(proofs).toBe(3)
    release('')
    await soon()
    expect(await breaker.run(async () => 1)).toBe(1)
    expect(names()).toEqual(['warn endpoint.away', 'info endpoint.back'])
  })

  it('rests longer of one that proves its network and answers nothing else', async () => {
    const breaker = opened()
    let asked = 0
    const hangs = () => {
      asked += 1
      return away()
    }
    for (const _ of [1, 2]) await expect(breaker.run(hangs)).rejects.toThrow('away')
    for (const rest of [5_000, 10_000, 20_000, 30_000]) {
      time += rest
      await expect(breaker.run(hangs)).rejects.toThrow('rests')
      await soon()
      const before = asked
      await expect(breaker.run(hangs)).rejects.toThrow('away')
      await expect(breaker.run(hangs)).rejects.toThrow('rests')
      expect(asked).toBe(before + 1)
    }
    expect(names()).toEqual(['warn endpoint.away', 'alarm endpoint.dead'])
  })

  it('rests longer each time, and says once that somebody has to look', async () => {
    let proofs = 0
    const breaker = opened(() => {
      proofs += 1
      return away()
    })
    for (const _ of [1, 2]) await expect(breaker.run(away)).rejects.toThrow('away')
    for (const rest of [5_000, 10_000, 20_000, 30_000, 30_000]) {
      const before = proofs
      time += rest - 1
      await expect(breaker.run(away)).rejects.toThrow('rests')
      expect(proofs).toBe(before)
      time += 1
      await expect(breaker.run(away)).rejects.toThrow('rests')
      await soon()
      expect(proofs).toBe(before + 1)
    }
    expect(names()).toEqual(['warn endpoint.away', 'alarm endpoint.dead'])
  })

  it('takes no answer of another network, also when it became one after a minute', async () => {
    let wrong = ''
    const breaker = opened(async () => wrong)
    expect(await breaker.run(async () => 1)).toBe(1)
    wrong = 'expected chain id 0x1, got 0x2'
    time += 59_999
    expect(await breaker.run(async () => 1)).toBe(1)
    time += 1
    await expect(breaker.run(async () => 1)).rejects.toThrow('expected chain id 0x1')
    await expect(breaker.run(async () => 1)).rejects.toThrow('rests')
    expect(names()).toEqual(['alarm endpoint.foreign'])
    wrong = ''
    time += 30_000
    await expect(breaker.run(async () => 1)).rejects.toThrow('rests')
    await soon()
    expect(await breaker.run(async () => 1)).toBe(1)
  })

  it('asks for the proof again after any failure', async () => {
    let wrong = ''
    const breaker = opened(async () => wrong)
    expect(await breaker.run(async () => 1)).toBe(1)
    await expect(breaker.run(away)).rejects.toThrow('away')
    wrong = 'another network'
    await expect(breaker.run(async () => 1)).rejects.toThrow('another network')
  })

  it('keeps who asks from waiting: of two endpoints a dead one is asked twice, then never', async () => {
    time = 0
    let hanging = 0
    const dead = createServer(() => {
      hanging += 1
    })
    const good = createServer((request, response) => {
      let body = ''
      request.on('data', (part) => {
        body += String(part)
      })
      request.on('end', () => {
        const { id, method } = JSON.parse(body) as { id: number; method: string }
        const result = method === 'eth_chainId' ? '0x1' : { number: '0x1' }
        const said = method === 'eth_gasPrice' ? '0x7' : result
        response.end(JSON.stringify({ jsonrpc: '2.0', id, result: said }))
      })
    })
    const urls: string[] = []
    for (const server of [dead, good]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const address = server.address()
      urls.push(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`)
    }
    const asked = { network: 'eip155:1', urls, confirmations: 1, stillMs: 1, timeoutMs: 100 }
    const rpc = openEvmRpc({ ...asked, now, report })
    for (let times = 0; times < 20; times += 1) {
      expect(await rpc.prices()).toEqual({ base: 7n, tip: 0n })
    }
    expect(hanging).toBe(2)
    for (const server of [dead, good]) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })
})

describe('the heads of endpoints', () => {
  const looked = (count: number) => {
    time = 1_000_000
    events.length = 0
    const called = Array.from({ length: count }, (_, at) => `endpoint ${at + 1}`)
    return new Heads({ names: called, stillMs: 60_000, now, report })
  }

  it('may stand still for a while; then they are stale until they move', () => {
    const heads = looked(1)
    heads.saw(0, 7n)
    time += 60_000
    heads.saw(0, 7n)
    expect(heads.isStale(0)).toBe(false)
    time += 1
    heads.saw(0, 7n)
    heads.saw(0, 7n)
    expect(heads.isStale(0)).toBe(true)
    expect(names()).toEqual(['alarm endpoint.stale'])
    heads.saw(0, 8n)
    expect(heads.isStale(0)).toBe(false)
    expect(names()).toEqual(['info endpoint.level'])
  })

  it('are not late because nobody looked', () => {
    const heads = looked(2)
    for (const at of [0, 1]) heads.saw(at, 7n)
    time += 3_600_000
    heads.saw(0, 300n)
    expect(names()).toEqual([])
    heads.saw(1, 300n)
    expect(names()).toEqual([])
  })

  it('are behind where two others are further, not where one says so', () => {
    const heads = looked(3)
    heads.saw(0, 100n)
    heads.saw(1, 165n)
    expect(heads.isStale(0)).toBe(false)
    heads.saw(2, 164n)
    expect(heads.isStale(0)).toBe(false)
    heads.saw(2, 165n)
    expect(heads.isStale(0)).toBe(true)
    expect(events.at(-1)?.because).toContain('endpoint 1, at 100')
    heads.saw(0, 165n)
    expect(heads.isStale(0)).toBe(false)
  })

  it('are an alarm when one is ahead of every other, and decide nothing then', () => {
    const heads = looked(3)
    heads.saw(0, 100n)
    heads.saw(1, 100n)
    heads.saw(2, 1_000_000n)
    expect(names()).toEqual(['alarm endpoint.apart'])
    for (const at of [0, 1, 2]) expect(heads.isStale(at)).toBe(false)
  })
})
