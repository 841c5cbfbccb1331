// Frames between node and coordinator as tagged unions, and the stream that carries them. Both
// sides speak these types only; gRPC (proto/io/) and the in-memory pair of tests are two carriers.
// Source: the walk, section 5, and custody/v1/node_link.proto, of which the types are derived.
// INVARIANT: every part of a frame is there and every number is a safe integer once it is read.
// Believes nothing that a frame says.
import { fromUtf8, toUtf8 } from './crypto.ts'
import type { AttachRequest__Output } from './gen/custody/v1/AttachRequest.ts'
import type { AttachResponse__Output } from './gen/custody/v1/AttachResponse.ts'
import type { Signed__Output } from './gen/custody/v1/Signed.ts'
import { parseHandle } from './ids.ts'
import { type Refusal, refuse } from './refusal.ts'
import type { Signed } from './signed.ts'

/** As the loader makes them. */
export type NodeMessage = AttachRequest__Output
export type CoordinatorMessage = AttachResponse__Output

/** A loaded message without `null`, `Buffer` or anything optional. */
export type Plain<T> = T extends Uint8Array
  ? Uint8Array
  : T extends readonly (infer Item)[]
    ? readonly Plain<Item>[]
    : T extends object
      ? { readonly [K in keyof T]-?: Plain<NonNullable<T[K]>> }
      : T

type Loaded = { readonly frame?: string }
type FrameOf<Message extends Loaded> = {
  [Name in NonNullable<Message['frame']> & keyof Message]: { readonly frame: Name } & {
    readonly [Part in Name]: Plain<NonNullable<Message[Part]>>
  }
}[NonNullable<Message['frame']> & keyof Message]

/** Up: from node to coordinator, `{frame: 'hello', hello: {...}}` and so on. */
export type NodeFrame = FrameOf<NodeMessage>
/** Down: from coordinator to node. */
export type CoordinatorFrame = FrameOf<CoordinatorMessage>

type Named<Frame, Name> = Extract<Frame, { readonly frame: Name }>
/** The inside of one frame: `NodePart<'hello'>`. */
export type NodePart<Name extends NodeFrame['frame']> = Name extends keyof Named<NodeFrame, Name>
  ? Named<NodeFrame, Name>[Name]
  : never
export type CoordinatorPart<Name extends CoordinatorFrame['frame']> = Name extends keyof Named<
  CoordinatorFrame,
  Name
>
  ? Named<CoordinatorFrame, Name>[Name]
  : never

/** A signed document on the wire; `readSigned` makes it a `Signed`. */
export type WireSigned = Plain<Signed__Output>

/** One end of a two-way stream. Bounded: a peer that reads too slowly loses the stream. */
export interface FrameStream<Out, In> {
  /** Queued in order; without effect once the stream has ended. */
  send(frame: Out): void
  /** To be iterated once; ends when either end closes or the carrier fails. */
  readonly received: AsyncIterable<In>
  /** With a reason the other end hears it, where the carrier has a way to say so. */
  close(why?: Refusal): void
}
export type NodeStream = FrameStream<NodeFrame, CoordinatorFrame>
export type CoordinatorStream = FrameStream<CoordinatorFrame, NodeFrame>

/** A loaded message to a frame; throws `Refused` for an unknown or incomplete one. */
export function readNodeFrame(message: NodeMessage): NodeFrame {
  return readFrame<NodeFrame>(message)
}

export function readCoordinatorFrame(message: CoordinatorMessage): CoordinatorFrame {
  return readFrame<CoordinatorFrame>(message)
}

export function readSigned(wire: Signed__Output | WireSigned | null | undefined): Signed {
  if (!wire) return refuse('MALFORMED', 'expected a signed document, got nothing')
  const document = fromUtf8(wire.document)
  if (document === undefined) return refuse('MALFORMED', 'expected well-formed utf-8')
  if (wire.signature.length !== 64) {
    refuse('MALFORMED', `signature: expected 64 bytes, got ${wire.signature.length}`)
  }
  const credential = parseHandle(wire.credential, 'credential')
  return { credential, document, signature: wire.signature }
}

export function writeSigned(signed: Signed): WireSigned {
  const { credential, document, signature } = signed
  return { credential, document: toUtf8(document), signature }
}

function readFrame<Frame extends { readonly frame: string }>(message: object): Frame {
  const parts: Readonly<Record<string, unknown>> = { ...message }
  const name = parts['frame']
  if (typeof name !== 'string' || !Object.hasOwn(parts, name)) {
    return refuse('MALFORMED', 'frame: expected a known frame')
  }
  // Which of two is meant, one reader says so and another so.
  const given = Object.keys(parts).filter((key) => key !== 'frame')
  if (given.length > 1) refuse('MALFORMED', `frame: expected one, got ${given.join(', ')}`)
  checkWhole(parts[name], name)
  return { frame: name, [name]: parts[name] } as unknown as Frame
}

/** The loader leaves an absent message `null` and rounds a 64-bit number beyond 2^53: refused. */
export function checkWhole(value: unknown, path: string): void {
  if (value === null || value === undefined) refuse('MALFORMED', `${path}: missing`)
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    refuse('MALFORMED', `${path}: expected a safe integer`)
  }
  if (typeof value !== 'object' || value instanceof Uint8Array) return
  for (const [key, part] of Object.entries(value)) checkWhole(part, `${path}.${key}`)
}
