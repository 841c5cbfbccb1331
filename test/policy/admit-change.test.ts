import { describe, expect, it } from 'vitest'
import { issueOrder, type Order, parseOrder } from '../../policy/order.ts'
import type { RequestView } from '../../policy/view.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { parseHandle, parseNodeId } from '../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import * as house from '../kit/audit-documents.ts'
import { digestNamed } from '../kit/audit-log.ts'
import { admitted, on, refresh, says } from '../kit/change-judged.ts'
import {
  Asked,
  asks,
  bootedLog,
  bothVoices,
  freeze,
  keyedLog,
  policyText,
  ripe,
  root,
  rulebook,
} from '../kit/change-log.ts'
import { refusedWith } from '../kit/refused.ts'

const hour = 3_600_000

describe('a change is admitted', () => {
  it.each(Object.values(asks))('when everything holds: $op', (change) => {
    const asked = ripe(on(change), change)
    const { order, digest } = admitted(asked)
    expect(digest).toBe(asked.digest)
    expect(order).toBe(asked.carried.order)
  })

  it('with everything that acting on it needs, and nothing that was only claimed', () => {
    const asked = refresh()
    const value = admitted(asked)
    expect(value.change).toEqual(asks.refresh)
    expect(value.vault).toMatchObject({ vault: 'hot-eth', epoch: 1 })
    expect(value.root.digest).toBe(root.digest)
    expect(value.policy).toBe(rulebook.digest)
    // Approvals were given at the start and hold for a day.
    expect(value.until).toBe(asks.refresh.created + 24 * hour - 1)
    expect(admitted(ripe(bootedLog(), asks.import)).vault).toBeUndefined()
    expect(admitted(ripe(keyedLog(), asks.readmit)).vault).toBeUndefined()
  })

  it('with more approvals than it needs', () => {
    const voices = [...bothVoices, ['kat', 'director'] as const]
    expect(says(refresh({ voices }))).toBe('admitted')
  })

  it('and has the trace that every judge of the same facts computes', () => {
    const asked = refresh()
    expect(admitted(asked).trace).toBe(admitted(asked).trace)
    expect(admitted(refresh()).trace).toBe(admitted(asked).trace)
  })
})

describe('N1: the order', () => {
  const text = (patch: JsonObject): Uint8Array =>
    encode({ ...(parse(refresh().order) as JsonObject), ...patch })

  it('is read strictly', () => {
    const asked = refresh()
    expect(says(asked, { order: text({}) })).toBe('admitted')
    expect(says(asked, { order: text({ more: 1 }) })).toBe('N1 MALFORMED')
    expect(says(asked, { order: text({ format: 'custody-warrant/v1' }) })).toBe('N1 MALFORMED')
    expect(says(asked, { order: toUtf8('{}') })).toBe('N1 MALFORMED')
    const huge = new Uint8Array(limits.orderBytesMax + 1)
    expect(says(asked, { order: huge })).toBe('N1 TOO_LARGE')
  })

  it('has every key, one digest, and is read back as it was issued', () => {
    const asked = refresh()
    const whole = parse(asked.order) as JsonObject
    for (const key of Object.keys(whole)) {
      const { [key]: _, ...rest } = whole
      expect(refusedWith(() => parseOrder(encode(rest)))).toBe('MALFORMED')
    }
    const { order, digest } = parseOrder(asked.order)
    expect(issueOrder(order)).toEqual(asked.order)
    expect(parseOrder(encode({ ...whole, heads: ['x'] })).digest).not.toBe(digest)
  })

  it('holds no more approvals and heads than one order may', () => {
    const { order } = parseOrder(refresh().order)
    const issues = (patch: Partial<Order>) => refusedWith(() => issueOrder({ ...order, ...patch }))
    const heads = (count: number) => Array.from({ length: count }, () => 'note')
    expect(issues({ heads: heads(limits.witnessesMax) })).toBe('accepted')
    expect(issues({ heads: heads(limits.witnessesMax + 1) })).toBe('MALFORMED')
    const [one] = order.approvals
    const short = { ...one!, document: '' }
    const many = (count: number) => ({ approvals: Array.from({ length: count }, () => short) })
    expect(issues(many(limits.approvalsPerIntentMax))).toBe('accepted')
    expect(issues(many(limits.approvalsPerIntentMax + 1))).toBe('MALFORMED')
  })
})

