import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { analyse, type Beside, loadRulebook, sentence } from '../../policy/analyse.ts'
import * as families from '../../policy/chain/families.ts'
import { parseRoot } from '../../policy/documents.ts'
import { exposure, unitsOf } from '../../policy/exposure.ts'
import { parseRoster } from '../../policy/roster.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { faultsOf, spare } from '../../policy/tolerance.ts'
import { attempt } from '../../proto/refusal.ts'
import { changed, directoryText, type Loose, policyText, rootText } from './dev-fixture.ts'

const full = readFileSync(new URL('../vectors/documents/policy-full.json', import.meta.url), 'utf8')
const beside: Beside = { roster: parseRoster(directoryText), root: parseRoot(rootText) }

type Change = (json: Loose) => void

function findings(change: Change, with_: Beside = {}): readonly string[] {
  return analyse(parseRulebook(changed(policyText, change)), with_).map(sentence)
}

describe('a policy without faults', () => {
  it('has no findings: the full example, and the development policy beside its documents', () => {
    expect(analyse(parseRulebook(full))).toEqual([])
    expect(analyse(loadRulebook(policyText, beside), beside)).toEqual([])
  })
})

describe('decimals of what everybody knows', () => {
  const bsc = (decimals: number) =>
    findings((json) => {
      json.networks.dev.caip2 = 'eip155:56'
      json.assets.usdt.contract = '0x55d398326f99059ff775485246999027b3197955'
      json.assets.usdt.decimals = decimals
    })

  it('are 18 for USDT on BNB Smart Chain, not 6 as elsewhere: another number is an error', () => {
    expect(bsc(18)).toEqual([])
    expect(bsc(6)).toEqual([
      'error decimals at assets.usdt: expected 18 decimals of this USDT, got 6',
    ])
  })

  it('are 18 for the coin of every EVM network', () => {
    const found = findings((json) => (json.assets['eth-native'].decimals = 9))
    expect(found).toEqual([
      'error decimals at assets.eth-native: expected 18 decimals of this ETH, got 9',
    ])
  })
})

/** Of docs/chains.md: every token has a source there. */
const networksWritten: Readonly<Record<string, string>> = {
  Ethereum: 'eip155:1',
  'BNB Smart Chain': 'eip155:56',
  Polygon: 'eip155:137',
  'Arbitrum One': 'eip155:42161',
  Tron: 'tron:0x2b6653dc',
}

describe('the tokens that are known', () => {
  const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  const rows = text('docs/chains.md').matchAll(
    /^\| ([\w ]+) \| [^|]+ \| `(\w+)` \| (\d+) \| (\S[^|]+) \|$/gm,
  )
  const written = [...rows].map(([, on = '', contract, decimals]) => {
    return `${networksWritten[on]} ${contract} ${decimals}`
  })

  it('are those of the documentation, each with where it is written down', () => {
    const kept = Object.values(families).flatMap(({ namespace, knownTokens }) =>
      [...knownTokens].map(([token, decimals]) => `${namespace}:${token} ${decimals}`),
    )
    expect(kept.length).toBeGreaterThan(8)
    expect(written).toEqual(kept)
  })
})

