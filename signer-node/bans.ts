// What this node durably holds against its peers, and what its operator holds against it: bans,
// tombstones of destroyed Pairings, the count of probations, and local freezes.
// INVARIANT: a tombstone is written before anything else that depended on the Pairing may leave
// (protocol document, 1.13); a ban ends only by re-admission, never by time.
// Decides nothing: `pairings.ts` says what is a ban.
import { type NodeId, parseHandle, parseNodeId } from '../proto/ids.ts'
import { numberOf, type Sql, textOf } from './store.ts'

const dayMs = 86_400_000

export interface Death {
  readonly peer: NodeId
  /** Pairing id as hex. */
  readonly pairing: string
  readonly reason: string
  readonly atMs: number
}

export class Bans {
  readonly #sql: Sql
  /** Peers of which the log alone says that they are banned here. */
  readonly #claimed = new Set<NodeId>()

  constructor(sql: Sql) {
    this.#sql = sql
  }

  isBanned(peer: NodeId): boolean {
    return this.#sql.first('select 1 from ban where peer = ?', peer) !== undefined
  }

  banned(): readonly { readonly peer: NodeId; readonly reason: string }[] {
    const rows = this.#sql.all('select peer, reason from ban order by peer')
    return rows.map((row) => ({
      peer: parseNodeId(textOf(row, 'peer')),
      reason: textOf(row, 'reason'),
    }))
  }

  /** Bans of this peer so far, also those that ended. */
  count(peer: NodeId): number {
    const row = this.#sql.first('select count(*) as n from ban where peer = ?', peer)
    return numberOf(row, 'n')
  }

  /** True once for a peer, as long as the node runs. */
  isFirstClaim(peer: NodeId): boolean {
    const isFirst = !this.#claimed.has(peer)
    this.#claimed.add(peer)
    return isFirst
  }

  ban(peer: NodeId, reason: string, atMs: number): void {
    this.#sql.run(
      'insert into ban (peer, reason, at) values (?, ?, ?) on conflict do nothing',
      peer,
      reason,
      atMs,
    )
  }

  bury({ peer, pairing, reason, atMs }: Death): void {
    this.#sql.run(
      `insert into tombstone (pairing, peer, reason, at) values (?, ?, ?, ?)
       on conflict do nothing`,
      pairing,
      peer,
      reason,
      atMs,
    )
  }

  isBuried(pairing: string): boolean {
    return this.#sql.first('select 1 from tombstone where pairing = ?', pairing) !== undefined
  }

  /** Tombstones of one reason within the last day. */
  deathsToday(peer: NodeId, reason: string, nowMs: number): number {
    const row = this.#sql.first(
      'select count(*) as n from tombstone where peer = ? and reason = ? and at > ?',
      peer,
      reason,
      nowMs - dayMs,
    )
    return numberOf(row, 'n')
  }

  /** Takes the one probation that a peer has within 24 hours; false when it is used up. */
  takeProbation(peer: NodeId, nowMs: number): boolean {
    const used = this.#sql.first(
      'select 1 from probation where peer = ? and at > ?',
      peer,
      nowMs - dayMs,
    )
    if (used !== undefined) return false
    this.#sql.run('insert into probation (peer, at) values (?, ?)', peer, nowMs)
    return true
  }

  /** `all` or a vault. */
  freeze(scope: string, atMs: number): void {
    this.#sql.run(
      'insert into local_freeze (scope, at) values (?, ?) on conflict do nothing',
      parseHandle(scope, 'scope'),
      atMs,
    )
  }

  unfreeze(scope: string): void {
    this.#sql.run('delete from local_freeze where scope = ?', scope)
  }

  frozen(): readonly string[] {
    const rows = this.#sql.all('select scope from local_freeze order by scope')
    return rows.map((row) => textOf(row, 'scope'))
  }

  isFrozen(vault: string): boolean {
    return this.frozen().some((scope) => scope === 'all' || scope === vault)
  }
}
