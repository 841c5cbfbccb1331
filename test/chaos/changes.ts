// Changes of a key among the payments of chaos: refreshes and reshares, one or two at a time for the
// same epoch, insisted on through whatever is killed meanwhile. Afterwards the export tells: each
// that came into force has one line, each that did not has none and a reason, and epochs only rise.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEntry } from '../../policy/audit/entry.ts'
import { nodes, pause, type Stage } from '../demo/stage.ts'

export interface ChangeAsked {
  readonly key: string
  readonly words: readonly string[]
  /** Request id, once somebody confirmed that it was accepted. */
  id: string
  state: string
  reasons: readonly string[]
}

const over = ['ACTIVE', 'DENIED', 'REJECTED', 'EXPIRED', 'CANCELLED']
const board = ['jun', 'kat', 'oli']
const triesMax = 300

export class ChangesOfKeys {
  readonly #stage: Stage
  readonly #random: (bound: number) => number
  readonly asked: ChangeAsked[] = []

  constructor(stage: Stage, random: (bound: number) => number) {
    this.#stage = stage
    this.#random = random
  }

  /** One round after another; each ends when all that was asked has ended. */
  async go(untilMs: number): Promise<void> {
    while (Date.now() < untilMs) {
      const round = Array.from({ length: 1 + this.#random(2) }, () => this.#next())
      await Promise.all(round.map((one) => this.#ask(one)))
      for (const one of round) await this.#approve(one)
      for (const one of round) await this.#end(one)
      await pause(2_000 + this.#random(6_000))
    }
  }

  #next(): ChangeAsked {
    const key = `change-${this.asked.length + 1}`
    const from = this.#random(nodes.length)
    const dealers = nodes.filter((_, at) => at !== from).join(',')
    const words =
      this.#random(2) === 0
        ? ['vault', 'refresh', 'hot']
        : ['vault', 'reshare', 'hot', '--dealers', dealers]
    const asked = { key, words, id: '', state: '', reasons: [] }
    this.asked.push(asked)
    return asked
  }

  async #ask(one: ChangeAsked): Promise<void> {
    const ana = this.#stage.as('people/ana')
    for (let tries = 0; tries < triesMax && one.id === ''; tries += 1) {
      const sent = await this.#stage.ask(
        ...one.words,
        '--purpose',
        one.key,
        '--id',
        one.key,
        ...ana,
      )
      const known =
        sent.exit === 3 ? await this.#stage.ask('status', '--id', one.key, ...ana) : sent
      if (typeof known.json['id'] === 'string') one.id = known.json['id']
      else await pause(500)
    }
  }

  async #approve({ id }: ChangeAsked): Promise<void> {
    for (const person of board) {
      for (let tries = 0; tries < triesMax; tries += 1) {
        const as = this.#stage.as(`people/${person}`)
        const said = await this.#stage.ask('approve', id, '--yes', '--wait', '10', ...as)
        if (said.exit === 0 || isOver(said.output)) break
        await pause(500)
      }
    }
  }

  /** Once it has ended: an accepted change waits for nobody but the nodes. */
  async #end(one: ChangeAsked): Promise<void> {
    for (let tries = 0; tries < triesMax && !over.includes(one.state); tries += 1) {
      const { json } = await this.#stage.ask('status', one.id, ...this.#stage.as('people/ana'))
      one.state = String(json['state'] ?? one.state)
      const said = Array.isArray(json['reasons']) ? json['reasons'] : []
      one.reasons = said.map(({ code }) => String(code))
      if (one.reasons.includes('EPOCH')) return
      await pause(500)
    }
  }

  /** By the files of an export that was verified. */
  faults(directory: string, epochInForce: number): readonly string[] {
    const found = this.asked.flatMap((one) => wrongIn(one, carriedOut(directory)))
    const epochs = carriedOut(directory).map(({ epoch }) => epoch)
    const falls = epochs.some((epoch, at) => at > 0 && epoch <= (epochs[at - 1] ?? 0))
    if (falls) found.push(`epochs do not only rise: ${epochs}`)
    const last = epochs.at(-1) ?? epochInForce
    if (last !== epochInForce) found.push(`epoch ${epochInForce} is in force, the log has ${last}`)
    return found
  }
}

function isOver(output: string): boolean {
  return ['REQUEST_ENDED', 'EPOCH', 'APPROVAL_DUPLICATE'].some((code) => output.includes(code))
}

interface CarriedOut {
  readonly change: string
  readonly epoch: number
}

function carriedOut(directory: string): readonly CarriedOut[] {
  const place = join(directory, 'entries')
  return readdirSync(place)
    .sort()
    .flatMap((file) => readFileSync(join(place, file), 'utf8').trimEnd().split('\n'))
    .map((line) => parseEntry(new TextEncoder().encode(line)))
    .flatMap((entry) => {
      const isOurs = entry.type === 'key.refreshed' || entry.type === 'key.reshared'
      return isOurs ? [{ change: entry.body.change, epoch: entry.body.epoch }] : []
    })
}

function wrongIn({ key, id, state, reasons }: ChangeAsked, lines: readonly CarriedOut[]) {
  if (id === '') return [`${key}: never accepted`]
  const count = lines.filter(({ change }) => change === id).length
  if (state === 'ACTIVE') return count === 1 ? [] : [`${key}: ACTIVE by ${count} lines`]
  if (count > 0) return [`${key}: ${state}, and ${count} lines carried it out`]
  return reasons.length > 0 ? [] : [`${key}: ${state} without a reason`]
}
