import { beforeEach, describe, expect, it } from 'vitest'
import { ed25519PublicKey, ed25519Signer, x25519PublicKey } from '../../proto/crypto.ts'
import { type NodeId, parseNodeId } from '../../proto/ids.ts'
import { Abort } from '../../signer-node/dkls23/abort.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import { PAUSE, type Protocol, type Sliced } from '../../signer-node/dkls23/protocol.ts'
import { type Channel, openChannel } from '../../signer-node/envelope.ts'
import { type Ended, Session } from '../../signer-node/session.ts'
import { Sessions } from '../../signer-node/sessions.ts'
import { type Stepper, slicedStepper, stepperOf } from '../../signer-node/stepper.ts'
import { seedOf, TestClock, testPorts } from './world.ts'

const sid = seedOf('sid')
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const bytes = (words: string) => new TextEncoder().encode(words)

function channel(self: number, peer: number): Channel {
  const made = openChannel(
    {
      sid,
      self,
      peer,
      sign: ed25519Signer(seedOf(`identity-${self}`)),
      peerIdentity: ed25519PublicKey(seedOf(`identity-${peer}`)),
    },
    seedOf(`x25519-${self}`),
    x25519PublicKey(seedOf(`x25519-${peer}`)),
  )
  if (made === undefined) throw new Error('expected a channel')
  return made
}

let wiped: string[]
let clock: TestClock
let ports: ReturnType<typeof testPorts>
let sent: { readonly to: NodeId; readonly round: number; readonly ciphertext: Uint8Array }[]
let results: Ended<string>[]
beforeEach(() => {
  wiped = []
  clock = new TestClock()
  ports = testPorts('session', clock)
  sent = []
  results = []
})

/** Two rounds to everyone; returns what arrived, in the order of the rounds. */
function* talk(others: readonly Party[]): Protocol<string> {
  using _secrets = { [Symbol.dispose]: () => wiped.push('protocol') }
  const heard: string[] = []
  for (const round of [1, 2]) {
    const inbox = yield others.map((to) => ({ round, to, bytes: bytes(`${round} from 1`) }))
    for (const message of inbox) heard.push(`${message.from}:${text(message.bytes)}`)
    if (heard.at(-1)?.endsWith('wrong')) {
      throw new Abort('commitment', 'does not open', { culprit: parseParty(2) })
    }
  }
  return heard.join(' ')
}

/** Party 1 of three; parties 2 and 3 are this test. */
function session(): Session<string> {
  const [two, three] = [parseParty(2), parseParty(3)]
  const counterparts = new Map([
    [two, { node: parseNodeId('node-2'), channel: channel(1, 2) }],
    [three, { node: parseNodeId('node-3'), channel: channel(1, 3) }],
  ])
  return new Session<string>(
    {
      counterparts,
      stepper: stepperOf(talk([two, three])),
      secrets: [{ [Symbol.dispose]: () => wiped.push('randomness') }],
      deadlineMs: clock.monotonicMs() + 20_000,
      ended: (ended) => results.push(ended),
    },
    {
      clock,
      defer: ports.defer,
      send: (to, round, ciphertext) => sent.push({ to, round, ciphertext }),
    },
  )
}

const from = (x: number, round: number, words = `${round} from ${x}`): Uint8Array =>
  channel(x, 1).seal(round, bytes(words))
const node = (x: number): NodeId => parseNodeId(`node-${x}`)

function started(): Session<string> {
  const made = session()
  ports.run()
  return made
}

