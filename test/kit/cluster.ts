// A development cluster on disk, made once for a test file, and a world for the CLI's verbs: nobody at
// a terminal unless the test answers.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { write } from '../../cli/init.ts'
import { devCluster } from '../../cli/init-cluster.ts'
import { run } from '../../cli/run.ts'
import type { World } from '../../cli/verb.ts'

export interface Place {
  readonly directory: string
  readonly path: (below: string) => string
  readonly remove: () => void
}

export const clusterNowMs = Date.now()

/** `portBase` is where the coordinator's clients will look for it. */
export async function makeCluster(portBase = 7100): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), 'custody-cluster-'))
  const rpc = ['http://127.0.0.1:8545']
  const random = counted('cluster')
  write(
    directory,
    await devCluster({
      ...{ org: 'acme-dev', portBase, rpc, layout: 'local' },
      nowMs: clusterNowMs,
      random,
    }),
  )
  return {
    directory,
    path: (below) => join(directory, below),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** Bytes that look random and are the same in every run. */
export function counted(seed: string): (length: number) => Uint8Array {
  let count = 0
  return (length) => {
    const bytes = Buffer.alloc(length)
    for (let at = 0; at < length; at += 32) {
      count += 1
      createHash('sha256').update(`${seed} ${count}`).digest().copy(bytes, at)
    }
    return new Uint8Array(bytes)
  }
}

export interface TestWorld extends World {
  readonly said: string[]
  readonly asked: string[]
}

export function testWorld(answers: readonly string[] = [], odd: Partial<World> = {}): TestWorld {
  const said: string[] = []
  const asked: string[] = []
  const left = [...answers]
  return {
    nowMs: Date.now,
    random: counted('world'),
    ask: async (question) => {
      asked.push(question)
      return left.shift()
    },
    say: (text) => said.push(text),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 20))),
    profile: undefined,
    ...odd,
    said,
    asked,
  }
}

/** Customer 1 of the development book, as a person would paste it. */
export const payee = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
export const payout = [
  '--vault',
  'hot',
  '--asset',
  'usdt',
  '--to',
  payee,
  '--purpose',
  'withdrawal/1',
]

/** Runs a verb as the owner of a directory of the cluster; the answer is read from `--json`. */
export async function custody(
  place: Place,
  owner: string,
  words: readonly string[],
  world: TestWorld = testWorld(),
) {
  const printed = await run([...words, '--json', '--as', place.path(owner)], world)
  return { ...printed, json: JSON.parse(printed.stdout || '{}'), world }
}
