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
