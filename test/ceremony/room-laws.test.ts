// Laws of a room one by one: which turn a Station plays, what a custodian types, what of a try
// that failed is brought home, and what a Record station that starts again in the closing knows.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { MemoryRows } from '../../policy/audit/rows.ts'
import { put, tables } from '../../policy/audit/tables.ts'
import { lotsOf } from '../../policy/ceremony/begun.ts'
import { readBundle } from '../../policy/ceremony/bundle.ts'
import { readBundleIn } from '../../policy/ceremony/bundle-in.ts'
import { screenFoot } from '../../policy/ceremony/foot.ts'
import type { RecordLine } from '../../policy/ceremony/record.ts'
import { turnsOf } from '../../policy/ceremony/script.ts'
import { statementText } from '../../policy/ceremony/statement.ts'
import { type Digest, parseNodeId, parsePersonId } from '../../proto/ids.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import { wordsOf } from '../../proto/words.ts'
import type { Heard } from '../../signer-node/ceremony/performer.ts'
import { RoomResults } from '../../signer-node/ceremony/room-results.ts'
import {
  firstUndone,
  groupsOf,
  isLeft,
  requireNext,
  stopDecision,
  stoppedBefore,
} from '../../signer-node/ceremony/room-turns.ts'
import { withoutEnd } from '../../signer-node/ceremony/session-results.ts'
import { showRequest, typedOf } from '../../signer-node/ceremony/shown-request.ts'
import { type ActsNeeds, StationActs } from '../../signer-node/ceremony/station-acts.ts'
import { requirePlanned } from '../../signer-node/ceremony/station-log.ts'
import { someDigest, testPlan } from '../kit/planned.ts'
import { refusal, refusedWith, show } from '../kit/refused.ts'
import { RoomStory } from '../kit/room-story.ts'

const home = mkdtempSync(join(tmpdir(), 'custody-room-'))
afterAll(() => rmSync(home, { recursive: true }))

const line = (step: string, type = 'step.done', body = {}): RecordLine =>
  ({ step, type, body }) as unknown as RecordLine

describe('a turn', () => {
  const turns = turnsOf(testPlan('sign'))
  const at = (id: string, node?: string): number =>
    turns.findIndex(({ step, node: own }) => step.id === id && (node === undefined || own === node))
  const linesTo = (id: string): RecordLine[] =>
    turns.slice(0, at(id)).map((one) => line(one.step.id))
  const asked = (index: number, lines: readonly RecordLine[], node = 'node-1'): string =>
    refusedWith(() => requireNext(turns, index, { lines, node }))

  it('is played when every step before it has left a line, and again after that', () => {
    expect(asked(at('S-6', 'node-1'), linesTo('S-6'))).toBe('accepted')
    expect(asked(at('S-6', 'node-1'), linesTo('S-9'))).toBe('accepted')
  })

  it('is refused when a step before it was left out, or it is of another station, or of none', () => {
    const without = linesTo('S-6').filter(({ step }) => step !== 'S-4')
    expect(asked(at('S-6', 'node-1'), without)).toBe('CEREMONY X-9')
    expect(asked(at('S-6', 'node-2'), linesTo('S-6'))).toBe('CEREMONY X-9')
    expect(asked(turns.length, linesTo('S-6'))).toBe('PLAN X-9')
    expect(asked(at('C-8'), linesTo('C-8'))).toBe('CEREMONY X-9')
  })

  it('of the closing comes early only after a stop, for no other exception, and in its own order', () => {
    const first = turns.find(({ step }) => step.id.startsWith('C-'))?.step.id ?? ''
    const lines = linesTo('S-4')
    const stop = line(first, 'exception', { happened: 'fire', decided: stopDecision })
    const other = line(first, 'exception', { happened: 'a bell', decided: 'it goes on' })
    expect(asked(at(first), [...lines, other])).toBe('CEREMONY X-9')
    expect(asked(at(first), lines)).toBe('CEREMONY X-9')
    expect(asked(at(first), [...lines, stop])).toBe('accepted')
    expect(asked(at('C-5'), [...lines, stop])).toBe('CEREMONY X-9')
  })
})

