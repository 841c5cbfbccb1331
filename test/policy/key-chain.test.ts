// The chain of a key's lines proves its state to whoever has the root, and nothing that they lack.
import { describe, expect, it } from 'vitest'
import { parseEntry } from '../../policy/audit/entry.ts'
import { keyOf } from '../../policy/audit/key-chain.ts'
import { fromUtf8, toHex, toUtf8 } from '../../proto/crypto.ts'
import { parseNodeId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { digestNamed, keyBody, type Type, vaultRow } from '../kit/audit-log.ts'
import { Asked, asks, bootedLog, hot, keyedLog, root } from '../kit/change-log.ts'
import { refusedWith } from '../kit/refused.ts'

const log = keyedLog()
const lineOf = (type: Type, body: JsonObject): Uint8Array => log.force(type, body).lines.at(-1)!
const made = lineOf('key.generated', keyBody(hot))
const refresh = new Asked(log, asks.refresh)
const refreshed = lineOf('key.refreshed', refresh.keyLine())
const next = digestNamed('next state')
const asksOf = (lines: readonly Uint8Array[]) => keyOf(lines.map(parseEntry), () => root)
const says = (...lines: readonly Uint8Array[]) => refusedWith(() => asksOf(lines))

describe('the lines about a key', () => {
  it('give the key as they leave it', () => {
    expect(asksOf([made])).toMatchObject({ epoch: 1, standing: 'active', imported: false })
    expect(asksOf([made, refreshed])).toMatchObject({ epoch: 2, keyState: next })
    const destroy = new Asked(log, asks.destroy)
    const end = lineOf('key.disabled', destroy.retireLine(['node-a', 'node-b']))
    expect(asksOf([made, end])).toMatchObject({ epoch: 1, standing: 'disabled' })
    const out = new Asked(log, asks.export)
    const recipient = toHex(asks.export.terms.recipient)
    const left = lineOf('key.exported', out.retireLine(['node-a', 'node-b'], { recipient }))
    expect(asksOf([made, left])).toMatchObject({ standing: 'exported', exported: true })
    const brought = new Asked(bootedLog(), asks.import)
    const first = lineOf('key.imported', brought.keyLine({ epoch: 1, keyState: hot.keyState }))
    expect(asksOf([first])).toMatchObject({ standing: 'unrefreshed', imported: true })
    expect(asksOf([first, refreshed])).toMatchObject({ standing: 'active', imported: true })
    const create = new Asked(bootedLog(), asks.create)
    expect(asksOf([lineOf('key.created', create.keyLine({ epoch: 1 }))]).standing).toBe('active')
    const moved = new Asked(log, asks.reshare)
    const reshared = lineOf('key.reshared', moved.keyLine({}, { from: 1 }))
    expect(asksOf([made, reshared])).toMatchObject({ epoch: 2, standing: 'active' })
  })

  it('begin with the one that made it, and go on with its own', () => {
    expect(says()).toBe('VAULT_NOT_FOUND')
    expect(says(refreshed)).toBe('BYTES_FROM')
    expect(says(made, made)).toBe('BYTES_FROM')
    expect(says(made, refreshed, refreshed)).toBe('EPOCH')
    const warm = { ...vaultRow('warm-eth'), epoch: 3 }
    expect(says(made, lineOf('key.refreshed', refresh.keyLine(warm)))).toBe('KEY_DISABLED')
    const destroy = new Asked(log, asks.destroy)
    const nodes = ['node-a', 'node-b']
    const elsewhere = destroy.retireLine(nodes, { vault: 'warm-eth' })
    expect(says(made, lineOf('key.disabled', elsewhere))).toBe('EPOCH')
    expect(says(made, refreshed, lineOf('key.disabled', destroy.retireLine(nodes)))).toBe('EPOCH')
  })

  it('prove nothing with one signature missing or made for something else', () => {
    const bent = (from: string, to: string) => toUtf8(fromUtf8(refreshed)!.replace(from, to))
    expect(says(made, bent('"epoch":2', '"epoch":3'))).toBe('PARTICIPANTS')
    expect(says(made, bent(refresh.digest, digestNamed('another change')))).toBe('PARTICIPANTS')
  })

  it('prove nothing by the word of fewer nodes than hold the key', () => {
    // One node that lies could sign a committee of its own.
    const alone = { participants: [{ node: parseNodeId('node-a'), x: 1 }], t: 1 }
    expect(says(made, lineOf('key.refreshed', refresh.keyLine(alone)))).toBe('PARTICIPANTS')
    const moved = new Asked(log, asks.reshare)
    const reshared = lineOf('key.reshared', moved.keyLine(alone, { from: 1 }))
    expect(says(made, reshared)).toBe('PARTICIPANTS')
    const create = new Asked(bootedLog(), asks.create)
    expect(says(lineOf('key.created', create.keyLine(alone)))).toBe('PARTICIPANTS')
    const brought = new Asked(bootedLog(), asks.import)
    expect(says(lineOf('key.imported', brought.keyLine(alone)))).toBe('PARTICIPANTS')
    const destroy = new Asked(log, asks.destroy)
    expect(says(made, lineOf('key.disabled', destroy.retireLine(['node-a'])))).toBe('PARTICIPANTS')
  })
})
