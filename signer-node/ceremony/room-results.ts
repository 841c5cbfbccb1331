// What a sitting has made so far, on the card of the Record station: lines for the log, the
// documents that they name, the addresses that were read. Written anew after each result,
// before the script goes on, so that a signature which was made is never lost with a process.
// INVARIANT: a file that does not read back as results is none, and no link is followed. Judges
// nothing.
import { join } from 'node:path'
import { addressReading } from '../../policy/ceremony/readings.ts'
import { actorText } from '../../policy/ceremony/record.ts'
import {
  encodeResults,
  parseResults,
  type ResultDocument,
  type WrittenResults,
} from '../../policy/ceremony/results.ts'
import {
  encodeStatements,
  parseStatement,
  parseStatements,
  type SignedStatement,
} from '../../policy/ceremony/statement.ts'
import type { Digest } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { replaceFile } from '../floor-file.ts'
import { onCard, readOwnFileIfThere } from '../own-file.ts'
import type { SessionResult } from './session-results.ts'

/** On the card of a Record station. */
export function resultsPath(card: string, plan: Digest): string {
  return join(card, `results-${plan.slice(0, 8)}`)
}

export class RoomResults {
  readonly #path: string
  readonly #plan: Digest
  #lines: WrittenResults['lines'][number][] = []
  #documents: ResultDocument[] = []
  #addresses: WrittenResults['addresses'][number][] = []
  #reason = ''
  #statements: SignedStatement[] = []

  constructor(path: string, plan: Digest) {
    this.#path = path
    this.#plan = plan
    const said = readOwnFileIfThere(onCard(this.#said))
    if (said !== undefined) this.#statements = [...parseStatements(said)]
    const written = readOwnFileIfThere(onCard(path))
    if (written === undefined) return
    const { lines, documents, addresses, reason } = parseResults(written)
    this.#lines = lines.map(({ type, written }) => ({ type, body: written }))
    this.#documents = [...documents]
    this.#addresses = [...addresses]
    this.#reason = reason
  }

  /** Of what was closed; empty for what ended well or is not over. */
  get reason(): string {
    return this.#reason
  }

  /** Why the sitting was stopped: what is carried out says it, whatever starts again meanwhile. */
  end(reason: string): void {
    this.#reason = reason
    this.#keep()
  }

  get statements(): readonly SignedStatement[] {
    return this.#statements
  }

  /** One of each person; a later one of the same person takes its place. */
  state(said: SignedStatement): void {
    const who = actorOf(said)
    this.#statements = [...this.#statements.filter((one) => actorOf(one) !== who), said]
    replaceFile(this.#said, encodeStatements(this.#statements))
  }

  get #said(): string {
    return `${this.#path}.statements`
  }

  add({ lines, documents }: SessionResult): void {
    const known = new Set(this.#lines.map(({ type, body }) => `${type} ${JSON.stringify(body)}`))
    const fresh = lines.filter(({ type, body }) => !known.has(`${type} ${JSON.stringify(body)}`))
    const [linesBefore, documentsBefore] = [this.#lines, this.#documents]
    this.#lines = [...linesBefore, ...fresh]
    this.#documents = [...documentsBefore, ...documents]
    try {
      this.#keep()
    } catch (error) {
      // What makes no results stays out of those that there are.
      this.#lines = linesBefore
      this.#documents = documentsBefore
      throw error
    }
  }

  read(vault: WrittenResults['addresses'][number]['vault'], address: string): void {
    if (this.#addresses.some((one) => one.vault === vault)) return
    this.#addresses.push({ vault, address })
    this.#keep()
  }

  /** Nothing of a key goes out of a room that was stopped. */
  dropKeys(): void {
    this.#lines = this.#lines.filter(
      ({ type }) => !type.startsWith('key.') || type === 'key.proved',
    )
    this.#addresses = []
    this.#keep()
  }

  /** The last line of this type about this request, or this vault. */
  find(type: string, about: string): JsonObject | undefined {
    return this.#lines.findLast(({ type: own, body }) => {
      return own === type && [body['change'], body['intent'], body['vault']].includes(about)
    })?.body
  }

  /** Of the session about this request that ended with a signature, a proof or a key. */
  ended(request: Digest): JsonObject | undefined {
    const types = ['sign.completed', 'key.proved', 'key.created', 'key.refreshed', 'key.reshared']
    return types.map((type) => this.find(type, request)).find((body) => body !== undefined)
  }

  addressesRead(vault: string): Digest {
    const own = this.#addresses.filter((one) => one.vault === vault)
    return addressReading(own.map(({ address }) => address))
  }

  encode(): Uint8Array {
    const reason = this.#reason
    const outcome = reason === '' ? 'done' : 'aborted'
    const made = { lines: this.#lines, documents: this.#documents, addresses: this.#addresses }
    return encodeResults({ plan: this.#plan, outcome, reason, ...made })
  }

  #keep(): void {
    replaceFile(this.#path, this.encode())
  }
}

function actorOf({ document }: SignedStatement): string {
  return actorText(parseStatement(document).actor)
}
