import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadRulebook, unsupported } from '../../policy/analyse.ts'
import {
  classOfBook,
  classOfVault,
  duplicateWindowMs,
  networkOf,
  parseRulebook,
} from '../../policy/rulebook.ts'
import { parseVaultId } from '../../proto/ids.ts'
import { attempt } from '../../proto/refusal.ts'
import { refusedWith } from '../kit/refused.ts'
import { changed, handleOf, type Loose, policyText } from './dev-fixture.ts'

const full = readFileSync(new URL('../vectors/documents/policy-full.json', import.meta.url), 'utf8')

describe('the full example', () => {
  it('has the digest of the design', () => {
    expect(Buffer.byteLength(full)).toBe(7844)
    expect(parseRulebook(full).digest).toBe(
      '2d01f82d4698f0ba26d68d941ba4748e50e162e39b487b04f3a7e7d050999b7c',
    )
  })

  it('is understood: amounts exact, names resolved', () => {
    const rulebook = parseRulebook(full)
    const [auto, mid] = rulebook.rules
    const usdt = handleOf('usdt-eth')
    expect(auto?.box.amounts.get(usdt)).toEqual({ lo: 1n, hi: 1_000_000_000n })
    expect(mid?.box.amounts.get(usdt)).toEqual({ lo: 1_000_000_001n, hi: 25_000_000_000n })
    expect(auto?.box.initiators).toEqual(new Set(['svc-payouts']))
    expect(rulebook.networks.get(handleOf('eth'))?.maxFee).toBe(50_000_000_000_000_000n)
    expect(rulebook.networks.get(handleOf('tron'))?.slot).toEqual({
      kind: 'one-body',
      lifetimeMs: 600_000,
      lifetimeColdMs: 86_400_000,
    })
    expect(rulebook.limits.find(({ id }) => id === 'cold-7d')?.windowMs).toBe(604_800_000)
    expect(rulebook.limits.find(({ id }) => id === 'auto-count')?.measure.kind).toBe('count')
  })

  it('is refused where bytes would end before anybody may sign them', () => {
    for (const field of ['maxTxLifetime', 'maxTxLifetimeCold']) {
      const lives = (time: string) =>
        attempt(() => parseRulebook(changed(full, (json) => (json.networks.tron[field] = time))))
      for (const time of ['0s', '60s', '119s']) {
        expect(lives(time)).toMatchObject({
          code: 'INVALID_POLICY',
          because: `networks.tron.${field}: expected at least 2m`,
        })
      }
      expect(lives('2m')).toMatchObject({ version: 7 })
    }
  })

  it('is refused at load, with every field that is not supported yet', () => {
    expect(attempt(() => loadRulebook(full))).toMatchObject({
      code: 'NOT_SUPPORTED',
      because:
        'not supported yet: guards.g-lists.deny.destinationIn, ' +
        'guards.g-poison.deny.destinationLooksLike, rules.payout-large.match.when, ' +
        'rules.warm-trade.match.when, rules.warm-trade-xl.match.when, ' +
        'rules.cold-out.match.when, separation.minFactor.cold-out, ' +
        'separation.minFactor.payout-mid',
    })
  })
})

describe('lookups', () => {
  const rulebook = loadRulebook(policyText)

  it('finds the class of a vault and of a book, and the network of a vault', () => {
    expect(classOfVault(rulebook, parseVaultId('warm'))?.id).toBe('warm')
    expect(classOfVault(rulebook, parseVaultId('lukewarm'))).toBeUndefined()
    expect(classOfBook(rulebook, handleOf('customer'))).toMatchObject({ attestedBy: 'svc-payouts' })
    expect(classOfBook(rulebook, handleOf('hot'))).toBeUndefined()
    expect(networkOf(rulebook, parseVaultId('hot'))?.caip2).toBe('eip155:31337')
    expect(networkOf(rulebook, parseVaultId('lukewarm'))).toBeUndefined()
  })

  it('knows how far back the duplicate guard looks', () => {
    expect(duplicateWindowMs(rulebook)).toBe(600_000)
    const without = changed(policyText, (json) => json.guards.splice(4, 1))
    expect(duplicateWindowMs(parseRulebook(without))).toBeUndefined()
  })
})

type Case = [what: string, code: string, change: (json: Loose) => void]

