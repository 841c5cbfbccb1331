// Who asked and who approved, N17 to N22 of `admitChange`, each broken once.
import { describe, expect, it } from 'vitest'
import type { RequestView } from '../../policy/view.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { type Digest, parseHandle } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import * as house from '../kit/audit-documents.ts'
import { digestNamed } from '../kit/audit-log.ts'
import { OrderOf, refresh, says } from '../kit/change-judged.ts'
import { Asked, asks, keyedLog, type Options, ripe } from '../kit/change-log.ts'

const hour = 3_600_000

describe('N17: whoever asked', () => {
  it('signed it with a credential of their own, valid when recorded and now', () => {
    const stranger = new Asked(keyedLog(), asks.refresh, { credential: 'chen-1' })
    stranger.record().approve().ripen()
    expect(says(stranger)).toBe('N17 INTENT_SIG')
    const asked = refresh()
    const late = says(asked, { own: { clockMs: Date.parse('2028-01-02T00:00:00Z') } })
    expect(late).toBe('N17 INTENT_SIG')
    const { document } = asked.signed
    const bent = sign(tags.intent, toUtf8(document), parseHandle('bo-1'), house.keyOf('jun').sign)
    expect(says(new OrderOf(asked, { change: bent }))).toBe('N17 INTENT_SIG')
    const approval = sign(
      tags.approval,
      toUtf8(document),
      parseHandle('bo-1'),
      house.keyOf('bo').sign,
    )
    expect(says(new OrderOf(asked, { change: approval }))).toBe('N17 INTENT_SIG')
  })

  it('asked for this very change, as the line recorded it', () => {
    const log = keyedLog()
    const asked = ripe(log, asks.refresh)
    const other = ripe(log, { ...asks.refresh, id: parseHandle('other') })
    expect(says(asked, { order: other.order })).toBe('N17 INTENT_SIG')
    const fields = { id: parseHandle('x'), notAfter: 0, op: 'key.destroy', vault: 'all' } as const
    for (const [field, value] of Object.entries(fields)) {
      const bent = (view: RequestView): RequestView => ({
        ...view,
        intent: { ...view.intent!, [field]: value },
      })
      expect(says(asked, { view: bent }), field).toBe('N17 LINE_VOID')
    }
  })

  it('asked for it in this organisation, in time and not from the future', () => {
    const org = parseHandle('other')
    const foreign = new Asked(keyedLog(), { ...asks.refresh, org }).record().approve().ripen()
    expect(says(foreign)).toBe('N17 INTENT_SIG')
    const created = asks.refresh.created + limits.clockSkewMs + 1_000
    const early = new Asked(keyedLog(), { ...asks.refresh, created }).record().approve().ripen()
    expect(says(early)).toBe('N17 TIME')
    const ended = says(refresh(), { own: { clockMs: asks.refresh.notAfter + 1 } })
    expect(ended).toBe('N17 TIME')
  })
})

