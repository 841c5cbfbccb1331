// Changes at the coordinator: submitted, shown, approved, cancelled and expired as payments are, and
// handed to a scripted driver when they are ripe.
import { afterEach, describe, expect, it } from 'vitest'
import type { RipeChange } from '../../coordinator/changes.ts'
import { dealtFor, putDealing } from '../../coordinator/store/dealings.ts'
import { type Driver, takeLease } from '../../coordinator/store/jobs.ts'
import { consentMessage } from '../../policy/audit/key-confirm.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { type Change, type ChangeOf, encodeChange } from '../../policy/change.ts'
import { ed25519Signer, toHex } from '../../proto/crypto.ts'
import {
  type Digest,
  parseDigest,
  parseHandle,
  parsePersonId,
  parseVaultId,
} from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { isRefusal, refusal } from '../../proto/refusal.ts'
import { type Signed, sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { seedOf } from '../policy/dev-fixture.ts'
import { as, decision, type House, houseOn, story } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import {
  anyDigest,
  credentialOf,
  freezeOf,
  nodes,
  payout,
  signIntent,
  start,
  vaultRow,
} from './world.ts'

const engine = pgliteEngine()
const houses: House[] = []
afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

async function built(): Promise<House> {
  const house = await houseOn(await engine.fresh())
  houses.push(house)
  return house
}

const hot = vaultRow('hot')
let asked = 0
const destroy = (patch: Partial<ChangeOf<'key.destroy'>> = {}): Change => {
  asked += 1
  return {
    org: parseHandle('acme-dev'),
    env: 'dev',
    id: parseHandle(`change-${asked}`),
    created: start,
    notAfter: start + 4 * 3_600_000,
    initiator: parsePersonId('ana'),
    vault: parseVaultId('hot'),
    purpose: 'the vault is retired',
    op: 'key.destroy',
    terms: { epoch: hot.epoch, keyState: hot.keyState },
    ...patch,
  }
}

function signed(change: Change, person: string = change.initiator): Signed {
  const key = ed25519Signer(seedOf(person))
  return sign(tags.intent, encodeChange(change), credentialOf(person), key)
}

async function submit(house: House, change: Change): Promise<string> {
  const submitted = await house.coordinator.requests.submit(signed(change), [])
  if (isRefusal(submitted)) throw new Error(`${submitted.code}: ${submitted.because}`)
  return submitted.kind === 'request' ? submitted.shown.id : submitted.id
}

async function say(house: House, id: string, person: string, role: string, no = false) {
  const patch = no ? ({ decision: 'reject' } as const) : {}
  const made = await decision(house, id, { ...as(person, role), ...patch })
  return house.coordinator.decisions.decide(made)
}

const board = [
  ['jun', 'director'],
  ['kat', 'director'],
  ['oli', 'risk'],
] as const

async function approved(house: House, change = destroy()): Promise<string> {
  const id = await submit(house, change)
  for (const [person, role] of board) {
    expect(await say(house, id, person, role)).not.toHaveProperty('code')
  }
  return id
}

/** The line of a destruction, as the nodes would have it written. */
function disabled(digest: string): JsonObject {
  const confirms = nodes.map((node) => {
    const message = consentMessage(parseDigest(digest), node)
    return { node, signature: toHex(ed25519Signer(seedOf(node))(message)) }
  })
  return { confirms, epoch: hot.epoch, keyState: hot.keyState, vault: 'hot' }
}

const shownOf = async (house: House, id: string) => {
  const shown = await house.coordinator.requests.find({ id })
  if (isRefusal(shown)) throw new Error(shown.because)
  return shown
}

/** Until when somebody drives it. */
async function leaseOf(house: House, id: string): Promise<number | undefined> {
  const rows = await house.store.query('select lease_until from job where intent = $1', [id])
  return rows[0] === undefined ? undefined : Number(rows[0]['lease_until'])
}

describe('a change at the coordinator', () => {
  it('walks from its submit to its line, which carries the order', async () => {
    const house = await built()
    const ripe: RipeChange[] = []
    house.coordinator.changes.drivenBy(async (one) => {
      ripe.push(one)
      const answer = await one.carryOut('key.disabled', disabled(one.admitted.digest))
      return isRefusal(answer) ? answer : undefined
    })
    const id = await submit(house, destroy())
    expect(await shownOf(house, id)).toMatchObject({
      state: 'AWAITING_APPROVAL',
      rule: 'governance.key',
      missing: ['2 director', '1 risk'],
      signedTransaction: new Uint8Array(0),
    })
    for (const [person, role] of board) await say(house, id, person, role)
    await house.untilState(id, 'ACTIVE')
    const types = await story(house, id)
    expect(types.at(0)).toBe('intent.created')
    expect(types.at(-1)).toBe('key.disabled')
    expect(types.filter((type) => type === 'approval.recorded')).toHaveLength(3)
    expect(ripe).toHaveLength(1)
    expect(ripe[0]!.admitted.change).toMatchObject({ op: 'key.destroy', vault: 'hot' })
    const row = await house.coordinator.driver.copy.read(get(tables.vault, 'hot'))
    expect(row?.standing).toBe('disabled')
    // The vault pays nothing any more.
    const pay = await house.submit(payout())
    await house.pass(5_000)
    expect(await house.state(pay)).toBe('WAITING')
    expect((await shownOf(house, pay)).reasons.map(({ code }) => code)).toContain('KEY_DISABLED')
  })

  it('waits with a note while its nodes refuse or are away, and while driving it breaks', async () => {
    const house = await built()
    const id = await approved(house)
    await house.pass(5_000)
    const reasons = async () => (await shownOf(house, id)).reasons.map(({ code }) => code)
    expect(await house.state(id)).toBe('WAITING')
    expect(await reasons()).toEqual(['REFUSED'])
    house.coordinator.changes.drivenBy(async () => refusal('NOT_ENOUGH_SIGNERS', 'node away'))
    await house.until('note', async () => (await reasons()).includes('NOT_ENOUGH_SIGNERS'))
    house.coordinator.changes.drivenBy(async () => {
      throw new Error('a bug')
    })
    await house.until('alarm', () => house.events.some(({ name }) => name === 'change.failed'))
    expect(await house.state(id)).toBe('WAITING')
  })

  it('is driven once at a time, however often it is looked at', async () => {
    const house = await built()
    let running = 0
    let most = 0
    let end = () => {}
    house.coordinator.changes.drivenBy(async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise<void>((resolve) => {
        end = resolve
      })
      running -= 1
      return undefined
    })
    const id = await approved(house)
    await house.until('running', () => running === 1)
    await house.pass(6_000)
    const { changes } = house.coordinator
    expect(changes.isRunning(id as Digest)).toBe(true)
    expect(most).toBe(1)
    end()
    await house.until('again', () => running === 1 && most === 1)
    end()
    house.coordinator.changes.drivenBy(async () => undefined)
  })

  it('is left to another coordinator while that has its lease', async () => {
    const house = await built()
    const driven: number[] = []
    house.coordinator.changes.drivenBy(async () => {
      driven.push(house.clock.now())
      return undefined
    })
    const free = await approved(house)
    await house.until('driven', () => driven.length > 0)
    expect(await leaseOf(house, free)).toBeUndefined()
    const id = await submit(house, destroy())
    const until = house.clock.now() + 20_000
    const other: Driver = { owner: 'another', now: house.clock.now() }
    await takeLease(house.store, parseDigest(free), other)
    await takeLease(house.store, parseDigest(id), other)
    driven.splice(0)
    for (const [person, role] of board) await say(house, id, person, role)
    await house.until('driven', () => driven.length > 0)
    expect(driven[0]).toBeGreaterThanOrEqual(until)
  })

  it('keeps its lease as long as it is driven, whatever wakes, and then gives it back', async () => {
    const house = await built()
    let end = () => {}
    house.coordinator.changes.drivenBy(async () => {
      await new Promise<void>((resolve) => {
        end = resolve
      })
      return undefined
    })
    const id = await approved(house)
    const { changes, jobs } = house.coordinator
    const isHeld = async () => ((await leaseOf(house, id)) ?? 0) > house.clock.now()
    await house.until('running', () => changes.isRunning(id as Digest))
    for (let more = 0; more < 4; more += 1) {
      await house.pass(10_000)
      jobs.wake(id as Digest)
      await house.pass(100)
      expect(await isHeld()).toBe(true)
    }
    end()
    await house.until('given back', async () => (await leaseOf(house, id)) === undefined)
    // A line about it is looked at when its drive begins.
    jobs.wake(id as Digest)
    void changes.drive(id as Digest)
    await house.pass(100)
    expect(await isHeld()).toBe(true)
    house.coordinator.changes.drivenBy(async () => undefined)
    end()
  })

  it('is submitted once: the same answers the same, another under its id is a conflict', async () => {
    const house = await built()
    const change = destroy()
    const id = await submit(house, change)
    expect(await submit(house, change)).toBe(id)
    const other = signed({ ...change, purpose: 'something else' })
    const { requests } = house.coordinator
    expect(await requests.submit(other, [])).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
    // Payments and changes share the ids of an initiator.
    const both = payout({ id: parseHandle('shared') })
    await house.submit(both)
    const initiator = both.initiator
    const clash = signed(destroy({ id: parseHandle('shared'), initiator }))
    expect(await requests.submit(clash, [])).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
  })

  it("is refused at the border when it is nobody's, another house's or out of time", async () => {
    const { coordinator } = await built()
    const says = async (one: Signed) => {
      const answer = await coordinator.requests.submit(one, [])
      return isRefusal(answer) ? answer.code : 'accepted'
    }
    expect(await says(signed(destroy()))).toBe('accepted')
    expect(await says(signed(destroy(), 'bo'))).toBe('INTENT_SIG')
    const stranger = { ...signed(destroy()), credential: parseHandle('nobody-1') }
    expect(await says(stranger)).toBe('INTENT_SIG')
    expect(await says(signed(destroy({ org: parseHandle('other') })))).toBe('INVALID_INTENT')
    expect(await says(signed(destroy({ vault: parseVaultId('nowhere') })))).toBe('VAULT_NOT_FOUND')
    expect(await says(signed(destroy({ created: start + 3_600_000 })))).toBe('TIME')
    expect(await says(signed(destroy({ created: start - 9e6, notAfter: start - 1e6 })))).toBe(
      'TIME',
    )
    const bent = { ...signed(destroy()), document: '{"format":"custody-change/v1"}' }
    expect(await says(bent)).toBe('INTENT_SIG')
  })

  it('is denied for good when it does not fit the key in force', async () => {
    const house = await built()
    const id = await submit(house, destroy({ terms: { epoch: 7, keyState: hot.keyState } }))
    const shown = await shownOf(house, id)
    expect(shown).toMatchObject({ state: 'DENIED' })
    expect(shown.reasons.map(({ code }) => code)).toEqual(['EPOCH', 'APPROVAL_MISSING'])
  })

  it('takes decisions of the people whom the section asks, about what they saw, once', async () => {
    const house = await built()
    const id = await submit(house, destroy())
    expect(await say(house, id, 'bo', 'ops')).toMatchObject({ code: 'APPROVAL_SCOPE' })
    expect(await say(house, id, 'jun', 'risk')).toMatchObject({ code: 'APPROVAL_SCOPE' })
    const blind = { ...as('jun', 'director'), display: anyDigest('another text') }
    const unseen = await decision(house, id, blind)
    expect(await house.coordinator.decisions.decide(unseen)).toMatchObject({ code: 'DISPLAY' })
    expect(await say(house, id, 'jun', 'director')).not.toHaveProperty('code')
    const again = await decision(house, id, { ...as('jun', 'director'), issued: start + 1_000 })
    expect(await house.coordinator.decisions.decide(again)).toMatchObject({
      code: 'APPROVAL_REPLAYED',
    })
  })

  it('is never decided by whoever asked for it', async () => {
    const house = await built()
    const id = await submit(house, destroy({ initiator: parsePersonId('jun') }))
    expect(await say(house, id, 'jun', 'director')).toMatchObject({ code: 'APPROVAL_SCOPE' })
    expect(await say(house, id, 'kat', 'director')).not.toHaveProperty('code')
  })

  it('ends by a no, a cancel of its initiator, or its own time', async () => {
    const house = await built()
    const no = await submit(house, destroy())
    await say(house, no, 'oli', 'risk', true)
    expect(await house.state(no)).toBe('REJECTED')

    const taken = await submit(house, destroy())
    const { requests } = house.coordinator
    expect(await requests.cancel(taken, 'bo')).toMatchObject({ code: 'CALLER_NOT_ALLOWED' })
    expect(await requests.cancel(taken, 'ana')).toMatchObject({ state: 'CANCELLED' })

    const late = await submit(house, destroy({ notAfter: start + 1_800_000 }))
    await house.jump(1_900_000)
    await house.untilState(late, 'EXPIRED')
  })

  it('is tried out without a trace', async () => {
    const house = await built()
    const { requests } = house.coordinator
    const judged = await requests.simulate(signed(destroy()), [])
    expect(judged).toMatchObject({ standing: 'AWAITING_APPROVAL' })
    expect(await requests.list({ state: '', before: 1e9, countMax: 10 })).toEqual([])
  })

  it('stands still under a freeze and goes on in no other way', async () => {
    const house = await built()
    const id = await approved(house)
    await house.coordinator.decisions.freeze(freezeOf('bo', 'hot', house.clock.now()))
    house.coordinator.changes.drivenBy(async () => refusal('INTERNAL', 'not reached'))
    await house.pass(5_000)
    const { reasons, state } = await shownOf(house, id)
    expect(state).toBe('WAITING')
    expect(reasons.map(({ code }) => code)).toContain('FROZEN')
  })
})

