// The calls of people, services and operators by a client that was written from the `.proto` files
// alone: what they answer, how they refuse, what a deadline does. Whoever writes a service in another
// language has nothing else.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handlersFor } from '../../coordinator/service.ts'
import { encodeChange } from '../../policy/change.ts'
import { ed25519Signer, toUtf8 } from '../../proto/crypto.ts'
import { parseHandle, parsePersonId, parseVaultId } from '../../proto/ids.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { ForeignClient } from '../kit/foreign-client.ts'
import { RootDrafts } from '../kit/house-roots.ts'
import { end, type House as Wire, house as wire } from '../kit/wire.ts'
import { seedOf } from '../policy/dev-fixture.ts'
import { type House, houseOn } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { credentialOf, nodes, payout, root, signIntent, start, vaultRow } from './world.ts'

const engine = pgliteEngine()
let house: House
let served: Wire
let [service, operator]: ForeignClient[] = []

beforeAll(async () => {
  house = await houseOn(await engine.fresh())
  const who = [await end('coordinator', 'coordinator-1'), await end('caller', 'ana')] as const
  const other = await end('operator', 'operator-1')
  served = await wire(who[0], [who[1], other], handlersFor(house.coordinator))
  const { port } = served.server.address
  service = new ForeignClient(port, who[1].identity)
  operator = new ForeignClient(port, other.identity)
})
afterAll(async () => {
  for (const client of [service, operator]) client?.close()
  await served.close()
  await house.stop()
})

/** As `Signed` of common.proto. */
const plain = ({ credential, document, signature }: ReturnType<typeof sign>) => ({
  credential,
  document: toUtf8(document),
  signature,
})

function refresh(keyState = vaultRow('hot').keyState) {
  const change = encodeChange({
    ...{
      org: root.org,
      env: root.env,
      id: parseHandle('foreign-1'),
      initiator: parsePersonId('ana'),
    },
    ...{ created: start, notAfter: start + 3_600_000, vault: parseVaultId('hot') },
    ...{ purpose: 'care', op: 'key.refresh', terms: { epoch: 0, keyState } },
  })
  return plain(sign(tags.intent, change, credentialOf('ana'), ed25519Signer(seedOf('ana'))))
}