describe('N18 to N21: the people', () => {
  it('N18 each signed this change, this policy and directory, this section and this text', () => {
    const binding = (patch: Options['approval']) => says(refresh({ approval: patch ?? {} }))
    const nothing = digestNamed('nothing') as Digest
    expect(binding({})).toBe('admitted')
    expect(binding({ intent: nothing })).toBe('N18 APPROVAL_INTENT')
    expect(binding({ policy: nothing })).toBe('N18 APPROVAL_POLICY')
    expect(binding({ directory: nothing })).toBe('N18 APPROVAL_POLICY')
    expect(binding({ rule: parseHandle('governance.policy') })).toBe('N18 RULE')
    expect(binding({ rule: parseHandle('payout-mid') })).toBe('N18 RULE')
    expect(binding({ display: nothing })).toBe('N18 DISPLAY')
    expect(binding({ org: parseHandle('other') })).toBe('N18 APPROVAL_SCOPE')
    expect(binding({ env: 'prod' })).toBe('N18 APPROVAL_SCOPE')
    expect(binding({ credential: parseHandle('kat-1') })).toBe('N18 APPROVAL_SIG')
  })

  it('N18 an approval holds between its times, and the change no longer than it', () => {
    const { created } = asks.refresh
    const asked = refresh({ approval: { expires: created + hour } })
    expect(says(asked)).toBe('N18 TIME')
    const ahead = refresh({ approval: { issued: created + limits.clockSkewMs + 1_000 } })
    expect(says(ahead)).toBe('N18 TIME')
    expect(says(refresh({ approval: { issued: created + limits.clockSkewMs } }))).toBe('admitted')
  })

  it('N18 a person stands once, and only with what a line recorded', () => {
    const asked = refresh()
    const [one, two] = asked.approvals
    expect(says(new OrderOf(asked, { approvals: [one!, two!, two!] }))).toBe(
      'N18 APPROVAL_REPLAYED',
    )
    const unrecorded = asked.approval(['kat', 'director'], { expires: asks.refresh.notAfter })
    const more = new OrderOf(asked, { approvals: [one!, two!, unrecorded] })
    expect(says(more)).toBe('N18 LINE_MISSING')
  })

  it('N18 a rejection is no approval, whatever it is called', () => {
    const asked = refresh()
    const [one] = asked.approvals
    const no = asked.approval(['oli', 'risk'], { decision: 'reject' })
    expect(says(new OrderOf(asked, { approvals: [one!, no] }))).toBe('N18 APPROVAL_SIG')
  })

  it('N19 nobody said no', () => {
    const asked = refresh()
    const no = (view: RequestView): RequestView => ({
      ...view,
      decisions: view.decisions.map((row) => ({ ...row, decision: 'reject' })),
    })
    expect(says(asked, { view: no })).toBe('N19 REJECTED')
  })

  it('N21 enough different people of the roles that the section asks for', () => {
    const of = (...voices: Options['voices'] & {}) => says(refresh({ voices }))
    expect(of(['jun', 'director'], ['oli', 'risk'])).toBe('admitted')
    expect(of()).toBe('N21 QUORUM')
    expect(of(['jun', 'director'])).toBe('N21 QUORUM')
    expect(of(['jun', 'director'], ['kat', 'director'])).toBe('N21 QUORUM')
    expect(of(['jun', 'director'], ['ana', 'ops'])).toBe('N21 QUORUM')
    // In a role that the person does not have.
    expect(of(['jun', 'director'], ['ana', 'risk'])).toBe('N21 QUORUM')
  })

  it('N21 never the one who asked, nor the owner of the service that did', () => {
    const asker = (who: string) => {
      const initiator = who as typeof asks.refresh.initiator
      return says(ripe(keyedLog(), { ...asks.refresh, initiator }))
    }
    expect(asker('kat')).toBe('admitted')
    expect(asker('jun')).toBe('N21 QUORUM')
    expect(asker('oli')).toBe('N21 QUORUM')
  })
})

describe('N22: the delay', () => {
  it('counts from the witnessed time of the request, and from nothing else', () => {
    const asked = refresh()
    const { seq } = asked.view.intent!
    const { t } = asked.log
    const seen = (at: number | undefined) =>
      says(asked, { own: { witnessedAt: (line) => (line === seq ? at : t) } })
    expect(seen(t - hour)).toBe('admitted')
    expect(seen(t - hour + 1)).toBe('N22 DELAY')
    expect(seen(t)).toBe('N22 DELAY')
    expect(seen(undefined)).toBe('N22 DELAY')
    expect(seen(Number.NaN)).toBe('N22 ERROR')
  })

  it('is proved by the heads of the order', () => {
    const asked = refresh({ order: { heads: ['a note'] } })
    const heard: (readonly string[])[] = []
    const witnessedAt = (_: number, heads: readonly string[]) => {
      heard.push(heads)
      return undefined
    }
    expect(says(asked, { own: { witnessedAt } })).toBe('N22 DELAY')
    expect(heard).toContainEqual(['a note'])
  })
})
