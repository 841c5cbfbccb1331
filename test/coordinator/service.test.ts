// The faces: gRPC handlers over a whole coordinator, plain HTTP over a real socket. They translate and
// delegate; what they may not do is decide.

import { afterEach, describe, expect, it } from 'vitest'
import { type Health, watchHealth } from '../../coordinator/health.ts'
import { serveHttp } from '../../coordinator/http.ts'
import { handlersFor } from '../../coordinator/service.ts'
import { parseNote } from '../../policy/audit/checkpoint.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { verifyConsistency, verifyInclusion } from '../../policy/audit/merkle.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { writeSigned } from '../../proto/frames.ts'
import { parseHandle } from '../../proto/ids.ts'
import type { Caller } from '../../proto/io/identity.ts'
import { text } from '../../proto/jcs.ts'
import { isRefusal, type Refusal } from '../../proto/refusal.ts'
import { signedJson } from '../../proto/signed.ts'
import { freePort } from '../kit/ports.ts'
import { digestFor } from '../policy/dev-fixture.ts'
import { as, decision, type House, houseOn } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { freezeOf, nodes, payout, policyText, record, signIntent } from './world.ts'

const engine = pgliteEngine()
const houses: House[] = []

afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

async function built() {
  const house = await houseOn(await engine.fresh())
  houses.push(house)
  return { house, handlers: handlersFor(house.coordinator) }
}

const callerAs = (role: Caller['role'], id: string): Caller => ({
  role,
  id: parseHandle(id),
  pin: digestFor(`tls/${id}`),
})
const service = callerAs('caller', 'svc-payouts')
const usdt = (whole: number) => BigInt(whole) * 1_000_000n

function must<T>(reply: T | Refusal): T {
  if (isRefusal(reply)) throw new Error(`${reply.code}: ${reply.because}`)
  return reply
}

async function submitted({ handlers }: Awaited<ReturnType<typeof built>>, intent = payout()) {
  const signed = writeSigned(signIntent(intent))
  const { SubmitIntent } = handlers.SigningService
  const { request } = must(await SubmitIntent({ intent: signed, documents: [] }, service))
  if (!request) throw new Error('no request')
  return request
}

describe('SigningService', () => {
  it('takes intents, and shows and lists requests', async () => {
    const all = await built()
    const request = await submitted(all, payout({ amount: usdt(2_000) }))
    expect(request).toMatchObject({ state: 'AWAITING_APPROVAL', missing: ['1 ops'], vault: 'hot' })
    const { SigningService } = all.handlers
    const byId = { id: request.id, initiator: '', callerId: '' }
    expect(must(await SigningService.GetRequest(byId, service)).request).toMatchObject(request)
    const byCaller = { id: '', initiator: 'svc-payouts', callerId: request.callerId }
    expect(must(await SigningService.GetRequest(byCaller, service)).request?.id).toBe(request.id)
    await submitted(all, payout({ amount: usdt(3_000) }))
    const first = must(
      await SigningService.ListRequests(
        { state: '', open: false, pageSize: 1, pageToken: '' },
        service,
      ),
    )
    expect(first.requests).toHaveLength(1)
    const { nextPageToken: pageToken } = first
    const second = must(
      await SigningService.ListRequests(
        { state: '', open: false, pageSize: 1, pageToken },
        service,
      ),
    )
    expect(second.requests.map(({ id }) => id)).toEqual([request.id])
    const wrong = SigningService.ListRequests(
      { state: '', open: false, pageSize: 1, pageToken: 'x' },
      service,
    )
    await expect(wrong).rejects.toThrow(/MALFORMED/)
  })

  it('takes destination records beside an intent, and nothing else', async () => {
    const { handlers } = await built()
    const intent = writeSigned(signIntent(payout()))
    const content = toUtf8(text(signedJson(record())))
    const { SubmitIntent } = handlers.SigningService
    const good = await SubmitIntent({ intent, documents: [{ kind: 'dest', content }] }, service)
    expect(must(good).request?.state).not.toBe('DENIED')
    const bad = SubmitIntent({ intent, documents: [{ kind: 'policy', content }] }, service)
    await expect(bad).rejects.toThrow(/expected dest/)
    const many = Array.from({ length: 9 }, () => ({ kind: 'dest', content }))
    await expect(SubmitIntent({ intent, documents: many }, service)).rejects.toThrow(/TOO_LARGE/)
  })

  it('cancels for the person whose key calls, and tries out without a trace', async () => {
    const all = await built()
    const { SigningService } = all.handlers
    const { id } = await submitted(all, payout({ amount: usdt(2_000) }))
    const stranger = callerAs('caller', 'somebody')
    expect(await SigningService.CancelRequest({ id }, stranger)).toMatchObject({
      code: 'CALLER_NOT_ALLOWED',
    })
    const { request } = must(await SigningService.CancelRequest({ id }, service))
    expect(request?.state).toBe('CANCELLED')
    const intent = writeSigned(signIntent(payout({ amount: usdt(30_000) })))
    const tried = must(await SigningService.SimulateIntent({ intent, documents: [] }, service))
    expect(tried).toMatchObject({ result: 'NEED', rule: 'payout-large' })
    expect(tried.missing).toEqual(['1 ops', '1 treasury'])
    const unsigned = { ...intent, signature: new Uint8Array(64) }
    const refused = await SigningService.SimulateIntent(
      { intent: unsigned, documents: [] },
      service,
    )
    expect(refused).toMatchObject({ code: 'INTENT_SIG' })
  })

  it('lets a caller watch every change from a position on, and resume', async () => {
    const all = await built()
    const { house, handlers } = all
    const gone = new AbortController()
    const seen: string[] = []
    let resume = 0
    const watching = (async () => {
      const stream = handlers.SigningService.WatchRequests({ fromSeq: 0 }, service, gone.signal)
      for await (const { request, seq } of stream) {
        if (request) seen.push(request.state)
        resume = seq
        if (seen.includes('SETTLED')) break
      }
    })()
    house.chain.depth = 1
    const { id } = await submitted(all)
    await house.untilState(id, 'SETTLED')
    await house.until('it was seen', () => seen.includes('SETTLED'))
    await watching
    const rest: (string | undefined)[] = []
    const second = (async () => {
      const stream = handlers.SigningService.WatchRequests(
        { fromSeq: resume },
        service,
        gone.signal,
      )
      for await (const { request } of stream) {
        rest.push(request?.state)
        break
      }
    })()
    await house.pass(20_000)
    await second
    // Nothing about a request came any more: only the heartbeat that says where to resume.
    expect(rest).toEqual([undefined])
    gone.abort()
  })
})

