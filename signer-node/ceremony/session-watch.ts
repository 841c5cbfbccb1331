// What a Station's own sessions leave to be written: which head of the Record it named, which
// messages it sent in which round, and how the session ended here. It looks at frames on their
// way to the table and at what the Station tells, and keeps digests alone.
// INVARIANT: changes no frame, and knows no content: envelopes are sealed before they come by. How
// a session ended is on the card before the table hears that it holds, so a Station that is started
// again still says and writes it; nothing of the session itself is there.

import { concat, fromHex, plainDigest, toHex } from '../../proto/crypto.ts'
import { type NodeFrame, type NodePart, readSigned } from '../../proto/frames.ts'
import { type Digest, parseDigest, parseNodeId } from '../../proto/ids.ts'
import { encode, parse, parseText } from '../../proto/jcs.ts'
import { kinds, type RecordHead } from '../../proto/node-documents.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import { bool, digest, hex, list, literal, object, text } from '../../proto/shape.ts'
import type { StationEars } from './station.ts'
import type { SessionFiles } from './station-files.ts'
import type { StationTable } from './table.ts'
import { type Draft, draft } from './turn-papers.ts'

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

/** A signature of 65 bytes and what it signs, or the state of a key; the other is empty. */
const kept = object({
  format: literal('custody-session-left/v1'),
  request: digest,
  drafts: list(draft, 1, 64),
  holds: bool,
  txid: text(128),
  result: digest,
  signature: text(130),
})
const signatureBytes = hex(65)

/** How a session about a request ended here. */
interface Left {
  readonly drafts: readonly Draft[]
  readonly holds: boolean
  readonly txid: string
  /** What was signed, or the state of the key. */
  readonly result: Digest
  /** Hex; empty for a key. */
  readonly signature: string
}

export class SessionWatch {
  #sent: Sent[] = []
  /**
   * Of the acceptance that was sent last: a session has one before its first message. It may have
   * been asked for before the turn that begins it is played here.
   */
  #head: RecordHead | undefined
  readonly #files: SessionFiles
  readonly #left = new Map<Digest, Left>()

  constructor(files: SessionFiles) {
    this.#files = files
  }

  readonly ears: Pick<StationEars, 'signed' | 'certified'> = {
    signed: ({ request, holds, txid, digest: signed, signature }) => {
      const made = { holds, txid, signature: toHex(signature) }
      this.#keep(request, { ...made, result: parseDigest(toHex(signed)) })
    },
    certified: ({ change, keyState: result }) => {
      this.#keep(change, { holds: true, txid: '', signature: '', result })
    },
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
    this.#left.delete(request)
    this.#files.forget(request)
  }

  /** Of a payment or a proof; the lines are one a round, and one for the end. */
  async ended(request: Digest, isOver: () => boolean): Promise<Left> {
    return await until(() => this.#of(request), isOver)
  }

  /** Of a session that is known to be over. */
  left(request: Digest): Left {
    return this.#of(request) ?? refuse('VIEW', 'no session about it ended well here')
  }

  /** A signature that was checked here. */
  found(request: Digest): { readonly digest: Digest; readonly signature: Uint8Array } {
    const { holds, result, signature } = this.left(request)
    if (!holds || signature === '') refuse('VIEW', 'no signature of it was checked here')
    return { digest: result, signature: signatureBytes(signature, 'signature') }
  }

  #of(request: Digest): Left | undefined {
    const known = this.#left.get(request)
    if (known !== undefined) return known
    const bytes = this.#files.read(request)
    const read = bytes && attempt(() => kept(parse(bytes), 'session'))
    if (read === undefined || isRefusal(read) || read.request !== request) return undefined
    this.#left.set(request, read)
    return read
  }

  #keep(request: Digest, made: Omit<Left, 'drafts'>): void {
    const left = { ...made, drafts: [...this.#drafts(request, made.result)] }
    this.#files.keep(request, encode({ format: 'custody-session-left/v1', request, ...left }))
    this.#left.set(request, left)
  }

  #drafts(request: Digest, result: Digest): readonly Draft[] {
    const session = this.#session()
    const head = this.#head ?? refuse('VIEW', 'no acceptance that was sent names the Record')
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
      { type: 'session.done', body: { head: { ...head }, request, result, session } },
    ]
  }

  /** Of the last message: Pairings made on the way have ids of their own. */
  #session(): Digest {
    const sid = this.#sent.findLast((one) => one.sid.length === 2 * sessionIdBytes)?.sid
    return sid === undefined ? refuse('VIEW', 'nothing was sent in a session') : parseDigest(sid)
  }

  #saw(frame: NodeFrame): void {
    if (frame.frame === 'accepted') this.#head = headIn(frame.accepted)
    if (frame.frame !== 'envelope' || this.#sent.length >= sentMax) return
    const { sid, round, to, ciphertext } = frame.envelope
    const digest = plainDigest(ciphertext)
    const length = ciphertext.length
    this.#sent.push({ sid: toHex(sid), round, to: parseNodeId(to), digest, length })
  }
}

/** As this Station has just written and signed it. */
function headIn({ acceptance }: NodePart<'accepted'>): RecordHead | undefined {
  const { document } = readSigned(acceptance)
  const read = [kinds.acceptance, kinds.keygenAcceptance]
    .map(({ shape }) => attempt(() => shape(parseText(document), 'acceptance').record))
    .find((one) => !isRefusal(one))
  return isRefusal(read) ? undefined : read
}

async function until<T>(found: () => T | undefined, isOver: () => boolean): Promise<T> {
  for (;;) {
    const one = found()
    if (one !== undefined) return one
    if (isOver()) refuse('CEREMONY', 'the turn is over')
    await new Promise((done) => setTimeout(done, lookMs))
  }
}
