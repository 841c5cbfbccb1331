// The stage of the demo: a cluster of real processes in a directory of its own, the custody program
// run from outside as a person would run it, and a line on the terminal for each thing shown.

import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { balances } from '../../cli/dev-chain.ts'
import { type DevCluster, devClusterAt } from '../../cli/dev-cluster.ts'
import type { Child } from '../../cli/dev-processes.ts'
import { run } from '../../cli/run.ts'
import type { World } from '../../cli/verb.ts'
import { freeBase } from '../kit/ports.ts'

export const nodes = ['node-1', 'node-2', 'node-3'] as const
/** Signs nothing and witnesses everything: w = 4, f = 1, q = 3. */
export const light = 'witness-1'
/** Account 1 of the local chain: a customer of the development book. */
export const customer = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8'
export const usdt = 10n ** 6n

const repository = join(import.meta.dirname, '..', '..')

export interface Answer {
  readonly exit: number
  readonly json: Readonly<Record<string, unknown>>
  readonly output: string
}

export class Stage {
  readonly directory = mkdtempSync(join(tmpdir(), 'custody-demo-'))
  readonly running = new Map<string, Child>()
  readonly #compiled = mkdtempSync(join(tmpdir(), 'custody-demo-js-'))
  #cluster: DevCluster | undefined

