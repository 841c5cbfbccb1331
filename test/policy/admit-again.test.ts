// A payment that was signed in a room, judged again by the law of today. Each case changes one thing
// after the signature was made; what people signed is as it was.
import { describe, expect, it } from 'vitest'
import type { Role } from '../../policy/ceremony/people.ts'
import { parseRoot } from '../../policy/documents.ts'
import { parsePersonId } from '../../proto/ids.ts'
import {
  apart,
  approvedBy,
  asks,
  attempted,
  because,
  bent,
  bookOf,
  cameAt,
  costs,
  denied,
  desk,
  displayUnder,
  ending,
  ends,
  home,
  hour,
  intent,
  lapsing,
  lawless,
  limited,
  listed,
  ofHouse,
  openAgain,
  opened,
  policy,
  rekeyed,
  renamed,
  reserved,
  rootWithout,
  ruled,
  said,
  sitter,
  type Today,
  unnamed,
  unseated,
  upTo,
  with2,
  without,
  withoutRule,
} from '../kit/came-home.ts'
import { payout } from '../kit/examples.ts'
import { startedAt } from '../kit/scene.ts'
import { other, trade, tradeAt } from '../kit/scene-changes.ts'
import { instant } from '../kit/scene-world.ts'
import { type Loose, rootText } from './dev-fixture.ts'

