/**
 * Nodes with their real sessions and sealed envelopes, making a key or whatever the stage is, and a
 * post office that carries the envelopes and may be made to lie.
 */

import { ed25519PublicKey, ed25519Signer, x25519PublicKey } from '../../proto/crypto.ts'
import { type NodeId, parseNodeId } from '../../proto/ids.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import { type Channel, type ChannelEnds, openChannel } from '../../signer-node/envelope.ts'
import type { Ended } from '../../signer-node/session.ts'
import { type Sealed, Sessions } from '../../signer-node/sessions.ts'
import { stepperOf } from '../../signer-node/stepper.ts'
import { seedOf, TestClock, type TestPorts, testPorts } from '../signer-node/world.ts'
import { keyMaking, type Show, type Stage } from './stage.ts'

export const coordinator = 'c1'

export interface Member {
  readonly sessions: Sessions
  readonly ports: TestPorts
  ended: Ended<unknown> | undefined
}

/** Called for every envelope that is on its way; what it returns arrives. */
export type Carry = (envelope: Sealed, post: Post) => readonly Sealed[]

export class Post {
  readonly clock = new TestClock()
  readonly members = new Map<Party, Member>()
  readonly sid: Uint8Array
  readonly stage: Stage
  readonly show: Show

  constructor(name: string, stage = keyMaking(nativeCurve(), 2, [1, 2, 3])) {
    this.sid = seedOf(`sid ${name}`)
    this.stage = stage
    this.show = stage.begin(name)
    for (const party of stage.parties) {
      const ports = testPorts(`${name} ${party}`, this.clock)
      const sessions = new Sessions(ports, nodeOf(party))
      this.members.set(party, { sessions, ports, ended: undefined })
    }
  }

  member(x: number): Member {
    const found = this.members.get(parseParty(x))
    if (found === undefined) throw new Error(`there is no party ${x}`)
    return found
  }

  /** All begin; envelopes are carried until nobody has anything left to do. */
  run(carry: Carry = (envelope) => [envelope]): void {
    for (const party of this.stage.parties) this.#start(party)
    for (let isBusy = true; isBusy; ) {
      isBusy = false
      for (const { ports } of this.members.values()) {
        isBusy = ports.run() || isBusy
        for (let out = ports.sent.shift(); out; out = ports.sent.shift()) {
          isBusy = true
          if (out.frame.frame !== 'envelope') continue
          for (const one of carry(out.frame.envelope, this)) this.deliver(one)
        }
      }
    }
  }

  deliver(envelope: Sealed, by = coordinator): void {
    const to = this.stage.parties.find((party) => nodeOf(party) === envelope.to)
    if (to !== undefined) this.members.get(to)?.sessions.receive(by, envelope)
  }

  /** What the real node would seal: only who holds its identity and session keys can. */
  seal(from: number, to: number, round: number, payload: Uint8Array): Uint8Array {
    using channel = this.channel(from, to)
    return channel.seal(round, payload)
  }

  /** The payload of an envelope that the post office cannot read. */
  open({ from, to, round, ciphertext }: Sealed): Uint8Array {
    using channel = this.channel(numberOf(to), numberOf(from))
    const payload = channel.open(round, ciphertext)
    if (payload === undefined) throw new Error('an honest envelope does not open')
    return Uint8Array.from(payload)
  }

  channel(self: number, peer: number): Channel {
    const { ends, secret, peer: peerPublic } = this.ends(self, peer)
    const made = openChannel(ends, secret, peerPublic)
    if (made === undefined) throw new Error('expected a channel')
    return made
  }

  /** What one end of a channel is made of. */
  ends(self: number, peer: number) {
    const ends: ChannelEnds = {
      sid: this.sid,
      self,
      peer,
      sign: ed25519Signer(seedOf(`identity-${self}`)),
      peerIdentity: ed25519PublicKey(seedOf(`identity-${peer}`)),
    }
    const secret = seedOf(`x25519-${self}`)
    return { ends, secret, peer: x25519PublicKey(seedOf(`x25519-${peer}`)) }
  }

  #start(party: Party): void {
    const member = this.members.get(party)
    const protocol = this.show.protocols.get(party)
    if (member === undefined || protocol === undefined) throw new Error('nobody is left out')
    const counterparts = new Map(
      this.stage.parties
        .filter((peer) => peer !== party)
        .map((peer) => [peer, { node: nodeOf(peer), channel: this.channel(party, peer) }]),
    )
    member.sessions.start<unknown>(this.sid, coordinator, {
      counterparts,
      stepper: stepperOf(protocol),
      secrets: [],
      deadlineMs: this.clock.monotonicMs() + 20_000,
      ended: (ended) => {
        member.ended = ended
      },
    })
  }
}

export function nodeOf(x: number): NodeId {
  return parseNodeId(`node-${x}`)
}

export function numberOf(node: string): number {
  return Number(node.slice('node-'.length))
}
