// The processes of a development cluster that stays up: what dies is started again, unless a file
// `nodes/NODE/stopped` says that somebody works on that node's disk; it comes back when the file
// goes. Their pids are noted for the next start. Ends only processes that it started.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Child } from './dev-processes.ts'
import type { World } from './verb.ts'

export function pidFile(directory: string): string {
  return join(directory, 'running.json')
}

/** While it is there this node is not started: for whoever works on its disk. */
function stopFile(directory: string, node: string): string {
  return join(directory, 'nodes', node, 'stopped')
}

/** Children in the order of their start; one that dies is started again. */
export class Running {
  readonly #directory: string
  readonly #world: Pick<World, 'say' | 'pause'>
  readonly #children = new Map<string, Child>()
  #isStopping = false

  constructor(directory: string, world: Pick<World, 'say' | 'pause'>) {
    this.#directory = directory
    this.#world = world
  }

  async start(name: string, start: () => Promise<Child>): Promise<void> {
    const child = await start()
    this.#children.set(name, child)
    this.#note()
    this.#world.say(`  ${name} is up (pid ${child.pid})\n`)
    child.onExit(() => {
      if (this.#isStopping) return
      const isStopped = existsSync(stopFile(this.#directory, name))
      const then = isStopped ? 'it stays down' : 'starting it again'
      this.#world.say(`  ${name} exited: ${then}, its log is logs/${name}.log\n`)
      void this.#again(name, start)
    })
  }

  /** At once, or when nobody keeps it down any more; resolves at once then too. */
  async begin(name: string, start: () => Promise<Child>): Promise<void> {
    if (!existsSync(stopFile(this.#directory, name))) return this.start(name, start)
    this.#world.say(`  ${name} stays down while ${stopFile(this.#directory, name)} is there\n`)
    void this.#again(name, start)
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    for (const child of [...this.#children.values()].reverse()) await child.stop()
    this.#children.clear()
    this.#note()
  }

  /** For the next start, should this program end without a chance to stop them. */
  #note(): void {
    const pids = [...this.#children.values()].map(({ pid }) => pid)
    writeFileSync(pidFile(this.#directory), `${JSON.stringify(pids)}\n`)
  }

  async #again(name: string, start: () => Promise<Child>): Promise<void> {
    do await this.#world.pause(1_000)
    while (existsSync(stopFile(this.#directory, name)) && !this.#isStopping)
    if (this.#isStopping) return
    try {
      await this.start(name, start)
    } catch (error) {
      this.#world.say(`  ${name} does not start: ${error instanceof Error ? error.message : ''}\n`)
    }
  }
}