describe('seeded faults', () => {
  it.each<[what: string, found: string, change: Change]>([
    [
      'two rules that match one request',
      'error overlap at rules.payout-auto, rules.payout-mid: both match erc20.transfer of ' +
        '999000001 usdt from hot to customer by svc-payouts',
      (json) => (json.rules[1].match.amount.gt = '999'),
    ],
    [
      'a rule that nothing can match',
      'error dead rule at rules.gas-refill: nothing can move this way: networks or operations differ',
      (json) => (json.rules[7].match.op = ['erc20.transfer']),
    ],
    [
      'a rule that a guard denies whole',
      'error dead rule at rules.gas-refill: denied whole by g-ops',
      (json) => {
        json.guards[0].deny.op.notIn = ['erc20.transfer']
        json.rules = json.rules.filter((rule: Loose) => !/eth/.test(rule.id))
      },
    ],
    [
      'a hold that outlives its rule',
      'error dead rule at rules.cold-out: its hold is not over before its ttl',
      (json) => (json.rules[9].ttl = '1h'),
    ],
    [
      'a limit that covers nothing',
      'error dead limit at limits.gas-24h: covers nothing that a rule lets pass',
      (json) => (json.limits[6].to = ['cold']),
    ],
    [
      'a limit on a unit that never goes its way',
      'error dead limit at limits.gas-24h: covers nothing that a rule lets pass',
      (json) => (json.rules = json.rules.filter((rule: Loose) => rule.id !== 'gas-refill')),
    ],
    [
      'a rule that begins above what its window holds',
      'error dead rule at rules.payout-large: its smallest amount is more than payout-1h holds',
      (json) => (json.limits[0].max = '25000'),
    ],
    [
      'a count of nothing',
      'error dead rule at rules.payout-auto: its smallest amount is more than auto-count holds',
      (json) => (json.limits[3].max = '0'),
    ],
    [
      'a gap between two tiers',
      'warning gap at rules.payout-auto, rules.payout-mid: usdt above 1000000000 matches no rule',
      (json) => (json.rules[1].match.amount.gt = '1000.000001'),
    ],
    [
      'a higher amount that asks fewer people',
      'error higher needs less at rules.payout-mid, rules.payout-large: ' +
        'payout-large asks 1 people, payout-mid asks 2',
      (json) => {
        json.rules[1].require[0].count = 2
        json.rules[2].require.pop()
        json.roles.ops.members.push('dee')
      },
    ],
    [
      'a higher amount that holds shorter',
      'error higher needs less at rules.payout-mid, rules.payout-large: ' +
        'payout-large holds shorter than payout-mid',
      (json) => (json.rules[1].hold = '1h'),
    ],
    [
      'a quorum that some initiator can never meet',
      'error quorum at rules.hot-refill: cannot be met when ana, bo asks',
      (json) => (json.rules[6].require[0].count = 4),
    ],
    [
      'a quorum that hangs on one person',
      'warning fragile quorum at rules.hot-refill: cannot be met without each of eli, fay, gus',
      (json) => (json.rules[6].require[0].count = 3),
    ],
    [
      'a governance quorum above its role',
      'error quorum at governance.unfreeze: asks for more people than the roles have',
      (json) => (json.governance.unfreeze.require[0].count = 4),
    ],
    [
      'one person who can pay out alone',
      'error one person at rules.payout-auto: ana, bo can pay out alone',
      (json) => json.rules[0].match.initiator.push('ops'),
    ],
    [
      'one person who may approve the own request',
      'error one person at rules.warm-derisk: eli, fay, gus can ask and complete alone',
      (json) => (json.separation.initiatorMayApprove = true),
    ],
    [
      'value that leaves without an aggregate limit',
      'error no aggregate limit at rules.payout-eth-auto: ETH leaves without a sum limit',
      (json) => json.limits.splice(4, 1),
    ],
    [
      'an aggregate limit that is only by destination',
      'error no aggregate limit at rules.payout-auto: USDT leaves without a sum limit',
      (json) => json.limits.splice(0, 2),
    ],
    [
      'a limit over both logs',
      'error two origins at limits.cold-7d: ' +
        'cold vaults are in a log of their own, so their sums cannot be joined',
      (json) => json.limits[7].from.push('hot'),
    ],
    [
      'a limit over both logs by its rules',
      'error two origins at limits.cold-7d: ' +
        'cold vaults are in a log of their own, so their sums cannot be joined',
      (json) => {
        const { from: _, to: __, ...limit } = json.limits[7]
        json.limits[7] = { ...limit, rule: ['cold-out', 'hot-sweep'] }
      },
    ],
    [
      'a rule above its window',
      'note ceiling at rules.payout-large, limits.payout-1h: ' +
        'one request may be more than the window holds',
      (json) => (json.limits[0].max = '99999'),
    ],
    [
      'a missing guard',
      'warning guard at guards: no guard of the kind freeze',
      (json) => json.guards.pop(),
    ],
    [
      'too few signers for a majority',
      'error numbers at quorumCrypto, log.witness: expected 2t > n, got t 2, n 4',
      (json) => {
        json.quorumCrypto.n = 4
        json.log.witness = { n: 4, f: 0, quorum: 3 }
      },
    ],
  ])('%s', (_, found, change) => {
    expect(findings(change)).toContain(found)
  })

  it('a hold, and a window, that just suffice are none', () => {
    const dead = findings((json) => {
      json.rules[9].ttl = '3601s'
      json.limits[0].max = '25000.000001'
    })
    expect(dead.filter((one) => one.includes('dead'))).toEqual([])
  })

  it('a rule of two ways is not dead while one of them is open', () => {
    const half = findings((json) => {
      json.rules[2].match.from.push('warm')
      json.limits[0].max = '25000'
      json.limits[1].from.push('warm')
    })
    expect(half.filter((one) => one.includes('dead rule'))).toEqual([])
  })

  it.each<[what: string, found: string, change: Change]>([
    [
      'a person the directory lacks',
      'error directory at roles.ops: no human dee in the directory',
      (json) => json.roles.ops.members.push('dee'),
    ],
    [
      'a service listed as a human',
      'error directory at roles.payout-bot: no service ana in the directory',
      (json) => {
        json.roles.ops.members = ['bo']
        json.roles['payout-bot'].members.push('ana')
        json.destinations.customer.attestedBy = 'ana'
      },
    ],
    [
      'an attester who is no service',
      'error directory at destinations.customer.attestedBy: no service ana in the directory',
      (json) => {
        json.roles.ops.members = ['bo']
        json.roles['payout-bot'].members.push('ana')
        json.destinations.customer.attestedBy = 'ana'
      },
    ],
    [
      'another organisation',
      'error directory at org, env: expected those of the directory',
      (json) => (json.org = 'other'),
    ],
    [
      'another environment than the root',
      'error root at org and env: expected the numbers and names of the root',
      (json) => (json.env = 'test'),
    ],
    [
      'other numbers than the root',
      'error root at quorumCrypto: expected the numbers and names of the root',
      (json) => (json.quorumCrypto.f = 0),
    ],
    [
      'another log than the root',
      'error root at log.origin: expected the numbers and names of the root',
      (json) => (json.log.origin = 'log.acme.example/other'),
    ],
    [
      'other witnesses than the root',
      'error root at log.witness: expected the numbers and names of the root',
      (json) => (json.log.witness.quorum = 3),
    ],
    [
      'an approver who owns the service that asks',
      'error quorum at rules.payout-mid: cannot be met when svc-payouts asks',
      (json) => (json.roles.ops.members = ['lev']),
    ],
  ])('beside the other documents: %s', (_, found, change) => {
    expect(findings(change, beside)).toContain(found)
    expect(findings(change)).not.toContain(found)
  })

  it('a rule may be completed by the owner of the service, if initiators may approve', () => {
    const change: Change = (json) => {
      json.separation.initiatorMayApprove = true
      json.roles.ops.members = ['lev', 'ana']
    }
    expect(findings(change, beside)).toContain(
      'error one person at rules.payout-mid: lev can ask and complete alone',
    )
  })

  it('refuse the load with every finding, errors first', () => {
    const text = changed(policyText, (json) => {
      json.limits[0].max = '99999'
      json.rules[1].match.amount.gt = '1000.000001'
      json.governance.unfreeze.require[0].count = 4
    })
    const refusal = attempt(() => loadRulebook(text)) as { code: string; because: string }
    expect(refusal.code).toBe('INVALID_POLICY')
    expect(refusal.because.split('; ').map((item) => item.split(' ')[0])).toEqual([
      'error',
      'warning',
      'note',
    ])
  })

  it('that are no errors do not refuse the load', () => {
    const text = changed(policyText, (json) => (json.rules[6].require[0].count = 3))
    expect(loadRulebook(text, beside).version).toBe(1)
  })
})

