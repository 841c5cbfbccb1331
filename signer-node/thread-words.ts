// What a node and its worker threads say to one another. Secrets travel as buffers that are moved,
// never cloned: the sender has nothing left of them. What is cloned is public, and is cut to size
// before, because a clone of a view takes the whole buffer under it along.
// INVARIANT: a secret stands only in `moved`, and each of them is wiped by whoever took it.
import { Abort, isAbortReason } from './dkls23/abort.ts'
import type { KeyTerms } from './dkls23/keyshare.ts'
import type { PairingSecrets } from './dkls23/pairing.ts'
import type { Incoming, Outgoing, Run } from './dkls23/protocol.ts'
import type { ReshareTerms } from './dkls23/reshare.ts'

/** A run as it is described to a thread: curve and randomness are made there. */
export type Place = Pick<Run, 'sid' | 'self' | 'participants'>

/** `moved` holds K and, after it, the encoded old Keyshare of a refresh or of a dealer. */
export type Work =
  | { readonly purpose: 'pair' }
  | { readonly purpose: 'dkg'; readonly terms: KeyTerms }
  | { readonly purpose: 'refresh'; readonly epoch: number }
  | { readonly purpose: 'reshare'; readonly terms: ReshareTerms }

interface Addressed {
  readonly id: number
  readonly moved: readonly Uint8Array[]
}

export type ToThread = Addressed &
  (
    | { readonly ask: 'begin'; readonly place: Place; readonly work: Work }
    | { readonly ask: 'next'; readonly inbox: readonly Head[] }
    | { readonly ask: 'end' }
  )

export type FromThread = Addressed &
  (
    | { readonly turn: 'sent'; readonly outgoing: readonly HeadOut[] }
    | { readonly turn: 'done'; readonly round?: number }
    | AbortWords
  )

/** Messages without their bytes, which are in `moved` in the same order. */
type Head = Omit<Incoming, 'bytes'>
type HeadOut = Omit<Outgoing, 'bytes'>

/** Its evidence, if any, is in `moved`. */
interface AbortWords {
  readonly turn: 'aborted'
  readonly reason: string
  readonly because: string
  readonly culprit?: Outgoing['to']
}

/** What a thread is born with. */
export interface Birth {
  readonly curve: 'native' | 'wasm' | 'noble'
  readonly blinding: Uint8Array
}

/** A copy that can be moved: alone in a buffer outside the engine's heap. */
export function movable(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}

/** In the order in which they are moved. */
export function pairingParts(made: PairingSecrets): readonly Uint8Array[] {
  return [made.delta, made.senderLeaves, made.receiverLeaves, made.zeroSeed]
}

export function pairingOfParts(parts: readonly Uint8Array[]): PairingSecrets {
  const [delta, senderLeaves, receiverLeaves, zeroSeed] = parts
  if (delta && senderLeaves && receiverLeaves && zeroSeed) {
    return { delta, senderLeaves, receiverLeaves, zeroSeed }
  }
  throw new Error('a pairing has four secrets')
}

export function buffersOf(moved: readonly Uint8Array[]): readonly ArrayBuffer[] {
  return moved.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : []))
}

export function wipe(moved: readonly Uint8Array[]): void {
  for (const bytes of moved) bytes.fill(0)
}

/** Public values only: every byte string alone in a buffer of its own. */
export function cutWork(work: Work): Work {
  return cut(work) as Work
}

export function cutPlace({ sid, self, participants }: Place): Place {
  return cut({ sid, self, participants }) as Place
}

function cut(value: unknown): unknown {
  if (value instanceof Uint8Array) return movable(value)
  if (Array.isArray(value)) return value.map(cut)
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, cut(one)]))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cut(one)]))
}

export function abortWords({ reason, message, culprit, evidence }: Abort, id: number): FromThread {
  const blame = culprit === undefined ? {} : { culprit }
  const moved = evidence === undefined ? [] : [movable(evidence)]
  return { turn: 'aborted', id, moved, reason, because: message, ...blame }
}

export function abortOf(words: AbortWords & Addressed): Abort {
  const { reason, because, culprit, moved } = words
  if (!isAbortReason(reason)) throw new Error(`no reason of an abort: ${reason}`)
  const [evidence] = moved
  const blame = culprit === undefined ? {} : { culprit }
  return new Abort(reason, because, { ...blame, ...(evidence === undefined ? {} : { evidence }) })
}

export function parseToThread(words: unknown): ToThread {
  return words as ToThread
}

export function parseFromThread(words: unknown): FromThread {
  return words as FromThread
}

export function parseBirth(words: unknown): Birth {
  return words as Birth
}
