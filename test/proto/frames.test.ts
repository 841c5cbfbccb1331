// Frames: every one survives gRPC, an incomplete one is refused, a slow reader loses the stream.
import { EventEmitter } from 'node:events'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  type CoordinatorFrame,
  type CoordinatorStream,
  type NodeFrame,
  type NodeMessage,
  readNodeFrame,
  readSigned,
  writeSigned,
} from '../../proto/frames.ts'
import { parseHandle } from '../../proto/ids.ts'
import { coordinatorCodec, nodeCodec } from '../../proto/io/frame-codec.ts'
import { frameStream } from '../../proto/io/frame-stream.ts'
import { methods } from '../../proto/io/wire.ts'
import { limits } from '../../proto/limits.ts'
import { type Refusal, Refused, refusal } from '../../proto/refusal.ts'
import type { Unavailable } from '../../proto/unavailable.ts'
import { framePair } from '../kit/frame-pair.ts'
import { coordinatorFrames, nodeFrames } from '../kit/frames.ts'
import { type End, end, type House, house } from '../kit/wire.ts'

const coordinator = await end('coordinator', 'coordinator-1')
const node = await end('node', 'node-1')
const open: House[] = []
afterEach(async () => {
  for (const place of open.splice(0)) await place.close()
})

/** A coordinator that hands every stream to `attached`. */
async function attachTo(
  attached: (stream: CoordinatorStream, node: string) => void,
  as: End = node,
) {
  const place = await house(coordinator, [node], {
    NodeLinkService: { Attach: (stream, who) => attached(stream, who.id) },
  })
  open.push(place)
  const why: (Refusal | Unavailable)[] = []
  const stream = place.client(as).NodeLinkService.Attach((reason) => why.push(reason))
  return { place, stream, why }
}

async function take<T>(received: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  if (count === 0) return taken
  for await (const item of received) {
    taken.push(item)
    if (taken.length === count) break
  }
  return taken
}

const big = (fill: number): Uint8Array => new Uint8Array(500_000).fill(fill)
const bigNote = (fill: number): CoordinatorFrame & NodeFrame => ({
  frame: 'envelope',
  envelope: { sid: big(fill), round: 1, from: 'a', to: 'b', ciphertext: new Uint8Array(0) },
})

describe('a frame', () => {
  it('has an example here, one of each kind', () => {
    expect(new Set(nodeFrames.map((item) => item.frame)).size).toBe(21)
    expect(new Set(coordinatorFrames.map((item) => item.frame)).size).toBe(14)
  })

  it('is not the last word of a stream that is turned away: the other end hears why', async () => {
    const { stream, why } = await attachTo((link) => {
      link.close(refusal('VERSION', 'expected custody/v1, got custody/v9'))
    })
    for await (const _ of stream.received) expect.unreachable('nothing was sent')
    await vi.waitFor(() => expect(why).toHaveLength(1))
    expect(why[0]).toMatchObject({ code: 'VERSION', because: expect.stringContaining('v9') })
  })

  it('arrives as it was sent, up and down, in order', async () => {
    const up: NodeFrame[] = []
    const { stream } = await attachTo(async (link, who) => {
      expect(who).toBe('node-1')
      for await (const frame of link.received) {
        up.push(frame)
        if (up.length === nodeFrames.length) for (const item of coordinatorFrames) link.send(item)
      }
    })
    for (const frame of nodeFrames) stream.send(frame)
    const down = await take(stream.received, coordinatorFrames.length)
    expect(plain(up)).toEqual(plain(nodeFrames))
    expect(plain(down)).toEqual(plain(coordinatorFrames))
  })

  it('is refused when it is unknown or a part of it is missing', () => {
    const attach = methods.find((method) => method.name === 'Attach')
    const sent = (message: object) =>
      readNodeFrame(attach!.request.decode(attach!.request.encode(message)) as NodeMessage)
    expect(sent({ stopped: { reason: 'x' } })).toMatchObject({ frame: 'stopped' })
    expect(() => sent({})).toThrow(/expected a known frame/)
    expect(() => sent({ accepted: {} })).toThrow(/accepted.acceptance: missing/)
    expect(() => sent({ hello: { node: 'n' } })).toThrow(/hello.state: missing/)
    expect(() => sent({ behind: { size: 2 ** 53 } })).toThrow(/safe integer/)
    expect(() => attach!.request.decode(Buffer.from('0affff', 'hex'))).toThrow(/another protobuf/)
  })
})

