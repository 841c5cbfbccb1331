// The line of a control proof: in the fold, which makes the sentence anew, and in an Export, where a
// stranger judges it and the receipts beside it again.
import { describe, expect, it } from 'vitest'
import type { Report } from '../../policy/audit/report.ts'
import { toHex } from '../../proto/crypto.ts'
import { parseHandle, parseNodeId } from '../../proto/ids.ts'
import { encode, type JsonObject } from '../../proto/jcs.ts'
import { kinds, signBy } from '../../proto/node-documents.ts'
import { signedJson } from '../../proto/signed.ts'
import * as house from '../kit/audit-documents.ts'
import { digestNamed, stored, vaultSecret } from '../kit/audit-log.ts'
import { Audited } from '../kit/change-audit.ts'
import { Asked, asks, freeze, keyedLog, ripe } from '../kit/change-log.ts'
import { proofLine } from '../kit/proof-line.ts'

const prove = () => ripe(keyedLog(), asks.prove)

describe('a control proof in the fold', () => {
  it('ends its request and changes nothing of the key', () => {
    const asked = prove()
    const before = stored(asked.log, 'vault', 'hot-eth')
    asked.add('key.proved', proofLine(asked))
    expect(asked.state).toBe('ACTIVE')
    expect(stored(asked.log, 'vault', 'hot-eth')).toEqual(before)
    expect(asked.outcome('key.proved', proofLine(asked))).toBe('REQUEST_ENDED')
  })

  it('is void where the signature is of another key, or of another path', () => {
    const asked = prove()
    const outcome = (secret?: Uint8Array) =>
      asked.outcome('key.proved', proofLine(asked, {}, secret))
    expect(outcome()).toBe('folded')
    expect(outcome(vaultSecret('hot-eth'))).toBe('BYTES_DIGEST')
    expect(outcome(vaultSecret('warm-eth'))).toBe('BYTES_DIGEST')
  })

  it('is void for another digest, vault, epoch or key state than people approved', () => {
    const asked = prove()
    const outcome = (patch: JsonObject) => asked.outcome('key.proved', proofLine(asked, patch))
    expect(outcome({})).toBe('folded')
    expect(outcome({ digest: digestNamed('a transaction') })).toBe('BYTES_DIGEST')
    expect(outcome({ vault: 'warm-eth' })).toBe('LINE_VOID')
    expect(outcome({ epoch: 2 })).toBe('EPOCH')
    expect(outcome({ keyState: digestNamed('other') })).toBe('EPOCH')
    expect(outcome({ signature: '00'.repeat(65) })).toBe('BYTES_DIGEST')
  })

  it('is void without approval, under a freeze, and for a key that is gone', () => {
    const alone = new Asked(keyedLog(), asks.prove).record().ripen()
    expect(alone.outcome('key.proved', proofLine(alone))).toBe('QUORUM')
    const frozen = prove()
    freeze(frozen.log, 'hot-eth')
    expect(frozen.outcome('key.proved', proofLine(frozen))).toBe('FROZEN')
    const destroy = ripe(keyedLog(), asks.destroy)
    destroy.add('key.disabled', destroy.retireLine(['node-a', 'node-b', 'node-c']))
    const late = ripe(destroy.log, asks.prove)
    expect(late.outcome('key.proved', proofLine(late))).toBe('KEY_DISABLED')
  })

  it('carries out no other change, and no other line carries it out', () => {
    const refresh = ripe(keyedLog(), asks.refresh)
    const line = { ...proofLine(prove()), ...refresh.carried }
    expect(refresh.outcome('key.proved', line)).toBe('LINE_VOID')
    const asked = prove()
    expect(asked.outcome('key.refreshed', asked.keyLine())).toBe('LINE_VOID')
  })

  it('is one a change: another with other signers is asked for anew', () => {
    const asked = prove()
    asked.add('key.proved', proofLine(asked))
    const again = ripe(asked.log, { ...asks.prove, id: parseHandle('again') })
    expect(again.outcome('key.proved', proofLine(again))).toBe('folded')
    expect(again.outcome('key.proved', { ...again.carried, ...proofLine(asked) })).toBe(
      'REQUEST_ENDED',
    )
  })
})

const said = ({ findings }: Report) => findings.map(({ word, code }) => `${word} ${code}`)

/** A proof from its record to its line, with what `bend` makes of a node's receipt. */
function proved(bend: JsonObject = {}, signer = 'node-a', patch: JsonObject = {}): Report {
  const audited = new Audited(new Asked(keyedLog(), asks.prove))
  const { asked } = audited
  asked.record()
  audited.evaluate().see()
  asked.approve().ripen()
  const receipt = receiptOf(audited, bend, signer)
  asked.log.add('share.receipt', { node: signer, counter: 1, receipt })
  asked.add('key.proved', proofLine(asked, { receipts: [receipt], ...patch }))
  return audited.see().report()
}

function receiptOf(audited: Audited, bend: JsonObject, signer: string) {
  const { asked } = audited
  const line = proofLine(asked)
  const document = {
    format: 'custody-share-receipt/v1',
    org: house.org,
    env: house.env,
    node: signer,
    counter: 1,
    previous: '',
    sid: digestNamed('session'),
    intent: asked.digest,
    attempt: 1,
    warrant: asked.carried.order,
    digest: line['digest'] as string,
    size: asked.log.lines.length,
    root: toHex(new Uint8Array(32)),
    ...bend,
  }
  const by = { node: parseNodeId(signer), sign: house.keyOf(`${signer}-identity`).sign }
  const signed = signBy(kinds.receipt, document, by)
  return audited.keepSigned('shareReceipt', encode(signedJson(signed)))
}

describe('a control proof in an Export', () => {
  it('is judged again and found lawful, from the files alone', () => {
    const report = proved()
    expect(said(report)).toEqual([])
    expect(report).toMatchObject({ exit: 0, checked: { signatures: 1, attempts: 0 } })
  })

  it('is a violation where a receipt is of another sentence, session or attempt', () => {
    const other = digestNamed('a transaction')
    expect(said(proved({ digest: other }))).toContain('VIOLATION WARRANT')
    expect(said(proved({ sid: other }))).toEqual(['VIOLATION VIEW'])
    expect(said(proved({ attempt: 2 }))).toEqual(['VIOLATION VIEW'])
    expect(said(proved({ warrant: other }))).toEqual(['VIOLATION VIEW'])
  })

  it('is a violation where the log has it and nobody approved', () => {
    const audited = new Audited(new Asked(keyedLog(), asks.prove))
    const { asked } = audited
    asked.record().approve([['jun', 'director']])
    audited.see()
    asked.ripen()
    asked.log.force('key.proved', proofLine(asked), [asked.orderText])
    expect(said(audited.see().report())).toEqual(['VIOLATION QUORUM'])
  })

  it('leaves a receipt unconfirmed whose request nobody kept, and judges it where it was', () => {
    const audited = new Audited(new Asked(keyedLog(), asks.prove))
    const { asked } = audited
    asked.record()
    audited.see()
    const receipt = receiptOf(audited, { digest: digestNamed('x') }, 'node-a')
    asked.log.add('share.receipt', { node: 'node-a', counter: 1, receipt })
    expect(said(audited.see().report())).toEqual(['VIOLATION WARRANT'])
    const without = audited.report((all) => all.filter(({ kind }) => kind !== 'intent'))
    expect(said(without)).toEqual(['UNCONFIRMED LINE_MISSING'])
  })
})
