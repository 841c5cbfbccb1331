// Drives the WASM DKLs peer of bench/peers (see its README for the licence) through DKG and signing,
// all parties in one thread. Absent peers are reported, never downloaded.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Meter } from './meter.ts'

interface Message {
  readonly from_id: number
  readonly to_id: number | undefined
  readonly payload: Uint8Array
  clone(): Message
}
interface Session {
  createFirstMessage(): Message
  handleMessages(messages: Message[], commitments?: Uint8Array[]): Message[]
}
interface Keygen extends Session {
  calculateChainCodeCommitment(): Uint8Array
  keyshare(): { toBytes(): Uint8Array }
}
interface Signing extends Session {
  lastMessage(digest: Uint8Array): Message
  combine(messages: Message[]): [Uint8Array, Uint8Array]
}
interface Library {
  readonly KeygenSession: new (n: number, t: number, party: number) => Keygen
  readonly SignSession: new (share: unknown, path: string) => Signing
  readonly Keyshare: { fromBytes(bytes: Uint8Array): unknown }
}

export interface Peer {
  dkg(t: number, n: number, meter: Meter): readonly Uint8Array[]
  sign(shares: readonly Uint8Array[], signers: readonly number[], meter: Meter): void
}

/** Undefined when bench/peers is not installed. */
export function wasmPeer(): Peer | undefined {
  try {
    const library = createRequire(join(import.meta.dirname, 'peers', 'x.js'))('sl-dkls') as Library
    return { dkg: (t, n, meter) => dkg(library, [t, n], meter), sign: signWith(library) }
  } catch {
    return undefined
  }
}

const others = (messages: readonly Message[], me: number): Message[] =>
  messages.filter((m) => m.from_id !== me).map((m) => m.clone())
const mine = (messages: readonly Message[], me: number): Message[] =>
  messages.filter((m) => m.to_id === me).map((m) => m.clone())

function dkg(library: Library, [t, n]: readonly [number, number], meter: Meter): Uint8Array[] {
  const parties = Array.from({ length: n }, (_, i) =>
    meter.time(i, () => new library.KeygenSession(n, t, i)),
  )
  const count = (sent: readonly Message[]): void => {
    for (const m of sent)
      meter.sent(m.from_id, m.payload.length * (m.to_id === undefined ? n - 1 : 1))
  }
  const step = (work: (party: Keygen, i: number) => Message[]): Message[] => {
    const sent = parties.flatMap((party, i) => work(party, i))
    count(sent)
    return sent
  }
  const first = step((p, i) => [meter.time(i, () => p.createFirstMessage())])
  const second = step((p, i) => handled(meter, i, p, others(first, i)))
  const commitments = parties.map((p, i) => meter.time(i, () => p.calculateChainCodeCommitment()))
  const third = step((p, i) => handled(meter, i, p, mine(second, i)))
  const fourth = step((p, i) => {
    const inbox = mine(third, i)
    return meter.time(i, () => p.handleMessages(inbox, commitments))
  })
  step((p, i) => handled(meter, i, p, others(fourth, i)))
  meter.rounds += 4
  return parties.map((p, i) => meter.time(i, () => p.keyshare().toBytes()))
}

function handled(meter: Meter, i: number, party: Session, inbox: Message[]): Message[] {
  return meter.time(i, () => party.handleMessages(inbox))
}

function signWith(library: Library): Peer['sign'] {
  const digest = new Uint8Array(32).fill(7)
  return (shares, signers, meter) => {
    const loaded = signers.map((id) => library.Keyshare.fromBytes(shares[id] ?? new Uint8Array()))
    const parties = loaded.map((s, i) => meter.time(i, () => new library.SignSession(s, 'm')))
    const first = parties.map((p, i) => meter.time(i, () => p.createFirstMessage()))
    const ids = first.map((m) => m.from_id)
    const count = (sent: readonly Message[]): readonly Message[] => {
      for (const m of sent) {
        const receivers = m.to_id === undefined ? signers.length - 1 : 1
        meter.sent(ids.indexOf(m.from_id), m.payload.length * receivers)
      }
      return sent
    }
    const next = (inboxes: readonly Message[][]): readonly Message[] =>
      count(parties.flatMap((p, i) => handled(meter, i, p, inboxes[i] ?? [])))
    count(first)
    const second = next(ids.map((id) => others(first, id)))
    const third = next(ids.map((id) => mine(second, id)))
    next(ids.map((id) => mine(third, id)))
    const last = count(parties.map((p, i) => meter.time(i, () => p.lastMessage(digest))))
    const inboxes = ids.map((id) => others(last, id))
    const made = parties.map((p, i) => meter.time(i, () => p.combine(inboxes[i] ?? [])))
    if (made[0]?.[0] === undefined) throw new Error('the peer made no signature')
    meter.rounds += 4
  }
}
