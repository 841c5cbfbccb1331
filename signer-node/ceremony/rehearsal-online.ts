// The online side of a rehearsal: the log of cold vaults made from the cards of the stations, its
// coordinator, a light witness and a local chain as processes, and the few things that are asked
// of that chain. Everything on loopback, with play money.
// Speaks to the coordinator only through the program that people use.

import { readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { parseBook } from '../../policy/book.ts'
import { type Destination, destinationJson } from '../../policy/destination.ts'
import { toHex } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { refuse } from '../../proto/refusal.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import type { Enrolled, RehearsalPorts } from './rehearsal-enrolment.ts'
import { house, newPlace, threshold } from './rehearsal-people.ts'
import { custody, custodyCoordinator } from './rehearsal-programs.ts'

export interface Online {
  readonly directory: string
  /** A file or directory below it. */
  readonly at: (...names: readonly string[]) => string
  /** Asks as this owner; answers with what the program said. */
  readonly as: (owner: string, words: readonly string[]) => Promise<JsonObject>
  readonly chain: Chain
  /** Where the payments of the rehearsal go. */
  readonly recipient: string
  /** Nobody else pays the recipient. */
  readonly isAlone: boolean
}

export interface Chain {
  balance(address: string): Promise<bigint>
  /** Coins from the chain's own first account. */
  fund(address: string, wei: bigint): Promise<void>
}

const network = 'eip155:31337'
/** Account 0 of anvil's published test mnemonic, unlocked in the node itself. */
const rich = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266'
/** The fewest: one alone has nobody to ask what it may have forgotten. */
const witnesses = 2
/** Grpc, HTTP, chain, health of each witness: from the first of a block. */
const portsOf = [0, 1, 2, 11, 12] as const

/** The coordinator's database: it takes as long as an enrolment, and needs nothing of it. */
export function storeMade(directory: string, { programs }: RehearsalPorts): Promise<void> {
  const words = ['--make-store', join(directory, storeName)]
  return programs.play('store', custodyCoordinator, words)
}

const storeName = 'store'

/** A main log that is up already: its warm vault is paid, and both logs are on its chain. */
export interface Beside {
  /** File of the book `warm`, with the one address that the nodes of that log derived. */
  readonly book: string
  /** JSON-RPC endpoint of the chain. */
  readonly rpc: string
}

export interface OnlineWish {
  readonly directory: string
  /** Without it the chain is its own, and whoever is paid is drawn at random. */
  readonly beside?: Beside | undefined
  readonly enrolled: Enrolled
  /** Of `storeMade`. */
  readonly store: Promise<void>
}

export async function online(
  { directory, enrolled, store, beside }: OnlineWish,
  ports: RehearsalPorts,
): Promise<Online> {
  const { programs, random, say } = ports
  const { book, recipient } = beside === undefined ? drawn(directory, ports) : named(beside)
  const base = await freePorts(random)
  const home = join(directory, 'log')
  const { stations } = enrolled
  await programs.ask(custody, [
    ...['init', 'cold', home, '--stations', stations.map(({ card }) => card).join(',')],
    ...['--t', `${threshold(stations.length)}`, '--witnesses', `${witnesses}`, '--org', house.org],
    ...['--people', [...house.guests, newPlace(stations.length).custodian].join(',')],
    ...['--book', book, '--port-base', `${base}`],
    ...(beside === undefined ? [] : ['--rpc', beside.rpc]),
  ])
  say('the root names the stations by their cards')
  await store
  const data = join(home, 'coordinator', 'data')
  rmdirSync(data)
  renameSync(join(directory, storeName), data)
  const own = beside === undefined ? ['--chain'] : []
  await programs.start('online', custody, ['dev', 'cold', home, ...own, '--attached'], isUp)
  say(`coordinator, light witnesses${beside === undefined ? ' and chain' : ''} are up`)
  const at = (...names: readonly string[]): string => join(home, ...names)
  return {
    ...{ directory: home, at, recipient, isAlone: beside === undefined },
    chain: chainAt(beside?.rpc ?? `http://127.0.0.1:${base + 2}`),
    as: (owner, asked) => programs.ask(custody, [...asked, '--as', at(owner)]),
  }
}

const isUp = 'the cold log is up'

interface Payee {
  readonly book: string
  readonly recipient: string
}

function drawn(directory: string, { random, wallMs }: RehearsalPorts): Payee {
  const book = join(directory, 'book-warm.json')
  const recipient = `0x${toHex(random(20))}`
  writeFileSync(book, bookOf(recipient, wallMs()))
  return { book, recipient }
}

/** Whom a book of one address names. */
export function named({ book }: Pick<Beside, 'book'>): Payee {
  const [record, more] = parseBook(readFileSync(book, 'utf8')).records.values()
  if (record === undefined || more !== undefined) {
    return refuse('CONFIG', `${book}: expected the one address of the warm vault`)
  }
  return { book, recipient: record.address }
}

function bookOf(address: string, nowMs: number): string {
  const record: Destination = {
    ...{ org: parseHandle(house.org), env: 'dev', book: parseHandle('warm'), network, address },
    ...{ label: 'warm vault of the rehearsal', status: 'active', version: 1 },
    activeFrom: Math.floor(nowMs / 1_000) * 1_000 - 86_400_000,
  }
  const head = { format: 'custody-book/v1', org: house.org, env: 'dev', version: 1, previous: '' }
  return text({ ...head, name: 'warm', records: [destinationJson(record)] })
}

const triesMax = 50

/** Of a table. */
export function freePort(random: RehearsalPorts['random']): Promise<number> {
  return freePorts(random)
}

/** A block of ports of which none is in use now. */
async function freePorts(random: RehearsalPorts['random']): Promise<number> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const [high = 0, low = 0] = random(2)
    const base = 20_000 + (((high << 8) | low) % 2_000) * 16
    const free = await Promise.all(portsOf.map((offset) => isFree(base + offset)))
    if (free.every((one) => one)) return base
  }
  throw new Unavailable('no block of free ports on this machine')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

function chainAt(url: string): Chain {
  const balance = async (address: string): Promise<bigint> =>
    BigInt(String(await rpc(url, 'eth_getBalance', [address, 'latest'])))
  return {
    balance,
    fund: async (to, wei) => {
      const before = await balance(to)
      await rpc(url, 'eth_sendTransaction', [{ from: rich, to, value: `0x${wei.toString(16)}` }])
      await rpc(url, 'evm_mine', [])
      if ((await balance(to)) !== before + wei) throw new Unavailable('the chain moved no coins')
    },
  }
}

async function rpc(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(5_000),
  })
  const answer: unknown = await response.json()
  if (typeof answer === 'object' && answer !== null && 'result' in answer) return answer.result
  throw new Unavailable(`${method} was refused by the local chain`)
}
