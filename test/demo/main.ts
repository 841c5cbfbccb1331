// npm run demo: the whole story with real processes and a real EVM node, told with timings. Exits 0
// only if every step was as told. Every process is started by this program and ended by it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fund } from '../../cli/dev-chain.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import type { Swapped } from '../kit/lies.ts'
import { tellLies } from './liar.ts'
import { expect, light, nodes, pause, Stage, usdt } from './stage.ts'

const stage = new Stage()
const begun = performance.now()
const vaults = ['hot', 'warm'] as const

async function tell(what: string, work: () => Promise<string>): Promise<void> {
  const from = performance.now()
  const seen = await work()
  const ms = (performance.now() - from).toFixed(0)
  console.log(`${ms.padStart(7)} ms  ${what}`)
  for (const line of seen.split('\n')) if (line !== '') console.log(`            ${line}`)
}

async function cluster(): Promise<string> {
  await Promise.all([stage.init(), stage.compileOnce()])
  await Promise.all(['chain', 'coordinator', ...nodes, light].map((name) => stage.start(name)))
  await stage.untilReady(...nodes, light)
  return 'chain, coordinator, three nodes, light witness: six processes, each with its own directory'
}

async function makeKeys(): Promise<string> {
  for (const vault of vaults) {
    const made = await stage.custody('vault', 'create', vault, ...stage.as('operator'))
    expect(`a key of ${vault}`, made.exit === 0, made.output)
    expect(`no address of ${vault} yet`, made.json['address'] === '', made.output)
  }
  return 'confirmed by all nodes; no address is shown before every backup is proven'
}

async function proveBackups(): Promise<string> {
  const addresses = await Promise.all(vaults.map((vault) => stage.proveBackups(vault)))
  const amounts = { wei: 10n * 10n ** 18n, token: 1_000_000n * usdt }
  for (const address of addresses) await fund(stage.cluster.rpc, address, amounts)
  return vaults.map((vault, at) => `${vault.padEnd(5)} ${addresses[at]}`).join('\n')
}

async function automatic(): Promise<string> {
  const before = await stage.balance()
  const id = await stage.pay('250', 'demo/1')
  const { json } = await stage.untilState(id, 'SETTLED')
  expect('250 USDT more', (await stage.balance()) - before === 250n * usdt)
  return `SETTLED in ${String(json['txid'])}`
}

async function approved(): Promise<string> {
  const before = await stage.balance()
  const id = await stage.pay('30000', 'demo/2')
  await stage.untilState(id, 'AWAITING_APPROVAL')
  const first = await stage.custody('approve', id, '--yes', ...stage.as('people/ana'))
  expect('an effective approval of ana', first.exit === 0, first.output)
  const waiting = await stage.status(id)
  expect('it still waits', waiting.json['state'] === 'AWAITING_APPROVAL', waiting.output)
  const missing = `after ana: needs ${String(waiting.json['missing'])}`
  const second = await stage.custody('approve', id, '--yes', ...stage.as('people/eli'))
  expect('an effective approval of eli', second.exit === 0, second.output)
  await stage.untilState(id, 'SETTLED')
  expect('30000 USDT more', (await stage.balance()) - before === 30_000n * usdt)
  return `${missing}\nafter eli: SETTLED`
}

/** Four refills, lawful and approved, reserved while the chain cannot be reached. */
async function reserveFour(): Promise<ReadonlyMap<Swapped, Digest>> {
  await stage.stop('chain')
  const requests = new Map<Swapped, Digest>()
  const lies = ['recipient', 'amount', 'path', 'fee'] as const
  await Promise.all(
    lies.map(async (swapped, index) => {
      const what = ['--vault', 'warm', '--to-vault', 'hot', '--asset', 'usdt']
      const sum = ['--amount', String(100 + index), '--purpose', `refill/${swapped}`]
      const sent = await stage.ask('submit', ...what, ...sum, ...stage.as('people/ana'))
      expect('a refill', sent.exit === 0, sent.output)
      requests.set(swapped, parseDigest(String(sent.json['id'])))
    }),
  )
  for (const person of ['eli', 'fay']) {
    const approvals = [...requests.values()].map((id) =>
      stage.ask('approve', id, '--yes', ...stage.as(`people/${person}`)),
    )
    for (const done of await Promise.all(approvals)) {
      expect(`an approval of ${person}`, done.exit === 0, done.output)
    }
  }
  for (const id of requests.values()) await stage.untilState(id, 'RESERVED')
  return requests
}

