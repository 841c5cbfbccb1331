// `custody dev up`: a development cluster that stays up. Makes the directory when it is new, starts
// chain, coordinator and three nodes as real processes, makes the keys of the online vaults,
// proves their backups, funds them, says what to type next, starts again whatever dies, stops
// everything on Ctrl-C. Started on the same directory it goes on where it was.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { proveBackup } from './dev-backups.ts'
import { anvilProgram, balances, fund } from './dev-chain.ts'
import { type DevCluster, devClusterAt } from './dev-cluster.ts'
import type { Child } from './dev-processes.ts'
import { pidFile, Running } from './dev-running.ts'
import { fundOnTron, hasStandIn, onTron } from './dev-tron.ts'
import { init } from './init.ts'
import { vaultCreate, vaultShow } from './vault.ts'
import { type Answer, type Args, done, flag, UsageError, type Verb, type World } from './verb.ts'

/** The online vaults of the development policy; cold ones need a ceremony. */
const vaults = ['hot', 'warm'] as const
const gift = { wei: 10n * 10n ** 18n, token: 1_000_000n * 10n ** 6n }
const triesMax = 100
const betweenTriesMs = 100
const customer = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8'

export const devUp: Verb = {
  about: 'start a development cluster and keep it up; Ctrl-C stops it',
  usage: '[DIR] [--chain | --tron] [--port-base N] [--without VAULT]',
  words: { min: 0, max: 1 },
  options: {
    chain: { type: 'boolean' },
    tron: { type: 'boolean' },
    'port-base': { type: 'string' },
    without: { type: 'string' },
  },
  run: async (args, world) => {
    const directory = args.words[0] ?? '.dev'
    const withTron = args.flags['tron'] === true
    const withChain = args.flags['chain'] === true || withTron
    requirePrograms(args)
    await makeCluster(directory, args, world)
    const cluster = devClusterAt(directory)
    if (withChain && cluster.isTron !== withTron) {
      const kind = cluster.isTron
        ? 'the stand-in for Tron: give --tron'
        : 'an EVM chain: give --chain'
      throw new UsageError(`${directory} was made on ${kind}`)
    }
    requireFree(directory)
    const stop = interrupted()
    const running = new Running(directory, world)
    try {
      if (withChain) await running.start('chain', () => cluster.startChain())
      await Promise.all([
        running.start('coordinator', () => cluster.startCoordinator()),
        ...[...cluster.nodes, ...cluster.lights].map((node) =>
          running.begin(node, startNode(cluster, node)),
        ),
      ])
      const keyed = vaults.filter((vault) => vault !== args.flags['without'])
      world.say(await readyText(cluster, { withChain, keyed }, world))
      await stop
    } finally {
      world.say('stopping\n')
      await running.stop()
    }
    return done('stopped\n', { stopped: true })
  },
}

function requirePrograms({ flags }: Args): void {
  const [chain, tron] = [flags['chain'] === true, flags['tron'] === true]
  if (chain && tron) throw new UsageError('--chain, --tron: expected one of them')
  if ((chain || tron) && anvilProgram() === undefined) {
    const name = chain ? '--chain' : '--tron'
    throw new UsageError(`${name}: the package @foundry-rs/anvil-linux-amd64 is not installed`)
  }
  if (tron && !hasStandIn()) {
    throw new UsageError('--tron: the stand-in is among the tests of the checkout, and not here')
  }
}

async function makeCluster(directory: string, args: Args, world: World) {
  if (existsSync(join(directory, 'shared/root.json'))) return
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const flags = { 'port-base': flag(args, 'port-base'), tron: args.flags['tron'] }
  await init.run({ words: [directory], flags }, world)
  mkdirSync(join(directory, 'chain'), { mode: 0o700 })
}

/** Two clusters on one directory would fight for its files and ports. */
function requireFree(directory: string): void {
  if (!existsSync(pidFile(directory))) return
  const noted: unknown = JSON.parse(readFileSync(pidFile(directory), 'utf8'))
  const pids = Array.isArray(noted) ? noted.filter((pid) => isAlive(pid)) : []
  if (pids.length > 0) {
    throw new UsageError(`processes of this cluster are still running: end ${pids.join(' ')} first`)
  }
}

function isAlive(pid: unknown): boolean {
  try {
    return typeof pid === 'number' && process.kill(pid, 0)
  } catch {
    return false
  }
}

function startNode(cluster: DevCluster, node: string): () => Promise<Child> {
  return async () => {
    const child = await cluster.startNode(node)
    await cluster.untilReady(node, child)
    return child
  }
}

interface Place {
  readonly vault: string
  readonly address: string
}

interface Wanted {
  readonly withChain: boolean
  /** The others are left without a key: to bring one in. */
  readonly keyed: readonly string[]
}

