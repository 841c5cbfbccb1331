// Ceremonies at the coordinator of a cold log: what is planned by people becomes a line, what a plan
// names goes into one Bundle, and what comes out of a room becomes lines once.
import { afterEach, describe, expect, it } from 'vitest'
import { exportParts } from '../../coordinator/export.ts'
import { approvalService } from '../../coordinator/service/approval.ts'
import { verify } from '../../policy/audit/verify.ts'
import { readBundle } from '../../policy/ceremony/bundle.ts'
import { readBundleIn } from '../../policy/ceremony/bundle-in.ts'
import { parseRecordLine, recordLeaf } from '../../policy/ceremony/record.ts'
import type { Statement } from '../../policy/ceremony/statement.ts'
import { witnessesOf } from '../../policy/documents.ts'
import { trustText } from '../../policy/trust.ts'
import type { Digest } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { askedOf, board, type ColdHouse, coldHouse, release, root, stations } from './cold-house.ts'
import {
  hour,
  madeKey,
  oper,
  plannedAgain,
  plannedGenesis,
  plannedRelease,
  planning,
  planOf,
  preparedRelease,
  put,
  signedLines,
  take,
  typesAbout,
} from './cold-planned.ts'
import { roomOf } from './cold-room.ts'
import { as, decision } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { anyDigest, freezeOf } from './world.ts'

const engine = pgliteEngine()
const houses: ColdHouse[] = []
afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

async function built(): Promise<ColdHouse> {
  const house = await coldHouse(await engine.fresh())
  houses.push(house)
  return house
}

describe('an approved plan', () => {
  it('becomes a line with the plan beside it, and what it is for waits', async () => {
    const house = await built()
    const { create, plan, change } = await plannedGenesis(house)
    const [line] = await typesAbout(house, 'ceremony.planned')
    expect(line?.body).toMatchObject({ plan: plan.digest, change, kind: 'genesis' })
    const [shown] = await house.coordinator.ceremonies.list()
    expect(shown).toMatchObject({ plan: plan.digest, state: 'planned', bundle: '' })
    expect(await house.state(create)).toBe('WAITING')
    const request = await house.coordinator.requests.find({ id: create })
    const reasons = isRefusal(request) ? [] : request.reasons.map(({ because }) => because)
    expect(reasons).toContain('waits for its ceremony')
    // Whoever is asked to approve a plan gets the plan, and nobody one of another request.
    const { GetApprovalPackage } = approvalService(house.coordinator)
    const sent = async (id: string) => {
      const answer = await GetApprovalPackage(
        { id },
        {} as Parameters<typeof GetApprovalPackage>[1],
      )
      return isRefusal(answer) ? answer.code : answer.plan
    }
    expect(await sent(change)).toEqual(plan.bytes)
    expect(await sent(create)).toEqual(new Uint8Array())
  })

  it('comes with the very plan, and no other request comes with one', async () => {
    const house = await built()
    const create = { ...askedOf(house.clock, 'cold'), op: 'key.create', terms: {} } as const
    const vault = create.vault
    const request = anyDigest('some request')
    const plan = planOf(house, 'genesis', [{ request, op: 'key.create', vault, callBack: false }])
    const other = planOf(house, 'genesis', [
      { request: anyDigest('another'), op: 'key.create', vault, callBack: false },
    ])
    await expect(house.ask(planning(house, plan))).rejects.toThrow('PLAN')
    await expect(house.ask(planning(house, plan), other.bytes)).rejects.toThrow('PLAN')
    await expect(house.ask(create, plan.bytes)).rejects.toThrow('INVALID_INTENT')
  })

  it('that nobody said the end of is an alarm, once, and shows as overdue', async () => {
    const house = await built()
    const { plan } = await plannedGenesis(house)
    house.clock.advance(10 * hour)
    await house.pass(2_000)
    const [shown] = await house.coordinator.ceremonies.list()
    expect(shown?.state).toBe('overdue')
    const alarms = house.events.filter(({ name }) => name === 'ceremony.overdue')
    expect(alarms).toHaveLength(1)
    expect(await house.coordinator.ceremonies.prepare(plan.digest)).toMatchObject({ rule: 'X-9' })
    const aborted = await house.during(house.coordinator.ceremonies.abort(plan.digest, 'TIME'))
    expect(aborted).toMatchObject({ state: 'aborted' })
    expect(await house.coordinator.ceremonies.abort(plan.digest, 'TIME')).toEqual(aborted)
  })
})

