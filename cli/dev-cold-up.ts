// `custody dev cold DIR`: the online side of a log of cold vaults, made by `custody init cold`, as
// real processes that stay up: coordinator, light witnesses, and a chain of its own. Stations are
// never among them. INVARIANT: whatever was started here is ended here: on Ctrl-C, and with
// --attached when the program that started this one lets go of it, however it ended.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type DevCluster, devClusterAt } from './dev-cluster.ts'
import type { Child } from './dev-processes.ts'
import { Running } from './dev-running.ts'
import { done, type Verb, word } from './verb.ts'

export const devCold: Verb = {
  about: 'keep the online side of a log of cold vaults up; Ctrl-C stops it',
  usage: 'DIR [--chain] [--attached]',
  words: { min: 1, max: 1 },
  options: { chain: { type: 'boolean' }, attached: { type: 'boolean' } },
  run: async (args, world) => {
    const directory = word(args, 0)
    const cluster = devClusterAt(directory)
    const stop = untilStopped(args.flags['attached'] === true)
    const running = new Running(directory, world)
    try {
      await Promise.all([
        ...(args.flags['chain'] === true ? [running.start('chain', chainOf(cluster))] : []),
        running.start('coordinator', () => cluster.startCoordinator()),
        ...cluster.lights.map((light) => running.start(light, witnessOf(cluster, light))),
      ])
      world.say(`the cold log is up: coordinator on ${cluster.listen}, chain on ${cluster.rpc}\n`)
      await stop
    } finally {
      world.say('stopping\n')
      await running.stop()
      // Whoever started this one may still hold the other end.
      process.stdin.unref()
    }
    return done('stopped\n', { stopped: true })
  },
}

function chainOf(cluster: DevCluster): () => Promise<Child> {
  mkdirSync(join(cluster.directory, 'chain'), { recursive: true, mode: 0o700 })
  return () => cluster.startChain()
}

function witnessOf(cluster: DevCluster, light: string): () => Promise<Child> {
  return async () => {
    const child = await cluster.startNode(light)
    await cluster.untilReady(light, child)
    return child
  }
}

/** The handlers stay: a second Ctrl-C must not end this program before its children. */
function untilStopped(isAttached: boolean): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => resolve())
    }
    if (!isAttached) return
    process.stdin.resume().once('close', () => resolve())
    // What is said to whoever has gone is lost; the children are ended all the same.
    process.stderr.on('error', () => {})
  })
}