describe('a client in another language', () => {
  it('submits a change and a payment and reads what came of them', async () => {
    const sent = await service!.call('SigningService/SubmitIntent', { intent: refresh() })
    expect(sent.status).toBe(0)
    const [{ request }] = sent.replies as [{ readonly request: Record<string, unknown> }]
    expect(request).toMatchObject({
      state: 'AWAITING_APPROVAL',
      vault: 'hot',
      rule: 'governance.key',
      missing: ['2 director', '1 risk'],
      callerId: 'foreign-1',
    })
    const again = await service!.call('SigningService/SubmitIntent', { intent: refresh() })
    expect(again.replies).toMatchObject([{ request: { id: request['id'] } }])
    const asked = { initiator: 'ana', callerId: 'foreign-1' }
    const read = await service!.call('SigningService/GetRequest', asked)
    expect(read.replies).toMatchObject([{ request: { id: request['id'] } }])
    const paid = await service!.call('SigningService/SubmitIntent', {
      intent: plain(signIntent(payout({ amount: 2_000_000_000n }))),
    })
    expect(paid).toMatchObject({
      status: 0,
      replies: [{ request: { state: 'AWAITING_APPROVAL' } }],
    })
  })

  it('is told in a word it can switch over why it is refused', async () => {
    const stale = { intent: refresh(vaultRow('warm').keyState) }
    const { intent } = { intent: refresh() }
    const unsigned = { intent: { ...intent, signature: new Uint8Array(64) } }
    const cases = [
      [service, 'SigningService/SubmitIntent', stale, 6, 'IDEMPOTENCY_CONFLICT'],
      [service, 'SigningService/SubmitIntent', unsigned, 7, 'INTENT_SIG'],
      [service, 'SigningService/SubmitIntent', {}, 3, 'MALFORMED'],
      [service, 'SigningService/GetRequest', { id: 'ab'.repeat(32) }, 5, 'REQUEST_NOT_FOUND'],
      [service, 'SigningService/GetRequest', { id: 'ab' }, 3, 'MALFORMED'],
      [service, 'VaultService/GetVault', { vault: 'tepid' }, 5, 'VAULT_NOT_FOUND'],
      [service, 'VaultService/CreateVault', { vault: 'warm' }, 7, 'CALLER_NOT_ALLOWED'],
      [operator, 'VaultService/CreateVault', { vault: 'hot' }, 6, 'KEY_EXISTS'],
      [operator, 'PolicyService/SubmitRoot', { root: toUtf8('{}') }, 3, 'MALFORMED'],
    ] as const
    const said = []
    for (const [client, path, request] of cases) {
      const { status, info, message } = await client!.call(path, request)
      expect(message).not.toBe('')
      expect(info).toMatchObject({ domain: 'custody', metadata: { retry: expect.any(String) } })
      said.push([path, status, info.reason])
    }
    expect(said).toEqual(cases.map(([, path, , status, reason]) => [path, status, reason]))
  })

  it('reads vaults with the lines that prove their keys', async () => {
    const { replies } = await service!.call('VaultService/GetVault', { vault: 'hot' })
    expect(replies).toMatchObject([{ vault: { vault: 'hot', address: '', unproven: nodes } }])
    const [{ vault }] = replies as [{ readonly vault: { readonly line: Uint8Array } }]
    expect(JSON.parse(Buffer.from(vault.line).toString())).toMatchObject({ type: 'key.generated' })
    const none = await service!.call('VaultService/GetVault', { vault: 'warm' })
    expect(none.replies).toMatchObject([{ vault: { epoch: 0, line: Buffer.alloc(0) } }])
  })

  it('hands over the next root, and the same root again', async () => {
    const drafts = new RootDrafts()
    const {
      root: next,
      signatures,
      documents,
    } = drafts.next(nodes, { n: 3, t: 2, q: 2 }, ['jun', 'kat'])
    const sent = {
      root: toUtf8(next),
      signatures: toUtf8(signatures),
      documents: documents.map((one) => ({ kind: 'policy', content: toUtf8(one) })),
    }
    const alone = drafts.next(nodes, { n: 3, t: 2, q: 2 }, ['jun']).signatures
    const few = { ...sent, signatures: toUtf8(alone) }
    const refused = await operator!.call('PolicyService/SubmitRoot', few)
    expect([refused.status, refused.info.reason]).toEqual([9, 'GOV_QUORUM'])
    const taken = await operator!.call('PolicyService/SubmitRoot', sent)
    expect([taken.status, taken.message]).toEqual([0, 'OK'])
    const [{ entry, seq }] = taken.replies as [{ readonly entry: Uint8Array; readonly seq: number }]
    expect(JSON.parse(Buffer.from(entry).toString())).toMatchObject({ type: 'root.activated', seq })
    const again = await operator!.call('PolicyService/SubmitRoot', sent)
    expect(again.replies).toMatchObject([{ seq }])
    const { replies } = await service!.call('PolicyService/GetRuleset')
    expect(replies).toMatchObject([{ roots: [{}, { root: Buffer.from(next) }] }])
  })

  it('receives a whole export in pieces that add up to its files', async () => {
    const { status, replies } = await service!.call('AuditService/Export')
    expect(status).toBe(0)
    const files = new Map<string, string>()
    for (const { path, content } of replies) {
      files.set(`${path}`, (files.get(`${path}`) ?? '') + Buffer.from(content as Uint8Array))
    }
    const lines = [...files].filter(([path]) => path.startsWith('entries/')).map(([, text]) => text)
    const { replies: status_ } = await service!.call('AuditService/GetStatus')
    const [{ size }] = status_ as [{ readonly size: number }]
    expect(lines.join('').trimEnd().split('\n')).toHaveLength(size)
    expect(files.get('checkpoint')).toContain(root.log.origin)
  })

  it('is answered in time: a deadline ends a watch, and a call without one is refused', async () => {
    const watch = await service!.call('SigningService/WatchRequests', {}, { timeout: '300m' })
    expect(watch.status).toBe(4)
    expect(watch.replies.length).toBeGreaterThan(0)
    const none = await service!.call('AuditService/GetStatus', {}, { timeout: '' })
    expect([none.status, none.info.reason]).toEqual([3, 'DEADLINE_REQUIRED'])
  })

  it('is refused in order when it speaks another protocol', async () => {
    const unknown = await service!.call('SigningService/DrainVault')
    expect(unknown.status).toBe(12)
    const broken = { raw: Uint8Array.of(0x0a, 0xff, 0xff, 0xff) }
    const garbage = await service!.call('VaultService/GetVault', {}, broken)
    expect([garbage.status, garbage.replies]).toEqual([3, []])
    // A field of a later release is passed over.
    const later = { raw: Uint8Array.of(0x0a, 3, ...toUtf8('hot'), 0xfa, 0x3f, 1, 7) }
    const known = await service!.call('VaultService/GetVault', {}, later)
    expect(known.replies).toMatchObject([{ vault: { vault: 'hot' } }])
  })
})
