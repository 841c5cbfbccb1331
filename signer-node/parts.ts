// The parts of a running node, as each topic sees them: whoever needs one names it, nobody owns
// two. `node.ts` puts them together; tests put together what they need.
import type { Digest } from '../proto/ids.ts'
import type { Refusal } from '../proto/refusal.ts'
import type { Bans } from './bans.ts'
import type { Blame } from './blame.ts'
import type { FloorPlace } from './floor-file.ts'
import type { HistoryRows } from './history-rows.ts'
import type { Invitations } from './invitations.ts'
import type { Journal } from './journal.ts'
import type { Keyshares } from './keyshares.ts'
import type { Keystore } from './keystore.ts'
import type { LastWords } from './last-words.ts'
import type { LogCopy } from './log-copy.ts'
import type { Meta } from './meta.ts'
import type { Pairings } from './pairings.ts'
import type { Peers } from './peers.ts'
import type { Ports } from './ports.ts'
import type { Room } from './room.ts'
import type { Incarnation, Self } from './self.ts'
import type { Sessions } from './sessions.ts'
import type { Patience, Sitting } from './sitting.ts'
import type { Work } from './standing.ts'
import type { Store } from './store.ts'
import type { Strikes } from './strikes.ts'
import type { Witness } from './witness.ts'

export interface Parts {
  readonly self: Self
  readonly origin: string
  /** Of the ceremony that this node sits in; without one no cold key is used. */
  readonly plan: Digest | undefined
  readonly incarnation: Incarnation
  readonly ports: Ports
  readonly store: Store
  readonly copy: LogCopy
  readonly rows: HistoryRows
  readonly journal: Journal
  readonly bans: Bans
  readonly strikes: Strikes
  readonly blame: Blame
  readonly meta: Meta
  readonly place: FloorPlace
  readonly room: Room
  readonly witness: Witness
  readonly peers: Peers
  readonly pairings: Pairings
  readonly sessions: Sessions
  readonly lastWords: LastWords
  readonly keystore: Keystore
  readonly keyshares: Keyshares
  readonly invitations: Invitations
  /** Of a Station; undefined for every other node. */
  readonly sitting: Sitting | undefined
  readonly patience: Patience
  /** Why this node takes no new work now; undefined while it does. */
  readonly closed: (work?: Work) => Refusal | undefined
  /** State, keys or pairings changed: the coordinators are told. */
  readonly changed: () => void
}