describe('the own copy of the log', () => {
  it('N8 knows the request, as a change that has not ended', () => {
    const asked = refresh()
    expect(says(asked, { view: (view) => ({ ...view, intent: undefined }) })).toBe(
      'N8 LINE_MISSING',
    )
    const payment = (view: RequestView): RequestView => ({
      ...view,
      intent: { ...view.intent!, op: 'evm.transfer' },
    })
    expect(says(asked, { view: payment })).toBe('N8 LINE_MISSING')
    for (const state of ['ACTIVE', 'REJECTED', 'CANCELLED', 'EXPIRED', 'DENIED'] as const) {
      const over = (view: RequestView): RequestView => ({
        ...view,
        intent: { ...view.intent!, state },
      })
      expect(says(asked, { view: over }), state).toBe('N8 REQUEST_ENDED')
    }
  })

  it('N8 sees a change once: after its line it is carried out', () => {
    const asked = refresh()
    const { order } = asked
    expect(says(asked)).toBe('admitted')
    asked.add('key.refreshed', asked.keyLine())
    expect(says(asked, { order })).toBe('N8 REQUEST_ENDED')
  })

  it('N3 agrees with the own clock on when the request was recorded', () => {
    const asked = refresh()
    const { t } = asked.view.intent!
    const clock = (clockMs: number) => says(asked, { own: { clockMs } })
    expect(clock(t - limits.clockSkewMs - 1)).toBe('N3 CLOCK')
    expect(clock(t - limits.clockSkewMs)).toBe('N22 DELAY')
    expect(clock(Number.NaN)).toBe('N3 CLOCK')
    expect(clock(Number.POSITIVE_INFINITY)).toBe('N17 INTENT_SIG')
  })

  it('N4 stops what widens, ends or uses a key under a freeze, the own one too', () => {
    for (const [name, change] of Object.entries(asks)) {
      const stopped = ['reshare', 'export', 'destroy', 'prove', 'readmit'].includes(name)
      const local = ripe(on(change), change)
      const here = says(local, { own: { frozenLocally: true } })
      expect(here, name).toBe(stopped ? 'N4 FROZEN' : 'admitted')
      freeze(local.log, 'all')
      expect(says(local), name).toBe(stopped ? 'N4 FROZEN' : 'admitted')
    }
  })

  it('N9 has the ruleset of the order in force, and its documents', () => {
    const other = { ruleset: digestNamed('another') }
    expect(says(refresh({ order: other }))).toBe('N9 RULESET_VERSION')
    expect(says(refresh({ order: { env: 'prod' } }))).toBe('N9 WARRANT')
    const without = (digest: string) => (view: RequestView) => ({
      ...view,
      documents: new Map([...view.documents].filter(([name]) => name !== digest)),
    })
    const asked = refresh()
    for (const digest of [rulebook.digest, house.directoryDigest, root.digest]) {
      expect(says(asked, { view: without(digest) })).toBe('N9 RULESET_VERSION')
    }
    // A text under a digest that is not its own is no document in force.
    const swapped = (view: RequestView): RequestView => ({
      ...view,
      documents: new Map([...view.documents, [rulebook.digest, house.policyText]]),
    })
    expect(policyText).not.toBe(house.policyText)
    expect(says(asked, { view: swapped })).toBe('N9 RULESET_VERSION')
  })

  it('N2 has the key that the change was made for', () => {
    const { refresh: ask } = asks
    const terms = (patch: Partial<typeof ask.terms>) =>
      says(ripe(keyedLog(), { ...ask, terms: { ...ask.terms, ...patch } }))
    expect(terms({})).toBe('admitted')
    expect(terms({ epoch: 2 })).toBe('N2 EPOCH')
    expect(terms({ keyState: digestNamed('other') })).toBe('N2 EPOCH')
    const asked = refresh()
    const gone = (view: RequestView): RequestView => ({ ...view, vaults: [] })
    expect(says(asked, { view: gone })).toBe('N2 VAULT_NOT_FOUND')
    const renamed = (view: RequestView): RequestView => ({
      ...view,
      vaults: view.vaults.map((row) => ({ ...row, key: parseHandle('k-other') })),
    })
    expect(says(asked, { view: renamed })).toBe('N2 KEY_DISABLED')
    const existing = (view: RequestView): RequestView => ({
      ...view,
      vaults: keyedView.vaults,
    })
    const keyedView = asked.view
    const imported = ripe(bootedLog(), asks.import)
    expect(says(imported, { view: existing })).toBe('N2 KEY_EXISTS')
  })

  it('N2 lets a reshare go to exactly the nodes of the root, dealt by t holders', () => {
    const { reshare } = asks
    const deal = (patch: Partial<typeof reshare.terms>) =>
      says(ripe(keyedLog(), { ...reshare, terms: { ...reshare.terms, ...patch } }))
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => parseNodeId(`node-${name}`))
    expect(deal({ dealers: [a!, b!, c!] })).toBe('admitted')
    expect(deal({ dealers: [a!] })).toBe('N2 PARTICIPANTS')
    expect(deal({ dealers: [b!, a!] })).toBe('N2 PARTICIPANTS')
    expect(deal({ dealers: [a!, d!] })).toBe('N2 PARTICIPANTS')
    const { participants } = reshare.terms
    expect(deal({ participants: participants.slice(0, 2) })).toBe('N2 PARTICIPANTS')
    expect(deal({ t: 3 })).toBe('N2 PARTICIPANTS')
    const stranger = participants.map((one, at) => (at === 2 ? { ...one, node: d! } : one))
    expect(deal({ participants: stranger })).toBe('N2 PARTICIPANTS')
    expect(deal({ from: 2 })).toBe('N2 EPOCH')
  })

  it('N2 knows holders that the root names no more, and no place of a dealer is reused', () => {
    const moved = (view: RequestView): RequestView => ({
      ...view,
      vaults: view.vaults.map((row) => ({
        ...row,
        participants: row.participants.map((one, at) =>
          at === 1 ? { ...one, node: parseNodeId('node-gone') } : one,
        ),
      })),
    })
    // The text that people saw named the holders, so what refuses first is the fit.
    expect(says(refresh(), { view: moved })).toBe('N2 PARTICIPANTS')
    const swapped = (view: RequestView): RequestView => ({
      ...view,
      vaults: view.vaults.map((row) => ({
        ...row,
        participants: [
          { node: parseNodeId('node-c'), x: 1 },
          { node: parseNodeId('node-a'), x: 3 },
        ],
      })),
    })
    const { reshare } = asks
    const dealers = [parseNodeId('node-c'), parseNodeId('node-a')]
    const asked = ripe(keyedLog(), { ...reshare, terms: { ...reshare.terms, dealers } })
    expect(says(asked, { view: swapped })).toBe('N2 PARTICIPANTS')
  })

  it('N2 readmits nodes of the root only, and changes no vault that the policy lacks', () => {
    const { readmit, create } = asks
    const peer = parseNodeId('node-x')
    const log = keyedLog()
    expect(says(ripe(log, { ...readmit, terms: { ...readmit.terms, peer } }))).toBe(
      'N2 PARTICIPANTS',
    )
    const vault = create.vault.replace('hot', 'hat') as typeof create.vault
    const nowhere = new Asked(bootedLog(), { ...create, vault }).record()
    expect(says(nowhere)).toBe('N2 VAULT_NOT_FOUND')
  })
})