describe('a vault whose ceremony nobody said the end of', () => {
  it('is frozen for all who ask until the end is told; then what waited is reserved', async () => {
    const house = await built()
    const { plan } = await plannedRelease(house)
    // The same amount twice would be denied as a duplicate.
    const asks = async (amount: bigint) => house.submit(release(house.clock, { amount }))
    const frozen = async (id: Digest): Promise<boolean> => {
      const shown = await house.coordinator.requests.find({ id })
      return !isRefusal(shown) && shown.reasons.some(({ code }) => code === 'FROZEN')
    }
    expect(await frozen(await asks(2_000_000n))).toBe(false)
    await house.jump(10 * hour)
    expect(house.events.map(({ name }) => name)).toContain('ceremony.overdue')
    const id = await asks(3_000_000n)
    expect(await frozen(id)).toBe(true)
    await house.approve(id, ...board)
    await house.pass(5_000)
    expect([await house.state(id), await frozen(id)]).toEqual(['WAITING', true])
    const ended = await house.during(house.coordinator.ceremonies.abort(plan.digest, 'TIME'))
    expect(ended).toMatchObject({ state: 'aborted' })
    await house.until('reserved', async () => (await house.state(id)) === 'RESERVED')
    expect(await frozen(id)).toBe(false)
  }, 180_000)
})

describe('preparing', () => {
  it('makes one Bundle with the whole log and every order, and the same one again', async () => {
    const house = await built()
    const { plan } = await plannedGenesis(house)
    const prepared = await house.during(house.coordinator.ceremonies.prepare(plan.digest))
    expect(prepared).toMatchObject({ state: 'exported' })
    const read = readBundleIn(
      readBundle(await house.coordinator.ceremonies.bundleIn(plan.digest), 'in'),
    )
    expect(read.plan.digest).toBe(plan.digest)
    expect(read.warrants.map(({ kind }) => kind)).toEqual(['order'])
    expect(await house.coordinator.ceremonies.prepare(plan.digest)).toEqual(prepared)
    expect(await typesAbout(house, 'ceremony.exported')).toHaveLength(1)
    const strange = house.coordinator.ceremonies.prepare(anyDigest('no plan'))
    await expect(strange).rejects.toThrow('no ceremony of this plan was approved')
  })

  it('waits for the witnesses, and exports nothing that they have not seen', async () => {
    const house = await built()
    const { plan } = await plannedGenesis(house)
    house.watching.now = false
    await house.coordinator.sequencer.propose({
      kind: 'lines',
      content: { receipts: [], lines: [], documents: [] },
    })
    house.clock.advance(31_000)
    await house.pass(1_000)
    const waiting = house.during(house.coordinator.ceremonies.prepare(plan.digest))
    await expect(waiting).rejects.toThrow('the witnesses have not seen')
    expect(await typesAbout(house, 'ceremony.exported')).toHaveLength(0)
    house.watching.now = true
    await house.pass(31_000)
    const prepared = await house.during(house.coordinator.ceremonies.prepare(plan.digest))
    expect(prepared).toMatchObject({ state: 'exported' })
  })
})

describe('a preparation of a payment', () => {
  it('that stopped half-way goes on with the attempt that stands', async () => {
    const house = await built()
    const { request, plan } = await plannedRelease(house)
    house.watching.now = false
    const first = house.during(house.coordinator.ceremonies.prepare(plan.digest))
    await expect(first).rejects.toThrow('the witnesses have not seen')
    expect(await house.state(request)).toBe('SIGNING')
    house.watching.now = true
    await house.pass(31_000)
    const prepared = await house.during(house.coordinator.ceremonies.prepare(plan.digest))
    expect(prepared).toMatchObject({ state: 'exported' })
    expect(await typesAbout(house, 'session.started')).toHaveLength(1)
    expect(await typesAbout(house, 'session.aborted')).toHaveLength(0)
  })

  it('that came to nothing goes on at the next ceremony, with the same bytes', async () => {
    const house = await built()
    const { request, plan } = await preparedRelease(house)
    const { ceremonies } = house.coordinator
    await house.during(ceremonies.abort(plan.digest, 'TIME'))
    await house.pass(1_000)
    expect(await house.state(request)).toBe('SIGNING')
    const next = await plannedAgain(house, request)
    expect(next.digest).not.toBe(plan.digest)
    expect(await house.during(ceremonies.prepare(next.digest))).toMatchObject({ state: 'exported' })
    const attempts = (await typesAbout(house, 'session.started')).map(({ body }) => body)
    expect(attempts).toMatchObject([{ attempt: 1 }, { attempt: 2 }])
    const bytes = attempts.map((body) => ('bytes' in body ? body.bytes : ''))
    expect(bytes[0]).toBe(bytes[1])
  })

  it('starts nothing for a request that ends before its room does', async () => {
    const house = await built()
    const { plan } = await plannedRelease(house, 4 * hour)
    const short = house.during(house.coordinator.ceremonies.prepare(plan.digest))
    await expect(short).rejects.toThrow('before the ceremony may')
    expect(await typesAbout(house, 'session.started')).toHaveLength(0)
  })

  it('starts nothing while its fee is above what the intent allows', async () => {
    const house = await built()
    const { plan } = await plannedRelease(house)
    house.chain.prices_ = { base: 10n ** 15n, tip: 1n }
    const dear = house.during(house.coordinator.ceremonies.prepare(plan.digest))
    await expect(dear).rejects.toThrow('gas price')
    expect(await typesAbout(house, 'session.started')).toHaveLength(0)
  })
})