describe('a session', () => {
  it('sends its round to everyone, waits for everyone, and returns the result once', () => {
    const run = started()
    expect(sent.map(({ to, round }) => `${to} ${round}`)).toEqual(['node-2 1', 'node-3 1'])
    expect(text(channel(2, 1).open(1, sent[0]!.ciphertext)!)).toBe('1 from 1')

    run.receive(node(2), 1, from(2, 1))
    ports.run()
    expect(sent).toHaveLength(2)
    run.receive(node(3), 1, from(3, 1))
    ports.run()
    expect(sent.slice(2).map(({ to, round }) => `${to} ${round}`)).toEqual(['node-2 2', 'node-3 2'])

    run.receive(node(3), 2, from(3, 2))
    run.receive(node(2), 2, from(2, 2))
    ports.run()
    expect(results).toEqual([
      { kind: 'done', result: '2:1 from 2 3:1 from 3 3:2 from 3 2:2 from 2' },
    ])
    expect(run.isOver).toBe(true)
    expect(wiped.sort()).toEqual(['protocol', 'randomness'])
  })

  it('computes nothing on the turn in which a message arrives', () => {
    const run = started()
    run.receive(node(2), 1, from(2, 1))
    run.receive(node(3), 1, from(3, 1))
    expect(sent).toHaveLength(2)
    ports.run()
    expect(sent).toHaveLength(4)
  })

  it('takes the messages of a peer that is one round ahead', () => {
    const run = started()
    run.receive(node(2), 1, from(2, 1))
    run.receive(node(2), 2, from(2, 2))
    run.receive(node(3), 2, from(3, 2))
    run.receive(node(3), 1, from(3, 1))
    ports.run()
    expect(results[0]?.kind).toBe('done')
  })

  it('drops a message more than one round ahead, of round zero, and of a stranger', () => {
    const run = started()
    run.receive(node(2), 3, from(2, 3))
    run.receive(node(2), 0, from(2, 0))
    run.receive(node(4), 1, from(4, 1))
    expect([run.dropped, run.isOver]).toEqual([3, false])
  })

  it('ignores an equal copy, also of a finished round', () => {
    const run = started()
    for (const round of [1, 1, 2, 1]) run.receive(node(2), round, from(2, round))
    run.receive(node(3), 1, from(3, 1))
    ports.run()
    run.receive(node(3), 1, from(3, 1))
    expect([run.dropped, run.isOver]).toEqual([0, false])
  })

  it('blames a peer that says two different things in one round, and processes neither', () => {
    const run = started()
    run.receive(node(2), 1, from(2, 1))
    run.receive(node(2), 1, from(2, 1, 'something else'))
    expect(results).toMatchObject([
      { kind: 'failed', reason: 'two-messages', remedy: 'fault', culprit: 'node-2' },
    ])
    expect(wiped.sort()).toEqual(['protocol', 'randomness'])
    ports.run()
    expect(sent).toHaveLength(2)
  })

  it('blames it also when the second message comes after the round', () => {
    const run = started()
    run.receive(node(2), 1, from(2, 1))
    run.receive(node(3), 1, from(3, 1))
    ports.run()
    run.receive(node(3), 1, from(3, 1, 'something else'))
    expect(results).toMatchObject([{ reason: 'two-messages', culprit: 'node-3' }])
  })

  it('drops what is not authentic and goes on waiting', () => {
    const run = started()
    const forged = from(2, 1)
    forged[3] = (forged[3] ?? 0) ^ 1
    run.receive(node(2), 1, forged)
    run.receive(node(3), 1, from(2, 1))
    run.receive(node(2), 1, from(2, 2))
    expect([run.dropped, run.isOver]).toEqual([3, false])
    run.receive(node(2), 1, from(2, 1))
    run.receive(node(2), 1, forged)
    run.receive(node(3), 1, from(3, 1))
    ports.run()
    expect([run.dropped, sent.length]).toEqual([4, 4])
  })

  it('names the node that the protocol blames', () => {
    const run = started()
    run.receive(node(3), 1, from(3, 1))
    run.receive(node(2), 1, from(2, 1, 'wrong'))
    ports.run()
    expect(results).toMatchObject([
      { kind: 'failed', reason: 'commitment', remedy: 'fault', culprit: 'node-2' },
    ])
  })

  it('ends when a round takes too long, and says who was silent', () => {
    const run = started()
    run.receive(node(2), 1, from(2, 1))
    clock.advance(4_999)
    run.tick()
    expect(results).toEqual([])
    clock.advance(1)
    run.tick()
    expect(results).toMatchObject([{ reason: 'timeout', remedy: 'retry' }])
    expect(results[0]).toMatchObject({ because: 'round 1: nothing from node-3 in time' })
    run.receive(node(3), 1, from(3, 1))
    ports.run()
    expect(results).toHaveLength(1)
  })

  it('ends when it is stopped, once', () => {
    const run = started()
    run.stop('STALE_ATTEMPT', 'a higher attempt')
    run.stop('COORDINATOR', 'again')
    expect(results).toMatchObject([{ reason: 'stopped', code: 'STALE_ATTEMPT' }])
  })

  describe('whose protocol computes elsewhere', () => {
    /** Answers when it is told to, like another thread. */
    function slow(): { readonly run: Session<string>; readonly answer: () => void } {
      const near = stepperOf(talk([parseParty(2)]))
      const due: (() => void)[] = []
      let isOver = false
      const stepper: Stepper<string> = {
        next: (inbox, answer) => {
          due.push(() => isOver || near.next(inbox, answer))
        },
        end: () => {
          isOver = true
          near.end()
        },
      }
      const counterparts = new Map([[parseParty(2), { node: node(2), channel: channel(1, 2) }]])
      const deadlineMs = clock.monotonicMs() + 20_000
      const ended = (how: Ended<string>) => results.push(how)
      const run = new Session<string>(
        { counterparts, stepper, secrets: [], deadlineMs, ended },
        {
          clock,
          defer: ports.defer,
          send: (to, round, ciphertext) => sent.push({ to, round, ciphertext }),
        },
      )
      ports.run()
      return { run, answer: () => due.shift()?.() }
    }

    it('keeps what arrives meanwhile, and begins no second step', () => {
      const { run, answer } = slow()
      run.receive(node(2), 1, from(2, 1))
      ports.run()
      expect(sent).toHaveLength(0)
      answer()
      expect(sent).toHaveLength(0)
      ports.run()
      expect(sent.map(({ round }) => round)).toEqual([1])
      run.receive(node(2), 2, from(2, 2))
      ports.run()
      answer()
      ports.run()
      answer()
      expect(results).toEqual([{ kind: 'done', result: '2:1 from 2 2:2 from 2' }])
    })

    it('goes on by itself after a pause, in a later turn, in the same round', () => {
      const pausing = (function* (): Sliced<string> {
        yield PAUSE
        yield [{ round: 1, to: parseParty(2), bytes: bytes('1 from 1') }]
        yield PAUSE
        return 'over'
      })()
      const counterparts = new Map([[parseParty(2), { node: node(2), channel: channel(1, 2) }]])
      const sessions = new Sessions(ports, node(1))
      const stepper = slicedStepper(pausing)
      const deadlineMs = clock.monotonicMs() + 20_000
      const ended = (how: Ended<string>) => results.push(how)
      sessions.start(sid, 'c1', { counterparts, stepper, secrets: [], deadlineMs, ended })
      ports.run()
      expect(ports.sent).toHaveLength(1)
      sessions.receive('c1', {
        sid,
        round: 1,
        from: 'node-2',
        to: 'node-1',
        ciphertext: from(2, 1),
      })
      ports.run()
      expect(results).toEqual([{ kind: 'done', result: 'over' }])
    })

    it('ends at once when it is stopped or late, and hears no answer any more', () => {
      for (const end of ['stop', 'tick'] as const) {
        const { run, answer } = slow()
        if (end === 'tick') clock.advance(20_000)
        if (end === 'tick') run.tick()
        else run.stop('COORDINATOR', 'it gave up')
        expect(run.isOver).toBe(true)
        answer()
      }
      expect(sent).toHaveLength(0)
      expect(results).toMatchObject([{ reason: 'stopped' }, { reason: 'timeout' }])
      expect(results[1]).toMatchObject({ because: 'round 0: nothing from anyone in time' })
    })
  })

  it('lets a bug in a protocol stop the process instead of hiding it', () => {
    const run = started()
    run.receive(node(2), 1, from(2, 1))
    run.receive(node(3), 1, from(3, 1))
    run.receive(node(2), 1, from(2, 1))
    const broken = new Sessions(ports, node(1))
    broken.start(sid, 'c1', {
      counterparts: new Map(),
      stepper: stepperOf(
        // biome-ignore lint/correctness/useYield: it fails before it speaks
        (function* (): Protocol<string> {
          throw new TypeError('bug')
        })(),
      ),
      secrets: [],
      deadlineMs: 0,
      ended: () => {},
    })
    expect(() => ports.run()).toThrow('bug')
  })
})

