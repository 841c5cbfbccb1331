// Which Stations have confirmed a request for the session that is next, as the Record station
// knows it in this process: a confirmation is for one session, and gone with the process that
// heard it or with the Station that gave it. Who typed it wrong twice is out for that request
//
// INVARIANT: nothing here is read from a file. What permits a session is at the Stations
// themselves.
import type { Digest } from '../../proto/ids.ts'

export class Confirmations {
  readonly #ready = new Map<Digest, Set<string>>()
  readonly #out = new Map<Digest, Set<string>>()

  add(request: Digest, node: string): void {
    this.#ready.set(request, (this.#ready.get(request) ?? new Set()).add(node))
  }

  turnOut(request: Digest, node: string): void {
    this.#out.set(request, (this.#out.get(request) ?? new Set()).add(node))
  }

  isOut(request: Digest | undefined, node: string): boolean {
    return request !== undefined && this.#out.get(request)?.has(node) === true
  }

  /** `known`: how many have confirmed it or are out. */
  of(request: Digest): { readonly ready: ReadonlySet<string>; readonly known: number } {
    const ready = this.#ready.get(request) ?? new Set<string>()
    return { ready, known: ready.size + (this.#out.get(request)?.size ?? 0) }
  }

  /** A session begins of them. */
  use(request: Digest): void {
    this.#ready.delete(request)
  }

  /** Its Station was started again. */
  forget(node: string): void {
    for (const ready of this.#ready.values()) ready.delete(node)
  }
}
