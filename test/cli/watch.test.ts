// watch: what is proposed from a chain that several endpoints tell of and from a log that a
// coordinator tells of, over real TLS; endpoints that lie, lag or are gone; a second watcher; a start
// after a stop.
import { writeFileSync } from 'node:fs'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { tokenAddress } from '../../cli/dev-chain.ts'
import { evmAddress } from '../../policy/chain/evm.ts'
import { sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { refusal } from '../../proto/refusal.ts'
import { writeTime } from '../../proto/shape.ts'
import { custody, makeCluster, type Place, payout, testWorld } from '../kit/cluster.ts'
import { vaultOf } from '../kit/cluster-vault.ts'
import { type FakeCoordinator, fakeCoordinator } from '../kit/coordinator.ts'
import { type FakeChain, fakeChain } from '../kit/fake-chain.ts'
import { rewritePolicy } from '../kit/policied.ts'
import { freePort } from '../kit/ports.ts'
import { hotUsdt } from '../policy/treasury/treasury-policy.ts'

let place: Place
let house: FakeCoordinator
let chain: FakeChain
const one = 1_000_000n
const secrets = ['hot', 'warm'].map((name) => sha256(toUtf8(`a key for ${name}`)))
const points = secrets.map((secret) => secp256k1.getPublicKey(secret, true))
const [hot = '', warm = ''] = points.map(evmAddress)

beforeAll(async () => {
  place = await makeCluster(await freePort())
  rewritePolicy(place, (policy) => ({
    ...policy,
    targets: { 'hot-usdt': hotUsdt },
    rules: (policy['rules'] as readonly JsonObject[]).map((rule) => {
      if (!/^hot-(?:sweep|refill)$/.test(String(rule['id']))) return rule
      return { ...rule, match: { ...(rule['match'] as JsonObject), initiator: ['payout-bot'] } }
    }),
  }))
  house = await fakeCoordinator(place)
  chain = await fakeChain(31337, 3)
  endpointsFile(chain.urls)
})
afterAll(async () => {
  await chain.close()
  await house.close()
  place.remove()
})
beforeEach(() => {
  chain.state.balances.set(`${hot} ${tokenAddress}`, 500_000n * one)
  chain.state.balances.set(`${warm} ${tokenAddress}`, 1_000_000n * one)
  chain.state.at = Math.floor(Date.now() / 1_000) + 60
  house.lies.VaultService = {
    GetVault: async ({ vault }) => {
      const at = ['hot', 'warm'].indexOf(vault)
      const key = points[at]
      return key === undefined
        ? { vault: { ...vaultOf(place, vault), line: new Uint8Array(0) } }
        : { vault: vaultOf(place, vault, toHex(key)) }
    },
  }
  house.lies.SigningService = { ListRequests: listing(() => [...house.requests.values()]) }
})
afterEach(() => {
  chain.lies.clear()
  house.requests.clear()
  house.beHonest()
})

function endpointsFile(rpc: readonly string[]): void {
  const chains = [{ network: 'eip155:31337', rpc, confirmations: 2 }]
  writeFileSync(
    place.path('endpoints.json'),
    JSON.stringify({ format: 'custody-endpoints/v1', chains }),
  )
}

/** Newest first, by state. */
function listing(all: () => readonly { readonly request: { readonly state: string } }[]) {
  return async ({ state }: { readonly state: string }) => ({
    requests: all()
      .map(({ request }) => request as never)
      .toReversed()
      .filter((one: { state: string }) => state === '' || one.state === state),
    nextPageToken: '',
  })
}

const watch = (...words: readonly string[]) =>
  custody(place, 'services/svc-payouts', [
    'watch',
    '--endpoints',
    place.path('endpoints.json'),
    '--patience',
    '0s',
    '--once',
    ...words,
  ])
const documents = () =>
  [...house.requests.values()].map(({ signed }) => JSON.parse(signed.document))

/** What the coordinator says of the first request from now on. */
function become(change: {
  readonly state?: string
  readonly txid?: string
  readonly changed?: string
}): void {
  const [first] = house.requests
  if (first === undefined) throw new Error('nothing was asked')
  const [id, kept] = first
  house.requests.set(id, { ...kept, request: { ...kept.request, ...change } })
}

describe('watch', () => {
  it('proposes a surplus as an intent of its own, exact and to the own vault', async () => {
    const { exit, json } = await watch()
    expect(exit).toBe(0)
    expect(json.proposals).toMatchObject([
      { id: 'watch/surplus/hot-usdt/1', amount: '350000000000', state: 'AWAITING_APPROVAL' },
    ])
    expect(documents()).toMatchObject([
      {
        id: 'watch/surplus/hot-usdt/1',
        vault: 'hot',
        path: 'm',
        to: warm,
        dest: '',
        amount: '350000000000',
        op: 'erc20.transfer',
        contract: tokenAddress,
        initiator: 'svc-payouts',
        purpose: 'surplus: hot m to warm m',
      },
    ])
  })

  it('proposes a refill from warm where hot is short', async () => {
    chain.state.balances.set(`${hot} ${tokenAddress}`, 10_000n * one)
    await watch()
    expect(documents()).toMatchObject([{ vault: 'warm', to: hot, amount: '140000000000' }])
  })

  it('only says what it would propose with --dry-run, and nothing where all is well', async () => {
    const { json } = await watch('--dry-run')
    expect(json.proposals).toMatchObject([{ amount: '350000000000', state: 'NOT SENT' }])
    expect(house.requests.size).toBe(0)
    chain.state.balances.set(`${hot} ${tokenAddress}`, 200_000n * one)
    const idle = await watch()
    expect(idle).toMatchObject({ exit: 0, json: { proposals: [], doubts: [] } })
  })

  it('asks once: while its request is open, and whoever starts anew', async () => {
    await watch()
    await watch()
    await watch()
    expect(house.requests.size).toBe(1)
  })

  it('asks again when the first has settled, under the next key', async () => {
    await watch()
    become({ state: 'SETTLED' })
    await watch()
    expect(documents().map(({ id }) => id)).toEqual([
      'watch/surplus/hot-usdt/1',
      'watch/surplus/hot-usdt/2',
    ])
  })

  it('waits a while after it was refused', async () => {
    await watch()
    become({ state: 'REJECTED' })
    const { json } = await watch()
    expect(json.doubts).toEqual([
      { name: 'watch/surplus/hot-usdt', because: 'the last request for it was refused' },
    ])
    expect(house.requests.size).toBe(1)
    await watch('--pause', '0s')
    expect(house.requests.size).toBe(2)
  })

  it('waits from the end of a request, whenever it was asked for', async () => {
    await watch()
    const ended = (hours: number) =>
      become({ state: 'REJECTED', changed: writeTime(Date.now() - hours * 3_600_000) })
    ended(0.5)
    expect((await watch('--dry-run')).json.proposals).toEqual([])
    ended(1.5)
    expect((await watch('--dry-run')).json.proposals).toHaveLength(1)
    expect((await watch('--dry-run', '--pause', '2h')).json.proposals).toEqual([])
  })

  it('waits a while after one that failed in its block: what fails again burns its fee again', async () => {
    await watch()
    const txid = `0x${'6'.repeat(64)}`
    chain.state.receipts.set(txid, 1)
    chain.state.failed.add(txid)
    become({ state: 'SETTLED', txid })
    expect((await watch()).json).toMatchObject({
      proposals: [],
      doubts: [
        { name: 'watch/surplus/hot-usdt', because: 'the last request for it failed in its block' },
      ],
    })
    // One of three says that it went well; of two that differ nobody knows.
    const well = { blockNumber: '0x1', status: '0x1' }
    chain.lies.set(1, (method) => (method === 'eth_getTransactionReceipt' ? well : undefined))
    expect((await watch()).json.proposals).toEqual([])
    chain.lies.set(0, (method) =>
      method === 'eth_getTransactionReceipt' ? new Error('gone') : undefined,
    )
    expect((await watch()).json.proposals).toEqual([])
    chain.lies.clear()
    expect(house.requests.size).toBe(1)
    expect((await watch('--dry-run', '--pause', '0s')).json.proposals).toHaveLength(1)
    chain.state.failed.clear()
    expect((await watch('--dry-run')).json.proposals).toHaveLength(1)
  })

  it('is met by another watcher who asked first: the key is used, and nothing is asked twice', async () => {
    const { lies } = house
    const { SigningService: before } = lies
    const used = refusal('IDEMPOTENCY_CONFLICT', 'svc-payouts used it for another')
    lies.SigningService = { ...before, SubmitIntent: async () => used }
    const { exit, json } = await watch()
    expect(exit).toBe(0)
    expect(json.proposals).toMatchObject([{ state: 'ASKED BY ANOTHER' }])
    house.lies.SigningService = before ?? {}
    const both = await Promise.all([watch(), watch()])
    const ids = documents().map(({ id }) => id)
    expect(new Set(ids)).toEqual(new Set(['watch/surplus/hot-usdt/1']))
    expect(both.map(({ exit }) => exit)).toEqual([0, 0])
  })

  it('counts a payment that is not in the block, and no longer once it is', async () => {
    const away = ['submit', ...payout, '--amount', '90000', '--id', 'w-1']
    await custody(place, 'services/svc-payouts', away)
    const txid = `0x${'7'.repeat(64)}`
    become({ state: 'BROADCAST', txid })
    expect((await watch('--dry-run')).json.proposals).toMatchObject([{ amount: '260000000000' }])
    chain.state.receipts.set(txid, 99)
    // In a block, and not in the one that is looked at.
    expect((await watch('--dry-run')).json.proposals).toMatchObject([{ amount: '260000000000' }])
    chain.state.receipts.set(txid, 98)
    expect((await watch('--dry-run')).json.proposals).toMatchObject([{ amount: '350000000000' }])
    become({ state: 'CANCELLED', txid: '' })
    expect((await watch('--dry-run')).json.proposals).toMatchObject([{ amount: '350000000000' }])
  })

  it('counts a payment that settles while it looks as one that left', async () => {
    const away = ['submit', ...payout, '--amount', '90000', '--id', 'w-2']
    await custody(place, 'services/svc-payouts', away)
    become({ txid: `0x${'8'.repeat(64)}` })
    const all = listing(() => [...house.requests.values()])
    house.lies.SigningService = {
      ListRequests: async (asked) => {
        const said = await all(asked)
        if (asked.state === 'LAPSING') become({ state: 'SETTLED' })
        return said
      },
    }
    expect((await watch('--dry-run')).json.proposals).toMatchObject([{ amount: '260000000000' }])
  })

  it.each<[what: string, lie: (method: string) => unknown]>([
    ['says more lies there', (m) => (m === 'eth_call' ? `0x${'f'.repeat(64)}` : undefined)],
    ['says nothing lies there', (m) => (m === 'eth_call' ? `0x${'0'.repeat(64)}` : undefined)],
    ['is far ahead', (m) => (m === 'eth_blockNumber' ? '0xffffff' : undefined)],
    ['stands still', (m) => (m === 'eth_blockNumber' ? '0x1' : undefined)],
    ['is of another network', (m) => (m === 'eth_chainId' ? '0x1' : undefined)],
    ['is gone', () => new Error('gone')],
  ])('is not misled by one of three that %s', async (_, lie) => {
    chain.lies.set(1, lie)
    expect((await watch('--dry-run')).json.proposals).toMatchObject([{ amount: '350000000000' }])
    // With the others gone nobody agrees, and nothing is moved.
    chain.lies.set(0, () => new Error('gone'))
    chain.lies.set(2, () => new Error('gone'))
    const alone = await watch()
    expect(alone.exit).toBe(3)
    expect(alone.json.proposals).toEqual([])
    expect(house.requests.size).toBe(0)
  })

  it('says nothing from a block that is older than what it knows of the log', async () => {
    chain.state.at = Math.floor(Date.now() / 1_000) - 60
    const { exit, json } = await watch()
    expect(exit).toBe(3)
    expect(json.doubts[0].because).toMatch(/young enough/)
    expect(house.requests.size).toBe(0)
  })

  it('goes on after a look that failed, until somebody ends it', async () => {
    chain.lies.set(0, () => new Error('gone'))
    chain.lies.set(1, () => new Error('gone'))
    const stop = new Error('enough')
    let rounds = 0
    const world = testWorld([], {
      pause: async () => {
        rounds += 1
        chain.lies.clear()
        if (rounds === 3) throw stop
      },
    })
    const words = ['watch', '--endpoints', place.path('endpoints.json'), '--patience', '0s']
    await expect(custody(place, 'services/svc-payouts', words, world)).rejects.toBe(stop)
    expect(world.said.join('')).toMatch(/no block.*[\s\S]*watch\/surplus\/hot-usdt\/1/)
    expect(house.requests.size).toBe(1)
  })

  it('needs two endpoints outside of development, on a network it can read', async () => {
    endpointsFile([chain.urls[0]!])
    expect((await watch('--dry-run')).json.proposals).toHaveLength(1)
    endpointsFile([chain.urls[0]!, chain.urls[0]!])
    expect((await watch()).json.refused.because).toMatch(/stands there twice/)
    for (const [network, because] of [
      ['solana:0x2b6653dc', /expected a network of eip155 or tron/],
      ['tron:0x2B6653DC', /tron:0x and 8 lower-case hex/],
    ] as const) {
      const chains = [{ network, rpc: chain.urls, confirmations: 0 }]
      writeFileSync(
        place.path('endpoints.json'),
        JSON.stringify({ format: 'custody-endpoints/v1', chains }),
      )
      expect((await watch()).json.refused.because).toMatch(because)
    }
    endpointsFile(chain.urls)
  })
})
