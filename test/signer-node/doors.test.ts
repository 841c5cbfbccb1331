// The doors of a node: its streams to coordinators, its health port, its operator's socket.

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CoordinatorFrame, CoordinatorStream, NodeFrame } from '../../proto/frames.ts'
import { obey, serveAdmin } from '../../signer-node/admin.ts'
import { serveHealth } from '../../signer-node/health.ts'
import { Links } from '../../signer-node/link.ts'
import type { Event, Voice } from '../../signer-node/ports.ts'
import type { Status } from '../../signer-node/status.ts'
import { framePair } from '../kit/frame-pair.ts'
import { refusedWith } from '../kit/refused.ts'
import { TestClock } from './world.ts'

const heartbeat: CoordinatorFrame = { frame: 'heartbeat', heartbeat: {} }
const hello: NodeFrame = { frame: 'heartbeat', heartbeat: {} }
/** Lets everything that is ready happen. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('the links of a node', () => {
  let clock: TestClock
  let links: Links
  let streams: CoordinatorStream[]
  let heard: string[]
  let events: Event[]
  /** Frames take until somebody says so. */
  let isSlow: boolean
  let working: (() => void)[]
  beforeEach(() => {
    clock = new TestClock()
    streams = []
    heard = []
    events = []
    isSlow = false
    working = []
    links = new Links(
      {
        coordinators: ['c1'],
        dial: () => {
          const { node, coordinator } = framePair()
          streams.push(coordinator)
          return node
        },
        clock,
        random: () => Uint8Array.of(255),
        report: (event) => events.push(event),
      },
      {
        attached: (name) => {
          heard.push(`attached ${name}`)
          links.send(name, hello)
        },
        detached: (name) => heard.push(`detached ${name}`),
        receive: (name, { frame }, done) => {
          heard.push(`${frame} ${name}`)
          if (isSlow) working.push(done)
          else done()
        },
      },
    )
  })
  afterEach(() => links.stop())

  async function count(stream: CoordinatorStream): Promise<number> {
    stream.close()
    let frames = 0
    for await (const _ of stream.received) frames += 1
    return frames
  }

  it('dial, say hello first, and hand in what comes', async () => {
    links.tick()
    streams[0]?.send(heartbeat)
    await turn()
    expect(heard).toEqual(['attached c1', 'heartbeat c1'])
    expect(await count(streams[0]!)).toBe(1)
  })

  it('read a stream on when its frame was worked off, and not before', async () => {
    links.tick()
    isSlow = true
    for (let frames = 0; frames < 3; frames += 1) streams[0]?.send(heartbeat)
    await turn()
    expect(heard).toEqual(['attached c1', 'heartbeat c1'])
    working.shift()?.()
    await turn()
    expect(heard).toEqual(['attached c1', 'heartbeat c1', 'heartbeat c1'])
  })

  it('are dialled again after a pause that grows, and shrinks when somebody answers', async () => {
    links.tick()
    const pauses: number[] = []
    for (let dials = 1; dials <= 7; dials += 1) {
      streams.at(-1)?.close()
      await turn()
      let pause = 0
      for (; streams.length === dials; pause += 100) {
        clock.advance(100)
        links.tick()
      }
      pauses.push(pause)
    }
    expect(pauses).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 5_000])
    streams.at(-1)?.send(heartbeat)
    await turn()
    streams.at(-1)?.close()
    await turn()
    clock.advance(200)
    links.tick()
    expect(streams).toHaveLength(9)
    expect(heard.filter((what) => what === 'detached c1')).toHaveLength(8)
  })

  it('send a heartbeat when they have been quiet', async () => {
    links.tick()
    clock.advance(14_999)
    links.tick()
    clock.advance(1)
    links.tick()
    links.tick()
    expect(await count(streams[0]!)).toBe(2)
  })

  it('cut a stream from which nothing comes', async () => {
    links.tick()
    clock.advance(44_999)
    links.tick()
    await turn()
    expect(heard).toEqual(['attached c1'])
    clock.advance(1)
    links.tick()
    await turn()
    expect(heard).toEqual(['attached c1', 'detached c1'])
    expect(events.map(({ name }) => name)).toContain('link-silent')
  })

  it('replace an old stream by a new one before it ends, and lose nothing of either', async () => {
    links.tick()
    for (let minutes = 0; minutes < 59; minutes += 0.5) {
      streams[0]?.send(heartbeat)
      await turn()
      clock.advance(30_000)
      links.tick()
    }
    expect(streams).toHaveLength(2)
    heard.length = 0
    streams[0]?.send(heartbeat)
    await turn()
    streams[1]?.send(heartbeat)
    await turn()
    streams[0]?.send(heartbeat)
    await turn()
    expect(heard).toEqual(['heartbeat c1', 'heartbeat c1'])
  })

  it('keep the old stream when the new one fails', async () => {
    links.tick()
    for (let minutes = 0; minutes < 59; minutes += 0.5) {
      streams[0]?.send(heartbeat)
      await turn()
      clock.advance(30_000)
      links.tick()
    }
    heard.length = 0
    streams[1]?.close()
    await turn()
    streams[0]?.send(heartbeat)
    await turn()
    expect(heard).toEqual(['heartbeat c1'])
  })

  it('send nothing while there is no stream, and dial no more when they are stopped', async () => {
    links.send('c1', hello)
    links.send('stranger', hello)
    links.tick()
    links.stop()
    await turn()
    clock.advance(60_000)
    links.tick()
    expect(streams).toHaveLength(1)
  })
})

