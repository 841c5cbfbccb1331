// payout: what a file may be, what is refused before anything is signed, one verdict a line, and the
// same file again.
import { writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readPayout } from '../../cli/payout-file.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { refusal } from '../../proto/refusal.ts'
import { custody, makeCluster, type Place, payee, testWorld } from '../kit/cluster.ts'
import { type FakeCoordinator, fakeCoordinator } from '../kit/coordinator.ts'
import { freePort } from '../kit/ports.ts'
import { refusedWith } from '../kit/refused.ts'

const header = 'reference,asset,amount,to,purpose'
const good = `w-1,usdt,12.5,${payee},withdrawal 1`
const csv = (...rows: readonly string[]) => `${[header, ...rows].join('\n')}\n`
const faultsOf = (text: string, kind: 'csv' | 'json' = 'csv') =>
  readPayout(toUtf8(text), kind).faults.map(
    ({ line, column, because }) => `${line} ${column} ${because}`,
  )

describe('a payout file', () => {
  it('is lines of cells as they were written, quoted or not, from CSV and from JSON', () => {
    const quoted = `"w-2","usdt","7",${payee},"for ""Ada"", 2nd"`
    const { lines } = readPayout(toUtf8(csv(good, quoted)), 'csv')
    expect(lines).toMatchObject([
      { line: 2, reference: 'w-1', amount: '12.5', to: payee, record: '' },
      { line: 3, reference: 'w-2', amount: '7', purpose: 'for "Ada", 2nd' },
    ])
    const { line: _, record: __, ...cells } = lines[0]!
    const tricky = { ...cells, purpose: 'a "b": "c", \\": 1' }
    const read = readPayout(toUtf8(JSON.stringify([tricky])), 'json').lines
    expect(read[0]?.purpose).toBe(tricky.purpose)
    const same = readPayout(toUtf8(JSON.stringify([cells])), 'json').lines
    expect(same).toEqual([{ ...lines[0], line: 1 }])
    expect(readPayout(toUtf8(csv(good).replaceAll('\n', '\r\n')), 'csv').lines).toHaveLength(1)
    const withRecord = `${header},record\n${good},dest.json\n`
    expect(readPayout(toUtf8(withRecord), 'csv').lines[0]?.record).toBe('dest.json')
  })

  it.each([
    ['', '1 header expected the header'],
    [csv(), '1 reference no payment'],
    [csv(good.replace('w-1,', '')), '2 row expected 5 cells, got 4'],
    [csv(`${good},x`), '2 row expected 5 cells, got 6'],
    [csv(good, ''), '3 row expected 5 cells, got 1'],
    [csv(good.replace('usdt', 'us"dt')), '2 row expected 5 cells, got a broken quotation'],
    [csv(good.replace('usdt', '"usdt"x')), '2 row expected 5 cells, got a broken quotation'],
    [csv(good.replace('12.5', '')), '2 amount expected something'],
    [csv(good, good), '3 reference stands in line 2 too'],
    [`\ufeff${csv(good)}`, '1 header expected the header'],
  ])('is refused as CSV: %j', (text, because) => {
    expect(faultsOf(text)[0]).toContain(because)
  })

  it.each([
    ['{}', '1 list expected a JSON list'],
    ['[', '1 list expected a JSON list'],
    ['[]', '1 reference no payment'],
    ['[7]', '1 item expected an object'],
    ['[{"amount":12.5}]', '1 amount expected text, so that no digit is lost'],
    ['[{"amount":"1","amount":"100"}]', '1 list expected each key once'],
    ['[{"amount":"1","\\u0061mount":"100"}]', '1 list expected each key once'],
    ['[{"memo":"x"}]', '1 memo expected no such key'],
    ['[{"reference":"a","asset":"usdt","amount":"1","to":"0x"}]', '1 purpose expected something'],
  ])('is refused as JSON: %s', (text, because) => {
    expect(faultsOf(text, 'json')[0]).toContain(because)
  })

  it('has as many lines and bytes as it may, and no more', () => {
    const rows = (count: number) =>
      Array.from({ length: count }, (_, at) => `w-${at},usdt,1,${payee},p`)
    const most = limits.payoutLinesMax
    expect(readPayout(toUtf8(csv(...rows(most))), 'csv').lines).toHaveLength(most)
    expect(refusedWith(() => readPayout(toUtf8(csv(...rows(most + 1))), 'csv'))).toBe('TOO_LARGE')
    const long = new Uint8Array(limits.payoutBytesMax + 1)
    expect(refusedWith(() => readPayout(long, 'csv'))).toBe('TOO_LARGE')
    expect(refusedWith(() => readPayout(Uint8Array.of(0xff), 'csv'))).toBe('MALFORMED')
  })
})

