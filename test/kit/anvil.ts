// A real EVM node for tests: anvil from npm, on a free port of the loopback device. Blocks are made
// for each transaction unless `--no-mining` is given; its accounts are anvil's own.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './ports.ts'

const program = join(
  import.meta.dirname,
  '../../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil',
)

export interface Anvil {
  readonly url: string
  readonly network: string
  call(method: string, params?: readonly unknown[]): Promise<unknown>
  stop(): Promise<void>
}

export const anvilInstalled: boolean = existsSync(program)

export async function startAnvil(chainId = 31337, flags: readonly string[] = []): Promise<Anvil> {
  const port = await freePort()
  const args = ['--port', String(port), '--chain-id', String(chainId), '--silent', ...flags]
  const child = spawn(program, args, { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  const call = async (method: string, params: readonly unknown[] = []): Promise<unknown> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    const answer: unknown = await response.json()
    if (typeof answer === 'object' && answer !== null && 'result' in answer) return answer.result
    throw new Error(`anvil: ${JSON.stringify(answer)}`)
  }
  await untilReady(() => call('eth_chainId'))
  return {
    url,
    network: `eip155:${chainId}`,
    call,
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function untilReady(ask: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await ask()
      return
    } catch (error) {
      if (tries === 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
