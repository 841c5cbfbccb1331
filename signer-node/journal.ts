// The node's journal of released shares: receipts, chained by digest and counted without a gap, and
// the attempts it accepted. A row is durable before the share or the acceptance it names may leave.
// INVARIANT: one row per session; counters are 1, 2, 3, ...; each names the digest of the one
// before. A gap in a node's counters, seen in the log, shows that somebody held a receipt back.
import { digestOf, toUtf8 } from '../proto/crypto.ts'
import { type Digest, type Handle, parseDigest } from '../proto/ids.ts'
import type { Signed } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { bytesOf, numberOf, type Row, type Sql, textOf } from './store.ts'

/** Where the next receipt goes. */
export interface JournalHead {
  /** Of the last receipt; 0 before the first. */
  readonly counter: number
  /** Digest of the last receipt; empty before the first. */
  readonly digest: Digest | ''
}

export interface JournalRow {
  readonly counter: number
  readonly digest: Digest
  readonly receipt: Signed
}

export interface AcceptedRow {
  readonly warrant: Digest
  readonly acceptance: Signed
  readonly warrantText: Uint8Array
}

export class Journal {
  readonly #sql: Sql
  readonly #node: Handle

  constructor(sql: Sql, node: Handle) {
    this.#sql = sql
    this.#node = node
  }

  head(): JournalHead {
    const row = this.#sql.first(
      `select counter, digest from journal union all select counter, digest from resumed
       order by counter desc limit 1`,
    )
    if (row === undefined) return { counter: 0, digest: '' }
    return headOf(row)
  }

  /** Of a rolled back disk: no counter that was given away is given again. */
  resume({ counter, digest }: JournalHead): void {
    if (counter <= this.head().counter) return
    this.#sql.run('insert into resumed (counter, digest) values (?, ?)', counter, digest)
  }

  /** Inside a step. `receipt` names the head's counter plus one and the head's digest. */
  append(receipt: Signed, sid: Digest): JournalRow {
    const { counter, digest: previous } = this.head()
    const digest = digestOf(tags.shareReceipt, toUtf8(receipt.document))
    this.#sql.run(
      `insert into journal (counter, previous, digest, sid, document, signature)
       values (?, ?, ?, ?, ?, ?)`,
      counter + 1,
      previous,
      digest,
      sid,
      receipt.document,
      receipt.signature,
    )
    return { counter: counter + 1, digest, receipt }
  }

  /** Receipts from `counter` on, at most `max`. */
  rows(counter: number, max: number): readonly JournalRow[] {
    const rows = this.#sql.all(
      `select counter, digest, document, signature from journal
       where counter >= ? order by counter limit ?`,
      counter,
      max,
    )
    return rows.map((row) => ({
      counter: numberOf(row, 'counter'),
      digest: parseDigest(textOf(row, 'digest')),
      receipt: this.#signed(row),
    }))
  }

  /** N3: counters without a gap but where it was resumed, every row chained to the one before. */
  verify(): void {
    let head: JournalHead = { counter: 0, digest: '' }
    const resumed = this.#sql.all('select counter, digest from resumed').map(headOf)
    for (const row of this.#sql.all('select * from journal order by counter')) {
      const digest = digestOf(tags.shareReceipt, toUtf8(textOf(row, 'document')))
      const counter = numberOf(row, 'counter')
      const before = resumed.find((at) => at.counter === counter - 1) ?? head
      const follows =
        counter === before.counter + 1 &&
        textOf(row, 'previous') === before.digest &&
        textOf(row, 'digest') === digest
      if (!follows) throw new Error(`journal is damaged after counter ${head.counter}`)
      head = { counter, digest }
    }
  }

  /** Inside a step; throws when this attempt was accepted before. */
  accept(intent: Digest, attempt: number, row: AcceptedRow): void {
    this.#sql.run(
      `insert into accepted (intent, attempt, warrant, document, signature, warrant_text)
       values (?, ?, ?, ?, ?, ?)`,
      intent,
      attempt,
      row.warrant,
      row.acceptance.document,
      row.acceptance.signature,
      row.warrantText,
    )
  }

  accepted(intent: Digest, attempt: number): AcceptedRow | undefined {
    const row = this.#sql.first(
      `select warrant, document, signature, warrant_text from accepted
       where intent = ? and attempt = ?`,
      intent,
      attempt,
    )
    if (row === undefined) return undefined
    return {
      warrant: parseDigest(textOf(row, 'warrant')),
      acceptance: this.#signed(row),
      warrantText: bytesOf(row, 'warrant_text'),
    }
  }

  /** The highest attempt of the intent that this node ever accepted; 0 for none. */
  highestAccepted(intent: Digest): number {
    const statement = 'select coalesce(max(attempt), 0) as top from accepted where intent = ?'
    return numberOf(this.#sql.first(statement, intent), 'top')
  }

  #signed(row: Parameters<typeof textOf>[0]): Signed {
    return {
      credential: this.#node,
      document: textOf(row, 'document'),
      signature: bytesOf(row, 'signature'),
    }
  }
}

function headOf(row: Row): JournalHead {
  const digest = textOf(row, 'digest')
  return { counter: numberOf(row, 'counter'), digest: digest === '' ? '' : parseDigest(digest) }
}
