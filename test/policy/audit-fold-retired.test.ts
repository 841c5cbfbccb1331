// Changes after which a key signs no more, and the one between peers: their lines in the fold.
import { describe, expect, it } from 'vitest'
import { banDocument } from '../../policy/audit/ban-statement.ts'
import { tagged, toHex } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { tags } from '../../proto/tags.ts'
import * as house from '../kit/audit-documents.ts'
import { digestNamed, keyBody, stored, type TestLog } from '../kit/audit-log.ts'
import { Asked, asks, bootedLog, freeze, hot, keyedLog, ripe } from '../kit/change-log.ts'

const standing = (log: TestLog) => {
  const { standing: is, imported, exported, epoch } = stored(log, 'vault', 'hot-eth')
  return { is, imported, exported, epoch }
}

const exportLine = (asked: Asked, nodes = ['node-a', 'node-b'], patch = {}) => {
  const recipient = toHex(asks.export.terms.recipient)
  return asked.retireLine(nodes, { recipient, ...patch })
}

describe('a key that was brought in', () => {
  it('is neither reshared nor exported before the refresh', () => {
    const asked = ripe(bootedLog(), asks.import)
    asked.add('key.imported', asked.keyLine({ epoch: 1, keyState: hot.keyState }))
    const reshare = ripe(asked.log, asks.reshare)
    expect(reshare.outcome('key.reshared', reshare.keyLine({}, { from: 1 }))).toBe('KEY_DISABLED')
    const out = ripe(asked.log, asks.export)
    expect(out.outcome('key.exported', exportLine(out))).toBe('KEY_DISABLED')
  })
})

describe('an export', () => {
  it('marks the key exported before any share leaves: it signs no more', () => {
    const asked = ripe(keyedLog(), asks.export)
    asked.add('key.exported', exportLine(asked))
    expect(standing(asked.log)).toMatchObject({ is: 'exported', exported: true })
    expect(asked.state).toBe('ACTIVE')
    expect(asked.outcome('key.exported', exportLine(asked))).toBe('REQUEST_ENDED')
  })

  it('is void for another recipient, epoch, key state or vault than people approved', () => {
    const asked = ripe(keyedLog(), asks.export)
    const outcome = (patch: object) =>
      asked.outcome('key.exported', exportLine(asked, ['node-a', 'node-b'], patch))
    expect(outcome({})).toBe('folded')
    expect(outcome({ recipient: toHex(house.keyOf('thief').publicKey) })).toBe('LINE_VOID')
    expect(outcome({ epoch: 2 })).toBe('EPOCH')
    expect(outcome({ keyState: digestNamed('other') })).toBe('EPOCH')
    expect(outcome({ vault: 'warm-eth' })).toBe('LINE_VOID')
  })

  it('is void without the word of exactly t holders, each once and in order', () => {
    const asked = ripe(keyedLog(), asks.export)
    const outcome = (nodes: string[]) => asked.outcome('key.exported', exportLine(asked, nodes))
    expect(outcome(['node-a', 'node-c'])).toBe('folded')
    for (const nodes of [
      ['node-a'],
      ['node-a', 'node-a'],
      ['node-b', 'node-a'],
      ['node-a', 'node-b', 'node-c'],
      ['node-a', 'node-d'],
    ]) {
      expect(outcome(nodes), nodes.join()).toBe('PARTICIPANTS')
    }
    const swapped = [asked.consent('node-a'), { ...asked.consent('node-a'), node: 'node-b' }]
    const line = exportLine(asked, ['node-a', 'node-b'], { confirms: swapped })
    expect(asked.outcome('key.exported', line)).toBe('PARTICIPANTS')
  })

  it('stands still under a freeze, and without approval there is none', () => {
    const asked = ripe(keyedLog(), asks.export)
    freeze(asked.log, 'all')
    expect(asked.outcome('key.exported', exportLine(asked))).toBe('FROZEN')
    const alone = new Asked(keyedLog(), asks.export).record().ripen()
    expect(alone.outcome('key.exported', exportLine(alone))).toBe('QUORUM')
  })

  it('leaves a key that is neither refreshed nor reshared, but may be destroyed', () => {
    const asked = ripe(keyedLog(), asks.export)
    asked.add('key.exported', exportLine(asked))
    const refresh = ripe(asked.log, asks.refresh)
    expect(refresh.outcome('key.refreshed', refresh.keyLine())).toBe('KEY_DISABLED')
    const again = ripe(asked.log, { ...asks.export, id: parseHandle('again') })
    expect(again.outcome('key.exported', exportLine(again))).toBe('folded')
    const destroy = ripe(asked.log, asks.destroy)
    destroy.add('key.disabled', destroy.retireLine(['node-a', 'node-b', 'node-c']))
    expect(standing(asked.log)).toMatchObject({ is: 'disabled', exported: true })
  })
})

