// One end of NodeLink.Attach over a gRPC stream, bounded both ways: at most `streamBufferBytesMax`
// wait for a slow reader, then the stream is cut; frames that nobody took stop the reading.
// Source: reliability 9.3 (grpc-js buffers without bound). Heartbeats are the business of whoever
// speaks on the stream.
import type { FrameStream } from '../frames.ts'
import { limits } from '../limits.ts'
import { attempt, isRefusal, type Refusal, refusal } from '../refusal.ts'
import { inbox } from './inbox.ts'

/** What both ends of a gRPC stream of bytes have in common. */
export interface Carrier {
  write(bytes: Buffer, written: () => void): unknown
  on(event: 'data', listener: (bytes: Buffer) => void): unknown
  on(event: 'end' | 'close' | 'cancelled', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  pause(): unknown
  resume(): unknown
  end(): unknown
}

export interface FrameCodec<Out, In> {
  encode(frame: Out): Buffer
  /** May refuse. */
  decode(bytes: Buffer): In
}

const framesWaitingMax = 16

export interface Ways {
  /** Must free everything that is queued: a stuck reader never lets a polite end through. */
  readonly cut: (why: Refusal) => void
  /** A polite end with a reason; without it the end says none. */
  readonly turnAway?: (why: Refusal) => void
}

export function frameStream<Out, In>(
  carrier: Carrier,
  codec: FrameCodec<Out, In>,
  { cut, turnAway = () => carrier.end() }: Ways,
): FrameStream<Out, In> {
  let open = true
  let queuedBytes = 0
  const received = inbox<In>(() => carrier.resume())
  const stop = (why?: Refusal, end: (why: Refusal) => void = cut): void => {
    if (!open) return
    open = false
    received.end()
    if (why) end(why)
    else carrier.end()
  }
  carrier.on('data', (bytes) => {
    // The channel takes whole unary replies, which may be larger than a frame.
    const frame = tooLarge(bytes.length) ?? attempt(() => codec.decode(bytes))
    if (isRefusal(frame)) return stop(frame)
    received.put(frame)
    if (received.waiting >= framesWaitingMax) carrier.pause()
  })
  for (const event of ['end', 'close', 'cancelled'] as const) carrier.on(event, () => stop())
  carrier.on('error', () => stop())
  return {
    received,
    close: (why) => stop(why, turnAway),
    send: (frame) => {
      if (!open) return
      const bytes = codec.encode(frame)
      queuedBytes += bytes.length
      const why = tooMuch(bytes.length, queuedBytes)
      if (why) return stop(why)
      carrier.write(bytes, () => {
        queuedBytes -= bytes.length
      })
    },
  }
}

function tooMuch(frameBytes: number, queuedBytes: number): Refusal | undefined {
  const large = tooLarge(frameBytes)
  if (large !== undefined || queuedBytes <= limits.streamBufferBytesMax) return large
  return refusal('QUEUE_FULL', `stream: peer reads too slowly, ${queuedBytes} bytes wait`)
}

function tooLarge(frameBytes: number): Refusal | undefined {
  const max = limits.frameBytesMax
  if (frameBytes <= max) return undefined
  return refusal('TOO_LARGE', `frame: expected at most ${max} bytes, got ${frameBytes}`)
}
