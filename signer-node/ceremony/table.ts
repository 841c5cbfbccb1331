// The Table: what carries frames between the Hub and the Stations of one room. Two ways, one
// interface: a network without uplink (`table-network.ts`) and cards carried by hand
// (`table-cards.ts`); some Stations may come the one way and some the other (`together`).
// INVARIANT: a Table says under whose name a stream came, and nothing else is believed of it.
// Frames are those of `proto/custody/v1/node_link.proto`, as a hot node speaks them.
import type { CoordinatorStream } from '../../proto/frames.ts'
import type { Dial } from '../link.ts'

/** The one coordinator that a Station knows. */
export const tableName = 'table'

/** A Station sat down, or sat down again: its stream replaces the one before. */
export type Seated = (station: string, stream: CoordinatorStream, isCarried: boolean) => void

/** Where the Hub sits. */
export interface HubTable {
  /** To be called a few times a second. */
  tick(): void
  close(): Promise<void>
}

/** Where one Station sits. */
export interface StationTable {
  readonly dial: Dial
  /** Carried by people: no heartbeats, and silence means nothing. */
  readonly isCarried: boolean
  tick(): void
  close(): void
}

/** Several ways at once. */
export function together(tables: readonly HubTable[]): HubTable {
  return {
    tick: () => {
      for (const table of tables) table.tick()
    },
    close: async () => {
      await Promise.all(tables.map((table) => table.close()))
    },
  }
}
