// Payouts over three nodes that hold a real key: the lines of a request, Prepare, Start, and what
// comes up. One key is made for a whole test file, because making it takes seconds.

import { secp256k1 } from '@noble/curves/secp256k1.js'
import { readSync } from '../../policy/audit/rows.ts'
import { nextNonce } from '../../policy/audit/slots.ts'
import { fromHex, fromUtf8, toHex } from '../../proto/crypto.ts'
import { type NodePart, writeSigned } from '../../proto/frames.ts'
import { parseDigest, parseNodeId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { kinds, signBy } from '../../proto/node-documents.ts'
import { combine } from '../../signer-node/dkls23/combine.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import type { Runner } from '../../signer-node/stepper.ts'
import * as house from '../kit/audit-documents.ts'
import { Payout } from '../kit/audit-story.ts'
import { dealt } from '../kit/dealt-pairings.ts'
import { Story } from '../kit/story.ts'
import { coordinator, type Name, names, ThreeNodes } from './three-nodes.ts'
import { seedOf } from './world.ts'

type Accepted = NodePart<'accepted'>['acceptance']
export const signers = ['node-a', 'node-b'] as const
const curve = nativeCurve()

export class SigningHouse extends ThreeNodes {
  readonly story: Story
  publicKey = ''
  /** What the coordinator says of pairings made in the session. */
  fresh = false
  #payouts = 0

  /** `here` where pairings are made in a session: those are not dealt. */
  constructor(runner: Runner = dealt) {
    super()
    this.runner = runner
    this.boot()
    const line = this.makeKey('hot-eth')
    this.publicKey = String(line['publicKey'])
    this.log.add('key.generated', line)
    this.lines(...names)
    // The story writes into the log that the nodes follow.
    this.story = Object.assign(new Story(), { log: this.log })
  }

  /** A payout up to the release of its shares, with no cosignature of anybody else. */
  held(): Payout {
    this.shareHeads = false
    const payout = this.payout()
    this.begin(payout, this.askSigners(payout))
    if (this.at('node-a').node.status().waitingReleases !== 1) throw new Error('no share waits')
    return payout
  }

  /** What the nodes have cosigned comes to everyone now. */
  bringHeads(): void {
    this.shareHeads = true
    this.lines(...names)
  }

  /** A payout whose first attempt line stands in the log; `bend` makes it another than it was. */
  payout(laterMs = 3_700_000, bend: (payout: Payout) => void = () => {}): Payout {
    // An hour later the one before counts in no limit any more; no two have the same amount.
    this.tick(laterMs)
    this.log.t = Math.max(this.log.t, this.clock.wall)
    this.#payouts += 1
    const payout = new Payout(this.story, `payout-${this.#payouts}`, this.#payouts)
    payout.nonce = BigInt(readSync(nextNonce(payout.intent, this.log.t), this.log.rows))
    bend(payout)
    return payout.created().evaluated().reserved().started()
  }

  nextAttempt(payout: Payout, attempt: number): void {
    const last = attempt - 1
    const aborted = { culprit: '', reason: 'SESSION_TIMEOUT', receipts: [], refusals: [] }
    this.log.t = Math.max(this.log.t, this.clock.wall)
    this.log.add('session.aborted', { ...aborted, attempt: last, intent: payout.digest })
    this.log.add('session.started', payout.attempt(attempt))
  }

  ticket(payout: Payout, attempt = 1): Uint8Array {
    return seedOf(`ticket ${payout.digest} ${attempt}`).slice(0, 16)
  }

  /** Prepare of the newest line, which must be an attempt line. */
  ask(name: Name, payout: Payout, attempt = 1, warrant = payout.warrant()): void {
    const attemptSeq = this.log.head.size - 1
    const ticket = this.ticket(payout, attempt)
    this.prepare(name, { warrant, attemptSeq, ticket, fresh: this.fresh })
  }

  askSigners(payout: Payout, attempt = 1): readonly NodePart<'accepted'>['acceptance'][] {
    for (const name of signers) this.ask(name, payout, attempt)
    this.lines('node-c')
    return signers.map((name) => {
      const accepted = this.heard(name, 'accepted').at(-1)
      if (accepted === undefined) throw new Error(`${name}: ${this.refusal(name)}`)
      return accepted.acceptance
    })
  }

  begin(
    payout: Payout,
    acceptances: readonly NodePart<'accepted'>['acceptance'][],
    attempt = 1,
    ticket = this.ticket(payout, attempt),
  ): void {
    const start = { ticket, acceptances: [...acceptances] }
    for (const name of signers) {
      this.at(name).node.receive(coordinator, { frame: 'start', start })
    }
    this.settle()
  }

  /** What a corrupt node signs instead of its acceptance. */
  liedBy(name: Name, { document }: Accepted, change: JsonObject): Accepted {
    const told = JSON.parse(fromUtf8(document)!) as JsonObject
    const by = { node: parseNodeId(name), sign: house.keyOf(`${name}-identity`).sign }
    return writeSigned(signBy(kinds.acceptance, { ...told, ...change }, by))
  }

  /** All of it, up to the shares. */
  sign(payout: Payout, attempt = 1): readonly NodePart<'share'>[] {
    this.begin(payout, this.askSigners(payout, attempt), attempt)
    return signers.flatMap((name) => this.heard(name, 'share'))
  }

  /** The session id of the envelopes that pass; none of them arrives. */
  muted(): () => Uint8Array {
    let sid = new Uint8Array()
    this.carry = (_from, _to, frame) => {
      if (frame.frame !== 'envelope') return frame
      sid = Uint8Array.from(frame.envelope.sid)
      return undefined
    }
    return () => sid
  }

  /** Stops a node and brings it back to where the others are. */
  restart(name: Name): void {
    this.stop(name)
    this.start(name)
    this.welcome()
    this.lines(name)
  }

  /** Code and check of the last refusal. */
  refusal(name: Name): string {
    const refused = this.heard(name, 'refused').at(-1)
    if (refused === undefined) return 'nothing'
    const document = JSON.parse(fromUtf8(refused.refusal.document)!) as Record<string, string>
    return `${document['code']} ${document['check']}`
  }

  stopped(name: Name): string {
    return this.heard(name, 'stopped')
      .map(({ reason }) => reason)
      .join(', ')
  }

  /** r || s || v of the shares, verified by another library than the one that made it. */
  signature(payout: Payout, shares: readonly NodePart<'share'>[]): string {
    const digest = fromHex(String(payout.attempt()['digest']))!
    const { scalars, points } = curve
    const publicKey = points.decodePoint(fromHex(this.publicKey)!)
    const made = combine(
      curve,
      publicKey,
      digest,
      shares.map(({ rPoint, u, w }) => ({
        u: scalars.decodeScalar(Uint8Array.from(u)),
        w: scalars.decodeScalar(Uint8Array.from(w)),
        nonce: points.decodePoint(Uint8Array.from(rPoint)),
        publicKey,
      })),
    )
    const compact = Uint8Array.from([...made.r, ...made.s])
    const key = fromHex(this.publicKey)!
    if (!secp256k1.verify(compact, digest, key, { prehash: false })) throw new Error('invalid')
    return `${toHex(compact)}0${made.recovery}`
  }

  completed(payout: Payout, shares: readonly NodePart<'share'>[], attempt = 1): JsonObject {
    return {
      attempt,
      intent: payout.digest,
      receipts: [],
      sid: parseDigest(toHex(shares[0]!.sid)),
      signature: this.signature(payout, shares),
      txid: `0x${payout.digest}`,
      warrant: String(payout.attempt(attempt)['warrant']),
    }
  }
}