describe('a plan in the log', () => {
  const rowsWith = (root: Digest | '') => {
    const rows = new MemoryRows()
    if (root === '') return rows
    const [policy, directory] = ['', ''] as const
    const digest = someDigest('ruleset')
    rows.apply([put(tables.ruleset, 'now', { root, policy, directory, books: [], digest })])
    return rows
  }
  const opened = (root: Digest | ''): string => {
    const plan = testPlan('sign')
    const own = { rows: rowsWith(root) } as unknown as Parameters<typeof requirePlanned>[0]
    return refusedWith(() => requirePlanned(own, { digest: someDigest('plan'), plan }))
  }

  it('is of the root that is in force, or no Station opens on it', () => {
    expect(opened('')).toBe('PLAN X-8')
    expect(opened(someDigest('another root'))).toBe('PLAN X-8')
    expect(opened(testPlan('sign').root)).toBe('CEREMONY X-8')
  })

  it('has people who had no hand in what is done until the Bundle left, or no Station opens', () => {
    const seated = (person?: string): string => {
      const story = new RoomStory(undefined, ({ log, request }) => {
        if (person === undefined) return
        const approval = someDigest('approval')
        log.add('approval.recorded', { approval, intent: request, person, rule: 'payout-auto' })
      })
      const own = { rows: story.log.rows } as unknown as Parameters<typeof requirePlanned>[0]
      return refusedWith(() => requirePlanned(own, story.plan))
    }
    expect([seated(), seated('oli'), seated('chen')]).toEqual(['accepted', 'accepted', 'accepted'])
    expect([seated('ben'), seated('rita')]).toEqual(['PLAN X-12', 'PLAN X-12'])
  })
})

describe('what is left to play', () => {
  const left = (isStopped: boolean, isClosed: boolean): string[] =>
    groupsOf(testPlan('sign'))
      .filter((group) => isLeft(group, { isStopped, isClosed }))
      .map(({ first }) => first.step.id)

  it('is all, or the closing after a stop, or what comes after the last line', () => {
    expect(left(false, false)).toContain('S-6')
    expect(left(true, false).every((id) => id.startsWith('C-'))).toBe(true)
    expect(left(true, false)).toContain('C-3')
    expect([...new Set(left(false, true))]).toEqual(['C-4', 'C-5', 'C-6', 'C-7'])
    expect(left(true, true)).toEqual(left(false, true))
  })
})

describe('a room that begins again', () => {
  const plan = testPlan('sign')
  const confirmed = (request: string) => line('S-6', 'request.confirmed', { request })
  const lot = (...noted: string[]) => line('S-7', 'step.done', { noted })

  it('knows the lots of a request in their order, and of no other', () => {
    const lines = [
      ...[confirmed('a'), lot('node-1', 'node-2'), line('S-8', 'exception'), confirmed('a')],
      ...[lot('node-2', 'node-3'), confirmed('b'), lot('node-1', 'node-3'), line('S-11')],
    ]
    const said = (request: string, upTo = lines.length) => {
      const lots = lotsOf(plan, lines.slice(0, upTo), request as Digest)
      return lots.map(({ signers }) => signers)
    }
    const [first, second] = [
      ['node-1', 'node-2'],
      ['node-2', 'node-3'],
    ]
    expect([said('a'), said('a', 4)]).toEqual([[first, second], [first]])
    expect([said('b'), said('c')]).toEqual([[['node-1', 'node-3']], []])
  })

  it('goes on after what people went on without, and at what is only missing', () => {
    const groups = groupsOf(plan)
    const [first] = plan.stations
    const at = groups.findIndex(({ first: { step, node } }) => {
      return step.id === 'O-5' && node === first?.node
    })
    const before = groups
      .slice(0, at)
      .flatMap(({ first: { step }, turns }) =>
        turns.flatMap(() => step.records.map((type) => line(step.id, type))),
      )
    const without = (decided: string, node = first?.node) =>
      line('O-5', 'exception', { decided, happened: `${node}: TOKEN_ABSENT: none` })
    const actor = { role: 'recorder', person: 'rita' }
    const from = (...more: RecordLine[]) => {
      const lines = [...before, ...more].map((one) => ({ ...one, actor }) as unknown as RecordLine)
      return firstUndone(plan, groups, lines)
    }
    expect(from()).toBe(at)
    expect(from(without('it goes on without it'))).toBe(at + 1)
    expect(from(without('its turn is asked again'))).toBe(at)
    expect(from(without('it goes on without it', parseNodeId('node-9')))).toBe(at)
  })
})

