// Imports after their line: an imported key is refreshed at once, by the order of its own import,
// and tried again after every crash until it is done; and dealings that no request needs any more
// are dropped. What is left to do is read from the rows, so nothing has to be remembered.
// INVARIANT: the first line of a refresh ends the standing that allows it, whoever drives it.
// Judges nothing: whether an order carries a refresh is `covered-refresh.ts`, asked by everybody.
import { parseEntry } from '../policy/audit/entry.ts'
import { hasEnded } from '../policy/audit/standing.ts'
import { below, get, tables } from '../policy/audit/tables.ts'
import { carriesRefresh } from '../policy/covered-refresh.ts'
import type { VaultRow } from '../policy/view.ts'
import type { Digest, VaultId } from '../proto/ids.ts'
import type { Changes } from './changes.ts'
import type { Copy } from './page.ts'
import type { Clock } from './ports.ts'
import { dealtFor, dropDealing } from './store/dealings.ts'
import { readKeyLines } from './store/lines.ts'
import type { Store } from './store/store.ts'

export interface ImportsPorts {
  readonly copy: Copy
  readonly store: Store
  readonly origin: string
  readonly clock: Clock
  readonly changes: Changes
}

const sweptEveryMs = 60_000
/** Longer than any sequencer lets a request wait. */
const unheardMs = 3_600_000

export class Imports {
  readonly #ports: ImportsPorts
  /** Of which no request is known, and since when: one may be on its way. */
  readonly #unheard = new Map<Digest, number>()
  #isStopped = false
  #sweptAt = 0

  constructor(ports: ImportsPorts) {
    this.#ports = ports
  }

  /** Now and then, and when the line of an import came. Nothing waits for a drive. */
  async look(): Promise<void> {
    if (this.#isStopped) return
    const { copy, clock, changes } = this.#ports
    const waiting = (await copy.read(below(tables.vault))).filter(isUnrefreshed)
    for (const { vault } of waiting) {
      const change = await this.#importOf(vault)
      if (change !== undefined) void changes.drive(change)
    }
    if (clock.now() - this.#sweptAt < sweptEveryMs) return
    this.#sweptAt = clock.now()
    await this.#sweep()
  }

  stop(): void {
    this.#isStopped = true
  }

  /** The change whose line brought this key. */
  async #importOf(vault: VaultId): Promise<Digest | undefined> {
    const { copy, origin } = this.#ports
    const lines = (await readKeyLines(copy.session, origin)).map(parseEntry)
    const line = lines.find(({ type, body }) => {
      return type === 'key.imported' && 'vault' in body && body.vault === vault
    })
    return line?.type === 'key.imported' ? line.body.change : undefined
  }

  /** Sealed shares lie nowhere longer than somebody may need them. */
  async #sweep(): Promise<void> {
    const { copy, store, clock } = this.#ports
    for (const change of await dealtFor(store)) {
      const request = await copy.read(get(tables.intent, change))
      if (request === undefined) {
        await this.#dropUnheard(change)
        continue
      }
      this.#unheard.delete(change)
      if (!hasEnded(request, clock.now())) continue
      const vault = await copy.read(get(tables.vault, request.vault))
      if (!carriesRefresh(request, vault)) await dropDealing(store, change)
    }
  }

  /** It is kept before its request is judged; one that was refused left it behind. */
  async #dropUnheard(change: Digest): Promise<void> {
    const { store, clock } = this.#ports
    const since = this.#unheard.get(change) ?? clock.now()
    const isOld = clock.now() - since >= unheardMs
    if (isOld) await dropDealing(store, change)
    if (isOld) this.#unheard.delete(change)
    else this.#unheard.set(change, since)
  }
}

function isUnrefreshed({ standing }: VaultRow): boolean {
  return standing === 'unrefreshed'
}