describe('ApprovalService', () => {
  it('shows each person what that person may decide, and takes the decision', async () => {
    const all = await built()
    const { house, handlers } = all
    const { id } = await submitted(all, payout({ amount: usdt(2_000) }))
    const { ApprovalService } = handlers
    const pendingOf = async (person: string) =>
      must(await ApprovalService.ListPending({}, callerAs('approver', person))).pending
    expect((await pendingOf('ana')).map((one) => one.id)).toEqual([id])
    expect(await pendingOf('eli')).toEqual([])
    expect(await pendingOf('nobody')).toEqual([])
    const ana = callerAs('approver', 'ana')
    const shown = must(await ApprovalService.GetApprovalPackage({ id }, ana))
    expect(Buffer.from(shown.policy).toString()).toBe(policyText)
    expect(shown).toMatchObject({ rule: 'payout-mid', state: 'AWAITING_APPROVAL', decisions: [] })
    expect(Buffer.from(shown.record).toString()).toContain('cust-88213/2')
    const signed = await decision(house, id, as('ana', 'ops'))
    const decided = must(
      await ApprovalService.SubmitDecision({ decision: writeSigned(signed) }, ana),
    )
    expect(decided.checkpoint.length).toBeGreaterThan(0)
    const { size, root } = parseNote(decided.checkpoint).checkpoint
    const { leaf, seq: index } = parseEntry(decided.entry)
    expect(index).toBe(decided.seq)
    expect(verifyInclusion({ leaf, index, size, root, proof: decided.proof })).toBe(true)
    expect(await pendingOf('ana')).toEqual([])
    const again = must(await ApprovalService.GetApprovalPackage({ id }, ana))
    expect(again.decisions).toMatchObject([{ person: 'ana', decision: 'approve' }])
    const forged = { ...writeSigned(signed), signature: new Uint8Array(64) }
    expect(await ApprovalService.SubmitDecision({ decision: forged }, ana)).toMatchObject({
      code: 'APPROVAL_SIG',
    })
  })
})

