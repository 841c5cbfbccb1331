// What a node needs of the world, under a test's control: a clock that moves when it is told to,
// bytes that follow from a name, work that runs when asked, and an ear that remembers.

import { vkeyOf } from '../../policy/audit/checkpoint.ts'
import { ed25519PublicKey, ed25519Signer, sha256, toUtf8 } from '../../proto/crypto.ts'
import type { NodeFrame } from '../../proto/frames.ts'
import { parseHandle, parseNodeId } from '../../proto/ids.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { here } from '../../signer-node/here.ts'
import type { Clock, Event, Ports, Random } from '../../signer-node/ports.ts'
import type { Self } from '../../signer-node/self.ts'

export class TestClock implements Clock {
  wall: number
  monotonic = 1_000
  constructor(wall = Date.parse('2026-12-07T10:20:00Z')) {
    this.wall = wall
  }
  wallMs(): number {
    return this.wall
  }
  monotonicMs(): number {
    return this.monotonic
  }
  advance(ms: number): void {
    this.wall += ms
    this.monotonic += ms
  }
}

/** The same name gives the same bytes, call by call. */
export function namedRandom(name: string): Random {
  let calls = 0
  return (length) => {
    const blocks: number[] = []
    for (let block = 0; blocks.length < length; block += 1) {
      blocks.push(...sha256(toUtf8(`${name}/${calls}/${block}`)))
    }
    calls += 1
    return Uint8Array.from(blocks.slice(0, length))
  }
}

export interface TestPorts extends Ports {
  readonly sent: { readonly coordinator: string; readonly frame: NodeFrame }[]
  readonly events: Event[]
  /** While `held` is there, parts of a frame wait in it; otherwise they follow at once. */
  readonly pausing: { held?: (() => void)[] }
  /** Runs deferred work until none is left; true when there was any. */
  run(): boolean
}

export function testPorts(name: string, clock: Clock): TestPorts {
  const sent: { coordinator: string; frame: NodeFrame }[] = []
  const events: Event[] = []
  const due: (() => void)[] = []
  const pausing: TestPorts['pausing'] = {}
  return {
    clock,
    random: namedRandom(name),
    send: (coordinator, frame) => sent.push({ coordinator, frame }),
    defer: (work) => due.push(work),
    pause: (work) => void (pausing.held === undefined ? work() : pausing.held.push(work)),
    pausing,
    report: (event) => events.push(event),
    runner: here,
    sent,
    events,
    run() {
      const any = due.length > 0
      for (let work = due.shift(); work; work = due.shift()) work()
      return any
    },
  }
}

export const seedOf = (name: string): Uint8Array => sha256(toUtf8(`test-seed/${name}`))

/** Node `node-1` has x = 1, and so on; keys follow from the name. */
export function testSelf(x: number): Self {
  const node = `node-${x}`
  const witness = seedOf(`${node}/witness`)
  return {
    org: parseHandle('acme'),
    env: 'test',
    node: parseNodeId(node),
    x,
    sign: ed25519Signer(seedOf(`${node}/identity`)),
    identity: ed25519PublicKey(seedOf(`${node}/identity`)),
    witness: { publicKey: ed25519PublicKey(witness), sign: ed25519Signer(witness) },
    secret: new Secret(seedOf(`${node}/secret`)),
    curve: nativeCurve(),
  }
}

export function peerOf(self: Self) {
  const { node, x, identity } = self
  const witness = vkeyOf(`${node}.acme.example/witness`, 'witness', self.witness.publicKey)
  return { node, x, identity, witness }
}
