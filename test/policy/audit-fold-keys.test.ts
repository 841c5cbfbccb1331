import { describe, expect, it } from 'vitest'
import { banDocument, openBan } from '../../policy/audit/ban-statement.ts'
import { confirmMessage } from '../../policy/audit/key-confirm.ts'
import { tagged, toHex } from '../../proto/crypto.ts'
import { parseHandle, parseNodeId, parseVaultId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import * as house from '../kit/audit-documents.ts'
import { bootedLog, digestNamed, keyBody, vaultRow } from '../kit/audit-log.ts'
import { refusedWith } from '../kit/refused.ts'

const row = vaultRow('hot-eth')
const body = keyBody(row)

describe('a key', () => {
  it('is in force from the line that all its nodes confirmed', () => {
    const log = bootedLog().add('key.generated', body)
    const [stored] = log.rows.answer({ kind: 'get', table: 'vault', key: 'hot-eth' })
    expect(JSON.parse(stored!.value)).toMatchObject({ epoch: 1, publicKey: toHex(row.publicKey) })
  })

  it('is given to a vault once, whatever the epoch', () => {
    const log = bootedLog().add('key.generated', body)
    expect(log.outcome('key.generated', body)).toBe('KEY_EXISTS')
    expect(log.outcome('key.generated', keyBody({ ...row, epoch: 2 }))).toBe('KEY_EXISTS')
  })

  it('is void for a vault or a key name that the policy does not have', () => {
    const log = bootedLog()
    const vault = keyBody({ ...row, vault: parseVaultId('hot-btc') })
    expect(log.outcome('key.generated', vault)).toBe('VAULT_NOT_FOUND')
    const key = keyBody({ ...row, key: parseHandle('k-other') })
    expect(log.outcome('key.generated', key)).toBe('KEY_DISABLED')
  })

  it('is void with another threshold or other nodes than the root has', () => {
    const log = bootedLog()
    const outcome = (change: Partial<typeof row>) =>
      log.outcome('key.generated', keyBody({ ...row, ...change }))
    const [a, b, c] = row.participants as [
      (typeof row.participants)[0],
      (typeof row.participants)[0],
      (typeof row.participants)[0],
    ]
    expect(outcome({ t: 3 })).toBe('PARTICIPANTS')
    expect(outcome({ participants: [a, b] })).toBe('PARTICIPANTS')
    expect(outcome({ participants: [b, a, c] })).toBe('PARTICIPANTS')
    expect(outcome({ participants: [a, b, { ...c, x: 4 }] })).toBe('PARTICIPANTS')
    expect(outcome({ participants: [a, b, c, { node: parseNodeId('node-d'), x: 4 }] })).toBe(
      'PARTICIPANTS',
    )
  })

  it('is void for a public key that is no point of the curve', () => {
    const publicKey = Uint8Array.of(5, ...row.publicKey.subarray(1))
    const off = keyBody({ ...row, publicKey })
    expect(bootedLog().outcome('key.generated', off)).toBe('MALFORMED')
  })

  it('is void unless every node confirmed every value of the line', () => {
    const log = bootedLog()
    const changes: readonly Partial<typeof row>[] = [
      { epoch: 2 },
      { keyState: digestNamed('other state') },
      { chainCode: new Uint8Array(32) },
      { publicKey: vaultRow('warm-eth').publicKey },
    ]
    for (const change of changes) {
      const { confirms: _, ...said } = keyBody({ ...row, ...change })
      const outcome = log.outcome('key.generated', { ...said, confirms: body['confirms']! })
      expect(outcome, Object.keys(change)[0]).toBe('PARTICIPANTS')
    }
  })

  it('is void with a confirmation missing, doubled, in another order or by another key', () => {
    const log = bootedLog()
    const confirms = body['confirms'] as { node: string; signature: string }[]
    const [a, b, c] = confirms as [(typeof confirms)[0], (typeof confirms)[0], (typeof confirms)[0]]
    const stranger = toHex(house.keyOf('stranger').sign(confirmMessage(row, 'node-c')))
    const bent = [
      [a, b],
      [a, b, b],
      [b, a, c],
      [a, b, { ...c, signature: stranger }],
      [a, b, c, c],
    ]
    for (const list of bent) {
      expect(log.outcome('key.generated', { ...body, confirms: list })).toBe('PARTICIPANTS')
    }
  })
})

describe('a ban', () => {
  const said = { node: 'node-a', number: 1, peer: 'node-b', reason: 'PEER_BANNED' }
  const signed = (change: Partial<typeof said> = {}, by = 'node-a-identity') => {
    const body = { ...said, ...change }
    const message = tagged(tags.ban, banDocument(house, body))
    return { ...body, signature: toHex(house.keyOf(by).sign(message)) }
  }

  it('is a fact in the words of the node that says it', () => {
    const log = bootedLog().add('peer.banned', signed())
    const [kept] = log.rows.answer({ kind: 'get', table: 'ban', key: 'node-a|node-b' })
    expect(JSON.parse(kept!.value)).toMatchObject(said)
    // The one that it bans may say the same of it.
    log.add('peer.banned', signed({ node: 'node-b', peer: 'node-a' }, 'node-b-identity'))
  })

  it('is void by another key, about a stranger, about itself, or with a word changed', () => {
    const log = bootedLog()
    const bent: readonly JsonObject[] = [
      signed({}, 'node-b-identity'),
      signed({}, 'node-a-witness'),
      signed({ peer: 'node-x' }),
      signed({ node: 'node-x' }),
      signed({ peer: 'node-a' }),
      { ...signed(), number: 2 },
      { ...signed(), peer: 'node-c' },
      { ...signed(), reason: 'REJECTED' },
    ]
    for (const body of bent) expect(log.outcome('peer.banned', body)).toBe('PARTICIPANTS')
    expect(log.outcome('peer.banned', signed())).toBe('folded')
  })

  it('is void when it is said again, so an old statement says nothing new', () => {
    const log = bootedLog().add('peer.banned', signed())
    expect(log.outcome('peer.banned', signed())).toBe('STALE_ATTEMPT')
    log.add('peer.banned', signed({ number: 3 }))
    expect(log.outcome('peer.banned', signed({ number: 2 }))).toBe('STALE_ATTEMPT')
  })

  it('is handed on only with every word in its place', () => {
    const { publicKey: identity, sign: by } = house.keyOf('node-a-identity')
    const made = (document: Uint8Array, credential = 'node-a') =>
      sign(tags.ban, document, parseHandle(credential), by)
    const owner = { org: house.org, env: house.env }
    const good = banDocument(owner, said)
    expect(openBan(owner, made(good), identity)).toMatchObject(said)
    const bad = [
      made(good, 'node-b'),
      made(banDocument({ ...owner, org: 'other' }, said)),
      made(banDocument({ ...owner, env: 'prod' }, said)),
      { ...made(good), signature: new Uint8Array(64) },
    ]
    for (const one of bad) expect(refusedWith(() => openBan(owner, one, identity))).toBe('VIEW')
  })
})
