// Deposit addresses in the chain file of an auditor on Tron: what they did is in the blocks, what
// lies at them is told with the rest, and a file goes on from the one before.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TronEndpoint } from '../../coordinator/chain-rpc/tron-endpoint.ts'
import { openTronLook } from '../../coordinator/chain-rpc/tron-look.ts'
import { collectTron } from '../../coordinator/chain-rpc/tron-outflows.ts'
import { type ChainFile, parseChainFile, writeChainFile } from '../../policy/audit/chain-file.ts'
import { reconcile } from '../../policy/audit/reconcile.ts'
import { addressAt } from '../../policy/chain/address.ts'
import { sha256, toUtf8 } from '../../proto/crypto.ts'
import { parseVaultId } from '../../proto/ids.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { unwatched } from '../kit/chain-watch.ts'
import { childOf } from '../kit/child-secret.ts'
import { startTronChain, type TronChain, twenty } from '../kit/tron-chain.ts'
import { tronNetwork as network, tronUsdt as token } from '../kit/tron-documents.ts'
import { signedOnTron } from '../kit/tron-signed.ts'
import { payout } from './world.ts'

const one = 1_000_000n
const vault = parseVaultId('hot-trx')
const root = {
  secret: sha256(toUtf8('a vault of deposits')),
  chainCode: sha256(toUtf8('its code')),
}
const key = { publicKey: secp256k1.getPublicKey(root.secret, true), chainCode: root.chainCode }
const deposits = [{ vault, key, until: 40 }]
const at = (index: number) => addressAt(network, key, `m/1/${index}`)

let chain: TronChain
beforeAll(async () => {
  if (!anvilInstalled) return
  chain = await startTronChain(Date.now)
  chain.sim.balances.set(twenty(at(3)), 100n * one)
  chain.sim.balances.set(twenty(at(30)), 5n)
  await chain.sim.mine(25)
})
afterAll(async () => {
  await chain?.stop()
})

function look() {
  const endpoints = chain.urls.map((url, place) => {
    const about = { url, name: `endpoint ${place}`, genesis: network.slice(-8), timeoutMs: 5_000 }
    return new TronEndpoint({ ...unwatched, ...about })
  })
  return openTronLook({ endpoints, witnesses: 2 })
}

async function collected(after?: ChainFile): Promise<ChainFile> {
  const to = await look().block()
  return collectTron(look(), {
    ...{ network, addresses: [], deposits, tokens: [token], closes: true, to },
    from: after === undefined ? to.height : BigInt(after.to) + 1n,
    ...(after === undefined ? {} : { after }),
  })
}

const known = { paid: [], own: new Set<string>(), deposits, tokens: new Set([token]) }
const found = (file: ChainFile) =>
  reconcile(file, known).findings.map(({ code, because }) => `${code} ${because}`)

describe.skipIf(!anvilInstalled)('deposit addresses on Tron', () => {
  let first: ChainFile
  it('are all looked at, and those with something begin the next file', async () => {
    first = await collected()
    expect(first.deposits).toMatchObject([{ until: 40, listed: 2, resting: [] }])
    expect(first.listed?.map(({ index }) => index)).toEqual([3, 30])
    expect(parseChainFile(writeChainFile(first))).toEqual(first)
    expect(found(first)).toEqual([])
    const [coin] = reconcile(first, known).holdings
    expect(coin).toEqual({ contract: '', addresses: 2, amount: 100n * one + 5n })
  })

  it('that paid outside of the log are named, and what came to one that had nothing comes out', async () => {
    const intent = payout({
      ...{ network, op: 'tron.transfer', contract: '', to: at(12) },
      ...{ amount: 7n * one, maxFee: 100n * one },
    })
    const { raw, txid } = await signedOnTron(
      chain.rpc,
      intent,
      childOf(root.secret, root.chainCode, 'm/1/3'),
    )
    expect(await chain.rpc.send(raw)).toEqual({ kind: 'taken' })
    await chain.sim.mine(23)
    const second = await collected(first)
    expect(second.listed?.map(({ index }) => index)).toEqual([3, 12, 30])
    expect(second.listed?.[1]?.account.balances[0]).toEqual({
      ...{ contract: '', before: 0n, after: 7n * one },
    })
    expect(found(second)).toEqual([
      expect.stringMatching(new RegExp(`^NONCE ${at(3)} signed ${txid}, 7000000 to .*no line has`)),
    ])
    expect(reconcile(second, known)).toMatchObject({ untold: 0, transactions: 1 })
  })

  it('lose something in no block where somebody else took it: it is missing, in base units', async () => {
    chain.sim.balances.set(twenty(at(30)), 2n)
    await chain.sim.mine(23)
    expect(found(await collected(first))).toContain(`BALANCE ${at(30)}: 3 of the coin are missing`)
  })
})