describe('what a policy refuses in its form', () => {
  it.each<Case>([
    ['AUTH-23 an unknown key', 'MALFORMED', (json) => (json.comment = 'x')],
    ['AUTH-23 a missing key', 'MALFORMED', (json) => delete json.calendars],
    ['a missing expiry', 'MALFORMED', (json) => delete json.expires],
    ['an unknown key deep inside', 'MALFORMED', (json) => (json.rules[0].match.memo = 'x')],
    ['another format', 'MALFORMED', (json) => (json.format = 'custody-policy/v2')],
    ['an unknown engine', 'MALFORMED', (json) => (json.engine = 2)],
    ['a version of nothing', 'MALFORMED', (json) => (json.version = 0)],
    ['an amount as a number', 'MALFORMED', (json) => (json.limits[0].max = 1000)],
    ['an amount with a leading zero', 'MALFORMED', (json) => (json.limits[0].max = '0100')],
    ['a calendar day as a window', 'MALFORMED', (json) => (json.limits[0].window = 'daily')],
    ['AUTH-23 an empty list of rules', 'MALFORMED', (json) => (json.rules = [])],
    ['an empty list of guards', 'MALFORMED', (json) => (json.guards = [])],
    ['an empty list of limits', 'MALFORMED', (json) => (json.limits = [])],
    ['an empty list in a match', 'MALFORMED', (json) => (json.rules[0].match.to = [])],
    ['an empty role', 'MALFORMED', (json) => (json.roles.ops.members = [])],
    ['a member who stands twice', 'MALFORMED', (json) => json.roles.ops.members.push('ana')],
    ['an unknown operation', 'MALFORMED', (json) => (json.rules[0].match.op = ['evm.deploy'])],
    ['a count of nobody', 'MALFORMED', (json) => (json.rules[1].require[0].count = 0)],
    ['a guard without a kind', 'MALFORMED', (json) => (json.guards[0].deny = {})],
    ['a guard that is no object', 'MALFORMED', (json) => (json.guards[0].deny = 'op')],
    ['a guard of two kinds', 'MALFORMED', (json) => (json.guards[0].deny.frozen = true)],
    ['a freeze guard turned off', 'MALFORMED', (json) => (json.guards[5].deny.frozen = false)],
    [
      'half of the record guard',
      'MALFORMED',
      (json) => (json.guards[3].deny.destinationRecord.insideCooldown = false),
    ],
    ['two votes a person', 'MALFORMED', (json) => (json.separation.onePersonOneVote = false)],
    ['a zone other than UTC', 'MALFORMED', (json) => (json.calendars.desk = desk('CET'))],
    ['a chain id of two forms', 'MALFORMED', (json) => (json.networks.dev.caip2 = 'eip155:031337')],
    ['a chain id of nothing', 'MALFORMED', (json) => (json.networks.dev.caip2 = 'eip155:0')],
    ['a chain without a number', 'MALFORMED', (json) => (json.networks.dev.caip2 = 'eip155:dev')],
    ['Tron by name', 'MALFORMED', (json) => (json.networks.dev.caip2 = 'tron:mainnet')],
    [
      'a rollup whose fee is not bounded',
      'NOT_SUPPORTED',
      (json) => (json.networks.dev.caip2 = 'eip155:8453'),
    ],
    [
      'a network of no known kind',
      'NOT_SUPPORTED',
      (json) => (json.networks.dev.caip2 = 'bip122:1'),
    ],
    ['a slot rule that does not exist', 'MALFORMED', (json) => (json.networks.dev.slot = 'none')],
    [
      'a form of transaction that does not exist',
      'MALFORMED',
      (json) => (json.networks.dev.transactions = ['type-1']),
    ],
    ['no form of transaction', 'MALFORMED', (json) => (json.networks.dev.transactions = [])],
    ['networks that are no objects', 'MALFORMED', (json) => (json.networks.dev = 'eip155:1')],
    ['a tier that does not exist', 'MALFORMED', (json) => (json.vaults.hot.tier = 'tepid')],
    ['a class of vaults and a book', 'MALFORMED', (json) => (json.destinations.hot.book = 'x')],
    ['a contract that is no address', 'MALFORMED', (json) => (json.assets.usdt.contract = '0xAB')],
  ])('%s', (_, code, change) => {
    expect(refusedWith(() => parseRulebook(changed(policyText, change)))).toBe(code)
  })

  it('but a section of lists that names no publisher is legal: nobody may publish', () => {
    const text = changed(policyText, (json) => (json.governance.lists.publishers = []))
    expect(parseRulebook(text).governance.lists.publishers).toEqual([])
  })

  it('AUTH-23 a duplicate key, or bytes that are not canonical', () => {
    const twice = policyText.replace('"engine":1', '"engine":1,"engine":1')
    expect(refusedWith(() => parseRulebook(twice))).toBe('MALFORMED')
    expect(refusedWith(() => parseRulebook(` ${policyText}`))).toBe('MALFORMED')
  })
})

