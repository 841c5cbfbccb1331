// Requests that wait for people or for time: judged again when time may have changed the answer,
// and expired when nothing can authorise them any more. Judged first on what is committed, without
// a lock; only what would really move is proposed, so that waiting writes no lines.
import { get, tables } from '../policy/audit/tables.ts'
import type { VaultRow } from '../policy/view.ts'
import type { Digest } from '../proto/ids.ts'
import { isRefusal, type Refusal, refusal } from '../proto/refusal.ts'
import { isCold } from './ceremony/cold.ts'
import type { Changes } from './changes.ts'
import { chooseNodes } from './choose.ts'
import { boundElsewhere } from './desk/binding.ts'
import { nonceTaken } from './desk/cancelling.ts'
import type { Case } from './desk/case.ts'
import { lookAt } from './desk/request.ts'
import type { Judged } from './desk/settle.ts'
import type { DriverPorts } from './driver.ts'
import { type RequestRow, requestsIn } from './store/requests.ts'
import type { Store } from './store/store.ts'

export interface WaitingPorts extends DriverPorts {
  readonly changes: Changes
  readonly store: Store
  readonly origin: string
}

const looksPerTick = 50
const waitingMax = 1_000
/** How long an answer is left alone: what waits for time sooner, what waits for people later. */
const lookAfterMs = { WAITING: 2_000, AWAITING_APPROVAL: 10_000, RESERVED: 10_000 } as const
const states = ['WAITING', 'AWAITING_APPROVAL', 'RESERVED'] as const

export class Waiting {
  readonly #ports: WaitingPorts
  readonly #nextLook = new Map<Digest, { readonly state: string; readonly at: number }>()

  constructor(ports: WaitingPorts) {
    this.#ports = ports
  }

  async look(): Promise<void> {
    const { store, origin, clock } = this.#ports
    const rows = await requestsIn(store, origin, states, waitingMax)
    this.#forgetAllBut(rows)
    const now = clock.now()
    const due = rows.filter(({ intent, state }) => {
      const next = this.#nextLook.get(intent)
      // What moved is another wait: a last approval is not left alone for the wait before it.
      return next === undefined || next.state !== state || next.at <= now
    })
    for (const row of due.slice(0, looksPerTick)) {
      const state = states.find((name) => name === row.state) ?? 'WAITING'
      this.#nextLook.set(row.intent, { state: row.state, at: now + lookAfterMs[state] })
      await this.#lookAt(row, now)
    }
  }

  async #lookAt({ intent, state }: RequestRow, now: number): Promise<void> {
    const { copy, memory, sequencer, notes } = this.#ports
    const looked = await lookAt(copy, memory, intent, now)
    const { judged } = looked
    if (now > judged.endsAt) {
      await sequencer.propose({ kind: 'expire', content: { intent } })
      return
    }
    if (state === 'RESERVED') return
    if (looked.kind === 'change') {
      await this.#lookAtChange(intent, judged, state)
      return
    }
    const isAllowed = judged.standing === 'ALLOW'
    const hindrance = isAllowed ? await this.#hindrance(looked.the, now) : undefined
    if (hindrance !== undefined) notes.set(intent, hindrance)
    else if (isAllowed) notes.delete(intent)
    if (hindrance === undefined && wouldMove(judged, state)) {
      await sequencer.propose({ kind: 'judge', content: { intent } })
    }
  }

  /** Nothing waits for a drive: it takes as long as its nodes take. */
  async #lookAtChange(intent: Digest, judged: Judged, state: RequestRow['state']): Promise<void> {
    const { changes, sequencer } = this.#ports
    const now = judged.standing === 'ALLOW' ? 'WAITING' : judged.standing
    if (now !== state) await sequencer.propose({ kind: 'judge', content: { intent } })
    else if (judged.standing === 'ALLOW') changes.drive(intent)
  }

  /** What keeps an allowed request from its reservation. */
  async #hindrance(the: Case, now: number): Promise<Refusal | undefined> {
    const { intent, row } = the
    const { copy, nonces } = this.#ports
    const vault = await copy.read(get(tables.vault, intent.vault))
    if (vault === undefined) return refusal('VAULT_NOT_FOUND', 'the vault has no key yet')
    const { standing } = vault
    if (standing !== 'active') return refusal('KEY_DISABLED', `the vault's key is ${standing}`)
    const taken = await nonceTaken(copy, intent, now)
    if (isRefusal(taken)) return taken
    const bound = await boundElsewhere(copy, intent, row.intent)
    if (bound !== undefined) return bound
    const used = taken && nonces.usedOf(taken)
    // A cold vault signs at its ceremony, so its nodes need not be here.
    const absent = isCold(the) ? undefined : cannotSign(this.#ports, vault)
    return nonces.holdOf(vault.vault) ?? used ?? absent
  }

  #forgetAllBut(rows: readonly RequestRow[]): void {
    const known = new Set(rows.map(({ intent }) => intent))
    for (const intent of this.#nextLook.keys()) {
      if (!known.has(intent)) this.#nextLook.delete(intent)
    }
  }
}

/** Undefined when enough nodes could sign for the vault now. */
export function cannotSign(
  { links, tree }: Pick<DriverPorts, 'links' | 'tree'>,
  vault: VaultRow,
): Refusal | undefined {
  const chosen = chooseNodes({ vault, links: links.signers, size: tree.size, avoid: [] })
  return isRefusal(chosen) ? chosen : undefined
}

function wouldMove({ standing }: Judged, state: RequestRow['state']): boolean {
  return standing === 'ALLOW' || standing !== state
}
