// What a node writes down when a session failed: a strike for the sender that was at fault, and the
// evidence where a stranger could check it. Durable before anything is said of the session, where
// the disk has room.
// INVARIANT: a strike is counted only where the table of endings names somebody, once a session.
// Ends nothing and bans nobody: bans come from the fence alone.
import { toHex } from '../proto/crypto.ts'
import type { NodeId } from '../proto/ids.ts'
import { type Both, writeCloneEvidence } from './clone-evidence.ts'
import type { DealtSession } from './dealt-session.ts'
import { endingOf } from './endings.ts'
import { writeEvidence } from './evidence.ts'
import { writeLifeEvidence } from './life-evidence.ts'
import type { ThereAndBack } from './lives.ts'
import { Owed } from './owed.ts'
import type { Ports } from './ports.ts'
import type { Self } from './self.ts'
import type { Failure } from './session.ts'
import type { Strikes } from './strikes.ts'

/** Of one peer within a day: then somebody looks. */
const strikesMax = 3

export interface BlameNeeds {
  readonly self: Self
  readonly strikes: Strikes
  readonly ports: Ports
  readonly step: (work: () => void) => void
}

export class Blame {
  readonly owed: Owed
  readonly #needs: BlameNeeds

  constructor(needs: BlameNeeds) {
    this.#needs = needs
    this.owed = new Owed(needs.step)
  }

  /** Of two acceptances under one counter; durable before anything is said. */
  cloned(peer: NodeId, both: Both): void {
    const { self, strikes, ports, step } = this.#needs
    const evidence = writeCloneEvidence(self, peer, both)
    step(() => strikes.keep({ ...evidence, peer, atMs: ports.clock.wallMs() }))
  }

  /** Of three queries, there and back between two lives. */
  livesTwice(peer: NodeId, proof: ThereAndBack): void {
    const { self, strikes, ports, step } = this.#needs
    const evidence = writeLifeEvidence(self, peer, proof)
    step(() => strikes.keep({ ...evidence, peer, atMs: ports.clock.wallMs() }))
  }

  failed({ reason, culprit: peer, exhibit }: Failure, sid: Uint8Array, dealt?: DealtSession): void {
    const { self, strikes, ports } = this.#needs
    if (endingOf(reason).counted !== 'strike' || peer === undefined) return
    const atMs = ports.clock.wallMs()
    const evidence = exhibit && writeEvidence(self, peer, exhibit, dealt)
    this.owed.write(() => {
      strikes.strike({ peer, sid: toHex(sid), reason, atMs })
      if (evidence !== undefined) strikes.keep({ ...evidence, peer, atMs })
    })
    const count = strikes.today(peer, atMs)
    if (count < strikesMax) return
    const because = `${count} faults within a day, the last: ${reason}`
    ports.report({ level: 'alarm', name: 'peer-faulty', peer, because })
  }
}
