// Tron in a whole house: real nodes make the signatures together, over the HTTP of a stand-in whose
// token calls run on a real EVM. The documents are those of the other walks on another network.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { TronWeb, utils } from 'tronweb'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { run } from '../../cli/run.ts'
import { tronLedger } from '../../coordinator/chain-rpc/tron-kind.ts'
import { tronAddress } from '../../policy/chain/tron-address.ts'
import type { Intent } from '../../policy/intent.ts'
import { fromHex, sha256, toHex } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { payout } from '../coordinator/world.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { testWorld } from '../kit/cluster.ts'
import type { House } from '../kit/house.ts'
import { exportedFrom } from '../kit/house-export-files.ts'
import { openHouse } from '../kit/house-open.ts'
import { startTronChain, type TronChain, twenty } from '../kit/tron-chain.ts'

vi.mock('../policy/dev-fixture.ts', async (original) => {
  const fixture = await original<typeof import('../policy/dev-fixture.ts')>()
  const { tronDocuments } = await import('../kit/tron-documents.ts')
  return { ...fixture, ...tronDocuments(fixture) }
})

const coins = { op: 'tron.transfer', asset: parseHandle('eth-native'), contract: '' } as const

let house: House
let chain: TronChain
let from: string

const paid = (change: Partial<Intent> = {}): Intent =>
  payout({ network: chain.sim.network, op: 'trc20.transfer', maxFee: 100_000_000n, ...change })

/** Answers come over a real socket while the time of the house is its own. */
async function untilState(id: Awaited<ReturnType<House['submit']>>, state: string): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if ((await house.state(id)) === state) return
    await new Promise((resolve) => setTimeout(resolve, 5))
    await chain.sim.mine()
    await house.pass(500)
  }
  const said = house.record.events.slice(-10).map(({ name, because }) => `${name} ${because}`)
  throw new Error(`never ${state}, but ${await house.state(id)}: ${said.join('; ')}`)
}