describe('what a room brings home', () => {
  it('is a key in force with its backups proven, and the same again changes nothing', async () => {
    const house = await built()
    const { plan, create, lines, taken } = await madeKey(house)
    expect(await house.state(create)).toBe('ACTIVE')
    expect(taken.map(({ line }) => line)).toEqual([
      'key.created',
      ...stations.map(() => 'key.backup-tested'),
    ])
    const { size } = house.coordinator.tree
    expect(await take(house, plan.digest, lines)).toEqual(taken)
    expect(house.coordinator.tree.size).toBe(size)
  })

  it('is a signature that is broadcast and settles like any other', async () => {
    const house = await built()
    const { request, plan } = await preparedRelease(house)
    expect(await house.state(request)).toBe('SIGNING')
    const [started] = await typesAbout(house, 'session.started')
    expect(started?.body).toMatchObject({ participants: stations, attempt: 1 })
    const lines = await signedLines(house)
    const taken = await take(house, plan.digest, lines)
    expect(taken).toMatchObject([{ line: 'sign.completed', kept: '' }])
    await house.until('sent', () => house.chain.sent.length > 0)
    house.chain.depth = 1
    await house.until('settled', async () => (await house.state(request)) === 'SETTLED')
    expect(await take(house, plan.digest, lines)).toEqual(taken)
  })

  const reasons = async (house: ColdHouse, id: Digest) => {
    const shown = await house.coordinator.requests.find({ id })
    return isRefusal(shown) ? [] : shown.reasons.map(({ code }) => code)
  }

  it('is evidence, and not sent, when somebody rejected it meanwhile', async () => {
    const house = await built()
    const { coordinator, clock } = house
    const { request, plan } = await preparedRelease(house)
    const no = { ...as('oli', 'risk'), decision: 'reject' } as const
    const rejection = await decision({ coordinator, clock }, request, no)
    expect(isRefusal(await house.during(coordinator.decisions.decide(rejection)))).toBe(false)
    const [taken] = await take(house, plan.digest, await signedLines(house))
    expect(taken?.kept).toBe('REJECTED N19: oli said no')
    await house.pass(3_000)
    expect(await reasons(house, request)).toEqual(['REJECTED'])
    expect(house.chain.sent).toEqual([])
  })

  it('is evidence, and not sent, after the end of its request, and while frozen', async () => {
    const house = await built()
    const { request, plan } = await preparedRelease(house)
    const lines = await signedLines(house)
    house.clock.advance(100 * hour)
    const [taken] = await take(house, plan.digest, lines)
    expect(taken?.kept).toMatch(/^TIME N17: its signature came /)
    await house.pass(3_000)
    expect(await house.state(request)).toBe('SIGNED')
    expect(await reasons(house, request)).toEqual(['TIME'])
    const frozen = freezeOf('ana', 'cold', house.clock.now())
    expect(isRefusal(await house.during(house.coordinator.decisions.freeze(frozen)))).toBe(false)
    const [again] = await take(house, plan.digest, lines)
    expect(again?.kept).toBe('FROZEN N4: frozen: cold')
    await house.pass(20_000)
    expect(await reasons(house, request)).toEqual(['FROZEN'])
    expect(house.chain.sent).toEqual([])
  })
})

