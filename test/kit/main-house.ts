// A main log beside a log of cold vaults, as `custody dev up` keeps one up: real processes, a real
// chain, and people and services who speak through the program that they use.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { balances, urlOf } from '../../cli/dev-chain.ts'
import { run } from '../../cli/run.ts'
import { custody, type Programs } from '../../signer-node/ceremony/rehearsal-programs.ts'
import { testWorld } from './cluster.ts'
import { freeBase } from './ports.ts'

/** An organisation's log on disk, and those who speak to it. */
export class LogHouse {
  readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  at(...names: readonly string[]): string {
    return join(this.directory, ...names)
  }

  /** As this owner, in this process: a program for each would load the machine. */
  async as(owner: string, ...words: readonly string[]) {
    // Each request has a number of its own.
    const world = testWorld([], { random: (length) => new Uint8Array(randomBytes(length)) })
    const { exit, stdout, stderr } = await run([...words, '--json', '--as', this.at(owner)], world)
    if (exit !== 0) throw new Error(`${words.slice(0, 2).join(' ')}: ${exit} ${stdout} ${stderr}`)
    return JSON.parse(stdout)
  }

  async approve(id: string, ...people: readonly string[]): Promise<void> {
    for (const person of people) await this.as(`people/${person}`, 'approve', id, '--yes')
  }

  async state(id: string): Promise<string> {
    return (await this.as('people/ana', 'status', id)).state
  }

  async settled(id: string): Promise<void> {
    await until(`${id} settles`, async () => (await this.state(id)) === 'SETTLED')
  }

  /** As soon as there is a certificate: witnesses vouch for a cold key a moment after its line. */
  async addressOf(vault: string): Promise<string> {
    let address = ''
    await until(`${vault} has an address`, async () => {
      const words = ['vault', 'show', vault, '--json', '--as', this.at('operator')]
      ;({ address } = JSON.parse((await run(words, testWorld())).stdout))
      return address !== ''
    })
    return address
  }

  /** What a stranger says of everything that it keeps, who has the trust file alone. */
  async verified(place: string): Promise<string> {
    await this.as('operator', 'audit', 'export', place)
    const words = ['audit', 'verify', place, '--trust', this.at('shared/trust.txt')]
    const { exit, stdout } = await run(words, testWorld())
    return `${exit} ${stdout.split('\n')[0]}`
  }
}

/** Its hot and warm vaults have keys, proven backups, and coins. */
export class MainHouse extends LogHouse {
  readonly rpc: string

  private constructor(directory: string, rpc: string) {
    super(directory)
    this.rpc = rpc
  }

  /** Ended with its programs. */
  static async open(directory: string, programs: Programs): Promise<MainHouse> {
    const base = await freeBase([0, 1, 2, 11, 12, 13])
    const words = ['init', directory, '--cold-elsewhere', '--port-base', `${base}`]
    await programs.ask(custody, words)
    const up = ['dev', 'up', directory, '--chain']
    await programs.start('main', custody, up, 'Ctrl-C stops everything')
    return new MainHouse(directory, urlOf(base + 2))
  }

  /** Base units of the token. */
  async usdtAt(address: string): Promise<bigint> {
    return (await balances(this.rpc, address)).token
  }

  /** The next root names this book; two directors sign it. */
  async nameBook(book: string): Promise<void> {
    const draft = this.at('next')
    await this.as('operator', 'root', 'draft', draft, '--book', book)
    for (const one of ['jun', 'kat']) await this.as(`people/${one}`, 'root', 'sign', draft, '--yes')
    await this.as('operator', 'root', 'submit', draft, '--wait', '30')
  }
}

const triesMax = 600
const pollMs = 500

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    if (await isSo()) return
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  throw new Error(`never: ${what}`)
}
