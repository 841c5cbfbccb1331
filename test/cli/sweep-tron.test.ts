// A sweep on the stand-in for Tron: TRX first, to an address that did not exist before, then the
// token, and dust stays; one of the endpoints lies. The watcher is the real verb; whoever carries its
// intents out builds them as a coordinator does and signs with the children of the vault's key.
import { writeFileSync } from 'node:fs'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { addressAt } from '../../policy/chain/address.ts'
import { depositPath } from '../../policy/deposit-path.ts'
import { parseIntent } from '../../policy/request.ts'
import { sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { childOf } from '../kit/child-secret.ts'
import { custody, makeCluster, type Place } from '../kit/cluster.ts'
import { vaultOf } from '../kit/cluster-vault.ts'
import { type FakeCoordinator, fakeCoordinator } from '../kit/coordinator.ts'
import { type LyingProxy, lyingProxy } from '../kit/lying-proxy.ts'
import { rewritePolicy } from '../kit/policied.ts'
import { freePort } from '../kit/ports.ts'
import { tellOf } from '../kit/swept-house.ts'
import { startTronChain, type TronChain, twenty } from '../kit/tron-chain.ts'
import { onTron, tronNetwork } from '../kit/tron-documents.ts'
import { signedOnTron } from '../kit/tron-signed.ts'
import { deposits, ownRules } from '../policy/treasury/treasury-policy.ts'

const one = 1_000_000n
const gas = 30n * one
const secret = sha256(toUtf8('a key for sweeps'))
const key = { publicKey: secp256k1.getPublicKey(secret, true), chainCode: new Uint8Array(32) }
const at = (path: string) => addressAt(tronNetwork, key, path)
const hot = at('m')
const paths = [0, 1, 2, 3].map(depositPath)
const lies = [30n * one, 25n * one - 1n, 0n, 1_000n * one]

let place: Place
let house: FakeCoordinator
let chain: TronChain
let liar: LyingProxy

beforeAll(async () => {
  if (!anvilInstalled) return
  place = await makeCluster(await freePort())
  rewritePolicy(place, (policy) =>
    onTron({
      ...policy,
      targets: {},
      sweeps: { deposits: { ...deposits, gas: '30' } },
      rules: [...(policy['rules'] as readonly JsonObject[]), ...ownRules],
    }),
  )
  house = await fakeCoordinator(place)
  tellOf(house, place, { network: tronNetwork, key, paths })
  chain = await startTronChain(Date.now)
  liar = await lyingProxy(chain.urls[0]!, 'paths')
  endpoints([...chain.urls, liar.url])
  await chain.fund(hot)
  for (const [index, path] of paths.entries()) await chain.give(at(path), lies[index]!)
  chain.sim.balances.set(twenty(at(paths[3]!)), gas)
})
afterAll(async () => {
  await liar?.close()
  await chain?.stop()
  await house?.close()
  place?.remove()
})
afterEach(() => {
  liar.lies = {}
})

function endpoints(rpc: readonly string[]): void {
  const chains = [{ network: tronNetwork, rpc, confirmations: 0 }]
  const written = { format: 'custody-endpoints/v1', chains }
  writeFileSync(place.path('endpoints.json'), JSON.stringify(written))
}

/** Blocks are a second apart, so that a solid one is younger than the look. */
async function watch() {
  await chain.sim.mine(12)
  return custody(place, 'services/svc-payouts', [
    ...['watch', '--endpoints', place.path('endpoints.json'), '--patience', '0s', '--once'],
  ])
}

const asked = async () => {
  const { json } = await watch()
  return json.proposals.map((each: { id: string; amount: string }) => `${each.id} ${each.amount}`)
}

/** As the house would build and sign it. */
function signedFor(document: string) {
  const { intent } = parseIntent(toUtf8(document))
  return signedOnTron(chain.rpc, intent, childOf(secret, key.chainCode, intent.path))
}

function become(id: string, change: { readonly state: string; readonly txid: string }): void {
  const kept = house.requests.get(id)!
  house.requests.set(id, { ...kept, request: { ...kept.request, ...change } })
}

const waiting = () =>
  [...house.requests].filter(([, { request }]) => request.state === 'AWAITING_APPROVAL')

/** Signs, sends and settles whatever waits. */
async function carriedOut(): Promise<void> {
  for (const [id, { signed }] of waiting()) {
    const { raw, txid } = await signedFor(signed.document)
    expect(await chain.rpc.send(raw)).toEqual({ kind: 'taken' })
    await chain.sim.mine(3)
    expect(await chain.rpc.minedAt(txid)).toMatchObject({ final: true, succeeded: true })
    become(id, { state: 'SETTLED', txid })
  }
}

describe.skipIf(!anvilInstalled)('a sweep on Tron', () => {
  it('asks for nothing where two endpoints do not say the same of what lies there', async () => {
    for (const path of ['getaccount', 'triggerconstantcontract'] as const) {
      liar.lies = { [`walletsolidity/${path}`]: { instead: {} } }
      endpoints([chain.urls[0]!, liar.url])
      const { exit, json } = await watch()
      expect({ path, exit, proposals: json.proposals }).toEqual({ path, exit: 3, proposals: [] })
      expect(JSON.stringify(json.doubts)).toMatch(/endpoints do not agree/)
    }
    endpoints([...chain.urls, liar.url])
  })

  it('brings in what is worth it: coin first, then the token, and dust stays', async () => {
    liar.lies = {
      'walletsolidity/getaccount': (said) => ({ ...Object(said), balance: 9e15 }),
      'walletsolidity/triggerconstantcontract': { instead: {} },
    }
    expect(await asked()).toEqual([
      'watch/gas/deposits/m/1/0/1 30000000',
      'watch/sweep/deposits/m/1/3/1 1000000000',
    ])
    // Nothing is asked twice while it is on its way.
    expect(await asked()).toEqual([])
    await carriedOut()
    expect(await asked()).toEqual(['watch/sweep/deposits/m/1/0/1 30000000'])
    await carriedOut()
    expect(await asked()).toEqual([])
    expect(await chain.held(hot)).toBe(1_000_000n * one + 1_030n * one)
    expect(await Promise.all(paths.map((path) => chain.held(at(path))))).toEqual([
      ...[0n, 25n * one - 1n, 0n, 0n],
    ])
    const all = [...house.requests.values()].map(({ signed }) => JSON.parse(signed.document))
    expect(all[0]).toMatchObject({ op: 'tron.transfer', to: at(paths[0]!), toPath: 'm/1/0' })
    expect(all.at(-1)).toMatchObject({ op: 'trc20.transfer', to: hot, maxFee: `${gas}` })
  })

  it('tops up by what lacks, at the second deposit of a customer', async () => {
    await chain.give(at(paths[0]!), 40n * one)
    const left = chain.sim.balances.get(twenty(at(paths[0]!)))!
    expect(left).toBeGreaterThan(0n)
    expect(left).toBeLessThan(gas)
    expect(await asked()).toEqual([`watch/gas/deposits/m/1/0/2 ${gas - left}`])
  })

  it('leaves alone what a payment changed while balances were read, until the next look', async () => {
    const [id = '', kept] = waiting()[0]!
    const { raw, txid } = await signedFor(kept.signed.document)
    let isSent = false
    const GetVault = async ({ vault }: { readonly vault: string }) => {
      // After the block of the look, before any balance: then it lands, and is solid.
      if (!isSent) {
        isSent = true
        await chain.rpc.send(raw)
        await chain.sim.mine(3)
      }
      return { vault: vaultOf(place, vault, toHex(key.publicKey)) }
    }
    house.lies.VaultService = { ...house.lies.VaultService, GetVault }
    become(id, { state: 'BROADCAST', txid })
    const { exit, json } = await watch()
    expect({ exit, proposals: json.proposals }).toEqual({ exit: 3, proposals: [] })
    const doubts = json.doubts.map(({ because }: { because: string }) => because)
    for (const path of ['m', 'm/1/0']) {
      expect(doubts).toContain(`hot ${path} eth-native: ${txid} landed while it was read`)
    }
    // What was already there at the block of the next look is told by it.
    expect(await asked()).toEqual(['watch/sweep/deposits/m/1/0/2 40000000'])
  })
})
