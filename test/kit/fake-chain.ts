// A chain as several endpoints tell of it: blocks, balances and receipts that a test sets, and for
// each endpoint what it says instead. Plain JSON-RPC over loopback; makes no transaction.
import { createServer, type Server } from 'node:http'

export interface ChainState {
  height: number
  /** Seconds since 1970. */
  at: number
  /** By `address` or `address contract`, base units. */
  readonly balances: Map<string, bigint>
  /** Heights by transaction. */
  readonly receipts: Map<string, number>
  /** Transactions whose call failed in their block. */
  readonly failed: Set<string>
}

type Lie = (method: string, params: readonly unknown[]) => unknown

export interface FakeChain {
  readonly state: ChainState
  readonly urls: readonly string[]
  /** Of the endpoint at this place: an Error is no answer, undefined is the truth. */
  readonly lies: Map<number, Lie>
  readonly close: () => Promise<void>
}

export async function fakeChain(chainId: number, endpoints: number): Promise<FakeChain> {
  const state: ChainState = {
    ...{ height: 100, at: 0 },
    ...{ balances: new Map(), receipts: new Map(), failed: new Set() },
  }
  const lies = new Map<number, Lie>()
  const servers: Server[] = []
  const urls: string[] = []
  for (let at = 0; at < endpoints; at += 1) {
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (part) => {
        body += String(part)
      })
      request.on('end', () => {
        const { id, method, params } = JSON.parse(body)
        const said = lies.get(at)?.(method, params) ?? truth(state, chainId, { method, params })
        if (said instanceof Error) return response.destroy()
        return response.end(JSON.stringify({ jsonrpc: '2.0', id, result: said }))
      })
    })
    servers.push(server)
    urls.push(
      await new Promise((resolve) => {
        server.listen(0, '127.0.0.1', () => {
          const address = server.address()
          resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`)
        })
      }),
    )
  }
  const close = async () => {
    for (const server of servers) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
  return { state, urls, lies, close }
}

interface Question {
  readonly method: string
  readonly params: readonly unknown[]
}

const hex = (value: bigint | number) => `0x${value.toString(16)}`
const word = (value: bigint | number) => `0x${value.toString(16).padStart(64, '0')}`

function truth(state: ChainState, chainId: number, { method, params }: Question): unknown {
  switch (method) {
    case 'eth_chainId':
      return hex(chainId)
    case 'eth_blockNumber':
      return hex(state.height)
    case 'eth_getBlockByNumber': {
      const back = state.height - Number(params[0])
      return { hash: word(Number(params[0]) + 1), timestamp: hex(state.at - back) }
    }
    case 'eth_getBalance':
      return hex(state.balances.get(String(params[0])) ?? 0n)
    case 'eth_call': {
      const { to, data } = params[0] as { to: string; data: string }
      return word(state.balances.get(`0x${data.slice(-40)} ${to}`) ?? 0n)
    }
    case 'eth_getTransactionReceipt': {
      const txid = String(params[0])
      const height = state.receipts.get(txid)
      const status = state.failed.has(txid) ? '0x0' : '0x1'
      return height === undefined ? null : { blockNumber: hex(height), status }
    }
    default:
      return null
  }
}
