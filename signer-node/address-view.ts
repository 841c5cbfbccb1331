// What the own copy of the log says of a vault before anybody is told its address, the same at a
// node and at a light witness: its key and network as the policy in force names them, that nobody
// froze it, that every backup is proven, and that the copy is not old.
// INVARIANT: nothing here comes from whoever asks but the name of the vault.
import { parseEntry } from '../policy/audit/entry.ts'
import { frozenByPeople, inForce } from '../policy/audit/history.ts'
import { readSync } from '../policy/audit/rows.ts'
import { get, tables } from '../policy/audit/tables.ts'
import { networkOf, parseRulebook } from '../policy/rulebook.ts'
import type { Tier } from '../policy/vault.ts'
import type { VaultRow } from '../policy/view.ts'
import type { VaultId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { remember } from '../proto/remember.ts'
import type { HistoryRows } from './history-rows.ts'
import type { LogCopy } from './log-copy.ts'
import type { Clock } from './ports.ts'
import type { Witness } from './witness.ts'

export interface Viewing {
  readonly copy: LogCopy
  readonly rows: HistoryRows
  readonly witness: Witness
  readonly ports: { readonly clock: Clock }
}

/** A key that may be paid to, on one network. */
export interface InForce {
  readonly row: VaultRow
  /** CAIP-2. */
  readonly network: string
  readonly tier: Tier
}

const minuteMs = 60_000
// Every question is about one of the same few.
const rulebookOf = remember(2, parseRulebook)

/** As the log and the policy in force have it; refused where it takes no money. */
export function vaultInForce(vault: VaultId, rows: HistoryRows): InForce {
  const { policy } = readSync(inForce(), rows)
  const text = policy === '' ? undefined : readSync(get(tables.document, policy), rows)
  if (text === undefined) return refuse('RULESET_VERSION', 'no policy is in force yet')
  const rulebook = rulebookOf(text.text)
  const named = rulebook.vaults.get(vault)
  const network = networkOf(rulebook, vault)?.caip2
  if (named === undefined || network === undefined) {
    return refuse('VAULT_NOT_FOUND', `the policy names no ${vault}`)
  }
  const row = readSync(get(tables.vault, vault), rows)
  if (row === undefined) return refuse('VAULT_NOT_FOUND', `no key of ${vault} is in force`)
  if (row.key !== named.key) refuse('KEY_DISABLED', `${vault}: the policy names ${named.key}`)
  if (row.standing !== 'active') refuse('KEY_DISABLED', `the key of ${vault} is ${row.standing}`)
  return { row, network, tier: named.tier }
}

export function requireNotFrozen(vault: VaultId, rows: HistoryRows): void {
  const frozen = readSync(frozenByPeople(vault), rows)
  if (frozen.length > 0) refuse('FROZEN', `frozen: ${frozen.join(', ')}`)
}

/** The line by which the last backup was proven. */
export function requireProven(vault: VaultId, rows: HistoryRows): number {
  const shown = readSync(get(tables.shown, vault), rows)
  return shown === undefined
    ? refuse('BACKUP', `${vault}: expected every backup to be proven`)
    : shown.seq
}

/** The newest line that q saw: lines can be withheld from witnesses, and no others cosigned. */
export function requireFresh({ copy, witness, ports }: Viewing): number {
  const seq = newestWitnessed({ copy, witness })
  const line = seq === undefined ? undefined : copy.line(seq)
  if (seq === undefined || line === undefined) return refuse('COSIGN', 'no line is witnessed yet')
  const ageMs = ports.clock.wallMs() - parseEntry(line).t
  if (ageMs > limits.addressViewMsMax) {
    refuse('LOG_BEHIND', `the newest witnessed line is ${ageMs} ms old`)
  }
  return seq
}

/** Whoever has seen a line has seen all before it. */
function newestWitnessed({ copy, witness }: Pick<Viewing, 'copy' | 'witness'>): number | undefined {
  let [from, to] = [0, copy.size()]
  while (from < to) {
    const middle = (from + to) >> 1
    if (witness.coverage(middle).isCovered) from = middle + 1
    else to = middle
  }
  return from === 0 ? undefined : from - 1
}

/**
 * How many addresses are said in a minute: each costs a signature. To each coordinator by
 * itself, so that one that asks for ever takes from no other.
 */
export class Tally {
  readonly #clock: Clock
  /** By coordinator: those of the own config. */
  readonly #said = new Map<string, { readonly fromMs: number; readonly count: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  count(coordinator: string, addresses: number): void {
    const now = this.#clock.monotonicMs()
    const last = this.#said.get(coordinator)
    const isOver = last === undefined || now - last.fromMs >= minuteMs
    const { fromMs, count } = isOver ? { fromMs: now, count: 0 } : last
    if (count + addresses > limits.addressesPerMinuteMax) {
      refuse('BUSY', `expected at most ${limits.addressesPerMinuteMax} addresses a minute`)
    }
    this.#said.set(coordinator, { fromMs, count: count + addresses })
  }
}

export function requireBounded(paths: readonly string[]): void {
  const most = limits.addressesPerCallMax
  if (paths.length >= 1 && paths.length <= most) return
  refuse('TOO_LARGE', `expected 1 to ${most} paths, got ${paths.length}`)
}