describe('a payment that was signed in a room', () => {
  it('goes to its chain where nothing has changed that speaks against it', () => {
    expect(said()).toBe('goes')
    expect(said({}, trade)).toBe('goes')
  })

  it('goes when policy, directory, books and root are others, and allow it as they are', () => {
    const tightened = policy((json) => {
      json.rules = json.rules.filter(({ id }: Loose) => id !== 'hot-refill')
      json.version += 1
    })
    expect(said({ policy: tightened })).toBe('goes')
    expect(said({ directory: without('kat') })).toBe('goes')
    const lev = policy((json) => {
      json.roles.ops.members.push('lev')
    })
    expect(said({ policy: lev, directory: without('oli') })).toBe('goes')
    expect(said({ root: rootWithout('signer-b') })).toBe('goes')
  })

  it.each<readonly [string, string, Today]>([
    ['the vault is frozen', 'N4 FROZEN', { view: (view) => ({ ...view, frozen: ['hot-eth'] }) }],
    [
      'somebody said no',
      'N19 REJECTED',
      {
        view: (view) => ({
          ...view,
          decisions: [{ ...view.decisions[0]!, person: parsePersonId('oli'), decision: 'reject' }],
        }),
      },
    ],
    ['its own time is over', 'N17 TIME', cameAt(payout.notAfter + 1)],
    ['its rule leaves it less time', 'N18 TIME', { policy: ruled({ ttl: '30m' }) }],
    ['its rule asks for more people', 'N21 QUORUM', { policy: ruled(asks('ops', 2)) }],
    ['its rule asks other people', 'N21 QUORUM', { policy: ruled(asks('director', 1)) }],
    ['its rule holds it longer', 'N21 HOLD', { policy: ruled({ hold: '2h' }) }],
    ['its rule is gone', 'N22 RULE', { policy: withoutRule('payout-large') }],
    ['its rule ends below it', 'N22 RULE', { policy: ruled({ match: upTo('41999') }) }],
    ['another rule is for it', 'N22 RULE', { policy: renamed('payout-large', 'payout-huge') }],
    ['a limit was lowered', 'N22 LIMIT', { policy: limited('hot-24h', '41999.999999') }],
    ['its operation is denied', 'N22 RULE', { policy: denied('evm.transfer') }],
    ['its vault is no vault any more', 'N9 EPOCH', { policy: unnamed('hot-eth') }],
    ['the policy is of another house', 'N9 WARRANT', { policy: ofHouse('acme-other') }],
    ['its vault has another key', 'N9 EPOCH', { policy: rekeyed('hot-eth') }],
    ['its fee is above what the network may cost', 'N15 FEE', { policy: costs('0.049') }],
    ['the policy has ended', 'N22 RULESET_VERSION', { policy: ending('2026-12-07T10:45:00Z') }],
    ['who approved it is in the role no more', 'N21 QUORUM', { policy: unseated('ops', 'ana') }],
    ['who approved it is nobody any more', 'N21 QUORUM', { directory: without('eli') }],
    [
      'who asked for it is nobody any more',
      'N17 INTENT_SIG',
      { directory: without('svc-payouts') },
    ],
    [
      'a station that signed it was taken out',
      'N2 PARTICIPANTS',
      { root: rootWithout('signer-c') },
    ],
    ['its address is listed as nobody’s', 'N10 DEST_UNKNOWN', { book: listed() }],
    ['its cancel has the nonce', 'N8 REQUEST_ENDED', intent({ cancelledBy: other })],
    ['nothing may come of it any more', 'N8 REQUEST_ENDED', intent({ state: lapsing })],
    ['its attempt has no signature', 'N1 STALE_ATTEMPT', { view: opened }],
    ['its line names other bytes', 'N13 BYTES_DIGEST', attempted({ bytes: other })],
    ['its line names another nonce', 'N16 NONCE', attempted({ slot: '8' })],
    ['it was reserved at another path', 'N14 BYTES_FROM', reserved({ path: 'm/1' })],
    ['it was reserved for another class', 'N23 LIMIT', reserved({ dest: 'exchange' })],
    ['its warrant is another', 'N1 WARRANT', { home: bent }],
    ['a policy is not in force', 'N9 RULESET_VERSION', { view: lawless }],
  ])('is held back when %s', (_, expected, today) => {
    expect(said(today)).toBe(expected)
  })

  it('is held back when its record left the book, and for the cool-down of one that came back', () => {
    expect(said({ book: bookOf([]) }, trade)).toBe('N10 DEST_UNKNOWN')
    const { clockMs } = home({}, trade)
    const back = (activated: number): Today => ({
      home: (come) => ({ ...come, witnessedAt: (seq) => (seq === 4 ? activated : tradeAt) }),
    })
    expect(said(back(clockMs - 47 * hour), trade)).toBe('N10 DEST_COOLDOWN')
    expect(said(back(clockMs - 48 * hour), trade)).not.toMatch(/^N10 /)
  })

  it('counts against a limit what it takes, beside what others have used', () => {
    const used = (id: string, amount: bigint): Today => ({
      home: (come) => {
        const limits = come.history.limits.map((one) =>
          one.id === id ? { id: one.id, used: amount } : one,
        )
        return { ...come, history: { ...come.history, limits } }
      },
    })
    expect(said(used('hot-24h', 958_000_000_000n))).toBe('goes')
    expect(said(used('hot-24h', 958_000_000_001n))).toBe('N22 LIMIT')
    const duplicateOf = other
    expect(said({ home: (come) => ({ ...come, history: { ...come.history, duplicateOf } }) })).toBe(
      'N22 RULE',
    )
  })

  it('says whose yes counts no more, and goes with the yes of another person', () => {
    const late = cameAt(instant('2026-12-07T12:21:30Z'))
    expect(said(late)).toBe('N21 QUORUM')
    expect(because(late)).toContain('ana-1: approval expires 2026-12-07T12:21:30Z')
    expect(said(cameAt(instant('2026-12-07T12:21:30Z') - 1))).toBe('goes')
    const today = policy((json) => {
      json.roles.ops.members = json.roles.ops.members.filter((name: string) => name !== 'ana')
    })
    expect(because({ policy: today })).toBe('still needed: 1 ops')
    expect(said({ policy: today, home: approvedBy('bo', 'ops') })).toBe('goes')
    const more = ruled(asks('ops', 2))
    expect(because({ policy: more })).toBe('still needed: 1 ops')
    expect(said({ policy: more, home: approvedBy('bo', 'ops') })).toBe('N21 QUORUM')
    const display = displayUnder(more)
    expect(said({ policy: more, home: approvedBy('bo', 'ops', { display }) })).toBe('goes')
    // In a role that the rule does not ask, or under a policy that was never its own, it is none.
    expect(said({ policy: today, home: approvedBy('oli', 'risk') })).toBe('N21 QUORUM')
    const elsewhere = approvedBy('bo', 'ops', { policy: other })
    expect(said({ policy: today, home: elsewhere })).toBe('N21 QUORUM')
    const seated = (role: Role): Today => ({
      policy: today,
      home: (come) => approvedBy('bo', 'ops')({ ...come, people: [sitter('bo', role)] }),
    })
    expect(said(seated('custodian'))).toBe('N21 QUORUM')
    expect(said(seated('controller'))).toBe('goes')
    const unseen = approvedBy('bo', 'ops', { display: other })
    expect(said({ policy: today, home: unseen })).toBe('N21 QUORUM')
  })

  it('says by how much it came too late', () => {
    const late = cameAt(payout.notAfter + 1)
    expect(because(late)).toBe('its signature came 1 ms after 2026-12-07T18:15:00.000Z')
    expect(said(cameAt(payout.notAfter))).not.toMatch(/^N17 /)
  })

  it('ends by no time in which it was held back, and a key that speaks no more stops it', () => {
    expect(said(with2({ clockMs: payout.notAfter + 100 * hour }))).toBe('goes')
    const next = with2({ clockMs: instant('2026-12-08T00:00:00Z') })
    const saidOf = (ended: string, when: Today): string =>
      said({ ...when, directory: ends(`${ended}-1`) }, apart)
    expect(saidOf('fay', next)).toBe('goes')
    expect(saidOf('svc-payouts', next)).toBe('N17 INTENT_SIG')
    // Who says whose an address is has a key of its own here, and has to stand by it.
    expect(saidOf(desk, next)).toBe('N10 DEST_UNKNOWN')
    expect(saidOf('ana', next)).toBe('N21 QUORUM')
    const before = with2({ clockMs: instant('2026-12-08T00:00:00Z') - 1 })
    for (const name of ['svc-payouts', desk]) expect(saidOf(name, before)).toBe('goes')
    const hold = { policy: ruled({ hold: '20h' }) }
    expect(said({ ...next, ...hold })).toBe('N21 HOLD')
    expect(said({ ...with2({ clockMs: payout.notAfter + 24 * hour }), ...hold })).toBe('goes')
  })

  it('is held back by a yes that no line records', () => {
    const unrecorded: Today = { view: (view) => ({ ...view, decisions: view.decisions.slice(1) }) }
    expect(said(unrecorded)).toBe('N21 QUORUM')
    expect(because(unrecorded)).toContain('no line records this approval')
  })

  it('is held back by a clock that is no number, or behind the log', () => {
    expect(said(with2({ clockMs: Number.NaN }))).toBe('N3 CLOCK')
    expect(said(with2({ clockMs: startedAt }))).toBe('N3 CLOCK')
    const { clockMs } = home()
    // By less than people's clocks may differ it is not behind.
    expect(said(with2({ newestAt: clockMs + 120_000 }))).toBe('goes')
    expect(said(with2({ newestAt: clockMs + 120_001 }))).toBe('N3 CLOCK')
  })

  it('is asked at the second attempt about the one that was signed', () => {
    const today: Today = {
      view: (view) => ({ ...view, attempts: [...view.attempts, openAgain(view)] }),
    }
    expect(said(today)).toBe('goes')
    expect(said({ ...today, home: (come) => ({ ...come, attempt: 2 }) })).toBe('N1 STALE_ATTEMPT')
    expect(said({ home: (come) => ({ ...come, attempt: 2 }) })).toBe('N8 LINE_MISSING')
  })
})

it('is a root that names the stations of these tests', () => {
  expect(parseRoot(rootText).nodes.map(({ node }) => node)).toContain('signer-c')
})