describe('a destruction', () => {
  it('ends the key for ever: nothing can be done with it any more', () => {
    const asked = ripe(keyedLog(), asks.destroy)
    asked.add('key.disabled', asked.retireLine(['node-a', 'node-c']))
    expect(standing(asked.log)).toMatchObject({ is: 'disabled' })
    const { refresh, reshare } = asks
    const one = ripe(asked.log, refresh)
    expect(one.outcome('key.refreshed', one.keyLine())).toBe('KEY_DISABLED')
    const two = ripe(asked.log, reshare)
    expect(two.outcome('key.reshared', two.keyLine({}, { from: 1 }))).toBe('KEY_DISABLED')
    const three = ripe(asked.log, asks.export)
    expect(three.outcome('key.exported', exportLine(three))).toBe('KEY_DISABLED')
    const four = ripe(asked.log, { ...asks.destroy, id: parseHandle('again') })
    expect(four.outcome('key.disabled', four.retireLine(['node-a', 'node-c']))).toBe('KEY_DISABLED')
    const five = ripe(asked.log, asks.import)
    expect(five.outcome('key.imported', five.keyLine())).toBe('KEY_EXISTS')
    expect(asked.log.outcome('key.generated', keyBody(hot))).toBe('KEY_EXISTS')
  })

  it('is void with fewer than t holders, and stands still under a freeze', () => {
    const asked = ripe(keyedLog(), asks.destroy)
    expect(asked.outcome('key.disabled', asked.retireLine(['node-a']))).toBe('PARTICIPANTS')
    const all = asked.retireLine(['node-a', 'node-b', 'node-c'])
    expect(asked.outcome('key.disabled', all)).toBe('folded')
    freeze(asked.log, 'hot-eth')
    expect(asked.outcome('key.disabled', all)).toBe('FROZEN')
  })
})

describe('a re-admission', () => {
  const line = (asked: Asked, patch = {}) => {
    const { node, peer } = asks.readmit.terms
    return { ...asked.carried, confirms: [asked.consent(node)], node, peer, ...patch }
  }
  const ban = (log: TestLog, number: number): TestLog => {
    const said = { ...asks.readmit.terms, number, reason: 'PEER_BANNED' }
    const message = tagged(tags.ban, banDocument(house, said))
    const signature = toHex(house.keyOf('node-a-identity').sign(message))
    return log.add('peer.banned', { ...said, signature })
  }
  const bannedLog = () => ban(keyedLog(), 1)

  it('lets one peer in again at one node, once; a ban that the node states stays on record', () => {
    const asked = ripe(bannedLog(), asks.readmit)
    asked.add('peer.readmitted', line(asked))
    const query = { kind: 'scan', table: 'readmission', from: '', to: '}' } as const
    const rows = asked.log.rows.answer(query)
    expect(rows.map(({ key }) => key)).toEqual([`node-a|node-b|${asked.carried.change}`])
    expect(asked.outcome('peer.readmitted', line(asked))).toBe('REQUEST_ENDED')
  })

  it('is void for other nodes, without the word of the node, and under a freeze', () => {
    const asked = ripe(bannedLog(), asks.readmit)
    expect(asked.outcome('peer.readmitted', line(asked))).toBe('folded')
    const swapped = { node: 'node-b', peer: 'node-a', confirms: [asked.consent('node-b')] }
    expect(asked.outcome('peer.readmitted', line(asked, swapped))).toBe('LINE_VOID')
    expect(asked.outcome('peer.readmitted', line(asked, { peer: 'node-c' }))).toBe('LINE_VOID')
    const other = { confirms: [asked.consent('node-b')] }
    expect(asked.outcome('peer.readmitted', line(asked, other))).toBe('PARTICIPANTS')
    freeze(asked.log, 'all')
    expect(asked.outcome('peer.readmitted', line(asked))).toBe('FROZEN')
  })

  it('lifts no ban that came after people were asked, whatever was approved and agreed to', () => {
    const log = bannedLog()
    const first = ripe(log, asks.readmit)
    const spare = ripe(log, { ...asks.readmit, id: parseHandle('spare') })
    // The node agreed to both; a coordinator kept the line of one back.
    const keptBack = line(spare)
    expect(spare.outcome('peer.readmitted', keptBack)).toBe('folded')
    first.add('peer.readmitted', line(first))
    ban(log, 2)
    expect(spare.outcome('peer.readmitted', keptBack)).toBe('PEER_BANNED')
    const anew = ripe(log, { ...asks.readmit, id: parseHandle('anew') })
    expect(anew.outcome('peer.readmitted', line(anew))).toBe('folded')
  })

  it('lifts no ban that the node has not said', () => {
    const log = keyedLog()
    const early = ripe(log, asks.readmit)
    expect(early.outcome('peer.readmitted', line(early))).toBe('LINE_MISSING')
    ban(log, 1)
    expect(early.outcome('peer.readmitted', line(early))).toBe('PEER_BANNED')
  })
})