describe('what a policy refuses in its meaning', () => {
  it.each<[what: string, because: string, change: (json: Loose) => void]>([
    ['expiry before its start', 'expires', (json) => (json.expires = json.notBefore)],
    ['an unknown vault in a rule', 'rules.payout-auto.from', (json) => (match(json).from = ['x'])],
    ['an unknown class in a rule', 'rules.payout-auto.to', (json) => (match(json).to = ['x'])],
    ['an unknown asset', 'rules.payout-auto.asset', (json) => (match(json).asset = ['x'])],
    ['an unknown role', 'rules.payout-auto.initiator', (json) => (match(json).initiator = ['x'])],
    ['an unknown calendar', 'rules.payout-auto.when', (json) => (match(json).when = 'desk')],
    ['a calendar named always', 'calendars', (json) => (json.calendars.always = desk('UTC'))],
    ['a rule that is never open', 'rules.payout-auto.ttl', (json) => (json.rules[0].ttl = '0s')],
    ['a hold on nobody', 'rules.payout-auto.hold', (json) => (json.rules[0].hold = '1h')],
    [
      'AUTH-23 seven decimals of USDT',
      'amount.lte',
      (json) => (match(json).amount.lte = '1.0000001'),
    ],
    ['gt not below lte', 'rules.payout-auto.amount', (json) => (match(json).amount.gt = '1000')],
    ['an unknown role in require', 'rules.payout-mid.require', (json) => (need(json).role = 'x')],
    ['a service in require', 'a role of services', (json) => (need(json).role = 'payout-bot')],
    ['a role twice in require', 'stands twice', (json) => json.rules[1].require.push(need(json))],
    ['two rules of one id', 'rules: payout-auto', (json) => (json.rules[1].id = 'payout-auto')],
    ['two limits of one id', 'limits: payout-1h', (json) => (json.limits[1].id = 'payout-1h')],
    ['two guards of one id', 'guards: g-ops', (json) => (json.guards[1].id = 'g-ops')],
    ['two guards of one kind', 'second guard', (json) => (json.guards[0].deny = { frozen: true })],
    [
      'a limit on an unknown vault',
      'limits.payout-1h.from',
      (json) => (json.limits[0].from = ['x']),
    ],
    ['a limit on an unknown class', 'limits.payout-1h.to', (json) => (json.limits[0].to = ['x'])],
    [
      'a limit on an unknown rule',
      'limits.auto-count.rule',
      (json) => (json.limits[3].rule = ['x']),
    ],
    [
      'a limit with both selectors',
      'either from and to',
      (json) => (json.limits[0].rule = ['cold-out']),
    ],
    ['a limit with half a selector', 'either from and to', (json) => delete json.limits[0].to],
    ['a limit with two measures', 'either sum or count', (json) => (json.limits[0].count = true)],
    ['a limit without a measure', 'either sum or count', (json) => delete json.limits[3].count],
    ['a limit on an unknown unit', 'no asset has the unit', (json) => (json.limits[0].sum = 'BTC')],
    ['half a request as a count', 'limits.auto-count.max', (json) => (json.limits[3].max = '0.5')],
    [
      'a person who is human and service',
      'human and service',
      (json) => json.roles.ops.members.push('svc-payouts'),
    ],
    [
      'an attester in no role of services',
      'attestedBy',
      (json) => (json.destinations.customer.attestedBy = 'ana'),
    ],
    ['a vault on an unknown network', 'vaults.hot', (json) => (json.vaults.hot.network = 'x')],
    ['two vaults of one key', 'another vault', (json) => (json.vaults.hot.key = 'k-cold')],
    ['an asset on an unknown network', 'assets.usdt', (json) => (json.assets.usdt.network = 'x')],
    ['a token without a contract', 'tokens only', (json) => delete json.assets.usdt.contract],
    [
      'a coin with a contract',
      'tokens only',
      (json) => (json.assets['eth-native'].contract = json.assets.usdt.contract),
    ],
    ['a Tron token on an EVM chain', 'expected erc20', (json) => (json.assets.usdt.kind = 'trc20')],
    [
      'a coin with an empty contract',
      'tokens only',
      (json) => (json.assets['eth-native'].contract = ''),
    ],
    [
      'two assets of one unit on one network',
      'another asset of dev is called USDT',
      (json) => {
        const contract = '0x55d398326f99059ff775485246999027b3197955'
        json.assets.usdx = { ...json.assets.usdt, contract }
      },
    ],
    [
      'a vault whose freeze would be that of all',
      'vaults.all',
      (json) => (json.vaults.all = { ...json.vaults.hot, key: 'k-all' }),
    ],
    [
      'a cold log in the same log',
      'log.coldOrigin',
      (json) => (json.log.coldOrigin = json.log.origin),
    ],
    [
      'a duplicate guard that looks back on nothing',
      'sameToAndAmountWithin',
      (json) => (json.guards[4].deny.sameToAndAmountWithin = '0s'),
    ],
    [
      'a quorum above what a warrant carries',
      'expected at most 64 people',
      (json) => {
        need(json).count = 64
        json.rules[1].require.push({ role: 'risk', count: 1 })
      },
    ],
    [
      'more ways of value than anybody should walk',
      'expected at most 100000 ways of value, got',
      crowded,
    ],
    ['one token under two names', 'stands twice', (json) => (json.assets.usdx = json.assets.usdt)],
    ['a network twice', 'stands twice', (json) => (json.networks.dev2 = json.networks.dev)],
    ['fees in a token', 'feeAsset', (json) => (json.networks.dev.feeAsset = 'usdt')],
    [
      'one set of bytes on an EVM chain',
      'expected nonce',
      (json) => {
        const { bump: _, ...network } = json.networks.dev
        const lifetimes = { maxTxLifetime: '10m', maxTxLifetimeCold: '24h' }
        json.networks.dev = { ...network, ...lifetimes, slot: 'one-body' }
      },
    ],
    [
      'a class with an unknown vault',
      'unknown vault',
      (json) => (json.destinations.hot.vaults = ['x']),
    ],
    ['a vault in two classes', 'two classes', (json) => json.destinations.hot.vaults.push('warm')],
    [
      'a book in two classes',
      'two classes',
      (json) => (json.destinations.other = json.destinations.customer),
    ],
    [
      'a factor for an unknown rule',
      'separation.minFactor',
      (json) => (json.separation.minFactor = { x: 'none' }),
    ],
    [
      'a governance role that does not exist',
      'governance.book',
      (json) => (json.governance.book.require[0].role = 'x'),
    ],
    [
      'a freeze by nobody known',
      'governance.freeze',
      (json) => (json.governance.freeze.anyOf = ['x']),
    ],
  ])('%s', (_, because, change) => {
    const refusal = attempt(() => parseRulebook(changed(policyText, change)))
    expect(refusal).toMatchObject({ kind: 'refused', code: 'INVALID_POLICY' })
    expect((refusal as { because: string }).because).toContain(because)
  })
})