describe('PolicyService and VaultService', () => {
  it('give out exact documents, room, keys with their line, and take a freeze', async () => {
    const all = await built()
    const { house, handlers } = all
    const { PolicyService, VaultService } = handlers
    house.chain.depth = 1
    const { id } = await submitted(all)
    await house.untilState(id, 'SETTLED')
    const ruleset = must(await PolicyService.GetRuleset({}, service))
    expect(Buffer.from(ruleset.policy).toString()).toBe(policyText)
    expect(ruleset.books).toHaveLength(1)
    const { limits } = must(await PolicyService.GetLimits({}, service))
    const used = new Map(limits.map((limit) => [limit.id, limit]))
    expect(used.get('payout-1h')).toMatchObject({ used: '100000000', unit: 'USDT', window: '1h' })
    expect(used.get('payout-dest-24h')).toMatchObject({ used: '100000000', window: '1d' })
    expect(used.get('auto-count')).toMatchObject({ used: '1', unit: 'count', window: '1m' })
    const { vaults } = must(await VaultService.ListVaults({}, service))
    expect(vaults.map(({ vault }) => vault).sort()).toEqual(['cold', 'hot', 'warm'])
    const { vault } = must(await VaultService.GetVault({ vault: 'hot' }, service))
    expect(parseEntry(vault?.line ?? new Uint8Array(0)).type).toBe('key.generated')
    expect(vault?.unproven).toEqual(nodes)
    const { vault: bare } = must(await VaultService.GetVault({ vault: 'warm' }, service))
    expect(bare).toMatchObject({ address: '', key: '' })
    const none = await VaultService.GetVault({ vault: 'lost' }, service)
    expect(none).toMatchObject({ code: 'VAULT_NOT_FOUND' })
    const made = await VaultService.CreateVault({ vault: 'hot' }, callerAs('operator', 'ops-1'))
    expect(made).toMatchObject({ code: 'KEY_EXISTS' })
    const freeze = writeSigned(freezeOf('ana', 'all', house.clock.now()))
    const frozen = must(await PolicyService.SubmitFreeze({ freeze }, callerAs('approver', 'ana')))
    expect(parseEntry(frozen.entry).type).toBe('freeze.set')
    const forged = { ...freeze, signature: new Uint8Array(64) }
    const refused = await PolicyService.SubmitFreeze(
      { freeze: forged },
      callerAs('approver', 'ana'),
    )
    expect(refused).toMatchObject({ code: 'APPROVAL_SIG' })
  })
})

describe('AuditService', () => {
  it('gives lines and proofs that anyone can check', async () => {
    const { house, handlers } = await built()
    const { AuditService } = handlers
    await house.until('witnessed', () =>
      house.coordinator.heads.covers(house.coordinator.tree.size - 1),
    )
    const { checkpoint } = must(await AuditService.GetCheckpoint({}, service))
    const { size, root } = parseNote(checkpoint).checkpoint
    const { entries } = must(await AuditService.ReadEntries({ fromSeq: 0, countMax: 99 }, service))
    expect(entries).toHaveLength(size)
    const { leaf } = parseEntry(entries[2]!)
    const included = must(await AuditService.GetProof({ seq: 2, oldSize: 0, size }, service))
    expect(verifyInclusion({ leaf, index: 2, size, root, proof: included.proof })).toBe(true)
    const grown = must(await AuditService.GetProof({ seq: 0, oldSize: 3, size }, service))
    const fromRoot = house.coordinator.tree.root(3)
    expect(
      verifyConsistency({ from: 3, fromRoot, to: size, toRoot: root, proof: grown.proof }),
    ).toBe(true)
    const beyond = AuditService.GetProof({ seq: 0, oldSize: 3, size: size + 9 }, service)
    await expect(beyond).rejects.toThrow(/LOG_BEHIND/)
    const paths: string[] = []
    for await (const { path } of AuditService.Export({}, service, new AbortController().signal)) {
      paths.push(path)
    }
    expect(paths[0]).toBe('checkpoint')
    expect(paths).toContain('entries/00000000.jsonl')
    const status = must(await AuditService.GetStatus({}, service))
    expect(status.nodes.map(({ node, state }) => [node, state])).toEqual(
      nodes.map((node) => [node, 'ready']),
    )
    expect(status.nodes[0]?.paired).toHaveLength(2)
  })
})

describe('plain http', () => {
  async function served(house: House) {
    const health: Health = watchHealth(house.coordinator)
    const address = { host: '127.0.0.1', port: await freePort() }
    const http = await serveHttp(address, { health, proofs: house.coordinator.proofs })
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${http.address.port}${path}`)
      return { status: response.status, body: await response.text() }
    }
    return { http, health, get }
  }

  it('says that it lives, is ready, and what it counts', async () => {
    const { house } = await built()
    const { http, health, get } = await served(house)
    health.count({ level: 'warn', name: 'node.detached' })
    expect(await get('/livez')).toEqual({ status: 200, body: 'live\n' })
    expect(await get('/readyz')).toEqual({ status: 200, body: 'ready\n' })
    const { body } = await get('/metrics')
    expect(body).toContain(`custody_log_lines ${house.coordinator.tree.size}`)
    expect(body).toContain('custody_nodes_ready 3')
    expect(body).toContain('custody_events_total{name="node.detached",level="warn"} 1')
    expect(parseNote(toUtf8((await get('/checkpoint')).body)).checkpoint.size).toBeGreaterThan(0)
    expect((await get('/else')).status).toBe(404)
    await http.close()
  })

  it('is not ready while the log is held or has not begun', async () => {
    const { house } = await built()
    const { http, get } = await served(house)
    house.coordinator.sequencer.hold('a witness is ahead')
    expect(await get('/readyz')).toEqual({ status: 503, body: 'a witness is ahead\n' })
    house.coordinator.sequencer.resume()
    expect((await get('/readyz')).status).toBe(200)
    await http.close()
  })
})
