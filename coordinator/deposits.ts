// Deposit addresses: an index for each customer of a service, by the service's own reference. The
// next indices are opened in the log, some hundred in one line, and given out from memory; which
// reference has which index stands in the database.
// INVARIANT: the same reference of one service has the same index, at every coordinator and after
// every restart, and no other service has that index, whatever it calls its own customers;
// an index is given out by the process alone that opened it, after q witnesses have seen the line.
// What was opened while witnesses were away is kept until they have seen it, and nothing more is
// opened meanwhile: an outage takes no indices.
// A database that was brought back from yesterday therefore gives no index of today twice: its
// process opens new ones, where the log goes on, and leaves the rest of the old ones unused.
import { openedOf } from '../policy/audit/fold-addresses.ts'
import type { VaultId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { isRefusal, type Refusal, refusal, refuse } from '../proto/refusal.ts'
import type { CosignedHeads } from './cosigned.ts'
import { writeLines } from './driver.ts'
import type { Copy } from './page.ts'
import type { Clock } from './ports.ts'
import type { Sequencer } from './sequencer.ts'
import {
  addDeposit,
  type Customer,
  type Deposit,
  readDeposit,
  readDeposits,
  type VaultAt,
} from './store/deposits.ts'

export interface DepositsPorts {
  readonly copy: Copy
  readonly sequencer: Sequencer
  readonly heads: CosignedHeads
  readonly clock: Clock
}

/** Indices that this process opened, by the line `seq`, and has not given out. */
interface Block {
  readonly seq: number
  next: number
  readonly until: number
}

/** Others may open some at the same time, each of them once. */
const opensMax = 8
const witnessWaitMs = 5_000
const referenceForm = /^[!-~]+$/

export class Deposits {
  readonly #ports: DepositsPorts
  readonly #blocks = new Map<VaultId, Block>()
  /** One at a time for each vault: the end of the last one. */
  readonly #turns = new Map<VaultId, Promise<unknown>>()

  constructor(ports: DepositsPorts) {
    this.#ports = ports
  }

  /** The index of this reference, given out now or long ago. */
  async allot(vault: VaultId, customer: Customer): Promise<Deposit | Refusal> {
    requireReference(customer.reference)
    const known = await this.#known(vault, customer)
    if (known !== undefined) return known
    const before = this.#turns.get(vault) ?? Promise.resolve()
    const turn = before.then(() => this.#give(vault, customer))
    const end = turn.catch(() => {})
    this.#turns.set(vault, end)
    try {
      return await turn
    } finally {
      if (this.#turns.get(vault) === end) this.#turns.delete(vault)
    }
  }

  /** In the order of their index; `from` is the index after the last one of the page before. */
  list(vault: VaultId, from: number, countMax: number): Promise<readonly Deposit[]> {
    return readDeposits(this.#ports.copy.session, this.#at(vault), { from, countMax })
  }

  async #give(vault: VaultId, customer: Customer): Promise<Deposit | Refusal> {
    const { session } = this.#ports.copy
    // A try fails where another coordinator gave the reference an index in between: once at most.
    for (let tried = 0; tried <= limits.depositBlockMax; tried += 1) {
      const known = await this.#known(vault, customer)
      if (known !== undefined) return known
      const block = await this.#blockOf(vault)
      if (isRefusal(block)) return block
      const index = block.next
      block.next += 1
      await addDeposit(session, this.#at(vault), { ...customer, index })
    }
    // Of a new block every index is free, unless somebody wrote to the table who is none of us.
    return refusal('INTERNAL', `${vault}: the table holds indices that nobody opened`)
  }

  #known(vault: VaultId, customer: Customer): Promise<Deposit | undefined> {
    return readDeposit(this.#ports.copy.session, this.#at(vault), customer)
  }

  /** The block of this vault with an index left, once enough witnesses have seen its line. */
  async #blockOf(vault: VaultId): Promise<Block | Refusal> {
    const known = this.#blocks.get(vault)
    const block = known !== undefined && known.next < known.until ? known : await this.#open(vault)
    if (isRefusal(block)) return block
    this.#blocks.set(vault, block)
    return (await this.#unseen(block.seq)) ?? block
  }

  async #open(vault: VaultId): Promise<Block | Refusal> {
    const { copy, heads } = this.#ports
    // A process that starts while witnesses are away would open some in vain, each time.
    const unseen = await this.#unseen(heads.size - 1)
    if (unseen !== undefined) return unseen
    let last: Refusal = refusal('STALE_ATTEMPT', `${vault}: expected to open addresses`)
    for (let tried = 0; tried < opensMax; tried += 1) {
      const from = await copy.read(openedOf(vault))
      const count = Math.min(limits.depositBlockMax, limits.depositIndexMax - from)
      if (count === 0) return refusal('TOO_LARGE', `${vault}: every index is given out`)
      const lines = [{ type: 'addresses.opened', body: { vault, from, count } }]
      const answer = await writeLines(this.#ports, { lines })
      if (!isRefusal(answer)) return { seq: answer.seqs[0] ?? 0, next: from, until: from + count }
      last = answer
      if (answer.code !== 'STALE_ATTEMPT') return answer
    }
    return last
  }

  /** Of a log that others do not have, nothing is given out. */
  async #unseen(seq: number): Promise<Refusal | undefined> {
    const { heads, clock } = this.#ports
    const stop = new AbortController()
    const isCovered = await heads.untilCovered(seq, clock.sleep(witnessWaitMs, stop.signal))
    stop.abort()
    if (isCovered) return undefined
    return refusal('NOT_ENOUGH_WITNESSES', `line ${seq}: not seen by enough witnesses yet`)
  }

  #at(vault: VaultId): VaultAt {
    return { origin: this.#ports.heads.origin, vault }
  }
}

function requireReference(reference: string): void {
  const most = limits.referenceLengthMax
  if (reference.length <= most && referenceForm.test(reference)) return
  refuse('MALFORMED', `reference: expected 1 to ${most} printable characters of ASCII, no space`)
}
