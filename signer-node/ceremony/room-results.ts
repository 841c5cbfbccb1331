// What a sitting has made so far, on the card of the Record station: lines for the log, the
// documents that they name, the addresses that were read. Written anew after each result,
// before the script goes on, so that a signature which was made is never lost with a process.
// INVARIANT: a file that does not read back as results is none. Judges nothing.
import { existsSync, readFileSync } from 'node:fs'
import { addressReading } from '../../policy/ceremony/readings.ts'
import {
  encodeResults,
  parseResults,
  type ResultDocument,
  type WrittenResults,
} from '../../policy/ceremony/results.ts'
import type { Digest } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { replaceFile } from '../floor-file.ts'
import type { SessionResult } from './session-results.ts'

export class RoomResults {
  readonly #path: string
  readonly #plan: Digest
  #lines: WrittenResults['lines'][number][] = []
  #documents: ResultDocument[] = []
  #addresses: WrittenResults['addresses'][number][] = []

  constructor(path: string, plan: Digest) {
    this.#path = path
    this.#plan = plan
    if (!existsSync(path)) return
    const { lines, documents, addresses } = parseResults(new Uint8Array(readFileSync(path)))
    this.#lines = lines.map(({ type, written }) => ({ type, body: written }))
    this.#documents = [...documents]
    this.#addresses = [...addresses]
  }

  add({ lines, documents }: SessionResult): void {
    const known = new Set(this.#lines.map(({ type, body }) => `${type} ${JSON.stringify(body)}`))
    const fresh = lines.filter(({ type, body }) => !known.has(`${type} ${JSON.stringify(body)}`))
    this.#lines.push(...fresh)
    this.#documents.push(...documents)
    this.#keep()
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

  addressesRead(vault: string): Digest {
    const own = this.#addresses.filter((one) => one.vault === vault)
    return addressReading(own.map(({ address }) => address))
  }

  encode(reason = ''): Uint8Array {
    const outcome = reason === '' ? 'done' : 'aborted'
    const made = { lines: this.#lines, documents: this.#documents, addresses: this.#addresses }
    return encodeResults({ plan: this.#plan, outcome, reason, ...made })
  }

  #keep(): void {
    replaceFile(this.#path, this.encode())
  }
}
