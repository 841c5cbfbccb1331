// npm run chaos -- --minutes N [--seed S] [--json]: payments go on, and the key is refreshed and
// dealt anew, while real processes, the coordinator and the nodes, are killed with SIGKILL and started
// again. Then everything heals, and an outside eye counts: no accepted request is lost, each payment
// has one effect on the chain, each change one line or a reason, the log verifies.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fund, rpc } from '../../cli/dev-chain.ts'
import { customer, light, nodes, pause, Stage, usdt } from '../demo/stage.ts'
import { ChangesOfKeys } from './changes.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const minutes = Number(values.minutes)
const seed = Number(values.seed)
if (!(minutes > 0 && minutes <= 600) || !Number.isSafeInteger(seed)) {
  console.error('usage: npm run chaos -- --minutes N [--seed S] [--json]; N up to 600')
  process.exit(2)
}

interface Payment {
  readonly key: string
  readonly amount: number
  /** Request id, once somebody confirmed that it was accepted. */
  id: string
}

const stage = new Stage()
const random = seeded(seed)
const changes = new ChangesOfKeys(stage, seeded(seed + 1))
const payments: Payment[] = []
const faults: string[] = []
let kills = 0

async function setUp(): Promise<string> {
  await stage.init()
  await stage.start('chain')
  await stage.start('coordinator')
  await Promise.all([...nodes, light].map((node) => stage.start(node)))
  await stage.untilReady(...nodes)
  const made = await stage.custody('vault', 'create', 'hot', ...stage.as('operator'))
  if (made.exit !== 0) throw new Error(made.output)
  const address = await stage.proveBackups('hot')
  const amounts = { wei: 100n * 10n ** 18n, token: 1_000_000n * usdt }
  await fund(stage.cluster.rpc, address, amounts)
  return address
}

/** One payment after another; what could not be told is asked for under the same key. */
async function pay(untilMs: number): Promise<void> {
  while (Date.now() < untilMs) {
    const count = payments.length + 1
    const payment: Payment = { key: `chaos-${seed}-${count}`, amount: count, id: '' }
    payments.push(payment)
    await offer(payment)
    await pause(300 + random(700))
  }
}

async function offer(payment: Payment): Promise<void> {
  const { key, amount } = payment
  const service = stage.as('services/svc-payouts')
  const sum = ['--amount', String(amount), '--to', customer, '--purpose', key, '--id', key]
  for (let tries = 0; tries < 100 && payment.id === ''; tries += 1) {
    const sent = await stage.custody(
      'submit',
      '--vault',
      'hot',
      '--asset',
      'usdt',
      ...sum,
      ...service,
    )
    const known = sent.exit === 0 ? sent : await stage.custody('status', '--id', key, ...service)
    if (known.exit === 0 && typeof known.json['id'] === 'string') payment.id = known.json['id']
    else await pause(500)
  }
  if (payment.id === '') faults.push(`${key}: never accepted`)
}

/** One process at a time, down for a while. */
async function kill(untilMs: number): Promise<void> {
  const victims = ['coordinator', ...nodes, light]
  while (Date.now() < untilMs) {
    await pause(1_000 + random(4_000))
    const victim = victims[random(victims.length)] ?? 'coordinator'
    await stage.kill(victim)
    kills += 1
    await pause(random(2_000))
    await stage.start(victim)
  }
}

async function settle(): Promise<void> {
  await stage.untilReady(...nodes)
  const deadline = Date.now() + 120_000
  for (const payment of payments.filter(({ id }) => id !== '')) {
    let state = ''
    while (Date.now() < deadline) {
      const { json } = await stage.status(payment.id)
      state = String(json['state'])
      if (state === 'SETTLED') break
      await pause(500)
    }
    if (state !== 'SETTLED') faults.push(`${payment.key}: ${state} at the end`)
  }
}

async function check(address: string, before: bigint): Promise<void> {
  const accepted = payments.filter(({ id }) => id !== '')
  const expected = accepted.reduce((sum, { amount }) => sum + BigInt(amount) * usdt, 0n)
  const got = (await stage.balance()) - before
  if (got !== expected) faults.push(`paid ${got}, accepted ${expected}`)
  const count = Number(await rpc(stage.cluster.rpc, 'eth_getTransactionCount', [address, 'latest']))
  if (count !== accepted.length) faults.push(`${count} transactions of ${accepted.length} requests`)
  const place = join(stage.directory, 'export')
  const trust = join(stage.directory, 'shared', 'trust.txt')
  await stage.custody('audit', 'export', place, ...stage.as('operator'))
  const verified = await stage.custody('audit', 'verify', place, '--trust', trust)
  if (verified.exit !== 0) faults.push(`the log: ${verified.output}`)
  const vault = await stage.vault('hot')
  if (vault.address !== address) faults.push(`the address was ${address}, is ${vault.address}`)
  faults.push(...changes.faults(place, vault.epoch))
}

/** Whole numbers below `bound`: a small generator is enough to choose victims. */
function seeded(from: number): (bound: number) => number {
  let state = (from * 2_654_435_761) >>> 0
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

try {
  const address = await setUp()
  const before = await stage.balance()
  const untilMs = Date.now() + minutes * 60_000
  await Promise.all([pay(untilMs), changes.go(untilMs), kill(untilMs)])
  await settle()
  await check(address, before)
} catch (error) {
  faults.push(error instanceof Error ? error.message : String(error))
} finally {
  await stage.close()
}
const carried = changes.asked.filter(({ state }) => state === 'ACTIVE').length
for (const fault of faults) console.log(`  ${fault}`)
console.log(
  `chaos, seed ${seed}: ${payments.length} payments, ${changes.asked.length} changes ` +
    `(${carried} carried out), ${kills} kills, ${faults.length} faults`,
)
if (values.json) {
  console.log(JSON.stringify({ suite: 'chaos', cases: payments.length, failed: faults.length }))
}
process.exitCode = faults.length === 0 && payments.length > 0 ? 0 : 1