describe.runIf(anvilInstalled)('three nodes on Tron', () => {
  beforeAll(async () => {
    let now = (): number => 0
    chain = await startTronChain(() => now())
    house = await openHouse({
      chains: (time) => {
        now = time
        return new Map([[chain.sim.network, tronLedger(chain.rpc)]])
      },
    })
    await chain.sim.mine(5)
    const line = (await house.entries()).find(({ type }) => type === 'key.generated')
    const { body } = JSON.parse(Buffer.from(line?.bytes ?? []).toString()) as { body: JsonObject }
    from = tronAddress(fromHex(String(body['publicKey'])) ?? new Uint8Array())
    await chain.fund(from)
  })
  afterAll(async () => {
    await house.close()
    await chain.stop()
  })

  it('pay a token by themselves', async () => {
    const id = await house.submit(paid())
    await untilState(id, 'SETTLED')
    expect(house.record.sharesOf(id)).toHaveLength(2)
    expect(await chain.held(paid().to)).toBe(paid().amount)
  })

  it('pay the coin by themselves', async () => {
    const coin = paid({ ...coins, amount: 400_000n })
    await untilState(await house.submit(coin), 'SETTLED')
    expect(chain.sim.balances.get(twenty(coin.to))).toBe(coin.amount)
  })

  it('pay much of a token when two people of two roles have approved, and not before', async () => {
    const before = await chain.held(paid().to)
    const large = paid({ amount: 30_000_000_000n })
    const id = await house.submit(large)
    await untilState(id, 'AWAITING_APPROVAL')
    expect(await house.approve(id, 'ana', 'ops')).toBe('recorded')
    await house.pass(20_000)
    expect(await house.state(id)).toBe('AWAITING_APPROVAL')
    expect(await house.approve(id, 'eli', 'treasury')).toBe('recorded')
    await untilState(id, 'SETTLED')
    expect(await chain.held(large.to)).toBe(before + large.amount)
  })

  it('sign what recovers to the owner, by tronweb and by an own recovery', async () => {
    const { trx } = new TronWeb({ fullHost: chain.urls[0] ?? '' })
    expect(chain.sim.sent).toHaveLength(3)
    for (const raw of chain.sim.sent) {
      const id = sha256(fromHex(raw) ?? new Uint8Array())
      const sent = await trx.getTransaction(toHex(id))
      const [signature = ''] = sent.signature
      const owner = utils.crypto.ecRecover(toHex(id), signature)
      expect(TronWeb.address.fromHex(owner)).toBe(from)
      const [rs, v] = [fromHex(signature.slice(0, 128)), Number(`0x${signature.slice(128)}`)]
      expect([0, 1]).toContain(v)
      const recovered = new Uint8Array([v, ...(rs ?? [])])
      const options = { prehash: false }
      expect(tronAddress(secp256k1.recoverPublicKey(recovered, id, options))).toBe(from)
    }
  })

  it('leave an Export that a stranger finds OK', async () => {
    await house.pass(2_000)
    const report = await house.verify()
    expect(report.findings).toEqual([])
    expect(report.word).toBe('OK')
    expect(report.checked.signatures).toBe(3)
  })

  it('are found on the chain as the log says, and a payment outside the log is named', async () => {
    const room = mkdtempSync(join(tmpdir(), 'custody-tron-'))
    try {
      const { files, trust } = await exportedFrom(house.someCoordinator.proofs.ports)
      for (const [path, content] of [...files, ['../trust.txt', trust] as const]) {
        const at = join(room, 'export', path)
        mkdirSync(dirname(at), { recursive: true })
        writeFileSync(at, content)
      }
      const chains = [{ network: chain.sim.network, rpc: chain.urls, confirmations: 0 }]
      const written = { format: 'custody-endpoints/v1', chains }
      writeFileSync(join(room, 'endpoints.json'), JSON.stringify(written))
      const custody = async (verb: string, words: readonly string[]) => {
        const world = testWorld([], { nowMs: () => house.time.now })
        const all = ['audit', verb, join(room, 'export'), ...words, '--json']
        const { exit, stdout } = await run(all, world)
        return { exit, json: JSON.parse(stdout || '{}') }
      }
      const out = join(room, 'chain.json')
      const asked = ['--network', chain.sim.network, '--endpoints', join(room, 'endpoints.json')]
      const collected = await custody('collect', [...asked, '--from', '1', '--out', out])
      expect(collected).toMatchObject({ exit: 0, json: { transactions: 3 } })
      const compare = (file = out) =>
        custody('reconcile', ['--trust', join(room, 'trust.txt'), '--chain', file])
      const { exit, json } = await compare()
      expect({ exit, findings: json.report.findings }).toEqual({ exit: 0, findings: [] })
      expect(json).toMatchObject({ payments: 3, transactions: 3, open: [], untold: 2 })
      // The next file goes on from its balances: what left without a transaction is seen.
      const [next, then] = [join(room, 'next.json'), join(room, 'then.json')]
      await chain.sim.mine(3)
      const on = (file: string, to: string) => [...asked, '--after', file, '--out', to]
      expect(await custody('collect', on(out, next))).toMatchObject({ exit: 0 })
      const still = await compare(next)
      expect(still).toMatchObject({ exit: 0, json: { untold: 0, transactions: 0 } })
      expect(still.json.accounts).toHaveLength(2)
      chain.sim.balances.set(twenty(from), (chain.sim.balances.get(twenty(from)) ?? 0n) - 3n)
      await chain.sim.mine(3)
      expect(await custody('collect', on(next, then))).toMatchObject({ exit: 0 })
      const lost = await compare(then)
      expect(lost.json.report.findings).toMatchObject([
        { code: 'BALANCE', because: `${from}: 3 of the coin are missing` },
      ])
      expect(lost.exit).toBe(6)
      const twice = await custody('collect', [...on(next, join(room, 'x')), '--from', '1'])
      expect(twice.exit).toBe(2)
      const honest = readFileSync(out, 'utf8')
      const [txid = ''] = /(?<="txid":")[0-9a-f]{64}/.exec(honest) ?? []
      writeFileSync(out, honest.replaceAll(txid, 'ab'.repeat(32)))
      const other = await compare()
      const codes = other.json.report.findings.map(({ code }: { code: string }) => code)
      expect({ exit: other.exit, codes }).toEqual({ exit: 6, codes: ['NONCE', 'SPEND_MISSING'] })
    } finally {
      rmSync(room, { recursive: true })
    }
  })
})
