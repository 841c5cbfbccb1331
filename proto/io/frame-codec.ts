// Frames between a node and its coordinator as bytes, for carriers other than gRPC: the very
// protobuf messages of NodeLink.Attach, one codec for each end.
// Source: proto/custody/v1/node_link.proto. Bounds nothing: that is the carrier's business.
import {
  type CoordinatorFrame,
  type CoordinatorMessage,
  type NodeFrame,
  type NodeMessage,
  readCoordinatorFrame,
  readNodeFrame,
} from '../frames.ts'
import type { FrameCodec } from './frame-stream.ts'
import { type Method, methods } from './wire.ts'

const attach = attachOf(methods)

/** What a node says and hears. */
export const nodeCodec: FrameCodec<NodeFrame, CoordinatorFrame> = {
  encode: attach.request.encode,
  decode: (bytes) => readCoordinatorFrame(attach.reply.decode(bytes) as CoordinatorMessage),
}

/** What its coordinator says and hears. */
export const coordinatorCodec: FrameCodec<CoordinatorFrame, NodeFrame> = {
  encode: attach.reply.encode,
  decode: (bytes) => readNodeFrame(attach.request.decode(bytes) as NodeMessage),
}

function attachOf(all: readonly Method[]): Method {
  const found = all.find(({ service, name }) => service === 'NodeLinkService' && name === 'Attach')
  if (found === undefined) throw new Error('NodeLinkService.Attach stands in no .proto file')
  return found
}