const status: Status = {
  node: 'node-a',
  state: 'ready',
  size: 7,
  sessions: 1,
  waitingReleases: 2,
  droppedEnvelopes: 3,
  receipts: 4,
  vaults: ['hot-eth'],
  pairings: ['node-b', 'node-c'],
  banned: [],
  strikes: { 'node-b': 2, 'node-c': 1 },
  frozen: [],
  coordinators: ['c1'],
  fenced: '',
  curve: 'native',
  backups: [],
}

describe('the health port', () => {
  it('says alive, ready or why not, and what it counts; and nothing else', async () => {
    let state: Status['state'] = 'ready'
    let curve: Status['curve'] = 'native'
    const port = 20_000 + (process.pid % 20_000)
    const health = await serveHealth({ host: '127.0.0.1', port }, () => ({
      ...status,
      state,
      curve,
    }))
    const ask = async (path: string, method = 'GET') => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method })
      return `${response.status} ${await response.text()}`
    }
    expect(await ask('/livez')).toBe('200 alive\n')
    expect(await ask('/readyz')).toBe('200 ready\n')
    state = 'catching-up'
    expect(await ask('/readyz')).toBe('503 catching-up\n')
    expect(await ask('/metrics')).toContain('custody_signer_curve{twin="wasm"} 0')
    curve = 'wasm'
    expect(await ask('/readyz')).toBe('503 catching-up, on the slower wasm curve\n')
    expect(await ask('/metrics')).toContain('custody_signer_curve{twin="wasm"} 1')
    expect(await ask('/livez')).toBe('200 alive\n')
    expect(await ask('/else')).toBe('404 not here\n')
    expect(await ask('/livez', 'POST')).toBe('405 only GET\n')
    health.count({ level: 'alarm', name: 'fork' })
    const metrics = await ask('/metrics')
    expect(metrics).toContain('custody_signer_log_size 7')
    expect(metrics).toContain('custody_signer_pairings 2')
    expect(metrics).toContain('custody_signer_strikes 3')
    expect(metrics).toContain('custody_signer_state{state="catching-up"} 1')
    expect(metrics).toContain('custody_signer_state{state="ready"} 0')
    expect(metrics).toContain('custody_signer_events_total{name="fork",level="alarm"} 1')
    await expect(serveHealth({ host: '127.0.0.1', port }, () => status)).rejects.toThrow(
      'EADDRINUSE',
    )
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /livez HTTP/1.1\r\n'))
    await new Promise((resolve) => socket.once('connect', resolve))
    await ask('/livez')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    health.close()
    await closed
  })
})