describe('a request that is shown in the room', () => {
  const story = new RoomStory()
  const { warrants } = readBundleIn(readBundle(story.bundleIn, 'in'))
  const [asked] = story.plan.plan.requests
  const { from, until } = story.plan.plan
  const shown = (wallMs: number, isFrozen = false): string => {
    const { log, plan } = story
    const own = {
      ...{ rows: log.rows, plan: plan.digest, self: { node: 'node-a' } },
      bans: { isFrozen: () => isFrozen },
      ports: { clock: { wallMs: () => wallMs } },
      witness: { reigns: [] },
      copy: { size: () => log.lines.length, line: (seq: number) => log.lines[seq] },
      journal: { accepted: () => undefined },
    } as unknown as Parameters<typeof showRequest>[0]
    const result = attempt(() => showRequest(own, asked!, warrants[0]!))
    return isRefusal(result) ? `${show(result)}: ${result.because}` : 'shown'
  }

  it('is shown where the Station admits it, and refused by number and check where it does not', () => {
    expect(shown(from)).toBe('shown')
    expect(shown(until)).toMatch(/^CLOCK X-12: N3: expected a clock from /)
    expect(shown(from, true)).toBe('FROZEN X-12: N4: frozen by the operator of this node')
  })
})

describe('what a custodian types', () => {
  const to = '0x52908400098527886E0F7030069857D2E4169EE7'
  const text = (amount: string, recipient = to): string =>
    `TRANSFER  ${amount} USDT\nTO        ${recipient}\n`

  it('is the amount as it is shown, and the end of the recipient', () => {
    const typed = typedOf({ to, amount: 1_500_000n }, text('1.500000'))
    expect(typed).toEqual({ tail: '169EE7', amount: '1500000', written: '1.500000' })
    expect(typedOf({ to, amount: 7n }, text('7')).written).toBe('7')
  })

  it('is not there for a call, so no policy lets a cold vault make one', () => {
    const call = `CALL      approve\nWITH      0.000000 ETH\nTO        ${to}\n`
    expect(refusedWith(() => typedOf({ to, amount: 0n }, call))).toBe('DISPLAY X-13')
  })

  it('is refused where the text shows no such amount or recipient', () => {
    const said = (amount: string, recipient?: string, whom = to): string =>
      refusedWith(() => typedOf({ to: whom, amount: 1_500_000n }, text(amount, recipient)))
    expect([said('1.500000'), said('1.500001'), said('')]).toEqual([
      'accepted',
      'DISPLAY X-13',
      'DISPLAY X-13',
    ])
    expect([said('1.500000', 'another'), said('1.500000', 'abc', 'abc')]).toEqual([
      'DISPLAY X-13',
      'DISPLAY X-13',
    ])
  })
})

