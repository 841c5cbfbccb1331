import { describe, expect, it } from 'vitest'
import { admit } from '../../policy/admit.ts'
import { tableClock } from '../../policy/cold.ts'
import type { CeremonyRow, RequestView } from '../../policy/view.ts'
import { parseDigest, parseNodeId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { scene, startedAt } from '../kit/scene.ts'
import { type Change, judged } from '../kit/scene-changes.ts'
import { supported } from '../kit/scene-world.ts'

const hour = 3_600_000
const plan = parseDigest('12'.repeat(32))
const strange = parseDigest('34'.repeat(32))
const [a, b, c] = ['signer-a', 'signer-b', 'signer-c'].map((name) => parseNodeId(name)) as [
  ReturnType<typeof parseNodeId>,
  ReturnType<typeof parseNodeId>,
  ReturnType<typeof parseNodeId>,
]
const names = Object.keys(supported['vaults'] as object)
const log = supported['log'] as JsonObject
/** The same policy as that of a log of cold vaults. */
const coldPolicy: JsonObject = {
  ...supported,
  log: { ...log, coldOrigin: log['origin']! },
  vaults: Object.fromEntries(
    names.map((name) => [
      name,
      { ...((supported['vaults'] as JsonObject)[name] as JsonObject), tier: 'cold' },
    ]),
  ),
}

const from = startedAt + hour
const until = startedAt + 90 * 60_000
const opened = ({ intent }: RequestView): CeremonyRow => ({
  seq: 25,
  t: startedAt - hour,
  plan,
  change: strange,
  kind: 'sign',
  vaults: [intent!.vault],
  requests: [intent!.intent],
  called: [a, b, c],
  from,
  until,
  state: 'exported',
  bundle: strange,
  record: { root: '', size: 0 },
})

interface Room {
  readonly row?: Partial<CeremonyRow>
  readonly own?: Change['own']
  readonly change?: Change
}

/** At the table an hour after the attempt line, with the first and the third station. */
const atTable = ({ row = {}, own = {}, change = {} }: Room = {}): Change => ({
  policy: coldPolicy,
  attempt: { participants: [a, b, c] },
  after: (view) => ({ ...view, ceremony: { ...opened(view), ...row } }),
  own: { clockMs: from, ceremony: { plan, signers: [a, c] }, ...own },
  ...change,
})
const admitted = (room: Room = {}): string => judged(atTable(room))
const seat = (signers: readonly string[], at = plan) => ({
  own: { ceremony: { plan: at, signers: signers.map((name) => parseNodeId(name)) } },
})

describe('admit at a table', () => {
  it('admits the request that the open ceremony names, for the stations that were chosen', () => {
    const { warrant, attempt, own } = scene(atTable())
    const result = admit({ warrant, attempt, own })
    if (isRefusal(result)) throw new Error(result.because)
    expect(result.participants).toEqual([a, c])
    expect(result.tier).toBe('cold')
  })

  it.each([
    ['another two', ['signer-b', 'signer-c'], 'admitted'],
    ['nobody named, of three called', [], 'N2 PARTICIPANTS'],
    ['one', ['signer-a'], 'N2 PARTICIPANTS'],
    ['three', ['signer-a', 'signer-b', 'signer-c'], 'N2 PARTICIPANTS'],
    ['the other order', ['signer-c', 'signer-a'], 'N2 PARTICIPANTS'],
    ['one of them twice', ['signer-a', 'signer-a'], 'N2 PARTICIPANTS'],
    ['a stranger', ['signer-a', 'signer-x'], 'N2 PARTICIPANTS'],
    ['a stranger beside t', ['signer-a', 'signer-b', 'signer-x'], 'N2 PARTICIPANTS'],
  ])('with %s chosen', (_, signers, answer) => {
    expect(admitted(seat(signers))).toBe(answer)
  })

  it('chooses only among those that the attempt line calls', () => {
    const two = { change: { attempt: { participants: [a, b] } } }
    expect(admitted({ ...two, ...seat([]) })).toBe('admitted')
    expect(admitted({ ...two, ...seat(['signer-a', 'signer-b']) })).toBe('admitted')
    expect(admitted({ ...two, ...seat(['signer-a', 'signer-c']) })).toBe('N2 PARTICIPANTS')
    const one = { change: { attempt: { participants: [a] } } }
    expect(admitted({ ...one, ...seat(['signer-a']) })).toBe('N2 PARTICIPANTS')
    const wrong = { change: { attempt: { participants: [b, a, c] } } }
    expect(admitted(wrong)).toBe('N2 PARTICIPANTS')
  })

  it('refuses whoever sits in another room, or a request that the plan does not name', () => {
    expect(admitted(seat(['signer-a', 'signer-c'], strange))).toBe('N2 CEREMONY')
    expect(admitted({ row: { requests: [strange] } })).toBe('N2 CEREMONY')
    const closed = { change: { after: (view: RequestView) => ({ ...view, ceremony: undefined }) } }
    // More than t are nobody's attempt without a ceremony.
    expect(admitted(closed)).toBe('N2 PARTICIPANTS')
    const two = { ...closed.change, attempt: { participants: [a, b] } }
    expect(admitted({ change: two })).toBe('N2 CEREMONY')
  })

  it('refuses an attempt that was written before its ceremony was planned', () => {
    expect(admitted({ row: { seq: 30 } })).toBe('admitted')
    expect(admitted({ row: { seq: 31 } })).toBe('N9 CEREMONY')
    expect(admitted({ row: { seq: 32 } })).toBe('N9 CEREMONY')
  })

  it.each([
    ['at the first instant of the window', from, 'admitted'],
    ['just before it', from - 1, 'N3 CLOCK'],
    ['at its last instant', until - 1, 'admitted'],
    ['at its end', until, 'N3 CLOCK'],
    ['by no number', Number.NaN, 'N3 CLOCK'],
  ])('goes by the own clock %s', (_, clockMs, answer) => {
    expect(admitted({ own: { clockMs } })).toBe(answer)
  })

  it('refuses a clock before the attempt line, whatever the window says', () => {
    const early = { row: { from: startedAt - 2 * hour }, own: { clockMs: startedAt - hour } }
    expect(admitted(early)).toBe('N3 CLOCK')
    expect(admitted({ ...early, own: { clockMs: startedAt - 60_000 } })).toBe('admitted')
  })

  it('goes on asking for expiry, freeze, people and limits as ever', () => {
    expect(admitted({ row: { until: until + 4 * hour }, own: { clockMs: until + hour } })).toBe(
      'N18 TIME',
    )
    expect(admitted({ own: { frozenLocally: true } })).toBe('N4 FROZEN')
    const frozen = (view: RequestView) => ({ ...view, ceremony: opened(view), frozen: ['all'] })
    expect(admitted({ change: { after: frozen } })).toBe('N4 FROZEN')
    expect(admitted({ change: { approvers: [['ana', 'ops']] } })).toBe('N21 QUORUM')
  })

  it('tries the same warrant again, and no other one of this attempt', () => {
    const { warrant, attempt, own } = scene(atTable())
    const { warrant: named } = own.view.attempts.at(-1)!
    const again = (accepted: typeof named) => admit({ warrant, attempt, own: { ...own, accepted } })
    expect(isRefusal(again(named))).toBe(false)
    expect(again(strange)).toMatchObject({ check: 'N1', code: 'STALE_ATTEMPT' })
  })
})

describe('admit away from the table', () => {
  it('judges a cold attempt for the instant at which its room opens, for all who are called', () => {
    const { warrant, attempt, own } = scene(atTable())
    const { ceremony: _, ...away } = own
    expect(tableClock(own.view, startedAt)).toBe(from)
    expect(tableClock(own.view, from + 1)).toBe(from + 1)
    expect(tableClock({ ceremony: undefined }, startedAt)).toBe(startedAt)
    const judge = (clockMs: number) => admit({ warrant, attempt, own: { ...away, clockMs } })
    expect(judge(tableClock(own.view, startedAt))).toMatchObject({ participants: [a, b, c] })
    expect(judge(startedAt)).toMatchObject({ check: 'N3', code: 'CLOCK' })
  })

  it('refuses a cold vault in the log of others, and any other in the log of cold ones', () => {
    const hotLog = { policy: { ...coldPolicy, log: supported['log']! } }
    expect(admitted({ change: hotLog })).toBe('N9 NOT_SUPPORTED')
    expect(judged()).toBe('admitted')
    expect(judged({ own: { ceremony: { plan, signers: [] } } })).toBe('N2 CEREMONY')
  })

  it('refuses a cold vault without a ceremony', () => {
    expect(judged({ policy: coldPolicy })).toBe('N9 CEREMONY')
  })
})