describe("the operator's socket", () => {
  const done: string[] = []
  const node = {
    status: () => status,
    evidence: () => ['kept'],
    freeze: (scope: string) => done.push(`freeze ${scope}`),
    unfreeze: (scope: string) => done.push(`unfreeze ${scope}`),
    drain: () => done.push('drain'),
    dropPending: (vault: string) => done.push(`drop-pending ${vault}`),
    fence: (reason: string) => done.push(`fence ${reason}`),
    pairs: () => ['one row'],
  } as never
  const voice: Voice = {
    level: () => 'warn',
    setLevel: (level) => done.push(`log-level ${level}`),
  }

  it('does what one line says, and answers with the status', () => {
    done.length = 0
    expect(obey('{"do":"status"}', node, voice)).toEqual({ status })
    expect(obey('{"do":"evidence"}', node, voice)).toEqual({ evidence: ['kept'] })
    obey('{"do":"freeze","scope":"all"}', node, voice)
    obey('{"do":"unfreeze","scope":"hot-eth"}', node, voice)
    obey('{"do":"drain"}', node, voice)
    obey('{"do":"drop-pending","scope":"hot-eth"}', node, voice)
    obey('{"do":"fence","reason":"a disk is missing"}', node, voice)
    expect(obey('{"do":"pairs"}', node, voice)).toEqual({
      pairs: ['one row'],
      presignatures: expect.stringContaining('none are kept'),
    })
    expect(obey('{"do":"log-level","level":"warn"}', node, voice)).toEqual({ logLevel: 'warn' })
    expect(done).toEqual([
      'freeze all',
      'unfreeze hot-eth',
      'drain',
      'drop-pending hot-eth',
      'fence a disk is missing',
      'log-level warn',
    ])
  })

  it('refuses what it does not know', () => {
    done.length = 0
    for (const line of [
      'status',
      'null',
      '{}',
      '{"do":"sign"}',
      '{"do":"freeze"}',
      '{"do":"drop-pending"}',
      '{"do":"freeze","scope":""}',
      '{"do":"status","scope":"all"}',
      '{"do":"drain","now":true}',
      '{"do":"fence"}',
      '{"do":"fence","reason":""}',
      '{"do":"log-level"}',
      '{"do":"log-level","level":"silent"}',
      '{"do":"pairs","scope":"all"}',
    ]) {
      expect(refusedWith(() => obey(line, node, voice))).toBe('MALFORMED')
    }
    expect(done).toEqual([])
  })

  it('is a Unix socket of its owner, and replaces a stale one', async () => {
    const home = mkdtempSync(join(tmpdir(), 'custody-admin-'))
    const path = join(home, 'admin.sock')
    writeFileSync(path, '')
    const server = await serveAdmin(path, node, voice)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(path, () => socket.write('{"do":"status"}\n{"do":"sign"}\n'))
      let text = ''
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        if (text.split('\n').length === 3) resolve(text)
      })
    })
    const [first, second] = answer.split('\n')
    expect(JSON.parse(first!)).toEqual({ status })
    expect(JSON.parse(second!)).toMatchObject({ refused: 'MALFORMED' })
    await new Promise<void>((resolve) => {
      const socket = connect(path, () => socket.write('x'.repeat(5_000)))
      socket.on('close', () => resolve())
    })
    const left = await new Promise<string>((resolve) => {
      const socket = connect(path, () => socket.write('{"do":"status"}\n'))
      socket.once('data', () => server.close())
      socket.on('close', () => resolve('closed'))
    })
    expect(left).toBe('closed')
    rmSync(home, { recursive: true, force: true })
  })
})
