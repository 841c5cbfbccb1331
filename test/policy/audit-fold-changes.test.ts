import { describe, expect, it } from 'vitest'
import { confirmMessage } from '../../policy/audit/key-confirm.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { nextNonce } from '../../policy/audit/slots.ts'
import { toHex } from '../../proto/crypto.ts'
import { parseDigest, parseHandle, parseNodeId, parseVaultId } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import * as house from '../kit/audit-documents.ts'
import { digestNamed, keyBody, stored, type TestLog, vaultRow } from '../kit/audit-log.ts'
import { Asked, asks, bootedLog, freeze, hot, keyedLog, ripe } from '../kit/change-log.ts'

const standing = (log: TestLog) => {
  const { standing: is, imported, exported, epoch } = stored(log, 'vault', 'hot-eth')
  return { is, imported, exported, epoch }
}
const refreshed = (log = keyedLog()) => ripe(log, asks.refresh)

describe('a refresh', () => {
  it('puts the next epoch of the same key in force, once', () => {
    const asked = refreshed()
    const line = asked.keyLine()
    expect(asked.outcome('key.refreshed', line)).toBe('folded')
    asked.add('key.refreshed', line)
    expect(standing(asked.log)).toEqual({
      is: 'active',
      imported: false,
      exported: false,
      epoch: 2,
    })
    expect(asked.state).toBe('ACTIVE')
    expect(asked.outcome('key.refreshed', line)).toBe('REQUEST_ENDED')
    expect(asked.outcome('key.refreshed', asked.keyLine({ epoch: 3 }))).toBe('REQUEST_ENDED')
  })

  it('may take any epoch above the one in force, because unfinished tries use numbers up', () => {
    const asked = refreshed()
    expect(asked.outcome('key.refreshed', asked.keyLine({ epoch: 9 }))).toBe('folded')
    expect(asked.outcome('key.refreshed', asked.keyLine({ epoch: 1 }))).toBe('EPOCH')
    expect(asked.outcome('key.refreshed', asked.keyLine({ epoch: 0 }))).toBe('EPOCH')
  })

  it('is void with another key, vault, committee or threshold than the one in force', () => {
    const asked = refreshed()
    const outcome = (key: Parameters<Asked['keyLine']>[0]) =>
      asked.outcome('key.refreshed', asked.keyLine(key))
    const [a, b, c] = hot.participants
    expect(outcome({})).toBe('folded')
    expect(outcome({ publicKey: vaultRow('warm-eth').publicKey })).toBe('KEY_DISABLED')
    expect(outcome({ chainCode: new Uint8Array(32) })).toBe('KEY_DISABLED')
    expect(outcome({ key: parseHandle('k-other') })).toBe('KEY_DISABLED')
    expect(outcome({ vault: vaultRow('warm-eth').vault })).toBe('LINE_VOID')
    expect(outcome({ t: 3 })).toBe('PARTICIPANTS')
    expect(outcome({ participants: [a!, b!] })).toBe('PARTICIPANTS')
    expect(outcome({ participants: [a!, b!, { ...c!, x: 4 }] })).toBe('PARTICIPANTS')
    expect(outcome({ participants: [a!, b!, { ...c!, node: parseNodeId('node-d') }] })).toBe(
      'PARTICIPANTS',
    )
    const off = Uint8Array.of(5, ...hot.publicKey.subarray(1))
    expect(outcome({ publicKey: off })).toBe('MALFORMED')
  })

  it('is void unless every holder confirmed this key under this change', () => {
    const asked = refreshed()
    const line = asked.keyLine()
    const [a, b, c] = line['confirms'] as { node: string; signature: string }[]
    const outcome = (confirms: unknown) =>
      asked.outcome('key.refreshed', { ...line, confirms: confirms as [] })
    const row = { ...hot, epoch: 2, keyState: digestNamed('next state') }
    const signs = (by: string, change?: string) =>
      toHex(
        house
          .keyOf(by)
          .sign(
            confirmMessage(row, 'node-c', change === undefined ? undefined : parseDigest(change)),
          ),
      )
    expect(outcome([a, b, c])).toBe('folded')
    expect(outcome([a, b])).toBe('PARTICIPANTS')
    expect(outcome([a, b, b])).toBe('PARTICIPANTS')
    expect(outcome([b, a, c])).toBe('PARTICIPANTS')
    expect(outcome([a, b, { ...c, signature: signs('stranger', asked.digest) }])).toBe(
      'PARTICIPANTS',
    )
    // A confirmation of a plain key making, or of another change, is none of this one.
    expect(outcome([a, b, { ...c, signature: signs('node-c-identity') }])).toBe('PARTICIPANTS')
    const other = signs('node-c-identity', digestNamed('another change'))
    expect(outcome([a, b, { ...c, signature: other }])).toBe('PARTICIPANTS')
    expect(outcome([a, b, { ...c, signature: signs('node-c-identity', asked.digest) }])).toBe(
      'folded',
    )
  })

  it('is void on the approvals of another state of the key', () => {
    const log = keyedLog()
    const first = ripe(log, asks.refresh)
    const second = ripe(log, { ...asks.refresh, id: parseHandle('again') })
    first.add('key.refreshed', first.keyLine())
    const again = second.keyLine({ epoch: 3 })
    expect(second.outcome('key.refreshed', again)).toBe('EPOCH')
  })

  it('goes on under a freeze, because it gives nobody anything', () => {
    const asked = refreshed()
    freeze(asked.log, 'all')
    expect(asked.outcome('key.refreshed', asked.keyLine())).toBe('folded')
  })
})

