// What the replay of a log calls a violation, what it only notices, and what it cannot judge.
import { describe, expect, it } from 'vitest'
import { encodeIntent } from '../../policy/request.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { writeTime } from '../../proto/shape.ts'
import { type Signed, sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import * as house from '../kit/audit-documents.ts'
import { digestNamed, genesisBody, TestLog } from '../kit/audit-log.ts'
import { Payout } from '../kit/audit-story.ts'
import { audit, codes, good, grown, payoutIn, seqOf } from '../kit/audit-verifying.ts'
import { handleOf } from '../kit/examples.ts'
import type { Story } from '../kit/story.ts'

describe('a violation', () => {
  it('is a void line, named with its reason', () => {
    const report = grown((log) => log.force('spend.released', { intent: digestNamed('none') }))
    expect(report).toMatchObject({ exit: 4, results: { integrity: 'OK', witnessing: 'OK' } })
    expect(report.findings[0]).toMatchObject({ line: 27, code: 'REQUEST_NOT_FOUND' })
  })

  it('is a second genesis value: another root or policy than the pinned ones', () => {
    const log = new TestLog().force('log.genesis', genesisBody)
    log.force('root.activated', { root: digestNamed('x'), ruleset: digestNamed('y'), version: 1 })
    const files = { checkpoint: toUtf8(log.note()), lines: log.lines, heads: [] }
    const report = audit(files)
    expect(report).toMatchObject({ exit: 4, results: { identity: 'UNCONFIRMED' } })
  })

  it('is an approval that was recorded after the attempt', () => {
    const report = grown((_, more) => {
      const pay = payoutIn(more, 'late', 150).reserved().started().approved('bo')
      // The warrant of the attempt line could not carry it.
      pay.approvals.pop()
      pay.completed()
    })
    expect(codes(report)).toEqual(['N21 QUORUM'])
  })

  it('is a transaction id that the signed bytes do not have', () => {
    const report = grown((log, more) => {
      const pay = payoutIn(more, 'renamed', 20).reserved().started()
      log.add('sign.completed', { ...pay.completion(), txid: `0x${digestNamed('x')}` })
    })
    expect(codes(report)).toEqual(['TX_INTENT_MISMATCH'])
  })

  it('is a cancel that takes the nonce of another request than the one that people read', () => {
    const taking = (other: boolean) =>
      codes(
        grown((log, more) => {
          const pays = ['read', 'unread'].map((name, at) => {
            const pay = payoutIn(more, name, 20 + at)
            pay.nonce = BigInt(2 + at)
            return pay.reserved().started()
          })
          const [read, unread] = pays as [Payout, Payout]
          const cancel = new Payout(more, 'cancel', 1)
          const change = { op: 'evm.cancel', amount: 0n, dest: '', contract: '' } as const
          Object.assign(cancel.intent, { ...change, asset: 'eth-native', cancels: read.digest })
          const { sign: key } = house.keyOf('svc-payouts')
          const { credential } = cancel.signed
          const signed = sign(tags.intent, encodeIntent(cancel.intent), credential, key)
          Object.assign(cancel, { signed, digest: more.keepSigned('intent', signed) })
          const { digest, nonce } = other ? unread : read
          Object.assign(cancel, { nonce })
          cancel.created()
          log.add('spend.reserved', { ...cancel.reservation(), cancels: digest })
        }),
      )
    expect(taking(false)).toEqual([])
    expect(taking(true)).toEqual(['LINE_VOID'])
  })

  it('does not hide a missing warrant, and the worse word wins', () => {
    const report = grown((log, more) => {
      log.force('spend.released', { intent: digestNamed('none') })
      more.blobs.splice(0, more.blobs.length, ...more.blobs.filter((b) => b.kind !== 'warrant'))
    })
    expect(report.exit).toBe(4)
    expect(report.results).toMatchObject({
      authorisation: 'VIOLATION',
      completeness: 'UNCONFIRMED',
    })
  })
})

describe('an attempt that `admit` refuses', () => {
  const refused: readonly [string, (more: Story) => Payout][] = [
    ['N21 QUORUM', (more) => payoutIn(more, 'unapproved', 150).reserved().started()],
    [
      'N15 BYTES_AMOUNT',
      (more) => {
        const pay = payoutIn(more, 'other', 20)
        const { amount } = pay.intent
        Object.assign(pay.intent, { amount: amount + 1n })
        return pay.reserved().started()
      },
    ],
    [
      'N3 CLOCK',
      (more) => {
        const pay = payoutIn(more, 'postdated', 20).reserved()
        more.log.wait(121)
        pay.started()
        more.heads.push(more.log.note([0, 1, 2], more.log.t - 121_000))
        return pay
      },
    ],
    [
      'N3 CLOCK',
      (more) => {
        const pay = payoutIn(more, 'backdated', 20).reserved()
        more.heads.push(more.log.note([0, 1, 2], more.log.t + 121_000))
        return pay.started()
      },
    ],
  ]
  const abort = (pay: Payout, receipts: readonly string[]): JsonObject => ({
    attempt: 1,
    culprit: '',
    intent: pay.digest,
    reason: 'REFUSED',
    receipts: [...receipts],
    refusals: [],
  })

  it('is noticed, and nothing more, while nobody signed it', () => {
    for (const [code, attempt] of refused) {
      const open = grown((_, more) => attempt(more))
      expect(open, code).toMatchObject({ exit: 0, word: 'OK', findings: [] })
      expect(open.notices.map((notice) => [notice.line, notice.code])).toEqual([[30, code]])
      const aborted = grown((log, more) => log.add('session.aborted', abort(attempt(more), [])))
      expect(aborted, code).toMatchObject({ exit: 0, findings: [] })
      expect(aborted.notices).toEqual(open.notices)
    }
  })

  it('is a violation at its line once there is a signature', () => {
    for (const [code, attempt] of refused.slice(0, 1).concat(refused.slice(2))) {
      const report = grown((_, more) => attempt(more).completed())
      expect(report, code).toMatchObject({ exit: 4, notices: [] })
      expect(report.findings.map((one) => [one.line, one.code])).toEqual([[30, code]])
    }
  })

  it('is one once a receipt shows that a share left a node, whatever line names it', () => {
    const [, attempt] = refused[0]!
    const named = grown((log, more) => {
      const pay = attempt(more)
      const [first] = pay.receipts()
      log.add('session.aborted', abort(pay, [first!.receipt]))
    })
    const recorded = grown((log, more) => {
      const [first] = attempt(more).receipts()
      log.add('share.receipt', { ...first! })
    })
    for (const report of [named, recorded]) {
      expect(report).toMatchObject({ exit: 4, notices: [] })
      expect(codes(report)).toEqual(['N21 QUORUM'])
    }
  })

  it('within the difference of clocks is lawful', () => {
    const report = grown((_, more) => {
      const pay = payoutIn(more, 'skewed', 20).reserved()
      more.heads.push(more.log.note([0, 1, 2], more.log.t + 120_000))
      more.log.wait(119)
      pay.started()
      more.heads.push(more.log.note([0, 1, 2], more.log.t - 119_000))
      pay.completed()
    })
    expect(report).toMatchObject({ exit: 0, findings: [], notices: [] })
  })
})

describe('an evaluation', () => {
  it('is a violation when it says something else than judging its facts again', () => {
    const bent: readonly JsonObject[] = [
      { result: 'need' },
      { rule: 'payout-mid' },
      { trace: digestNamed('another trace') },
      { policy: digestNamed('another policy') },
    ]
    for (const change of bent) {
      const report = grown((log, more) => {
        const pay = payoutIn(more, 'bent', 20)
        log.add('intent.evaluated', { ...pay.evaluation(), ...change })
      })
      expect(codes(report), Object.keys(change)[0]).toEqual(['RULE'])
    }
  })

  it('is one when its facts are those of another request or another time', () => {
    const other = grown((log, more) => {
      const [one, two] = [payoutIn(more, 'one', 20), payoutIn(more, 'two', 20)]
      log.add('intent.evaluated', { ...two.evaluation(), intent: one.digest })
    })
    expect(other.findings[0]!.because).toMatch(/^intent: expected/)
    const early = grown((log, more) => {
      const body = payoutIn(more, 'early', 20).evaluation()
      log.wait(1).add('intent.evaluated', body)
    })
    expect(codes(early)).toEqual(['RULE'])
    expect(early.findings[0]!.because).toMatch(/^at: expected/)
  })

  it('is one when nobody can read its facts', () => {
    const report = grown((log, more) => {
      const pay = payoutIn(more, 'odd', 20)
      const facts = more.keep('facts', toUtf8('{}'))
      log.add('intent.evaluated', { ...pay.evaluation(), facts })
    })
    expect(codes(report)).toEqual(['MALFORMED'])
  })

  it('without its facts is UNCONFIRMED if a reservation came of it, and is never counted', () => {
    const without = good.blobs.filter((blob) => blob.kind !== 'facts')
    const report = audit({ blobs: without })
    expect(report).toMatchObject({ exit: 3, checked: { evaluations: 0 } })
    const evaluated = [0, 1, 2].map((nth) => seqOf('intent.evaluated', nth))
    expect(report.findings.map((finding) => finding.line)).toEqual(evaluated)
    const waiting = grown((_, more) => {
      const before = new Set(more.blobs)
      payoutIn(more, 'waits', 20)
      const kept = more.blobs.filter((blob) => before.has(blob) || blob.kind !== 'facts')
      more.blobs.splice(0, more.blobs.length, ...kept)
    })
    expect(waiting).toMatchObject({ exit: 0, checked: { evaluations: 3 } })
  })
})

describe('the documents of people', () => {
  const jun = house.keyOf('jun').sign
  const by = (credential: string, signed: Signed): Signed =>
    sign(tags.approval, toUtf8(signed.document), handleOf(credential), jun)

  function forgeApproval(more: Story, change: (signed: Signed) => Signed): void {
    const pay = payoutIn(more, 'forged', 150).approved('bo')
    const [signed] = pay.approvals
    const at = more.blobs.findIndex((b) => b.kind === 'approval' && b.digest === approvalOf(more))
    more.blobs.splice(at, 1)
    more.keepSigned('approval', change(signed!))
  }
  const approvalOf = (more: Story): string =>
    more.blobs.filter(({ kind }) => kind === 'approval').at(-1)!.digest

  it('are violations when an approval was signed by nobody whom the directory knows', () => {
    for (const credential of ['bo-1', 'jun-1', 'eve-1']) {
      const report = grown((_, more) => forgeApproval(more, (signed) => by(credential, signed)))
      expect(codes(report), credential).toEqual(['APPROVAL_SIG'])
      expect(report.findings[0]!.line).toBe(29)
    }
    const same = grown((_, more) => forgeApproval(more, (signed) => signed))
    expect(same).toMatchObject({ exit: 0, findings: [] })
  })

  it('are violations when the line says something else than the approval', () => {
    for (const [field, value] of [
      ['person', 'chen'],
      ['rule', 'payout-auto'],
    ]) {
      const report = grown((log, more) => {
        const pay = payoutIn(more, 'misread', 150)
        const line = {
          approval: digestNamed('x'),
          intent: pay.digest,
          person: 'bo',
          rule: pay.rule,
        }
        const silent = Object.assign(Object.create(log), { add: () => log })
        Object.assign(more, { log: silent })
        pay.approved('bo')
        Object.assign(more, { log })
        log.add('approval.recorded', { ...line, approval: approvalOf(more), [field!]: value! })
      })
      expect(codes(report), field).toEqual(['LINE_VOID'])
    }
  })

  it('are violations when the intent was signed by somebody else than its initiator', () => {
    const resigned = grown((_, more) => {
      const pay = payoutIn(more, 'stolen', 20)
      const at = more.blobs.findIndex((blob) => blob.digest === pay.digest)
      more.blobs.splice(at, 1)
      const document = toUtf8(pay.signed.document)
      more.keepSigned('intent', sign(tags.intent, document, handleOf('svc-payouts-1'), jun))
    })
    expect(codes(resigned)).toEqual(['INTENT_SIG'])
    expect(resigned.findings[0]!.line).toBe(27)
  })

  it('are violations when the created line says something else than the intent', () => {
    for (const change of [{ id: 'other' }, { vault: 'warm-eth' }, { credential: 'ana-1' }]) {
      const report = grown((log, more) => {
        const { intent, signed, digest } = new Payout(more, 'renamed', 20)
        const { id, initiator, notAfter, op, vault } = intent
        const line = { credential: signed.credential, id, initiator, intent: digest, op, vault }
        log.add('intent.created', { ...line, notAfter: writeTime(notAfter), ...change })
      })
      expect(report, JSON.stringify(change)).toMatchObject({ exit: 4 })
      expect(report.findings[0]!.line).toBe(27)
    }
  })

  it('are violations when they are of another organisation', () => {
    const other = (document: string): Uint8Array =>
      toUtf8(document.replace('"org":"acme"', '"org":"other"'))
    const intents = grown((log, more) => {
      const { intent: said, signed } = new Payout(more, 'foreign', 20)
      const key = house.keyOf('svc-payouts').sign
      const foreign = sign(tags.intent, other(signed.document), signed.credential, key)
      const intent = more.keepSigned('intent', foreign)
      const { id, initiator, notAfter, op, vault } = said
      const line = { credential: signed.credential, id, initiator, intent, op, vault }
      log.add('intent.created', { ...line, notAfter: writeTime(notAfter) })
    })
    expect(codes(intents)).toEqual(['RULESET_SIG'])
    const approvals = grown((log, more) => {
      const pay = payoutIn(more, 'asked', 150).approved('bo')
      const [signed] = pay.approvals
      const key = house.keyOf('bo').sign
      const foreign = sign(tags.rejection, rejecting(signed!), signed!.credential, key)
      const approval = more.keepSigned('rejection', foreign)
      const line = { approval, intent: pay.digest, person: 'bo', rule: pay.rule }
      log.add('approval.rejected', line)
    })
    expect(codes(approvals)).toEqual(['RULESET_SIG'])

    function rejecting({ document }: Signed): Uint8Array {
      return other(document.replace('"decision":"approve"', '"decision":"reject"'))
    }
  })

  it('are UNCONFIRMED when they were not kept and something was reserved', () => {
    const without = (kind: string) => (more: Story) =>
      more.blobs.splice(0, more.blobs.length, ...more.blobs.filter((one) => one.kind !== kind))
    const intents = grown((_, more) => {
      payoutIn(more, 'waits', 20)
      without('intent')(more)
    })
    expect(intents).toMatchObject({ exit: 3, results: { authorisation: 'OK' } })
    expect(intents.findings.map(({ line }) => line)).toEqual([
      seqOf('intent.created'),
      seqOf('intent.created', 1),
    ])
    const approvals = grown((_, more) => {
      payoutIn(more, 'waits', 150).approved('bo')
      without('approval')(more)
    })
    expect(approvals.findings.map(({ line }) => line)).toEqual([seqOf('approval.recorded')])
  })
})

describe('what was never judged', () => {
  it('is not called authorised: a replay that stops early says NOT_CHECKED', () => {
    const blobs = good.blobs.filter((blob) => blob.kind !== 'directory')
    const report = audit({ blobs })
    expect(report).toMatchObject({ exit: 3, checked: { signatures: 0 } })
    expect(report.results.authorisation).toBe('NOT_CHECKED')
  })

  it('is UNCONFIRMED for a settled transaction that no line shows a signature of', () => {
    const report = grown((log, more) => {
      const pay = payoutIn(more, 'unseen', 20).reserved().started()
      log.t = pay.intent.notAfter + 1
      const txid = `0x${digestNamed('unseen')}`
      log.add('tx.settled', { height: '9', intent: pay.digest, txid })
    })
    expect(report).toMatchObject({ exit: 3, results: { completeness: 'UNCONFIRMED' } })
    expect(report.findings.map(({ line }) => line)).toEqual([31])
  })

  it('is UNCONFIRMED for an attempt whose warrant nobody kept, signed or not', () => {
    const report = grown((_, more) => {
      payoutIn(more, 'bare', 20).reserved().started()
      more.blobs.splice(-1, 1)
    })
    expect(report).toMatchObject({ exit: 3, checked: { attempts: 2 } })
    expect(report.findings.map(({ line }) => line)).toEqual([30])
  })
})
