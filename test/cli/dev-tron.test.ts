// `custody dev up --tron` as a reader types it: real processes, TRX and a token paid by hand over the
// stand-in for Tron, the log verified; stopped, and started again on the same directory.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { run } from '../../cli/run.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { testWorld } from '../kit/cluster.ts'
import { freeBase } from '../kit/ports.ts'

const room = mkdtempSync(join(tmpdir(), 'custody-dev-tron-'))
const directory = join(room, 'dev')
const ready = 'Ctrl-C stops everything'
let up: ChildProcess | undefined

async function started(base: number): Promise<string> {
  const main = new URL('../../cli/main.ts', import.meta.url).pathname
  const words = [main, 'dev', 'up', directory, '--tron', '--port-base', `${base}`]
  const child = spawn(process.execPath, [...words, '--without', 'warm'])
  up = child
  let said = ''
  return new Promise((resolve, reject) => {
    const hear = (part: unknown): void => {
      said += String(part)
      if (said.includes(ready)) resolve(said)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('exit', () => reject(new Error(said)))
  })
}

async function stopped(): Promise<void> {
  const child = up
  if (child === undefined || child.exitCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGINT')
  await gone
}

async function custody(owner: string, ...words: string[]) {
  const all = [...words, '--json', '--as', join(directory, owner)]
  // Each request has a number of its own.
  const world = testWorld([], { random: (length) => new Uint8Array(randomBytes(length)) })
  const { exit, stdout, stderr } = await run(all, world)
  if (exit !== 0) throw new Error(`${words[0]}: ${exit} ${stdout} ${stderr}`)
  return JSON.parse(stdout)
}

async function settled(id: string): Promise<void> {
  for (let tries = 0; tries < 240; tries += 1) {
    const { state } = await custody('services/svc-payouts', 'status', id)
    if (state === 'SETTLED') return
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  throw new Error(`${id} never settled`)
}

const paid = async (asset: string, amount: string, to: string, purpose: string) => {
  const words = ['--asset', asset, '--amount', amount, '--to', to, '--purpose', purpose]
  return (await custody('services/svc-payouts', 'submit', '--vault', 'hot', ...words)).id
}

describe.runIf(anvilInstalled)('a development cluster on the stand-in for Tron', () => {
  afterAll(async () => {
    await stopped()
    rmSync(room, { recursive: true })
  })

  it('pays a token and TRX by hand, and goes on after it was stopped', async () => {
    const base = await freeBase([0, 1, 2, 3, 11, 12, 13])
    const said = await started(base)
    expect(said).toContain('a stand-in for Tron (no Tron node)')
    const [to = ''] = /(?<=--to )T\w{33}/.exec(said) ?? []
    const [from = ''] = /(?<=hot {4})T\w{33}/.exec(said) ?? []
    for (const [asset, amount] of [
      ['usdt', '250'],
      ['trx-native', '0.4'],
    ] as const) {
      await settled(await paid(asset, amount, to, `test/${asset}`))
    }
    const exported = join(room, 'export')
    await custody('operator', 'audit', 'export', exported)
    const trust = ['--trust', join(directory, 'shared/trust.txt')]
    const verified = await run(['audit', 'verify', exported, ...trust], testWorld())
    expect(verified.exit).toBe(0)
    await stopped()
    // Its blocks and balances are gone; the house and its addresses are not.
    expect(await started(base)).toContain(from)
    await settled(await paid('usdt', '251', to, 'test/again'))
  }, 600_000)
})