  get cluster(): DevCluster {
    if (this.#cluster === undefined) throw new Error('there is no cluster yet')
    return this.#cluster
  }

  async init(): Promise<void> {
    const port = await freeBase([0, 1, 2, 11, 12, 13, 14])
    const words = ['--port-base', String(port), '--witnesses', '1']
    const made = await this.custody('init', this.directory, ...words)
    if (made.exit !== 0) throw new Error(made.output)
    mkdirSync(join(this.directory, 'chain'))
    this.#cluster = devClusterAt(this.directory)
  }

  /** What every program would compile at its start is compiled once, for those that come later. */
  async compileOnce(): Promise<void> {
    process.env['NODE_COMPILE_CACHE'] = this.#compiled
    const programs = ['signer-node/main.ts', 'coordinator/main.ts', 'cli/main.ts']
    await Promise.all(programs.map((path) => this.#program(join(repository, path))))
  }

  async start(name: string): Promise<void> {
    const { cluster } = this
    if (name === 'chain') this.running.set(name, await cluster.startChain())
    else if (name === 'coordinator') this.running.set(name, await cluster.startCoordinator())
    else this.running.set(name, await cluster.startNode(name))
  }

  async untilReady(...names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.cluster.untilReady(name, this.child(name))))
  }

  child(name: string): Child {
    const child = this.running.get(name)
    if (child === undefined) throw new Error(`${name} is not running`)
    return child
  }

  async kill(name: string): Promise<void> {
    await this.child(name).kill()
    this.running.delete(name)
  }

  async stop(name: string): Promise<void> {
    await this.child(name).stop()
    this.running.delete(name)
  }

  async close(): Promise<void> {
    await Promise.all([...this.running.values()].map((child) => child.stop(2_000)))
    for (const place of [this.directory, this.#compiled]) {
      rmSync(place, { recursive: true, force: true })
    }
  }

  /** The custody program, as a process of its own, with `--json`. */
  custody(...words: readonly string[]): Promise<Answer> {
    return this.#program(join(repository, 'cli', 'main.ts'), ...words, '--json')
  }

  /** A command of custody-signer beside the node that runs. */
  signer(...words: readonly string[]): Promise<Answer> {
    return this.#program(join(repository, 'signer-node', 'main.ts'), ...words)
  }

  #program(...program: readonly string[]): Promise<Answer> {
    const child = spawn(process.execPath, [...program], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    return new Promise((resolve) => {
      child.once('close', (exit) => {
        const json = stdout.startsWith('{') ? JSON.parse(stdout) : {}
        resolve({ exit: exit ?? 3, json, output: `${stdout}${stderr}` })
      })
    })
  }

  /** The same in this process: for many calls at once, which as processes would load the machine. */
  async ask(...words: readonly string[]): Promise<Answer> {
    const { exit, stdout, stderr } = await run([...words, '--json'], world)
    const json = stdout.startsWith('{') ? JSON.parse(stdout) : {}
    return { exit, json, output: `${stdout}${stderr}` }
  }

  /** Opens the backup at every node with its recovery key; then the address may be shown. */
  async proveBackups(vault: string): Promise<string> {
    await Promise.all(nodes.map((node) => this.#proveBackup(vault, node)))
    for (let tries = 0; tries < 100; tries += 1) {
      const shown = await this.ask('vault', 'show', vault, ...this.as('operator'))
      const address = String(shown.json['address'] ?? '')
      if (address !== '') return address
      await pause(50)
    }
    throw new Error(`no address of ${vault} after every backup was proven`)
  }

  async #proveBackup(vault: string, node: string): Promise<void> {
    const at = (...path: readonly string[]): string => join(this.directory, ...path)
    const proof = at('recovery', node, `${vault}.proof`)
    const backup = at('nodes', node, 'backups', `${vault}.1.backup`)
    const as = ['--as', at('recovery', node), '--out', proof]
    const opened = await this.ask('recovery', 'verify', backup, ...as)
    expect(`a backup of ${node} that opens`, opened.exit === 0, opened.output)
    const config = ['--config', at('nodes', node, 'config.json')]
    let told = await this.signer('backup', 'proved', proof, ...config)
    // A node that has not read the line of the key yet says so.
    for (let tries = 0; tries < 40 && told.output.includes('LOG_BEHIND'); tries += 1) {
      await pause(100)
      told = await this.signer('backup', 'proved', proof, ...config)
    }
    expect(`${node} takes its proof`, told.exit === 0, told.output)
  }

  as(owner: string): readonly ['--as', string] {
    return ['--as', join(this.directory, owner)]
  }

  /** Asked for by ana and approved by the board of the development policy; returns the request. */
  async change(...words: readonly string[]): Promise<string> {
    const sent = await this.ask(...words, ...this.as('people/ana'))
    expect(`${words.join(' ')} is asked for`, sent.exit === 0, sent.output)
    const id = String(sent.json['id'])
    const board = ['jun', 'kat', 'oli'].map(async (person) => {
      const said = await this.ask('approve', id, '--yes', ...this.as(`people/${person}`))
      expect(`${person} approves`, said.exit === 0, said.output)
    })
    await Promise.all(board)
    return id
  }

  /** Address, and the epoch of the key in force, as the lines of the nodes prove them. */
  async vault(name: string): Promise<{ readonly address: string; readonly epoch: number }> {
    // Nodes that have just taken a new share vouch for its address a moment later.
    const { json, output } = await this.#vouched(name)
    expect(`the vault ${name}`, typeof json['epoch'] === 'number', output)
    return { address: String(json['address']), epoch: Number(json['epoch']) }
  }

  async #vouched(name: string): Promise<Answer> {
    for (let tries = 0; ; tries += 1) {
      const answer = await this.ask('vault', 'show', name, ...this.as('operator'))
      if (answer.json['uncertified'] === '' || tries === 50) return answer
      await pause(200)
    }
  }

  /** A payout of the service; returns the request's id. */
  async pay(amount: string, purpose: string): Promise<string> {
    const what = ['--vault', 'hot', '--asset', 'usdt', '--amount', amount, '--to', customer]
    const service = this.as('services/svc-payouts')
    const sent = await this.custody('submit', ...what, '--purpose', purpose, ...service)
    if (sent.exit !== 0) throw new Error(`submit: ${sent.output}`)
    return String(sent.json['id'])
  }

  async status(id: string): Promise<Answer> {
    return this.custody('status', id, ...this.as('services/svc-payouts'))
  }

  untilState(id: string, ...states: readonly string[]): Promise<Answer> {
    return this.until(id, states.join(' or '), (_, state) => states.includes(state))
  }

  async until(
    id: string,
    what: string,
    holds: (output: string, state: string) => boolean,
  ): Promise<Answer> {
    const words = ['status', id, ...this.as('services/svc-payouts')]
    for (let tries = 0; tries < 300; tries += 1) {
      const answer = await this.ask(...words)
      if (holds(answer.output, String(answer.json['state']))) return answer
      await pause(100)
    }
    const last = await this.ask(...words)
    throw new Error(`expected ${what}, got ${last.output}`)
  }

  async balance(): Promise<bigint> {
    return (await balances(this.cluster.rpc, customer)).token
  }
}

export const world: World = {
  nowMs: Date.now,
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  ask: async () => undefined,
  say: () => {},
  pause,
  profile: undefined,
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Fails the demo, saying what was expected. */
export function expect(what: string, holds: boolean, got: unknown = ''): void {
  if (!holds) throw new Error(`expected ${what}, got ${String(got)}`)
}
