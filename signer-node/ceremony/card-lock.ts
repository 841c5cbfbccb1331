// One program at a time on a card: two Record stations, or two of one Station, would write two
// Records into one file. The lock is the operating system's, on a small database, so that it ends
// with its process however that ends. INVARIANT: held before a PIN is asked for. Keeps nothing.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { refuse } from '../../proto/refusal.ts'
import { onDisk } from '../disk.ts'
import { made } from '../places.ts'

const waitMs = 50

export class CardLock implements Disposable {
  readonly #database: DatabaseSync

  constructor(card: string) {
    const path = join(made(card), 'in-use.db')
    this.#database = onDisk(path, () => new DatabaseSync(path, { timeout: waitMs }))
    try {
      onDisk(path, () => this.#database.exec('begin exclusive'))
    } catch (error) {
      this.#database.close()
      if (!(error instanceof Error && error.message === 'database is locked')) throw error
      refuse('CONFIG', `${card}: another program works on this card`)
    }
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }
}
