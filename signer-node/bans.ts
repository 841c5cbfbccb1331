// What this node durably holds against its peers, and what its operator holds against it: bans,
// tombstones of destroyed Pairings, the count of probations, and local freezes.
// INVARIANT: a tombstone is written before anything else that depended on the Pairing may leave
// (protocol document, 1.13); a ban ends only by re-admission, never by time.
// Decides nothing: `pairings.ts` says what is a ban.
import { type Digest, type NodeId, parseHandle, parseNodeId } from '../proto/ids.ts'
import { numberOf, type Sql, textOf } from './store.ts'

const dayMs = 86_400_000

export interface Death {
  readonly peer: NodeId
  /** Pairing id as hex. */
  readonly pairing: string
  readonly reason: string
  readonly atMs: number
}

export interface Ban {
  readonly peer: NodeId
  /** 1, 2, 3, ... of this peer. */
  readonly number: number
  readonly reason: string
}

export interface Readmission {
  readonly peer: NodeId
  /** The approved change; each is used once. */
  readonly change: Digest
  /** Of the ban that it ends. */
  readonly number: number
  readonly atMs: number
  /** Epochs in force: with a later one of the vault its part of the quarantine is over. */
  readonly epochs: readonly { readonly vault: string; readonly epoch: number }[]
}

const inForce = `from ban left join readmission using (peer, number) where change is null`

export class Bans {
  readonly #sql: Sql
  /** Freezes that no disk has taken yet. */
  readonly #unwritten = new Map<string, number>()
  /** Peers of whose failed check no disk has taken the tombstone yet. */
  readonly #suspected = new Set<NodeId>()

  constructor(sql: Sql) {
    this.#sql = sql
  }

  isBanned(peer: NodeId): boolean {
    return this.#suspected.has(peer) || this.#isInForce(peer)
  }

  /** As banned, in memory alone: what is to be written of it found no room. */
  suspect(peer: NodeId): void {
    this.#suspected.add(peer)
  }

  /** It was written, whatever it came to. */
  endSuspicion(peer: NodeId): void {
    this.#suspected.delete(peer)
  }

  /** In force. */
  banned(): readonly Ban[] {
    const rows = this.#sql.all(`select peer, number, ban.reason as reason ${inForce} order by peer`)
    return rows.map((row) => ({
      peer: parseNodeId(textOf(row, 'peer')),
      number: numberOf(row, 'number'),
      reason: textOf(row, 'reason'),
    }))
  }

  /** Number of the last ban of this peer, also of one that ended; 0 for none. */
  last(peer: NodeId): number {
    const row = this.#sql.first(
      'select coalesce(max(number), 0) as n from ban where peer = ?',
      peer,
    )
    return numberOf(row, 'n')
  }

  /** A peer that is banned stays so under the same number. */
  ban(peer: NodeId, reason: string, atMs: number): void {
    if (!this.#isInForce(peer)) this.restore(peer, this.last(peer) + 1, { reason, atMs })
  }

  /** As the log says that this node once said. */
  restore(
    peer: NodeId,
    number: number,
    { reason, atMs }: { readonly reason: string; readonly atMs: number },
  ): void {
    this.#sql.run(
      'insert into ban (peer, number, reason, at) values (?, ?, ?, ?)',
      peer,
      number,
      reason,
      atMs,
    )
  }

  /** False, and nothing is done, unless exactly this ban is in force and the change is unused. */
  readmit({ peer, change, number, atMs, epochs }: Readmission): boolean {
    const isIt = this.banned().some((ban) => ban.peer === peer && ban.number === number)
    if (!isIt || this.isUsed(change)) return false
    this.#sql.run(
      'insert into readmission (change, peer, number, at) values (?, ?, ?, ?)',
      change,
      peer,
      number,
      atMs,
    )
    for (const { vault, epoch } of epochs) {
      this.#sql.run(
        `insert into quarantine (peer, vault, epoch) values (?, ?, ?)
         on conflict (peer, vault) do update set epoch = excluded.epoch`,
        peer,
        vault,
        epoch,
      )
    }
    return true
  }

  isUsed(change: Digest): boolean {
    return this.#sql.first('select 1 from readmission where change = ?', change) !== undefined
  }

  /** Until a later epoch of the vault the re-admitted peer signs only over pairings made anew. */
  isQuarantined(peer: NodeId, vault: string, epoch: number): boolean {
    const row = this.#sql.first(
      'select 1 from quarantine where peer = ? and vault = ? and epoch >= ?',
      peer,
      vault,
      epoch,
    )
    return row !== undefined
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

  /** `all` or a vault; in force also when it finds no room on the disk, which is thrown. */
  freeze(scope: string, atMs: number): void {
    this.#unwritten.set(parseHandle(scope, 'scope'), atMs)
    this.writeFreezes()
  }

  /** Those that found no room. */
  writeFreezes(): void {
    for (const [scope, atMs] of this.#unwritten) {
      this.#sql.run(
        'insert into local_freeze (scope, at) values (?, ?) on conflict do nothing',
        scope,
        atMs,
      )
      this.#unwritten.delete(scope)
    }
  }

  unfreeze(scope: string): void {
    this.#sql.run('delete from local_freeze where scope = ?', scope)
    this.#unwritten.delete(scope)
  }

  frozen(): readonly string[] {
    const rows = this.#sql.all('select scope from local_freeze order by scope')
    const written = rows.map((row) => textOf(row, 'scope'))
    return [...new Set([...written, ...this.#unwritten.keys()])].sort()
  }

  isFrozen(vault: string): boolean {
    return this.frozen().some((scope) => scope === 'all' || scope === vault)
  }

  #isInForce(peer: NodeId): boolean {
    return this.#sql.first(`select 1 ${inForce} and peer = ?`, peer) !== undefined
  }
}