async function readyText(
  cluster: DevCluster,
  { withChain, keyed }: Wanted,
  world: World,
): Promise<string> {
  const places: Place[] = []
  for (const vault of keyed) places.push(await vaultReady(cluster, vault, world))
  if (withChain) {
    for (const { address } of places) await funded(cluster, address)
  }
  const { directory, listen, rpc, isTron } = cluster
  const to = isTron ? onTron(customer) : customer
  const as = (owner: string): string => `--as ${join(directory, owner)}`
  const shared = (file: string): string => join(directory, 'shared', file)
  const network = isTron ? 'a stand-in for Tron (no Tron node)' : 'chain eip155:31337'
  const chain = withChain ? `, ${network} on ${rpc}` : ''
  return [
    '',
    `custody is up: coordinator on ${listen}, ${nodesIn(cluster)}${chain}`,
    ...places.map(({ vault, address }) => `  ${vault.padEnd(6)} ${address}`),
    '',
    'In another terminal, a payment inside the automatic limit, then one that needs a person:',
    `  npm run custody -- submit ${as('services/svc-payouts')} --vault hot --asset usdt \\`,
    `    --amount 250 --to ${to} --purpose test/1`,
    `  npm run custody -- submit ${as('services/svc-payouts')} --vault hot --asset usdt \\`,
    `    --amount 5000 --to ${to} --purpose test/2`,
    ...(isTron ? coinText(as('services/svc-payouts'), to) : []),
    `  npm run custody -- pending ${as('people/ana')}`,
    `  npm run custody -- approve ID ${as('people/ana')}`,
    `  npm run custody -- status ID ${as('services/svc-payouts')}`,
    'a file of payments, and what the targets of the policy want moved:',
    `  npm run custody -- payout ${shared('payouts.csv')} --vault hot \\`,
    `    ${as('services/svc-payouts')}`,
    `  npm run custody -- watch --endpoints ${shared('endpoints.json')} --once \\`,
    `    ${as('services/svc-payouts')}`,
    'and the whole log, checked without asking anyone:',
    `  npm run custody -- audit export EXPORT ${as('operator')}`,
    `  npm run custody -- audit verify EXPORT --trust ${join(directory, 'shared/trust.txt')}`,
    '',
    'Ctrl-C stops everything; the next start goes on from here.',
    '',
  ].join('\n')
}

function coinText(as: string, to: string): readonly string[] {
  return [
    'and one of the coin:',
    `  npm run custody -- submit ${as} --vault hot --asset trx-native \\`,
    `    --amount 0.4 --to ${to} --purpose test/3`,
  ]
}

async function funded({ rpc, isTron }: DevCluster, address: string): Promise<void> {
  if (isTron) return fundOnTron(rpc, address)
  const held = await balances(rpc, address)
  if (held.wei === 0n && held.token === 0n) await fund(rpc, address, gift)
}

function nodesIn({ nodes, lights }: DevCluster): string {
  const light = lights.length === 0 ? '' : `, light witness ${lights.join(', ')}`
  return `${nodes.length} nodes${light}`
}

/** The vault's address; what is missing before it may be shown is done: its key, its backups. */
async function vaultReady(cluster: DevCluster, vault: string, world: World): Promise<Place> {
  const args: Args = { words: [vault], flags: { as: join(cluster.directory, 'operator') } }
  let answer = await vouched(args, world)
  if (epochIn(answer) === 0) {
    world.say(`  making the key of vault ${vault} with all nodes\n`)
    answer = await vaultCreate.run(args, world)
  }
  const epoch = epochIn(answer)
  if (addressIn(answer) === '') {
    world.say(`  opening the backup of ${vault} at every node, with the keys in recovery/\n`)
    const proving = { directory: cluster.directory, vault, epoch }
    await Promise.all(cluster.nodes.map((node) => proveBackup(proving, node, world)))
  }
  for (let tries = 0; addressIn(answer) === '' && tries < triesMax; tries += 1) {
    await world.pause(betweenTriesMs)
    answer = await vaultShow.run(args, world)
  }
  const address = addressIn(answer)
  if (address === '') throw new UsageError(`vault ${vault}: no address after its key was made`)
  return { vault, address }
}

/** Nodes that were just started may not vouch for an address yet that was shown before. */
async function vouched(args: Args, world: World): Promise<Answer> {
  for (let tries = 0; ; tries += 1) {
    const answer = await vaultShow.run(args, world)
    const { uncertified = '' } = answer.json
    if (uncertified === '' || tries === triesMax) return answer
    await world.pause(betweenTriesMs)
  }
}

function addressIn({ json }: Answer): string {
  const { address } = json
  return typeof address === 'string' ? address : ''
}

/** 0 while there is no key. */
function epochIn({ json }: Answer): number {
  const { epoch } = json
  return typeof epoch === 'number' ? epoch : 0
}

/** The handlers stay: a second Ctrl-C must not end this program before its children. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => resolve())
    }
  })
}
