// Single facts that a node keeps about itself: to whom the database belongs, and why it is fenced.
// INVARIANT: a database belongs to one node of one log for ever; a fence is never lifted here.
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

  /** The first reason stays. */
  fence(because: string): void {
    if (this.fenced() === undefined) this.#put('fenced', because)
  }

  #get(key: string): string | undefined {
    const row = this.#sql.first('select value from meta where key = ?', key)
    return row === undefined ? undefined : textOf(row, 'value')
  }

  #put(key: string, value: string): void {
    this.#sql.run('insert into meta (key, value) values (?, ?)', key, value)
  }
}
