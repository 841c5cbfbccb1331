// A coordinator that dies at every line it writes about a request: before the line is committed, and
// when it is committed and nobody has heard of it. The next one has the database and nothing else.
// People and services send again what was not answered; nothing is lost and nothing happens twice.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EntryType } from '../../policy/audit/bodies.ts'
import type { Intent } from '../../policy/intent.ts'
import { payout } from '../coordinator/world.ts'
import type { House } from '../kit/house.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { doomAtLine } from '../kit/house-doom.ts'
import { openHouse } from '../kit/house-open.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'coordinator crash' })
})
afterAll(() => house.close())

let cents = 0n
function ask(): Intent {
  cents += 1n
  const created = house.time.now
  const times = { created, notAfter: created + 3_600_000 }
  return payout({ ...times, amount: 2_000_000_000n + cents })
}

/** Starts again whoever dies, until it is so. */
async function withRestarts(what: string, isSo: () => Promise<boolean>): Promise<void> {
  await house.until(what, async () => {
    if (!house.isUp('c1')) {
      await house.pass(1_000)
      await house.startCoordinator('c1')
    }
    return isSo()
  })
}

/** As a caller does who hears nothing: the same words again. */
async function insist<T>(say: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < 5; tries += 1) {
    let answer: { readonly value: T } | undefined
    const said = say().then((value) => {
      answer = { value }
    })
    void said.catch(() => undefined)
    for (let waited = 0; waited < 100 && answer === undefined && house.isUp('c1'); waited += 1) {
      await house.pass(100)
    }
    if (answer !== undefined) return answer.value
    await withRestarts('a coordinator', async () => true)
  }
  throw new Error('no answer ever came')
}

const types: readonly EntryType[] = [
  'intent.created',
  'intent.evaluated',
  'approval.recorded',
  'spend.reserved',
  'session.started',
  'sign.completed',
  'tx.broadcast',
  'tx.settled',
]

describe('a coordinator that dies', () => {
  for (const type of types) {
    it(`before and after it commits a line ${type} is followed by one that goes on`, async () => {
      for (const moment of ['before', 'after'] as const) {
        const intent = ask()
        doomAtLine(house, type, moment)
        const died = house.running('c1').life
        const id = await insist(() => house.submit(intent))
        await insist(() => house.approve(id, 'ana', 'ops'))
        await withRestarts('SETTLED', async () => (await house.state(id)) === 'SETTLED')
        expect(died.isOver).toBe(true)
        const lines = await house.story(id)
        for (const once of types.filter((one) => !many.has(one))) {
          expect([once, linesOf(lines, once).length]).toEqual([once, 1])
        }
        expect(new Set(linesOf(lines, 'session.started').map(({ body }) => body.slot)).size).toBe(1)
      }
    })
  }

  it('in the middle of the rounds ends the attempt with a line, and the next one signs', async () => {
    const id = await house.submit(ask())
    house.down = (_place, frame) => {
      if (frame.frame !== 'envelope') return frame
      house.killCoordinator('c1')
      house.down = (_same, other) => other
      return undefined
    }
    await insist(() => house.approve(id, 'ana', 'ops'))
    await withRestarts('SETTLED', async () => (await house.state(id)) === 'SETTLED')
    const [aborted, ...more] = linesOf(await house.story(id), 'session.aborted')
    expect([aborted?.body.reason, more.length]).toEqual(['COORDINATOR', 0])
  })

  it('as often as that breaks no rule that the world can check', async () => {
    await house.pass(2_000)
    expect(await breaches(house)).toEqual([])
  })
})

/** Not always once: what the chain has made final needs no broadcast, and judging may say more. */
const many: ReadonlySet<EntryType> = new Set([
  'session.started',
  'intent.evaluated',
  'tx.broadcast',
])
