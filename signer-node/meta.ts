// Single facts that a node keeps about itself: to whom the database belongs, and why it is fenced.
// INVARIANT: a database belongs to one node of one log for ever. Decides nothing: what proves a
// rollback is `floor.ts`, what ends a fence `rejoin.ts`.
import { type Sql, textOf } from './store.ts'

export class Meta {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Binds the database to its owner at the first start; throws at any other owner's. */
  claim(owner: string): void {
    const found = this.#get('owner')
    if (found === undefined) this.#put('owner', owner)
    else if (found !== owner) throw new Error(`database of ${found}, this node is ${owner}`)
  }

  /** Why this node may only witness; undefined while it may sign. */
  fenced(): string | undefined {
    return this.#get('fenced')
  }

  /** The first reason stays; from where it counts is said anew. */
  fence(because: string): void {
    this.#sql.run("delete from meta where key = 'fenced-since'")
    if (this.fenced() === undefined) this.#put('fenced', because)
  }

  /** Lines of the own copy when it had caught up with all that the other witnesses named. */
  fencedSince(): number | undefined {
    const since = this.#get('fenced-since')
    return since === undefined ? undefined : Number(since)
  }

  /** The first one stays: a restart of a fenced node asks for no second refresh. */
  keepFencedSince(size: number): void {
    if (this.fencedSince() === undefined) this.#put('fenced-since', String(size))
  }

  unfence(): void {
    this.#sql.run("delete from meta where key in ('fenced', 'fenced-since')")
  }

  #get(key: string): string | undefined {
    const row = this.#sql.first('select value from meta where key = ?', key)
    return row === undefined ? undefined : textOf(row, 'value')
  }

  #put(key: string, value: string): void {
    this.#sql.run('insert into meta (key, value) values (?, ?)', key, value)
  }
}
