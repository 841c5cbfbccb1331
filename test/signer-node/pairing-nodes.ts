// Nodes as far as pairings go, and whoever carries their hellos and envelopes.
import { join } from 'node:path'
import type { NodeFrame } from '../../proto/frames.ts'
import type { NodeId } from '../../proto/ids.ts'
import type { Signed } from '../../proto/signed.ts'
import { Bans } from '../../signer-node/bans.ts'
import { Pairings } from '../../signer-node/pairings.ts'
import { Incarnation } from '../../signer-node/self.ts'
import type { Sessions } from '../../signer-node/sessions.ts'
import { Store } from '../../signer-node/store.ts'
import { peerOf, type TestClock, type TestPorts, testPorts, testSelf } from './world.ts'

export interface TestNode {
  readonly x: number
  readonly id: NodeId
  readonly ports: TestPorts
  readonly incarnation: Incarnation
  readonly sessions: Sessions
  readonly bans: Bans
  readonly pairings: Pairings
  readonly store: Store
  readonly hellos: { readonly by: string; readonly to: NodeId; readonly hello: Signed }[]
}

export interface PairingWorld {
  readonly home: string
  readonly clock: TestClock
  /** Against whom evidence of two lives was kept. */
  readonly kept: NodeId[]
  /** Lines in the copies of all. */
  readonly logSize: () => number
}

/** `disk`: two instances of one node have one each. */
export function pairingNode(
  { home, clock, kept, logSize }: PairingWorld,
  x: number,
  kind: typeof Sessions,
  disk: string,
): TestNode {
  const self = testSelf(x)
  const all = [1, 2, 3].map((other) => peerOf(testSelf(other)))
  const store = new Store(join(home, `${disk}.db`), { busyTimeoutMs: 50 })
  const ports = testPorts(`node-${x}`, clock)
  const incarnation = new Incarnation(ports.random)
  const sessions = new kind(ports, self.node)
  const bans = new Bans(store)
  const hellos: TestNode['hellos'] = []
  const own = { self, incarnation, ports, sessions, bans }
  const pairings = new Pairings({
    ...own,
    blame: { failed: () => {}, cloned: () => {}, livesTwice: (peer) => kept.push(peer) },
    peers: {
      peer: (name) => all.find((one) => one.node === name),
      others: () => all.filter((one) => one.node !== self.node),
    },
    step: (work) => store.step(work),
    sayTo: (by, to, hello) => hellos.push({ by, to, hello }),
    changed: () => {},
    logSize,
  })
  return { x, id: self.node, ...own, pairings, store, hellos }
}

/** Until nobody has anything left to do; `carry` drops what it answers with false. */
export function carryAll(
  nodes: readonly TestNode[],
  carry: (from: number, to: number, what: Signed | NodeFrame, by: string) => boolean,
): void {
  for (let busy = true; busy; ) {
    busy = false
    for (const from of nodes) {
      busy = from.ports.run() || busy
      for (let said = from.hellos.shift(); said; said = from.hellos.shift()) {
        const to = nodes.find(({ id }) => id === said?.to)
        busy = true
        const { by, hello } = said
        if (to && carry(from.x, to.x, hello, by)) to.pairings.receive(by, hello)
      }
      for (let out = from.ports.sent.shift(); out; out = from.ports.sent.shift()) {
        const { frame, coordinator: by } = out
        if (frame.frame !== 'envelope') continue
        const to = nodes.find(({ id }) => id === frame.envelope.to)
        busy = true
        if (to && carry(from.x, to.x, frame, by)) to.sessions.receive(by, frame.envelope)
      }
    }
  }
}