let place: Place
let house: FakeCoordinator
beforeAll(async () => {
  place = await makeCluster(await freePort())
  house = await fakeCoordinator(place)
})
afterAll(async () => {
  await house.close()
  place.remove()
})
afterEach(() => {
  house.requests.clear()
  house.beHonest()
})

async function paying(text: string, words: readonly string[] = ['--yes'], world = testWorld()) {
  writeFileSync(place.path('file.csv'), text)
  const all = ['payout', place.path('file.csv'), '--vault', 'hot', ...words]
  return { ...(await custody(place, 'services/svc-payouts', all, world)), world }
}
const documents = () =>
  [...house.requests.values()].map(({ signed }) => JSON.parse(signed.document))

const three = csv(good, `w-2,usdt,7,${payee},second`, `w-3,eth-native,0.25,${payee},third`)

describe('custody payout', () => {
  it('makes one intent of each line, with one verdict, after it said what it comes to', async () => {
    const { exit, json, world } = await paying(three)
    expect(exit).toBe(0)
    expect(json).toMatchObject({ sent: 3, left: 0, denied: 0 })
    expect(json.lines[0]).toMatchObject({
      line: 2,
      reference: 'w-1',
      amount: '12.5 USDT',
      state: 'AWAITING_APPROVAL',
      why: 'rule payout-mid, needs 1 ops',
    })
    expect(documents().map(({ id, amount, asset }) => `${id} ${amount} ${asset}`)).toEqual([
      'payout/w-1 12500000 usdt',
      'payout/w-2 7000000 usdt',
      'payout/w-3 250000000000000000 eth-native',
    ])
    expect(world.said.join('')).toBe(
      '3 payments to 1 address, 0 of them asked for before\n' +
        '  19.5 USDT in 2 payments\n  0.25 ETH in 1 payment\nsent 3 of 3\n',
    )
  })

  it('asks for the number of payments, and sends none for another', async () => {
    const slip = await paying(three, [], testWorld(['4']))
    expect(slip.exit).toBe(1)
    expect(house.requests.size).toBe(0)
    await paying(three, [], testWorld(['3']))
    expect(house.requests.size).toBe(3)
  })

  it('sends nothing where one line has a fault, and names each by line and column', async () => {
    const { exit, json } = await paying(
      csv(
        good,
        `W 2,usdt,7,${payee},second`,
        `w-3,doge,7,${payee},third`,
        `w-4,usdt,7.0000001,${payee},fourth`,
        `w-5,usdt,0,${payee},fifth`,
        `w-6,usdt,7,${payee.replace('C8', 'c8')},sixth`,
        `w-7,usdt,7,0x${'12'.repeat(20)},seventh`,
        `w-8,usdt,7,${payee},two  blanks`,
      ),
    )
    expect(exit).toBe(1)
    expect(
      json.faults.map((one: { line: number; column: string }) => `${one.line} ${one.column}`),
    ).toEqual(['3 reference', '4 asset', '5 amount', '6 amount', '7 to', '8 to', '9 purpose'])
    expect(house.requests.size).toBe(0)
    const missing = await paying(`${header},record\n${good},nowhere.json\n`)
    expect(missing.json.faults).toMatchObject([{ line: 2, column: 'record' }])
  })

  it('sends what is missing when it is run again, and nothing twice', async () => {
    let count = 0
    const { SubmitIntent } = house.honest.SigningService
    house.lies.SigningService = {
      SubmitIntent: async (...asked) => {
        count += 1
        return count > 1 ? refusal('QUEUE_FULL', 'too many are open') : SubmitIntent(...asked)
      },
    }
    const first = await paying(three)
    expect(first.exit).toBe(3)
    expect(first.json).toMatchObject({ sent: 1, left: 2 })
    expect(first.json.lines[1]).toMatchObject({
      state: 'LATER',
      why: 'QUEUE_FULL: too many are open',
    })
    house.beHonest()
    const second = await paying(three)
    expect(second.world.said[0]).toContain('1 of them asked for before')
    expect(second.json).toMatchObject({ sent: 2, left: 0 })
    const third = await paying(three)
    expect(third.json).toMatchObject({ sent: 0, left: 0 })
    expect(third.json.lines.map(({ state }: { state: string }) => state)).toEqual(
      Array.from({ length: 3 }, () => 'AWAITING_APPROVAL'),
    )
    expect(house.requests.size).toBe(3)
  })

  it('refuses a reference that was used for another payment', async () => {
    await paying(csv(good))
    for (const [from, into] of [
      ['12.5', '12.6'],
      ['withdrawal 1', 'withdrawal 2'],
    ] as const) {
      const { exit, json } = await paying(csv(good.replace(from, into)))
      expect(exit).toBe(1)
      expect(json.faults).toMatchObject([{ line: 2, column: 'reference' }])
    }
    expect(house.requests.size).toBe(1)
  })

  it('shows what it would send, the same payment twice, and what the policy denies', async () => {
    const twice = csv(good, good.replace('w-1', 'w-2'))
    const dry = await paying(twice, ['--dry-run'])
    expect(dry.json.lines.map(({ state }: { state: string }) => state)).toEqual([
      'NOT SENT',
      'NOT SENT',
    ])
    expect(house.requests.size).toBe(0)
    const { SubmitIntent } = house.honest.SigningService
    house.lies.SigningService = {
      SubmitIntent: async (...asked) => {
        const said = await SubmitIntent(...asked)
        const reasons = [{ code: 'POLICY_DENIED', rule: '', because: 'no rule' }]
        if (!('request' in said) || !said.request) return said
        return { request: { ...said.request, state: 'DENIED', rule: '', missing: [], reasons } }
      },
    }
    const { exit, json, world } = await paying(twice)
    expect(world.said[0]).toContain('the same payment in lines 2, 3')
    expect(exit).toBe(1)
    expect(json).toMatchObject({
      denied: 2,
      lines: [{ state: 'DENIED', why: 'POLICY_DENIED: no rule' }, {}],
    })
  })

  it('does not end well while a payment came to nothing that was asked for before', async () => {
    await paying(csv(good))
    expect(await paying(csv(good))).toMatchObject({ exit: 0, json: { denied: 0 } })
    const { GetRequest } = house.honest.SigningService
    for (const state of ['REJECTED', 'CANCELLED', 'EXPIRED', 'DROPPED', 'SETTLED']) {
      house.lies.SigningService = {
        GetRequest: async (...asked) => {
          const said = await GetRequest(...asked)
          if (!('request' in said) || !said.request) return said
          return { request: { ...said.request, state } }
        },
      }
      const { exit, json } = await paying(csv(good))
      expect(json.lines).toMatchObject([{ state }])
      expect([exit, json.denied]).toEqual(state === 'SETTLED' ? [0, 0] : [1, 1])
    }
  })

  it('goes over lines that are refused for good, and says so', async () => {
    house.lies.SigningService = {
      SubmitIntent: async () => refusal('VAULT_NOT_FOUND', 'the policy names no vault hot'),
    }
    const { exit, json } = await paying(three)
    expect(exit).toBe(1)
    expect(json).toMatchObject({ sent: 0, left: 0, denied: 3 })
  })
})
