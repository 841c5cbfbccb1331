// Ways to die: a coordinator's store and a node's store through which the process can be killed right
// before or right after something becomes durable. A dead process never comes back from where it was:
// whatever it waits for never comes, and what it had not committed is gone.

import type { Session, Store, Value } from '../../coordinator/store/store.ts'
import { Store as NodeStore, type Value as NodeValue } from '../../signer-node/store.ts'

/** Thrown through a process that dies in the middle of a step. */
export class Died extends Error {
  override readonly name = 'Died'
}

/** What a step is about to make durable, as the statements that it ran. */
export interface Written {
  readonly statement: string
  readonly values: readonly unknown[]
}

export type Moment = 'before' | 'after'

/** When to die: at the first commit that contains such a statement, before or after it. */
export interface Doom {
  readonly moment: Moment
  readonly of: (written: Written) => boolean
}

/** One life of a process. */
export class Life {
  readonly #died: () => void
  #isOver = false
  doom: Doom | undefined

  constructor(died: () => void) {
    this.#died = died
  }

  get isOver(): boolean {
    return this.#isOver
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#died()
  }

  /** True when this commit, at this moment, is the last thing it does. */
  diesAt(moment: Moment, written: readonly Written[]): boolean {
    const { doom } = this
    if (doom?.moment !== moment || !written.some((one) => doom.of(one))) return false
    this.end()
    return true
  }
}

const never = new Promise<never>(() => {})

/** Counts what is on its way, so that a house knows when everybody has come to rest. */
export class Traffic {
  open = 0

  /** Also a failure is nothing that a dead process hears of. */
  async of<T>(life: Life, work: () => Promise<T>): Promise<T> {
    if (life.isOver) return never
    this.open += 1
    const made = await work().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    this.open -= 1
    if (life.isOver) return never
    if ('error' in made) throw made.error
    return made.value
  }
}

/** The coordinator's end of a database that outlives it. */
export function mortalStore(store: Store, life: Life, traffic: Traffic): Store {
  const guarded = <T>(work: () => Promise<T>): Promise<T> => traffic.of(life, work)
  return {
    query: (statement, values = []) =>
      guarded(async () => {
        const written = [{ statement, values }]
        if (life.diesAt('before', written)) throw new Died()
        const rows = await store.query(statement, values)
        life.diesAt('after', written)
        return rows
      }),
    transaction: (work) =>
      guarded(async () => {
        const written: Written[] = []
        const done = await store.transaction(async (session) => {
          const result = await work(watched(session, life, written))
          // Rolled back: the database outlives whoever was writing into it.
          if (life.isOver || life.diesAt('before', written)) throw new Died()
          return result
        })
        life.diesAt('after', written)
        return done
      }),
    close: () => store.close(),
  }
}

function watched(session: Session, life: Life, written: Written[]): Session {
  return {
    query: (statement: string, values: readonly Value[] = []) => {
      if (life.isOver) throw new Died()
      written.push({ statement, values })
      return session.query(statement, values)
    },
  }
}

/** A node's database on disk, under a process that may die at a commit. */
export class MortalNodeStore extends NodeStore {
  /** Not there yet while the database is opened. */
  readonly life: Life | undefined
  written: Written[] | undefined

  constructor(path: string, life: Life) {
    super(path, { busyTimeoutMs: 50 })
    this.life = life
  }

  override step<T>(work: () => T): T {
    const { life } = this
    const written: Written[] = []
    this.written = written
    const result = super.step(() => {
      const made = work()
      if (life?.diesAt('before', written)) throw new Died()
      return made
    })
    if (life?.diesAt('after', written)) throw new Died()
    return result
  }

  override run(statement: string, ...values: readonly NodeValue[]): void {
    this.written?.push({ statement, values })
    super.run(statement, ...values)
  }
}