describe('a line that carries out a change', () => {
  it('is void for an unknown request, a payment, or a change of another kind', () => {
    const asked = refreshed()
    const line = asked.keyLine()
    const unknown = { ...line, change: digestNamed('nothing') }
    expect(asked.outcome('key.refreshed', unknown)).toBe('REQUEST_NOT_FOUND')
    const types = ['key.created', 'key.imported', 'key.reshared'] as const
    for (const type of types) {
      const body = type === 'key.reshared' ? { ...line, from: 1 } : line
      expect(asked.outcome(type, body), type).toBe('LINE_VOID')
    }
    const retire = asked.retireLine(['node-a', 'node-b'])
    expect(asked.outcome('key.disabled', retire)).toBe('LINE_VOID')
    const recipient = toHex(asks.export.terms.recipient)
    expect(asked.outcome('key.exported', { ...retire, recipient })).toBe('LINE_VOID')
    const payment = { ...asked.created(), id: 'pay', intent: digestNamed('payment') }
    asked.log.add('intent.created', { ...payment, op: 'erc20.transfer' })
    const paid = { ...line, change: digestNamed('payment') }
    expect(asked.outcome('key.refreshed', paid)).toBe('LINE_VOID')
  })

  it('cannot be folded while its order has not come', () => {
    const asked = refreshed()
    const line = asked.keyLine()
    expect(asked.log.outcome('key.refreshed', line)).toBe('missing')
    const other = ripe(asked.log, { ...asks.refresh, id: parseHandle('other') })
    expect(asked.log.outcome('key.refreshed', line, [other.orderText])).toBe('missing')
    expect(asked.log.outcome('key.refreshed', line, [other.orderText, asked.orderText])).toBe(
      'folded',
    )
  })

  it('is void on the order of another change', () => {
    const log = keyedLog()
    const one = ripe(log, asks.refresh)
    const other = ripe(log, { ...asks.refresh, id: parseHandle('other') })
    const line = { ...one.keyLine(), order: other.carried.order }
    expect(other.outcome('key.refreshed', line)).toBe('INTENT_SIG')
  })

  it('is void without the people, whatever lines say that they approved', () => {
    const alone = new Asked(keyedLog(), asks.refresh).record().ripen()
    expect(alone.outcome('key.refreshed', alone.keyLine())).toBe('QUORUM')
    const one = new Asked(keyedLog(), asks.refresh)
      .record()
      .approve([['jun', 'director']])
      .ripen()
    expect(one.outcome('key.refreshed', one.keyLine())).toBe('QUORUM')
    // The lines claim it, and nobody signed.
    const forged = { intent: one.digest, person: 'oli', rule: 'governance.key' }
    one.log.add('approval.recorded', { ...forged, approval: digestNamed('forged') })
    expect(one.outcome('key.refreshed', one.keyLine())).toBe('QUORUM')
    // Somebody signed, and no line recorded it.
    const unrecorded = new Asked(keyedLog(), asks.refresh).record().approve([['jun', 'director']])
    unrecorded.approvals = [...unrecorded.approvals, unrecorded.approval(['oli', 'risk'])]
    unrecorded.ripen()
    expect(unrecorded.outcome('key.refreshed', unrecorded.keyLine())).toBe('LINE_MISSING')
  })

  it('is void before the delay, by the times of the lines less what clocks may differ', () => {
    const early = new Asked(keyedLog(), asks.refresh).record().approve()
    const delay = 3_600 - (2 * limits.clockSkewMs) / 1_000
    early.ripen(delay - 1)
    expect(early.outcome('key.refreshed', early.keyLine())).toBe('DELAY')
    early.ripen(1)
    expect(early.outcome('key.refreshed', early.keyLine())).toBe('folded')
  })

  it('is void after somebody said no, a cancel, or the end of the change or of an approval', () => {
    const rejected = refreshed()
    const no = { intent: rejected.digest, person: 'kat', rule: 'governance.key' }
    rejected.log.add('approval.rejected', { ...no, approval: digestNamed('no') })
    expect(rejected.outcome('key.refreshed', rejected.keyLine())).toBe('REQUEST_ENDED')
    expect(rejected.state).toBe('REJECTED')

    const cancelled = refreshed()
    cancelled.log.add('intent.cancelled', { by: 'bo', intent: cancelled.digest })
    expect(cancelled.outcome('key.refreshed', cancelled.keyLine())).toBe('REQUEST_ENDED')
    expect(cancelled.state).toBe('CANCELLED')

    const old = refreshed().ripen(24 * 3_600)
    expect(old.outcome('key.refreshed', old.keyLine())).toBe('TIME')
    const ended = refreshed().ripen(48 * 3_600)
    expect(ended.outcome('key.refreshed', ended.keyLine())).toBe('REQUEST_ENDED')
  })

  it('cannot be cancelled or expired once it is in force', () => {
    const asked = refreshed()
    asked.add('key.refreshed', asked.keyLine())
    const cancel = { by: 'bo', intent: asked.digest }
    expect(asked.log.outcome('intent.cancelled', cancel)).toBe('REQUEST_ENDED')
    expect(asked.log.outcome('intent.expired', cancel)).toBe('REQUEST_ENDED')
  })

  it('is void on an order under another ruleset, or of another organisation', () => {
    const other = { ruleset: digestNamed('another ruleset') }
    const stale = ripe(keyedLog(), asks.refresh, { order: other })
    expect(stale.outcome('key.refreshed', stale.keyLine())).toBe('RULESET_VERSION')
    const foreign = ripe(keyedLog(), asks.refresh, { order: { org: parseHandle('other') } })
    expect(foreign.outcome('key.refreshed', foreign.keyLine())).toBe('WARRANT')
  })

  it('never reserves value nor starts a session', () => {
    const { log, digest } = refreshed()
    const spend = { intent: digest, policy: house.policyDigest, slot: '0' }
    const reserved = { ...reservation, ...spend }
    expect(log.outcome('spend.reserved', reserved)).toBe('LINE_VOID')
    expect(log.outcome('spend.released', { intent: digest })).toBe('LINE_MISSING')
  })
})

