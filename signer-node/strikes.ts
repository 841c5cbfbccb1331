// Faults of peers as this node durably counts them, and the documents that prove some of them to a
// stranger. Both only grow; evidence has a bound for each peer, because a peer can make it at will.
// Decides nothing: what counts is `endings.ts`, what it leads to `blame.ts`.
import type { Digest, NodeId } from '../proto/ids.ts'
import { parseDigest, parseNodeId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { numberOf, type Sql, textOf } from './store.ts'

const dayMs = 86_400_000

export interface Strike {
  readonly peer: NodeId
  /** Session as hex. */
  readonly sid: string
  readonly reason: string
  readonly atMs: number
}

export interface KeptEvidence {
  readonly digest: Digest
  readonly peer: NodeId
  readonly atMs: number
  /** Canonical text; `verifyEvidence` judges it. */
  readonly document: string
}

export class Strikes {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** One a session and peer. */
  strike({ peer, sid, reason, atMs }: Strike): void {
    this.#sql.run(
      'insert into strike (peer, sid, reason, at) values (?, ?, ?, ?) on conflict do nothing',
      peer,
      sid,
      reason,
      atMs,
    )
  }

  today(peer: NodeId, nowMs: number): number {
    const since = nowMs - dayMs
    const row = this.#sql.first(
      'select count(*) as n from strike where peer = ? and at > ?',
      peer,
      since,
    )
    return numberOf(row, 'n')
  }

  /** False when there is enough against this peer already. */
  keep({ digest, peer, atMs, document }: KeptEvidence): boolean {
    const row = this.#sql.first('select count(*) as n from evidence where peer = ?', peer)
    if (numberOf(row, 'n') >= limits.evidencePerPeerMax) return false
    this.#sql.run(
      `insert into evidence (digest, peer, at, document) values (?, ?, ?, ?)
       on conflict do nothing`,
      digest,
      peer,
      atMs,
      document,
    )
    return true
  }

  evidence(): readonly KeptEvidence[] {
    const rows = this.#sql.all(
      'select digest, peer, at, document from evidence order by at, digest',
    )
    return rows.map((row) => ({
      digest: parseDigest(textOf(row, 'digest')),
      peer: parseNodeId(textOf(row, 'peer')),
      atMs: numberOf(row, 'at'),
      document: textOf(row, 'document'),
    }))
  }
}