describe('the sessions of a node', () => {
  function opened(): Sessions {
    const sessions = new Sessions(ports, node(1))
    const two = parseParty(2)
    sessions.start(sid, 'c1', {
      counterparts: new Map([[two, { node: node(2), channel: channel(1, 2) }]]),
      stepper: stepperOf(talk([two])),
      secrets: [],
      deadlineMs: clock.monotonicMs() + 20_000,
      ended: (ended) => results.push(ended),
    })
    ports.run()
    return sessions
  }
  const envelope = (round: number) => ({
    sid,
    round,
    from: 'node-2',
    to: 'node-1',
    ciphertext: from(2, round),
  })

  it('send through the coordinator that started them', () => {
    opened()
    expect(ports.sent).toMatchObject([{ coordinator: 'c1', frame: { frame: 'envelope' } }])
  })

  it('drop and count what belongs to no session, to another node or comes another way', () => {
    const sessions = opened()
    sessions.receive('c1', { ...envelope(1), sid: seedOf('unknown') })
    sessions.receive('c1', { ...envelope(1), to: 'node-3' })
    sessions.receive('c1', { ...envelope(1), from: 'node-3' })
    sessions.receive('c2', envelope(1))
    sessions.receive('c1', { ...envelope(1), round: 3 })
    expect(sessions.dropped).toBe(5)
    sessions.receive('c1', envelope(1))
    sessions.receive('c1', envelope(2))
    ports.run()
    expect([results[0]?.kind, sessions.count]).toEqual(['done', 0])
    sessions.receive('c1', envelope(2))
    expect(sessions.dropped).toBe(6)
  })

  it('end together when a peer is lost, and by the clock', () => {
    const sessions = opened()
    sessions.bereave(node(3), 'not in it')
    expect(sessions.count).toBe(1)
    sessions.bereave(node(2), 'banned')
    expect([sessions.count, results.length]).toEqual([0, 1])
    expect(results[0]).toMatchObject({ reason: 'pairing-dead', remedy: 'retry' })
    expect(results[0]).not.toHaveProperty('code')

    const late = opened()
    clock.advance(20_000)
    late.tick()
    expect([late.count, results.length]).toEqual([0, 2])
  })

  it('never live twice under one id', () => {
    const sessions = opened()
    expect(sessions.has(sid)).toBe(true)
    const plan = {
      counterparts: new Map(),
      stepper: stepperOf(talk([])),
      secrets: [],
      deadlineMs: 0,
      ended: () => {},
    }
    expect(() => sessions.start(sid, 'c1', plan)).toThrow('lives once')
  })
})