describe('the arithmetic of n, t, f and w, f, q', () => {
  it.each([
    [
      { n: 3, t: 2, f: 1 },
      { w: 3, f: 0, q: 2 },
    ],
    [
      { n: 3, t: 2, f: 1 },
      { w: 4, f: 1, q: 3 },
    ],
    [
      { n: 5, t: 3, f: 2 },
      { w: 7, f: 2, q: 5 },
    ],
  ])('holds for the shapes of the design: %j, %j', (key, witness) => {
    expect(faultsOf(key, witness, false)).toEqual([])
  })

  it.each([
    [{ n: 17, t: 9, f: 1 }, { w: 17, f: 0, q: 9 }, 'expected at most 16 nodes, got 17'],
    [{ n: 1, t: 2, f: 0 }, { w: 1, f: 0, q: 1 }, 'expected 1 <= t <= n, got t 2, n 1'],
    [{ n: 4, t: 2, f: 1 }, { w: 4, f: 0, q: 3 }, 'expected 2t > n, got t 2, n 4'],
    [{ n: 3, t: 2, f: 2 }, { w: 3, f: 0, q: 2 }, 'expected f <= t - 1, got f 2, t 2'],
    [{ n: 3, t: 2, f: 1 }, { w: 33, f: 0, q: 20 }, 'expected at most 32 witnesses, got 33'],
    [
      { n: 3, t: 2, f: 1 },
      { w: 2, f: 0, q: 2 },
      'expected every node to be a witness, got w 2, n 3',
    ],
    [{ n: 3, t: 2, f: 1 }, { w: 3, f: 0, q: 4 }, 'expected 1 <= q <= w, got q 4, w 3'],
    [{ n: 3, t: 2, f: 1 }, { w: 3, f: 1, q: 2 }, 'expected 2q - w >= f + 1, got q 2, w 3, f 1'],
  ])('%j with %j is refused', (key, witness, fault) => {
    expect(faultsOf(key, witness, false)).toEqual([fault])
  })

  it('says how many witnesses may be down', () => {
    expect(spare({ w: 4, f: 1, q: 3 })).toBe(1)
    expect(spare({ w: 3, f: 1, q: 3 })).toBe(0)
  })
})

describe('the exposure matrix', () => {
  it('is that of the design for the full example', () => {
    const rulebook = parseRulebook(full)
    const row = (vault: string) =>
      exposure(rulebook, 'USDT').flatMap(({ from, to, max }) =>
        from === vault && max !== undefined ? [`${to} ${max}`] : [],
      )
    expect(row('hot-eth')).toEqual(['customer 100000', 'warm 2000000'])
    expect(row('warm-tron')).toEqual([
      'cold 20000000',
      'exchange 5000000',
      'hot 500000',
      'otc 5000000',
    ])
    expect(row('cold-eth')).toEqual(['warm 10000000'])
    expect(unitsOf(rulebook)).toEqual(['ETH', 'TRX', 'USDT'])
  })

  it('is blind to other units', () => {
    const eth = exposure(loadRulebook(policyText), 'ETH').filter((cell) => cell.max !== undefined)
    expect(eth).toEqual([
      { from: 'hot', to: 'customer', max: '5' },
      { from: 'warm', to: 'hot', max: '10' },
    ])
  })
})