describe('the bytes of a frame', () => {
  // Nothing signs them: what is believed of a frame are the documents and envelopes in it.
  const [frame] = nodeFrames.filter((one) => one.frame === 'stopped') as [NodeFrame]
  const bytes = Buffer.from(nodeCodec.encode(frame))
  const read = (given: Buffer): NodeFrame => coordinatorCodec.decode(given)
  const field = (number: number, ...varint: readonly number[]): Buffer => {
    const key = (number << 3) | 0
    return Buffer.from([(key & 0x7f) | 0x80, key >> 7, ...varint])
  }

  it('may hold a field that is unknown, or a number longer than it need be, and say the same', () => {
    const plainly = plain([read(bytes)])
    expect(plain([read(Buffer.concat([bytes, field(500, 1)]))])).toEqual(plainly)
    expect(plain([read(Buffer.concat([bytes, field(500, 0x81, 0x80, 0x00)]))])).toEqual(plainly)
  })

  it('are refused when they hold two frames, in either order', () => {
    const other: NodeFrame = { frame: 'behind', behind: { origin: 'o', size: 5 } }
    const both = [bytes, Buffer.from(nodeCodec.encode(other))]
    expect(read(both[1]!)).toMatchObject({ frame: 'behind' })
    for (const order of [both, both.toReversed()]) {
      expect(() => read(Buffer.concat(order))).toThrow(/frame: expected one, got .*behind/)
    }
  })

  it('are refused when they end too early', () => {
    for (const cut of [1, 2, 5, bytes.length - 1]) {
      expect(() => read(bytes.subarray(0, cut))).toThrow(Refused)
    }
  })
})

describe('a signed document on the wire', () => {
  const signature = new Uint8Array(64)
  const signed = { credential: parseHandle('ana'), document: '{"a":1}', signature }

  it('comes back as it was', () => {
    expect(readSigned(writeSigned(signed))).toEqual(signed)
  })

  it('is refused without itself, with broken text, a short signature or a strange name', () => {
    const wire = writeSigned(signed)
    expect(() => readSigned(null)).toThrow(/got nothing/)
    expect(() => readSigned({ ...wire, document: Uint8Array.of(255) })).toThrow(/utf-8/)
    expect(() => readSigned({ ...wire, signature: new Uint8Array(63) })).toThrow(/64 bytes/)
    expect(() => readSigned({ ...wire, credential: 'A' })).toThrow(/credential/)
  })
})