describe('importing', () => {
  it('judges the whole Bundle, and the same one twice gives the same answer', async () => {
    const house = await built()
    const { request, plan } = await preparedRelease(house)
    const room = await roomOf(house, plan)
    const files = room.carriedOut()
    const of = await put(house, plan.digest, files)
    const first = await house.during(house.coordinator.ceremonies.import(of, []))
    expect(first).toMatchObject({
      ceremony: { state: 'concluded' },
      results: [{ about: request, line: 'sign.completed', kept: '' }],
    })
    await house.until('sent', () => house.chain.sent.length > 0)
    const { size } = house.coordinator.tree
    expect(await house.during(house.coordinator.ceremonies.import(of, []))).toEqual(first)
    const types = (await house.lines()).slice(size).map(({ type }) => type)
    expect(types.filter((type) => type !== 'log.heartbeat' && type !== 'tx.broadcast')).toEqual([])
    const exported = new Map<string, Uint8Array>()
    for await (const { path, content } of exportParts(house.coordinator.proofs.ports)) {
      exported.set(path, Buffer.concat([exported.get(path) ?? new Uint8Array(0), content]))
    }
    expect([...exported.keys()]).toContain(`blobs/bundle/${of.bundle}`)
    const { digest, log, witness } = root
    const trust = { root: digest, log, witnesses: witnessesOf(root), q: witness.q }
    const report = verify({ files: exported, trust: trustText(trust), nowMs: house.clock.now() })
    expect(report).toMatchObject({ word: 'OK', findings: [] })
  })

  it('takes nothing that was bent, and no exception that nobody has read', async () => {
    const house = await built()
    const { request, plan } = await preparedRelease(house)
    const room = await roomOf(house, plan)
    const { ceremonies } = house.coordinator
    const [genesis, ...rest] = room.said()
    const other = { ...genesis!, body: { ...genesis!.body, bundle: anyDigest('another') } }
    const bent = await put(house, plan.digest, room.carriedOut(room.lines([other, ...rest])))
    expect(await house.during(ceremonies.import(bent, []))).toMatchObject({ code: 'RECORD' })
    const dissent = room.carriedOut(room.lines(), (one) =>
      one.actor.role === 'auditor'
        ? { ...one, verdict: 'do-not-agree', because: 'I saw another amount' }
        : one,
    )
    const doubted = await put(house, plan.digest, dissent)
    expect(await house.during(ceremonies.import(doubted, []))).toMatchObject({ rule: 'I6' })
    expect(await house.state(request)).toBe('SIGNING')

    const told = [...room.opening(), room.exception(1, 'S-1'), ...room.own()]
    const lines = room.lines([...told, ...room.closing(1)])
    const of = await put(house, plan.digest, room.carriedOut(lines))
    expect(await house.during(ceremonies.import(of, []))).toMatchObject({ rule: 'I10' })
    const line = lines.map(parseRecordLine).find(({ type }) => type === 'exception')
    const confirmed = [recordLeaf(line!)]
    const stray = [...confirmed, anyDigest('no exception')]
    expect(await house.during(ceremonies.import(of, stray))).toMatchObject({ rule: 'I10' })
    expect(await house.during(ceremonies.import(of, confirmed))).toMatchObject({
      ceremony: { state: 'concluded' },
    })
    const late = await house.during(ceremonies.import(doubted, []))
    expect(isRefusal(late)).toBe(true)
  })

  it('takes the Record of a ceremony that was called off too early, once the log names it', async () => {
    const house = await built()
    const { request, plan } = await preparedRelease(house)
    const room = await roomOf(house, plan)
    const { ceremonies } = house.coordinator
    const lines = room.lines()
    const [{ record }] = room.spoken(lines) as [Statement]
    const of = await put(house, plan.digest, room.carriedOut(lines))
    await house.during(ceremonies.abort(plan.digest, 'TIME'))
    expect(await house.during(ceremonies.import(of, []))).toMatchObject({ rule: 'I5' })
    const told = await house.during(ceremonies.abort(plan.digest, 'TIME', record))
    expect(told).toMatchObject({ state: 'aborted', record })
    expect(await ceremonies.abort(plan.digest, 'TIME', record)).toEqual(told)
    expect(await house.during(ceremonies.import(of, []))).toMatchObject({
      ceremony: { state: 'aborted' },
      results: [{ about: request, line: 'sign.completed' }],
    })
  })

  it('takes no Bundle that is another, not whole, or the one that went in', async () => {
    const house = await built()
    const { plan } = await plannedGenesis(house)
    const { ceremonies } = house.coordinator
    await house.during(ceremonies.prepare(plan.digest))
    const [{ bundle } = { bundle: '' as const }] = await ceremonies.list()
    const part = { name: 'manifest.json', offset: 0, content: new Uint8Array(1) }
    if (bundle === '') throw new Error('nothing was exported')
    const into = ceremonies.put({ plan: plan.digest, bundle, by: oper }, part)
    await expect(into).rejects.toThrow('the one that went in')
    const of = { plan: plan.digest, bundle: anyDigest('nothing'), by: oper }
    expect(await ceremonies.import(of, [])).toMatchObject({ code: 'BUNDLE' })
    const unknown = ceremonies.import({ ...of, plan: anyDigest('no plan') }, [])
    await expect(unknown).rejects.toMatchObject({ refusal: { code: 'CEREMONY', rule: 'X-20' } })
    // What is not what its name says is forgotten, so that what is can be put.
    expect(await ceremonies.put(of, part)).toBe(1)
    const other = { ...part, content: new Uint8Array([2]) }
    await expect(ceremonies.put(of, other)).rejects.toThrow('expected the bytes from 1 on')
    expect(await ceremonies.import(of, [])).toMatchObject({ code: 'BUNDLE', rule: 'X-7' })
    expect(await ceremonies.put(of, other)).toBe(1)
    expect(await ceremonies.abort(plan.digest, 'no code')).toMatchObject({ code: 'MALFORMED' })
  })
})
