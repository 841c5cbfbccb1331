// What a Station's own sessions leave to be written: which messages it sent in which round, and
// how the session ended here. It looks at frames on their way to the table and at what the
// Station tells, and keeps digests alone.
// INVARIANT: changes no frame, and knows no content: envelopes are sealed before they come by.

import { concat, fromHex, plainDigest, toHex } from '../../proto/crypto.ts'
import type { NodeFrame } from '../../proto/frames.ts'
import { type Digest, parseDigest, parseNodeId } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import type { CertifiedHere, SignedHere, StationEars } from './station.ts'
import type { StationTable } from './table.ts'
import type { Draft } from './turn-papers.ts'

interface Sent {
  readonly sid: string
  readonly round: number
  readonly to: string
  readonly digest: Digest
  readonly length: number
}

const sessionIdBytes = 32
const lookMs = 20
/** More than any session of sixteen parties sends. */
const sentMax = 4_096

export class SessionWatch {
  #sent: Sent[] = []
  readonly #signed = new Map<string, SignedHere>()
  readonly #certified = new Map<string, CertifiedHere>()

  readonly ears: Pick<StationEars, 'signed' | 'certified'> = {
    signed: (made) => void this.#signed.set(made.request, made),
    certified: (key) => void this.#certified.set(key.change, key),
  }

  /** The same table, looked at. */
  around(table: StationTable): StationTable {
    const dial: StationTable['dial'] = (name, failed) => {
      const stream = table.dial(name, failed)
      const send = (frame: NodeFrame): void => {
        this.#saw(frame)
        stream.send(frame)
      }
      return { send, received: stream.received, close: () => stream.close() }
    }
    return {
      dial,
      isCarried: table.isCarried,
      tick: () => table.tick(),
      close: () => table.close(),
    }
  }

  /** Before a session about it begins. */
  begin(request: Digest): void {
    this.#sent = []
    this.#signed.delete(request)
    this.#certified.delete(request)
  }

  async signed(request: Digest, isOver: () => boolean): Promise<SignedHere> {
    return await until(() => this.#signed.get(request), isOver)
  }

  async certified(change: Digest, isOver: () => boolean): Promise<CertifiedHere> {
    return await until(() => this.#certified.get(change), isOver)
  }

  /** Of a payment or a proof that was checked here before. */
  found(request: Digest): SignedHere {
    return this.#signed.get(request) ?? refuse('VIEW', 'no signature of it was checked here')
  }

  /** One line a round, and one for the end. */
  drafts(request: Digest, result: Digest): readonly Draft[] {
    const session = this.#session()
    const own = this.#sent.filter(({ sid }) => sid === session)
    const rounds = [...new Set(own.map(({ round }) => round))].sort((a, b) => a - b)
    return [
      ...rounds.map((round): Draft => {
        const sent = own.filter((one) => one.round === round)
        const digest = plainDigest(concat(...sent.flatMap((one) => fromHex(one.digest) ?? [])))
        const length = sent.reduce((sum, one) => sum + one.length, 0)
        const to = [...new Set(sent.map((one) => one.to))].sort()
        return { type: 'message.sent', body: { digest, length, round, session, to } }
      }),
      { type: 'session.done', body: { request, result, session } },
    ]
  }

  /** Of the last message: Pairings made on the way have ids of their own. */
  #session(): Digest {
    const sid = this.#sent.findLast((one) => one.sid.length === 2 * sessionIdBytes)?.sid
    return sid === undefined ? refuse('VIEW', 'nothing was sent in a session') : parseDigest(sid)
  }

  #saw(frame: NodeFrame): void {
    if (frame.frame !== 'envelope' || this.#sent.length >= sentMax) return
    const { sid, round, to, ciphertext } = frame.envelope
    const digest = plainDigest(ciphertext)
    const length = ciphertext.length
    this.#sent.push({ sid: toHex(sid), round, to: parseNodeId(to), digest, length })
  }
}

async function until<T>(found: () => T | undefined, isOver: () => boolean): Promise<T> {
  for (;;) {
    const one = found()
    if (one !== undefined) return one
    if (isOver()) refuse('CEREMONY', 'the turn is over')
    await new Promise((done) => setTimeout(done, lookMs))
  }
}