describe('the stream', () => {
  it('ends at both ends when either closes, after what was sent', async () => {
    let link: CoordinatorStream | undefined
    const { stream, why } = await attachTo((made) => {
      link = made
    })
    stream.send(nodeFrames[2]!)
    stream.close()
    await expect.poll(() => link).toBeDefined()
    expect(await take(link!.received, 9)).toHaveLength(1)
    expect(await take(stream.received, 9)).toEqual([])
    expect(why).toEqual([])
  })

  it('tells a node that was not let in why its stream ended', async () => {
    const stranger = await end('node', 'node-1')
    const { stream, why, place } = await attachTo(() => {}, stranger)
    expect(await take(stream.received, 1)).toEqual([])
    expect(why[0]).toBeInstanceOf(Error)
    expect(place.turnedAway[0]?.because).toMatch(/not pinned/)
  })

  it('is open to nodes only', async () => {
    const caller = await end('caller', 'svc')
    const place = await house(coordinator, [caller], { NodeLinkService: { Attach: () => {} } })
    open.push(place)
    const why: unknown[] = []
    const stream = place.client(caller).NodeLinkService.Attach((reason) => why.push(reason))
    expect(await take(stream.received, 1)).toEqual([])
    expect(why).toMatchObject([{ code: 'CALLER_NOT_ALLOWED' }])
  })

  it('ends with the reason when the coordinator will not have it', async () => {
    const { why, stream } = await attachTo(() => {
      throw new Refused(refusal('FROZEN', 'not now'))
    })
    expect(await take(stream.received, 1)).toEqual([])
    expect(why).toEqual([refusal('FROZEN', 'not now')])
  })

  it('is cut by the coordinator when the node reads too slowly', async () => {
    let sent = 0
    const { why, place } = await attachTo((link) => {
      for (; sent < 60; sent += 1) link.send(bigNote(sent))
    })
    await expect.poll(() => place.turnedAway[0]?.code).toBe('QUEUE_FULL')
    await expect.poll(() => why.length).toBe(1)
  })

  it('is cut by the node when the coordinator reads too slowly', async () => {
    const links: CoordinatorStream[] = []
    const { stream, why } = await attachTo((link) => links.push(link))
    for (let i = 0; i < 60; i += 1) stream.send(bigNote(i))
    expect(why[0]).toMatchObject({ code: 'QUEUE_FULL' })
  })

  it('carries more than its buffer to a reader that reads', async () => {
    const count = (2 * limits.streamBufferBytesMax) / 500_000
    const { stream } = await attachTo(async (link) => {
      let next = 0
      for await (const _ of link.received) {
        link.send(bigNote(next))
        next += 1
      }
    })
    const read = stream.received[Symbol.asyncIterator]()
    for (let i = 0; i < count; i += 1) {
      stream.send({ frame: 'heartbeat', heartbeat: {} })
      const { value } = await read.next()
      expect(value.envelope.sid[0]).toBe(i)
    }
  })

  it('refuses a frame above its size, on the way out', async () => {
    const { stream, why } = await attachTo(() => {})
    const ciphertext = new Uint8Array(limits.frameBytesMax)
    const sid = new Uint8Array(32)
    stream.send({ frame: 'envelope', envelope: { sid, round: 1, from: 'a', to: 'b', ciphertext } })
    expect(why[0]).toMatchObject({ code: 'TOO_LARGE' })
  })
})

describe('a frame that comes in', () => {
  it('is refused above its size before it is read', () => {
    const carrier = Object.assign(new EventEmitter(), {
      write: () => true,
      end: () => {},
      pause: () => {},
      resume: () => {},
    })
    const why: Refusal[] = []
    const read: number[] = []
    const decode = (bytes: Buffer): number => read.push(bytes.length)
    frameStream(
      carrier,
      { encode: () => Buffer.alloc(0), decode },
      { cut: (because) => why.push(because) },
    )
    carrier.emit('data', Buffer.alloc(limits.frameBytesMax))
    carrier.emit('data', Buffer.alloc(limits.frameBytesMax + 1))
    expect(read).toEqual([limits.frameBytesMax])
    expect(why).toMatchObject([{ code: 'TOO_LARGE' }])
  })
})

describe('the pair in memory', () => {
  it('carries frames both ways and ends both ends', async () => {
    const pair = framePair()
    for (const frame of nodeFrames) pair.node.send(frame)
    pair.coordinator.send(coordinatorFrames[0]!)
    expect(await take(pair.coordinator.received, nodeFrames.length)).toEqual(nodeFrames)
    pair.coordinator.close()
    pair.coordinator.send(coordinatorFrames[1]!)
    expect(await take(pair.node.received, 9)).toEqual([coordinatorFrames[0]])
  })
})

// The loader gives Buffers, which are Uint8Arrays of another name.
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}