const reservation = {
  amount: '1',
  asset: 'usdt-eth',
  dest: 'customer',
  feeMax: '1',
  initiator: 'bo',
  network: 'eip155:31337',
  op: 'erc20.transfer',
  path: 'm',
  rule: 'payout-auto',
  to: house.customer,
  vault: 'hot-eth',
}

describe('a reshare', () => {
  const reshare = (log = keyedLog()) => ripe(log, asks.reshare)
  const line = (asked: Asked, key = {}) => asked.keyLine(key, { from: 1 })

  it('gives the same key to the holders that people approved', () => {
    const asked = reshare()
    expect(asked.outcome('key.reshared', line(asked))).toBe('folded')
    asked.add('key.reshared', line(asked))
    expect(standing(asked.log)).toMatchObject({ is: 'active', epoch: 2 })
  })

  it('is void for other holders, another t, another origin epoch or another key', () => {
    const asked = reshare()
    const [a, b] = hot.participants
    const outcome = (key: Parameters<Asked['keyLine']>[0], from = 1) =>
      asked.outcome('key.reshared', asked.keyLine(key, { from }))
    expect(outcome({ participants: [a!, b!] })).toBe('PARTICIPANTS')
    expect(outcome({ t: 3 })).toBe('PARTICIPANTS')
    expect(outcome({}, 0)).toBe('EPOCH')
    expect(outcome({ epoch: 1 })).toBe('EPOCH')
    expect(outcome({ publicKey: vaultRow('warm-eth').publicKey })).toBe('KEY_DISABLED')
    expect(outcome({ chainCode: new Uint8Array(32) })).toBe('KEY_DISABLED')
  })

  it('stands still under a freeze of everything or of its vault', () => {
    for (const scope of ['all', 'hot-eth']) {
      const asked = reshare()
      freeze(asked.log, scope)
      expect(asked.outcome('key.reshared', line(asked))).toBe('FROZEN')
    }
    const other = reshare()
    freeze(other.log, 'warm-eth')
    expect(other.outcome('key.reshared', line(other))).toBe('folded')
  })
})

