// Puts the parts of a node together, each from those before it. The two ends that only the whole
// node can answer (why nothing new is taken, who hears of a change) come in as functions. Opens
// nothing: the stores were opened by main.ts or by a test.
import { writeSigned } from '../proto/frames.ts'
import type { Digest, VaultId } from '../proto/ids.ts'
import { Bans } from './bans.ts'
import { Blame } from './blame.ts'
import { isFull } from './disk.ts'
import { keptPlace } from './floor.ts'
import type { FloorPlace } from './floor-file.ts'
import { HistoryRows } from './history-rows.ts'
import { Invitations } from './invitations.ts'
import { Journal } from './journal.ts'
import { Keyshares } from './keyshares.ts'
import type { Keystore } from './keystore.ts'
import { LastWords } from './last-words.ts'
import { LogCopy } from './log-copy.ts'
import { Meta } from './meta.ts'
import { Pairings } from './pairings.ts'
import type { Parts } from './parts.ts'
import type { Peer, Peers } from './peers.ts'
import type { Ports } from './ports.ts'
import type { Room } from './room.ts'
import { Incarnation, type Self } from './self.ts'
import { Sessions } from './sessions.ts'
import { hotPatience, type Sitting } from './sitting.ts'
import type { Store } from './store.ts'
import { Strikes } from './strikes.ts'
import { verifierOf } from './verifying.ts'
import { Witness } from './witness.ts'

export interface NodeSettings {
  readonly self: Self
  readonly origin: string
  /** Pinned: everything that a node believes hangs on it. */
  readonly rootDigest: Digest
  /** Of a Station. */
  readonly sitting?: Sitting
}

export interface NodeStores {
  readonly store: Store
  readonly keystore: Keystore
  readonly place: FloorPlace
  readonly room: Room
}

export interface Whole {
  readonly closed: Parts['closed']
  readonly changed: () => void
}

export function assemble(
  { self, origin, rootDigest, sitting }: NodeSettings,
  { store, keystore, place, room }: NodeStores,
  ports: Ports,
  whole: Whole,
): Parts {
  const meta = new Meta(store)
  meta.claim(`${self.org} ${self.env} ${self.node} ${origin} ${rootDigest}`)
  const copy = new LogCopy(store)
  const rows = new HistoryRows(store)
  const journal = new Journal(store, self.node)
  const bans = new Bans(store)
  const patience = sitting?.patience ?? hotPatience
  const sessions = new Sessions(ports, self.node, patience)
  const lastWords = new LastWords(ports)
  const incarnation = new Incarnation(ports.random)
  const { clock, report } = ports
  const floor = keptPlace(place, { meta, copy })
  const log = { self, origin, rootDigest, copy, rows, journal, floor, clock, report }
  const witness = new Witness({ ...log, verifies: verifierOf(self.curve) })
  const peers = peersIn(witness, self)
  const step = (work: () => void): void => {
    try {
      store.step(work)
    } catch (error) {
      // Whoever does without the write for a while does not say that it found no room.
      if (isFull(error)) room.failed()
      throw error
    }
  }
  const strikes = new Strikes(store)
  const blame = new Blame({ self, strikes, ports, step })
  const pairings = new Pairings({
    self,
    incarnation,
    ports,
    peers,
    sessions,
    bans,
    blame,
    step,
    sayTo: (coordinator, to, hello) => {
      const document = writeSigned(hello)
      ports.send(coordinator, {
        frame: 'note',
        note: { from: self.node, to, kind: 'hello', document },
      })
    },
    changed: whole.changed,
    logSize: () => copy.size(),
    isFreshOnly: sitting !== undefined,
  })
  const superseded = (vault: VaultId, seq: number): void => {
    sessions.stopOf(vault, 'EPOCH', 'another epoch of the key came into force')
    pairings.renew(seq)
  }
  const rested = (vault: VaultId): void => {
    sessions.stopOf(vault, 'CEREMONY', 'the share of this key was put to rest')
  }
  const knows = { self, keystore, rows, copy, witness, ports }
  const keyshares = new Keyshares({ ...knows, superseded, rested, opened: whole.changed })
  const invitations = new Invitations(knows)
  const records = { store, copy, rows, journal, bans, strikes, blame, meta, place, room, keystore }
  const work = {
    incarnation,
    sessions,
    lastWords,
    witness,
    peers,
    pairings,
    keyshares,
    invitations,
  }
  const sits = { sitting, patience, plan: sitting?.plan }
  return { self, origin, ports, ...records, ...work, ...sits, ...whole }
}

/** As the root in force says, as soon as it is known. */
function peersIn(witness: Witness, self: Self): Peers {
  const nodes = (): readonly Peer[] => witness.root?.nodes ?? []
  return {
    peer: (name) => nodes().find(({ node }) => node === name),
    others: () => nodes().filter(({ node }) => node !== self.node),
  }
}