describe('a station', () => {
  const [own] = testPlan('genesis').stations
  const screen: string[] = []
  const played = async (id: string, signers: string[], typed = '', opens = true) => {
    const plan = testPlan(id === 'S-7' ? 'sign' : 'genesis')
    const seen: string[] = []
    const station = {
      withdraw: () => void seen.push('withdraw'),
      permit: () => void seen.push('permit'),
      epochOf: () => 1,
      rest: (vault: string) => void seen.push(`rest ${vault}`),
      wake: async (vault: string) => {
        seen.push(`wake ${vault}`)
        if (!opens) refuse('SEAL', 'does not open')
      },
    }
    const watch = {
      begin: () => {},
      ended: async () => refuse('CEREMONY', 'the turn is over'),
    }
    const desk = { say: (text: string) => void screen.push(text), ask: async () => typed }
    const token = { now: { which: 'daily' } }
    const media = { a: '/nowhere' }
    const needs = {
      plan: { plan, digest: someDigest('plan') },
      own,
      station,
      watch,
      desk,
      token,
      media,
    } as unknown as ActsNeeds
    const turn = turnsOf(plan).find(({ step }) => step.id === id)
    const about = { turn, round: 0, signers, manifest: '', isEnded: false }
    const heard = { ...about, isOver: () => false } as Heard
    return [await refusal(new StationActs(needs).play(heard)), ...seen]
  }

  it('has the first words of its plan on the screen at each step, and REHEARSAL where it is one', async () => {
    screen.length = 0
    await played('S-7', ['node-1', 'node-3'])
    const words = wordsOf(someDigest('plan'), 4).join(' ')
    expect(screen[0]?.split('\n')[0]?.split('  ').slice(-1)).toEqual([
      `${words} | ceremony 7 | REHEARSAL (test)`,
    ])
    const real = { ...testPlan('sign'), env: 'prod', rehearsal: false } as const
    expect(screenFoot({ plan: real, digest: someDigest('plan') })).toBe(`${words} | ceremony 7`)
  })

  it('gives up what it confirmed and its share when it was not drawn, and only then', async () => {
    const { vault } = testPlan('sign').requests[0] ?? {}
    const gaveUp = ['accepted', 'withdraw', `rest ${vault}`]
    expect(await played('S-7', ['node-2', 'node-3'])).toEqual(gaveUp)
    expect(await played('S-7', ['node-1', 'node-3'])).toEqual(['accepted'])
  })

  it('deals no key before its custodian typed the name of the vault', async () => {
    const [said, ...seen] = await played('G-4', [], 'another')
    expect([said, seen]).toEqual([expect.stringMatching(/^CEREMONY: .* typed wrong twice/), []])
    const [vault = ''] = testPlan('genesis').vaults
    const dealt = ['CEREMONY: the turn is over', `wake ${vault}`, 'permit']
    expect(await played('G-4', [], vault)).toEqual(dealt)
    // Without an old share it takes a new one.
    expect(await played('G-4', [], vault, false)).toEqual(dealt)
  })
})

describe('a try that is followed by another', () => {
  it('brings home the receipts of shares that left, and neither an end nor a refusal', () => {
    const receipt = { kind: 'shareReceipt', text: '{}' } as const
    const left = { type: 'share.receipt', body: { counter: 1 } } as const
    const lines = [left, { type: 'session.aborted', body: {} } as const]
    const documents = [receipt, { kind: 'refusal', text: '{}' } as const]
    expect(withoutEnd({ lines, documents })).toEqual({ lines: [left], documents: [receipt] })
  })
})

describe('a closing that starts again', () => {
  const said = (person: string, because: string) => {
    const document = statementText({
      ...{ org: 'acme', env: 'test', plan: someDigest('plan'), exceptions: 0, because },
      ...{ actor: { role: 'witness', person: parsePersonId(person) }, verdict: 'agree' },
      ...{ bundle: someDigest('bundle'), record: { root: someDigest('root'), size: 9 } },
      ...{ from: 1_000_000, until: 2_000_000 },
    } as Parameters<typeof statementText>[0])
    return {
      by: 'credential',
      name: `${person}-1`,
      document,
      signature: new Uint8Array(64),
    } as const
  }

  it('knows why it was stopped, and each Statement once', () => {
    const path = join(home, 'results')
    const results = new RoomResults(path, someDigest('plan'))
    expect([results.reason, results.statements.length]).toEqual(['', 0])
    results.end('CEREMONY')
    results.state(said('will', ''))
    results.state(said('gus', ''))
    results.state(said('will', 'and I saw the words'))
    const again = new RoomResults(path, someDigest('plan'))
    expect(again.encode()).toEqual(results.encode())
    expect([again.reason, again.statements]).toEqual(['CEREMONY', results.statements])
    expect(again.statements).toHaveLength(2)
  })

  it('is a stop only where an exception decided it', () => {
    const happened = 'node-2: I do not know this recipient'
    const stop = line('S-4', 'exception', { happened, decided: stopDecision })
    expect(stoppedBefore([line('S-3'), stop])).toBe(happened)
    const other = line('S-4', 'exception', { happened, decided: 'it goes on without it' })
    expect(stoppedBefore([line('S-3'), other])).toBe('')
  })
})