describe('the dealing of an import', () => {
  it('goes when no request comes of it, and not while one may be on its way', async () => {
    const house = await built()
    const unheard = anyDigest('a request that was refused')
    await putDealing(house.store, unheard, new Uint8Array(1))
    await house.jump(3_500_000)
    expect(await dealtFor(house.store)).toEqual([unheard])
    await house.jump(300_000)
    expect(await dealtFor(house.store)).toEqual([])
  })

  it('stays for a request that came', async () => {
    const house = await built()
    const digest = parseDigest(await submit(house, destroy()))
    await putDealing(house.store, digest, new Uint8Array(1))
    await house.jump(3_800_000)
    expect(await dealtFor(house.store)).toEqual([digest])
  })
})

describe('a coordinator that makes lines up', () => {
  it('cannot write one that carries out a change without its order and its people', async () => {
    const house = await built()
    const id = await submit(house, destroy())
    const propose = (body: JsonObject, documents: string[] = []) =>
      house.coordinator.sequencer.propose({
        kind: 'lines',
        content: {
          receipts: [],
          lines: [{ actor: 'coordinator', type: 'key.disabled', body }],
          documents,
        },
      })
    const body = { ...disabled(id), change: id, order: anyDigest('no order') }
    expect(await propose(body)).toMatchObject({ code: 'MALFORMED' })
    expect(await house.state(id)).toBe('AWAITING_APPROVAL')
    // A payment is not carried out by such a line either.
    const pay = await house.coordinator.requests.submit(signIntent(payout()), [])
    const of = isRefusal(pay) || pay.kind !== 'request' ? '' : pay.shown.id
    expect(await propose({ ...body, change: of })).toMatchObject({ code: 'LINE_VOID' })
  })
})