describe('what this release does not support yet', () => {
  it.each<[string, (json: Loose) => void]>([
    [
      'rules.payout-auto.match.when',
      (json) => {
        json.calendars.desk = desk('UTC')
        match(json).when = 'desk'
      },
    ],
    [
      'guards.g-lists.deny.destinationIn',
      (json) =>
        json.guards.push({ id: 'g-lists', deny: { destinationIn: ['x'], orListOlderThan: '24h' } }),
    ],
    [
      'guards.g-poison.deny.destinationLooksLike',
      (json) => {
        const like = { prefix: 4, suffix: 4, butNotEqualToBookEntry: true }
        json.guards.push({ id: 'g-poison', deny: { destinationLooksLike: like } })
      },
    ],
    [
      'separation.minFactor.payout-mid',
      (json) => (json.separation.minFactor = { 'payout-mid': 'uv', 'payout-auto': 'none' }),
    ],
  ])('%s is refused by name', (field, change) => {
    const text = changed(policyText, change)
    expect(unsupported(parseRulebook(text))).toEqual([field])
    expect(attempt(() => loadRulebook(text))).toMatchObject({
      code: 'NOT_SUPPORTED',
      because: `not supported yet: ${field}`,
    })
  })

  it('release below the witness quorum is refused wherever the text is read', () => {
    const text = changed(policyText, (json) => (json.log.onWitnessLoss = 'local-cap'))
    expect(attempt(() => parseRulebook(text))).toMatchObject({
      code: 'NOT_SUPPORTED',
      because: 'not supported yet: log.onWitnessLoss local-cap',
    })
  })

  it('a calendar that no rule names is legal', () => {
    const text = changed(policyText, (json) => (json.calendars.desk = desk('UTC')))
    expect(loadRulebook(text).calendars.get(handleOf('desk'))?.spans).toHaveLength(1)
  })
})

/** 47 vaults and 48 assets to 47 classes, all on one network, in one rule. */
function crowded(json: Loose): void {
  const many = Array.from({ length: 48 }, (_, index) => `x${index}`)
  for (const [index, name] of many.entries()) {
    const contract = `0x${(index + 1).toString(16).padStart(40, '0')}`
    json.vaults[name] = { ...json.vaults.hot, key: `k-${name}` }
    json.destinations[name] = { vaults: [name] }
    json.assets[name] = { ...json.assets.usdt, contract, unit: name.toUpperCase() }
  }
  Object.assign(match(json), { from: many.slice(1), to: many.slice(1), asset: many })
}

function match(json: Loose): Loose {
  return json.rules[0].match
}

function need(json: Loose): Loose {
  return json.rules[1].require[0]
}

function desk(tz: string): Loose {
  return { tz, spans: ['Mon-Fri 07:00-19:00'] }
}
