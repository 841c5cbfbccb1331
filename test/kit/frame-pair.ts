// An honest stand-in for the gRPC stream: two joined ends in one process, in order, without a
// socket. Closing either end ends both, after what was already sent has been read.
import type {
  CoordinatorFrame,
  CoordinatorStream,
  NodeFrame,
  NodeStream,
} from '../../proto/frames.ts'
import { inbox } from '../../proto/io/inbox.ts'

export function framePair(): {
  readonly node: NodeStream
  readonly coordinator: CoordinatorStream
} {
  const up = inbox<NodeFrame>()
  const down = inbox<CoordinatorFrame>()
  const close = (): void => {
    up.end()
    down.end()
  }
  return {
    node: { send: up.put, received: down, close },
    coordinator: { send: down.put, received: up, close },
  }
}

/** What happens to a frame on its way: it is carried on, or others are instead. */
export interface Tamper {
  readonly up?: (station: string, frame: NodeFrame) => readonly NodeFrame[]
  readonly down?: (station: string, frame: CoordinatorFrame) => readonly CoordinatorFrame[]
}

/** The coordinator's end of a stream, bent there: `now` is asked for each frame. */
export function bentStream(
  station: string,
  stream: CoordinatorStream,
  now: () => Tamper,
): CoordinatorStream {
  return {
    received: bentUp(station, stream.received, now),
    send: (frame) => {
      for (const one of now().down?.(station, frame) ?? [frame]) stream.send(one)
    },
    close: () => stream.close(),
  }
}

async function* bentUp(
  station: string,
  received: AsyncIterable<NodeFrame>,
  now: () => Tamper,
): AsyncGenerator<NodeFrame> {
  for await (const frame of received) yield* now().up?.(station, frame) ?? [frame]
}