async function lied(): Promise<string> {
  const requests = await reserveFour()
  await stage.kill('coordinator')
  const lies = await tellLies(stage.directory, requests)
  await Promise.all(['chain', 'coordinator'].map((name) => stage.start(name)))
  await stage.untilReady(...nodes)
  const lines = lies.map(({ swapped, refusals, shares }) => {
    expect('no share', shares === 0, shares)
    const said = new Set(refusals.map(({ check, code }) => `${check} ${code}`))
    expect('a refusal by every node', refusals.length === nodes.length, refusals.length)
    expect('one reason', said.size === 1, [...said])
    const [first] = refusals
    const because = [first?.expected, first?.got].filter(Boolean).join(', got ')
    return `${swapped.padEnd(9)} refused by all three, ${[...said]}: ${because}`
  })
  return lines.join('\n')
}

async function oneDown(): Promise<string> {
  await stage.kill('node-3')
  const id = await stage.pay('101', 'demo/3')
  await stage.untilState(id, 'SETTLED')
  return 'node-3 killed: the other two sign, SETTLED'
}

async function twoDown(): Promise<string> {
  await stage.kill('node-2')
  const id = await stage.pay('102', 'demo/4')
  await stage.until(id, 'WAITING, NOT_ENOUGH_SIGNERS', (output, state) => {
    return state === 'WAITING' && output.includes('NOT_ENOUGH_SIGNERS')
  })
  await Promise.all(['node-2', 'node-3'].map((name) => stage.start(name)))
  await stage.untilReady(...nodes)
  await stage.untilState(id, 'SETTLED')
  return 'two killed: WAITING, NOT_ENOUGH_SIGNERS\nback: the same request SETTLED by itself'
}

async function refreshed(): Promise<string> {
  const before = await stage.vault('hot')
  const id = await stage.change('vault', 'refresh', 'hot', '--purpose', 'care of the key')
  await stage.untilState(id, 'ACTIVE')
  const after = await stage.vault('hot')
  expect('the same address', after.address === before.address, after.address)
  expect('a later epoch', after.epoch > before.epoch, after.epoch)
  const paid = await stage.pay('103', 'demo/5')
  await stage.untilState(paid, 'SETTLED')
  const said = `epoch ${before.epoch} -> ${after.epoch}, in force by one line; ${after.address} stays`
  return `2 directors and 1 risk approved\n${said}\nthe next payment, signed with new shares: SETTLED`
}

async function verified(): Promise<string> {
  // The last head must be witnessed before it is worth exporting.
  await pause(500)
  const place = join(stage.directory, 'export')
  const trust = join(stage.directory, 'shared', 'trust.txt')
  const made = await stage.custody('audit', 'export', place, ...stage.as('operator'))
  expect('an export', made.exit === 0, made.output)
  const good = await stage.custody('audit', 'verify', place, '--trust', trust)
  expect('OK', good.exit === 0, good.output)
  const file = join(place, 'entries', '00000000.jsonl')
  const lines = readFileSync(file)
  const seq = 7
  const at = lines.toString().split('\n').slice(0, seq).join('\n').length + 40
  lines[at] = (lines[at] ?? 0) ^ 1
  writeFileSync(file, lines)
  const bad = await stage.custody('audit', 'verify', place, '--trust', trust)
  expect('exit 1 for one flipped bit', bad.exit === 1, bad.output)
  expect(`line ${seq} named`, bad.output.includes(`"line":${seq}`), bad.output)
  return `verified offline: exit 0\none bit flipped in line ${seq}: exit 1, line ${seq} named`
}

try {
  console.log('custody: the walk of a withdrawal, with real processes and a real EVM node\n')
  await tell('a cluster is made and started', cluster)
  await tell('two vaults: keys made 2 of 3', makeKeys)
  await tell('every backup is opened in a test; addresses shown and funded', proveBackups)
  await tell('a withdrawal inside the automatic limit', automatic)
  await tell('a larger one waits; one approval is not enough', approved)
  await tell('a lying coordinator swaps what people approved', lied)
  await tell('one node is killed', oneDown)
  await tell('two nodes are killed', twoDown)
  await tell('all shares of a key are changed', refreshed)
  await tell('a stranger checks the log', verified)
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  console.log(`\nas told, in ${seconds} s`)
} catch (error) {
  console.error(`\nnot as told: ${error instanceof Error ? error.message : String(error)}`)
  console.error(`the logs are in ${join(stage.directory, 'logs')} until this program ends`)
  process.exitCode = 1
} finally {
  if (process.argv.includes('--keep')) console.error(`kept: ${stage.directory}`)
  await stage.close()
}
