// The refresh that an import carries: when the fold, a node, the chain of a key's lines and an
// auditor take it, and that nothing else passes for it.
import { describe, expect, it } from 'vitest'
import { parseEntry } from '../../policy/audit/entry.ts'
import { isShown } from '../../policy/audit/fold-backups.ts'
import { keyOf } from '../../policy/audit/key-chain.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { admitWork, carriesRefresh, isCovered, refreshNamed } from '../../policy/covered-refresh.ts'
import type { Root } from '../../policy/documents.ts'
import { parseHandle, parseNodeId } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { digestNamed, testedBody, vaultRow } from '../kit/audit-log.ts'
import { Audited } from '../kit/change-audit.ts'
import { type Bend, OrderOf } from '../kit/change-judged.ts'
import { Asked, asks, bootedLog, freeze, hot, ripe, root } from '../kit/change-log.ts'
import { refusedWith } from '../kit/refused.ts'

/** An import in force at epoch 2, its refresh to come. */
function brought(): Asked {
  const asked = ripe(bootedLog(), asks.import)
  return asked.add('key.imported', asked.keyLine())
}

const rowOf = (asked: Asked) => readSync(get(tables.vault, hot.vault), asked.log.rows)!

function admission(asked: Asked, { own, order, view }: Bend = {}) {
  const stands = asked.view
  return admitWork({
    order: order ?? asked.order,
    own: {
      view: view?.(stands) ?? stands,
      clockMs: asked.log.t,
      frozenLocally: false,
      witnessedAt: (seq) => (seq === stands.intent?.seq ? stands.intent.t : asked.log.t),
      ...own,
    },
  })
}

const says = (asked: Asked, bend: Bend = {}): string => {
  const result = admission(asked, bend)
  if (isRefusal(result)) return `${result.check} ${result.code}`
  return isCovered(result) ? 'covered' : 'admitted'
}

describe('the refresh that an import carries', () => {
  it('ends the standing in which the key signs nothing, by the order of the import', () => {
    const asked = brought()
    expect(rowOf(asked)).toMatchObject({ standing: 'unrefreshed', imported: true, epoch: 2 })
    asked.add('key.refreshed', asked.coveredLine())
    expect(rowOf(asked)).toMatchObject({ standing: 'active', imported: true, epoch: 3 })
    expect(asked.state).toBe('ACTIVE')
  })

  it('is one: the second, and one after another refresh, is void', () => {
    const asked = brought()
    asked.add('key.refreshed', asked.coveredLine())
    const again = asked.coveredLine({ epoch: 4, keyState: digestNamed('fourth') })
    expect(asked.outcome('key.refreshed', again)).toBe('REQUEST_ENDED')
    const other = brought()
    const terms = { epoch: 2, keyState: digestNamed('next state') }
    const apart = ripe(other.log, { ...asks.refresh, terms })
    apart.add('key.refreshed', apart.keyLine({ epoch: 3, keyState: digestNamed('third') }))
    expect(other.outcome('key.refreshed', other.coveredLine({ epoch: 4 }))).toBe('REQUEST_ENDED')
  })

  it('comes after the line of the import and never instead of it', () => {
    const asked = ripe(bootedLog(), asks.import)
    expect(asked.outcome('key.refreshed', asked.coveredLine())).toBe('REQUEST_ENDED')
    expect(asked.outcome('key.imported', asked.keyLine())).toBe('folded')
  })

  // Its dealer knows the shares of every dealing of the import, in whatever epoch they were kept.
  it('is not a second dealing of the same import that all nodes confirmed', () => {
    const asked = brought()
    const dealtAgain = asked.keyLine({ epoch: 3, keyState: digestNamed('dealt again') })
    expect(asked.outcome('key.refreshed', dealtAgain)).toBe('PARTICIPANTS')
    const named = asked.coveredLine({}, asked.digest)
    expect(asked.outcome('key.refreshed', named)).toBe('PARTICIPANTS')
    expect(asked.outcome('key.refreshed', asked.coveredLine())).toBe('folded')
  })

  it('is of this key alone, with its holders, in a later epoch, by an order of the import', () => {
    const asked = brought()
    const outcome = (key: Parameters<Asked['coveredLine']>[0]) =>
      asked.outcome('key.refreshed', asked.coveredLine(key))
    expect(outcome({ epoch: 2 })).toBe('EPOCH')
    expect(outcome({ publicKey: vaultRow('warm-eth').publicKey })).toBe('KEY_DISABLED')
    expect(outcome({ chainCode: new Uint8Array(32) })).toBe('KEY_DISABLED')
    expect(outcome({ key: parseHandle('k-other') })).toBe('KEY_DISABLED')
    expect(outcome({ vault: vaultRow('warm-eth').vault })).toBe('LINE_VOID')
    expect(outcome({ participants: hot.participants.slice(0, 2) })).toBe('PARTICIPANTS')
    expect(outcome({ t: 3 })).toBe('PARTICIPANTS')
    const other = ripe(asked.log, { ...asks.refresh, id: parseHandle('other') })
    const { order } = other.carried
    const line = { ...asked.coveredLine(), order }
    expect(asked.log.outcome('key.refreshed', line, [other.orderText])).toBe('WARRANT')
  })

  it('shows no address before it, whatever backups were proven', () => {
    const asked = brought()
    const prove = (): void => {
      for (const { node } of hot.participants) {
        asked.log.add('key.backup-tested', testedBody(rowOf(asked), node))
      }
    }
    prove()
    expect(readSync(isShown(hot.vault), asked.log.rows)).toBe(false)
    asked.add('key.refreshed', asked.coveredLine())
    expect(readSync(isShown(hot.vault), asked.log.rows)).toBe(false)
    prove()
    expect(readSync(isShown(hot.vault), asked.log.rows)).toBe(true)
  })
})

