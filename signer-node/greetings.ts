// What a node says of itself to a coordinator: hello when a stream opens, its state whenever that
// changes, receipts and proven backups until the log shows them, confirmations of keys until it has
// the key, floor queries until they are answered. None of it is asked for and all of it may be said
// twice.
import { readSync } from '../policy/audit/rows.ts'
import { get, tables } from '../policy/audit/tables.ts'
import { type CoordinatorPart, type NodeFrame, writeSigned } from '../proto/frames.ts'
import type { NodeId } from '../proto/ids.ts'
import type { Signed } from '../proto/signed.ts'
import { spoken } from '../proto/versions.ts'
import type { BackupDuty } from './backup-duty.ts'
import type { Floor } from './floor.ts'
import type { Keys } from './keys.ts'
import type { Parts } from './parts.ts'
import type { Readmissions } from './readmissions.ts'
import { type StateWord, statePart } from './standing.ts'

const receiptsLookedAt = 256
const receiptsSaidMax = 64

export interface GreetingsNeeds {
  readonly parts: Parts
  readonly floor: Floor
  readonly keys: Keys
  readonly backups: BackupDuty
  readonly readmissions: Readmissions
  readonly word: () => StateWord
}

export class Greetings {
  readonly #needs: GreetingsNeeds

  constructor(needs: GreetingsNeeds) {
    this.#needs = needs
  }

  hello(): NodeFrame {
    const { parts, word } = this.#needs
    const { self, incarnation } = parts
    const state = statePart(parts, word())
    const hello = { node: self.node, incarnation: incarnation.id, versions: [...spoken], state }
    return { frame: 'hello', hello }
  }

  state(): NodeFrame {
    const { parts, word } = this.#needs
    return { frame: 'state', state: statePart(parts, word()) }
  }

  /** A coordinator said who it is and how much of the log it has. */
  welcomed(coordinator: string, welcome: CoordinatorPart<'welcome'>): readonly NodeFrame[] {
    const { parts, keys, backups } = this.#needs
    parts.pairings.sighted(coordinator, welcome.peers)
    const own = [...keys.confirmations(), ...backups.statements(), ...this.bans()]
    const frames = [...this.floorQueries(), ...own, ...this.receipts()]
    const { size, root } = statePart(parts, this.#needs.word())
    const isAhead = welcome.origin === parts.origin && welcome.size < size
    const { origin } = parts
    return isAhead ? [{ frame: 'ahead', ahead: { origin, size, root } }, ...frames] : frames
  }

  floorQueries(): readonly NodeFrame[] {
    return this.#needs.floor.queries().map((one) => this.#query(one))
  }

  /** Once a minute, of a node that knows its floor. */
  floorAgain(): readonly NodeFrame[] {
    return this.#needs.floor.again().map((one) => this.#query(one))
  }

  /** The newest receipts that are in the journal and not in the log. */
  receipts(): readonly NodeFrame[] {
    const { journal, rows, self } = this.#needs.parts
    const from = Math.max(1, journal.head().counter - receiptsLookedAt + 1)
    const unseen = journal
      .rows(from, receiptsLookedAt)
      .filter(
        ({ counter }) => readSync(get(tables.receipt, self.node, counter), rows) === undefined,
      )
      .slice(-receiptsSaidMax)
    if (unseen.length === 0) return []
    const receipts = unseen.map(({ receipt }) => writeSigned(receipt))
    return [{ frame: 'receipts', receipts: { receipts } }]
  }

  /** What this node holds against its peers, until the log shows it. */
  bans(): readonly NodeFrame[] {
    const bans = this.#needs.readmissions.statements().map(writeSigned)
    return bans.length === 0 ? [] : [{ frame: 'bans', bans: { bans } }]
  }

  #query({ to, document }: ReturnType<Floor['queries']>[number]): NodeFrame {
    return this.note(to, 'floor-query', document)
  }

  note(to: NodeId, kind: string, document: Signed): NodeFrame {
    const from = this.#needs.parts.self.node
    return { frame: 'note', note: { from, to, kind, document: writeSigned(document) } }
  }
}
