// What is proposed where the cold vaults have a log of their own: neither log has the other's keys,
// so a place of the other one is the class that a book fills with its address.
import { describe, expect, it } from 'vitest'
import { besideCold, onlyCold } from '../../../cli/dev-cold.ts'
import { devPolicy } from '../../../cli/dev-documents.ts'
import { devPeople } from '../../../cli/dev-rules.ts'
import { analyse, loadRulebook, sentence } from '../../../policy/analyse.ts'
import type { Rulebook } from '../../../policy/rulebook.ts'
import { type Held, type Moving, placeName } from '../../../policy/treasury/ledger.ts'
import { type Asked, propose } from '../../../policy/treasury/propose.ts'
import { parseHandle, parsePersonId, parseVaultId } from '../../../proto/ids.ts'
import { attempt } from '../../../proto/refusal.ts'
import {
  changed,
  expires,
  key,
  type Loose,
  notBefore,
  origin,
  token,
  witness,
} from '../dev-fixture.ts'

const numbers = { org: 'acme-dev', notBefore, expires, people: devPeople, token, key, witness }
const mainText = devPolicy({ ...numbers, origin, places: besideCold })
const coldText = devPolicy({
  ...{ ...numbers, origin: `${origin}-cold`, coldOrigin: origin },
  places: onlyCold,
})
const [main, cold] = [loadRulebook(mainText), loadRulebook(coldText)]
const usdt = parseHandle('usdt')
const one = 1_000_000n
const none: Asked = { count: 0, isOpen: false, quietUntil: 0, became: '' }

const vault = (name: string) => ({ vault: parseVaultId(name), path: 'm' })
const listed = (name: string) => ({ class: parseHandle(name) })
const lies = (at: ReturnType<typeof vault> | ReturnType<typeof listed>, amount: bigint): Held => {
  return { ...at, asset: usdt, amount: amount * one }
}

function run(rulebook: Rulebook, held: readonly Held[], rest: { moving?: readonly Moving[] } = {}) {
  const { moving = [] } = rest
  const initiator = parsePersonId('svc-payouts')
  const made = propose(rulebook, {
    ...{ at: notBefore, initiator, held, moving, costs: new Map() },
    asked: () => none,
  })
  return {
    doubts: made.doubts,
    proposals: made.proposals.map(({ id, from, to, amount, because }) => {
      return `${id}: ${placeName(from)} > ${placeName(to)} ${amount / one}, ${because}`
    }),
  }
}

describe('the main log beside a log of cold vaults', () => {
  it('sends the surplus of hot to the address that the book has for cold', () => {
    expect(run(main, [lies(vault('hot'), 400_001n), lies(vault('warm'), 900_000n)])).toEqual({
      proposals: [
        'watch/surplus/hot-usdt/1: hot m > class cold 250001, surplus: hot m to class cold',
      ],
      doubts: [],
    })
  })

  it('refills hot from warm, and warm from nowhere: the key of cold is not here', () => {
    const { proposals } = run(main, [lies(vault('hot'), 1n), lies(vault('warm'), 160_000n)])
    expect(proposals).toEqual([
      'watch/refill/hot-usdt/1: warm m > hot m 60000, refill: warm m to hot m',
    ])
  })

  it('takes what is on its way to cold off at once', () => {
    const leaving = { from: vault('hot'), to: listed('cold'), asset: usdt, feeMax: 0n }
    const moving = [{ ...leaving, amount: 300_000n * one }]
    const held = [lies(vault('hot'), 450_000n), lies(vault('warm'), 900_000n)]
    expect(run(main, held, { moving }).proposals).toEqual([])
  })
})

describe('the log of cold vaults', () => {
  it('asks for a release where little lies at the address that the book has for warm', () => {
    expect(run(cold, [lies(listed('warm'), 199_999n), lies(vault('cold'), 9_000_000n)])).toEqual({
      proposals: [
        'watch/refill/warm-usdt/1: cold m > class warm 800001, refill: cold m to class warm',
      ],
      doubts: [],
    })
  })

  it('counts what is on its way there, and says what it does not know', () => {
    const coming = { from: vault('cold'), to: listed('warm'), asset: usdt, feeMax: 0n }
    const moving = [{ ...coming, amount: 50_000n * one }]
    const held = [lies(listed('warm'), 199_999n), lies(vault('cold'), 9_000_000n)]
    expect(run(cold, held, { moving }).proposals).toEqual([])
    expect(run(cold, [lies(vault('cold'), 9_000_000n)]).doubts).toEqual([
      {
        name: 'watch/refill/warm-usdt',
        because: 'no balance of usdt at class warm that endpoints agree on',
      },
    ])
  })
})

const wayOf: Readonly<Record<string, string>> = {
  'cold-sweep': 'hot cold',
  'cold-release': 'cold warm',
}

describe('targets over two logs', () => {
  it('have a rule for every way', () => {
    const ways = [main, cold].flatMap((rulebook) => analyse(rulebook).map(sentence))
    expect(ways.filter((line) => line.includes('no way'))).toEqual([])
    const without = (id: string) => (json: Loose) => {
      json.rules = json.rules.filter((rule: Loose) => rule.id !== id)
      const isOf = ({ from, to, sum }: Loose) => sum === 'USDT' && `${from} ${to}` === wayOf[id]
      json.limits = json.limits.filter((limit: Loose) => !isOf(limit))
    }
    const found = (text: string, id: string) =>
      analyse(loadRulebook(changed(text, without(id))))
        .map(sentence)
        .filter((line) => line.includes('no way'))
    expect(found(mainText, 'cold-sweep')).toEqual([
      'warning no way at targets.hot-usdt: no rule moves usdt from hot to class cold',
    ])
    expect(found(coldText, 'cold-release')).toEqual([
      'warning no way at targets.warm-usdt: no rule moves usdt from cold to class warm',
    ])
  })

  it.each<[what: string, because: RegExp, text: string, change: (json: Loose) => void]>([
    [
      'nothing named',
      /expected vault or class/,
      coldText,
      (json) => delete json.targets['warm-usdt'].class,
    ],
    [
      'a class that nobody has',
      /unknown nowhere/,
      coldText,
      (json) => (json.targets['warm-usdt'].class = 'nowhere'),
    ],
    [
      'a class of own vaults',
      /a book alone fills/,
      coldText,
      (json) => (json.targets['warm-usdt'].class = 'cold'),
    ],
    [
      'a class that a service fills',
      /a book alone fills/,
      mainText,
      (json) => (json.targets['hot-usdt'].surplusClass = 'customer'),
    ],
    [
      'a surplus of a vault of another log',
      /no surplus of a vault of another log/,
      coldText,
      (json) => (json.targets['warm-usdt'].surplus = 'cold'),
    ],
    [
      'an unknown asset',
      /unknown gold/,
      coldText,
      (json) => (json.targets['warm-usdt'].asset = 'gold'),
    ],
    [
      'two of one asset',
      /a second entry of usdt at class warm/,
      coldText,
      (json) => (json.targets.twice = json.targets['warm-usdt']),
    ],
  ])('are refused with %s', (_, because, text, change) => {
    const got = attempt(() => loadRulebook(changed(text, (json) => void change(json))))
    expect('kind' in got ? got.because : 'taken').toMatch(because)
  })
})