describe('a node asked for it', () => {
  it('goes by the own copy: the import is in force and its key waits', () => {
    const asked = ripe(bootedLog(), asks.import)
    expect(says(asked)).toBe('admitted')
    asked.add('key.imported', asked.keyLine())
    expect(says(asked)).toBe('covered')
    expect(admission(asked)).toMatchObject({ covered: true, vault: { epoch: 2 }, key: hot.key })
    asked.add('key.refreshed', asked.coveredLine())
    expect(says(asked)).toBe('N8 REQUEST_ENDED')
  })

  it('needs nobody to approve it again, and does it also late, frozen or under another policy', () => {
    const asked = brought()
    expect(says(new OrderOf(asked, { approvals: [], ruleset: digestNamed('later') }))).toBe(
      'covered',
    )
    freeze(asked.log, 'all')
    asked.log.wait(200 * 24 * 3_600)
    expect(says(asked)).toBe('covered')
  })

  it('refuses the order of another change, a clock before the request, and holders that are gone', () => {
    const asked = brought()
    const other = ripe(asked.log, { ...asks.refresh, id: parseHandle('other') })
    expect(says(asked, { order: other.order })).toBe('N2 WARRANT')
    expect(says(asked, { order: new Uint8Array(3) })).toBe('N1 MALFORMED')
    const early = { clockMs: asked.view.intent!.t - 200_000 }
    expect(says(asked, { own: early })).toBe('N3 CLOCK')
    const gone = hot.participants.map((one) => ({ ...one, node: parseNodeId('gone') }))
    const vaults = [{ ...rowOf(asked), participants: gone }]
    expect(says(asked, { view: (view) => ({ ...view, vaults }) })).toBe('N2 PARTICIPANTS')
  })

  it('takes no other request and no other standing for it', () => {
    const [request, vault] = [brought().view.intent!, rowOf(brought())]
    expect(carriesRefresh(request, vault)).toBe(true)
    expect(carriesRefresh(undefined, vault)).toBe(false)
    expect(carriesRefresh(request, undefined)).toBe(false)
    expect(carriesRefresh({ ...request, op: 'key.create' }, vault)).toBe(false)
    expect(carriesRefresh({ ...request, state: 'EXPIRED' }, vault)).toBe(false)
    expect(carriesRefresh({ ...request, vault: vaultRow('warm-eth').vault }, vault)).toBe(false)
    for (const standing of ['active', 'exported', 'disabled'] as const) {
      expect(carriesRefresh(request, { ...vault, standing })).toBe(false)
    }
    expect(refreshNamed(request.intent)).not.toBe(request.intent)
  })
})

describe('a stranger', () => {
  const rootAt = (): Root => root

  it('finds the same in the lines of the key', () => {
    const asked = brought().add('key.refreshed', brought().coveredLine())
    const [first, next] = asked.log.lines.slice(-2).map(parseEntry)
    expect(keyOf([first!, next!], rootAt)).toMatchObject({ standing: 'active', imported: true })
    const twice = brought()
    twice.log.force('key.refreshed', twice.keyLine({ epoch: 3, keyState: digestNamed('again') }))
    const lines = twice.log.lines.slice(-2).map(parseEntry)
    expect(refusedWith(() => keyOf(lines, rootAt))).toBe('PARTICIPANTS')
  })

  it('asks for the delay at the line of the import, and not again at that of its refresh', () => {
    const found = (seenS: number): readonly string[] => {
      const audited = new Audited(new Asked(bootedLog(), asks.import))
      const { asked } = audited
      asked.record().approve().ripen(seenS)
      audited.see()
      asked.ripen(3_600 - seenS)
      asked.add('key.imported', asked.keyLine()).add('key.refreshed', asked.coveredLine())
      return audited
        .see()
        .report()
        .findings.map(({ word, code }) => `${word} ${code}`)
    }
    expect(found(60)).toEqual([])
    expect(found(600)).toEqual(['UNCONFIRMED LINE_MISSING'])
  })
})