describe('an import', () => {
  it('brings in exactly the approved key, tagged for ever, and it signs after a refresh', () => {
    const asked = ripe(bootedLog(), asks.import)
    asked.add('key.imported', asked.keyLine({ epoch: 1 }))
    expect(standing(asked.log)).toMatchObject({ is: 'unrefreshed', imported: true })
    const keyState = digestNamed('next state')
    const next = ripe(asked.log, { ...asks.refresh, terms: { epoch: 1, keyState } })
    next.add('key.refreshed', next.keyLine({ keyState: digestNamed('third state') }))
    expect(standing(asked.log)).toMatchObject({ is: 'active', imported: true, epoch: 2 })
  })

  it('goes on at the nonces that people approved, each address for itself', () => {
    const path = 'm/0/3'
    const nonces = [
      { path: 'm', next: 57 },
      { path, next: 4 },
    ]
    const asked = ripe(bootedLog(), { ...asks.import, terms: { ...asks.import.terms, nonces } })
    asked.add('key.imported', asked.keyLine({ epoch: 1 }))
    const next = (at: string): number => {
      return readSync(nextNonce({ vault: hot.vault, path: at }, asked.log.t), asked.log.rows)
    }
    expect(['m', path, 'm/0/4'].map(next)).toEqual([57, 4, 0])
  })

  it('names no nonce on a network whose accounts have none', () => {
    const nonces = [{ path: 'm', next: 57 }]
    const vault = parseVaultId('hot-tron')
    const on = (terms: typeof asks.import.terms) => {
      const asked = ripe(bootedLog(), { ...asks.import, vault, terms })
      return asked.outcome('key.imported', asked.keyLine(vaultRow('hot-tron')))
    }
    expect(on({ ...asks.import.terms, nonces })).toBe('NONCE')
  })

  it('is void over a key that the vault has, whoever approved it', () => {
    const asked = ripe(bootedLog(), asks.import)
    expect(asked.outcome('key.imported', asked.keyLine())).toBe('folded')
    asked.log.add('key.generated', keyBody(vaultRow('hot-eth')))
    expect(asked.outcome('key.imported', asked.keyLine())).toBe('KEY_EXISTS')
  })

  it('is void for another key, name or committee than the approved one', () => {
    const asked = ripe(bootedLog(), asks.import)
    const outcome = (key: Parameters<Asked['keyLine']>[0]) =>
      asked.outcome('key.imported', asked.keyLine(key))
    expect(outcome({ publicKey: vaultRow('warm-eth').publicKey })).toBe('KEY_DISABLED')
    expect(outcome({ chainCode: new Uint8Array(32) })).toBe('KEY_DISABLED')
    expect(outcome({ key: parseHandle('k-other') })).toBe('KEY_DISABLED')
    expect(outcome({ t: 3 })).toBe('PARTICIPANTS')
    expect(outcome({ participants: hot.participants.slice(0, 2) })).toBe('PARTICIPANTS')
  })
})

describe('a key made by an approved request', () => {
  it('is active at once, and only the first of its vault', () => {
    const asked = ripe(bootedLog(), asks.create)
    asked.add('key.created', asked.keyLine({ epoch: 1 }))
    expect(standing(asked.log)).toMatchObject({ is: 'active', imported: false })
    const again = new Asked(asked.log, { ...asks.create, id: parseHandle('again') })
    again.record().approve().ripen()
    expect(again.outcome('key.created', again.keyLine({ epoch: 2 }))).toBe('KEY_EXISTS')
  })
})
