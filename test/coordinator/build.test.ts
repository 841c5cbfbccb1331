// Built bytes against a scripted endpoint, and against a real EVM: what is built, signed and sent
// is mined and moves exactly what the intent says.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEvmRpc } from '../../coordinator/chain-rpc/evm.ts'
import { buildTransfer } from '../../coordinator/chain-rpc/evm-build.ts'
import type { ChainRpc } from '../../coordinator/chain-rpc/rpc.ts'
import { verifiesTwice } from '../../coordinator/verify-twice.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { evmAddress } from '../../policy/chain/evm.ts'
import { normalise } from '../../policy/chain/signature.ts'
import type { Intent } from '../../policy/intent.ts'
import { sha256, toUtf8 } from '../../proto/crypto.ts'
import { parseHandle, parsePersonId, parseVaultId } from '../../proto/ids.ts'
import { type Anvil, anvilInstalled, startAnvil } from '../kit/anvil.ts'
import { unwatched } from '../kit/chain-watch.ts'

const secret = sha256(toUtf8('a key for build tests'))
const publicKey = secp256k1.getPublicKey(secret, true)
const from = evmAddress(publicKey)
const recipient = '0x7a16ff8270133f063aab6c9977183d9e72835428'

const intent: Intent = {
  org: parseHandle('acme'),
  env: 'test',
  id: parseHandle('a'),
  created: 0,
  notAfter: 1,
  vault: parseVaultId('hot'),
  path: 'm',
  network: 'eip155:31337',
  op: 'evm.transfer',
  asset: parseHandle('eth'),
  contract: '',
  to: recipient,
  dest: '',
  amount: 5n * 10n ** 15n,
  maxFee: 10n ** 16n,
  purpose: 'test',
  initiator: parsePersonId('svc'),
}

function scripted(changes: Partial<Record<'base' | 'tip' | 'gas', bigint>> = {}): ChainRpc {
  const { base = 100n, tip = 10n, gas = 21_000n } = changes
  return {
    prices: async () => ({ base, tip }),
    gas: async () => (gas > 0n ? { kind: 'gas', gas } : { kind: 'reverts', because: 'no funds' }),
    send: async () => ({ kind: 'taken' }),
    minedAt: async () => undefined,
    consumed: async () => false,
    consumedAmong: async (places) => places.map(() => false),
    used: async () => 0n,
    signedAt: async () => undefined,
  }
}

async function built(rpc: ChainRpc, order: Parameters<typeof buildTransfer>[1]) {
  const result = await buildTransfer(rpc, order)
  if (result.kind !== 'built') throw new Error(result.because)
  return result.effect
}

function sign(digest: Uint8Array) {
  const compact = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' })
  const [recovery = 0] = compact
  const nonce = new Uint8Array([recovery === 1 ? 3 : 2, ...compact.subarray(1, 33)])
  return normalise({ nonce, s: compact.slice(33) }, digest, publicKey)
}

describe('building', () => {
  it('takes the nonce of the reservation, and room for the base fee to double', async () => {
    const effect = await built(scripted(), { intent, from, slot: '7' })
    expect(effect).toMatchObject({ slot: '7', to: recipient, amount: intent.amount, contract: '' })
    expect(effect.fee).toEqual({ max: 21_000n * 210n, price: 210n, tip: 10n })
  })

  it('lets the price of what a ceremony signs rise to all that the intent allows', async () => {
    const effect = await built(scripted(), { intent, from, slot: '7', isPatient: true })
    expect(effect.fee.price).toBe(intent.maxFee / 21_000n)
    expect(effect.fee).toMatchObject({ tip: 10n, max: (intent.maxFee / 21_000n) * 21_000n })
  })

  it('estimates a quarter more for what is no plain transfer', async () => {
    const effect = await built(scripted({ gas: 60_000n }), { intent, from, slot: '0' })
    expect(effect.fee.max / effect.fee.price).toBe(75_000n)
  })

  it('waits where a quarter more is above what one transaction may take', async () => {
    const order = { intent: { ...intent, maxFee: 10n ** 18n }, from, slot: '0' }
    const most = (2n ** 24n * 4n) / 5n
    expect((await built(scripted({ gas: most }), order)).fee.max).toBeGreaterThan(0n)
    const above = await buildTransfer(scripted({ gas: most + 1n }), order)
    expect(above).toMatchObject({ kind: 'later', code: 'CHAIN_UNAVAILABLE' })
  })

  it('stays within maxFee, and waits when even the bare price is above it', async () => {
    const order = { from, slot: '0' }
    const tight = { ...intent, maxFee: 21_000n * 150n }
    expect((await built(scripted(), { ...order, intent: tight })).fee.price).toBe(150n)
    const short = { ...intent, maxFee: 21_000n * 110n - 1n }
    expect(await buildTransfer(scripted(), { ...order, intent: short })).toMatchObject({
      kind: 'later',
      code: 'FEE',
    })
  })

  it('waits when the transfer would fail', async () => {
    const order = { intent, from, slot: '0' }
    const result = await buildTransfer(scripted({ gas: 0n }), order)
    expect(result).toMatchObject({ kind: 'later', code: 'CHAIN_UNAVAILABLE' })
  })

  it('raises both fee fields by the step for a replacement, with the same nonce and gas', async () => {
    const last = { max: 21_000n * 333n, price: 333n, tip: 11n }
    const order = { intent, from, slot: '7', bump: { last, percent: 10 } }
    const { fee, slot } = await built(scripted({ gas: 1n }), order)
    expect(slot).toBe('7')
    expect(fee.max / fee.price).toBe(21_000n)
    expect(fee.tip).toBe(13n)
    expect(fee.price).toBeGreaterThanOrEqual(367n)
    const rich = await built(scripted({ base: 9_000n, tip: 50n }), order)
    expect(rich.fee.price).toBe(18_050n)
  })

  it('asks what it costs now where a first price was too low', async () => {
    const prices: ChainRpc['prices'] = async (why) =>
      why === 'stuck' ? { base: 100n, tip: 10n } : { base: 1n, tip: 1n }
    const order = { intent, from, slot: '7' }
    const { fee } = await built({ ...scripted(), prices }, order)
    expect(fee).toMatchObject({ price: 3n, tip: 1n })
    const bumped = await built(
      { ...scripted(), prices },
      { ...order, bump: { last: fee, percent: 10 } },
    )
    expect(bumped.fee).toMatchObject({ price: 210n, tip: 10n })
  })

  it('raises also what was nothing: chains without tips, and an endpoint that said no price', async () => {
    for (const form of ['type-2', 'legacy'] as const) {
      const order = { intent, from, slot: '7', form }
      const first = await built(scripted({ base: 0n, tip: 0n }), order)
      expect(first.fee.price).toBe(0n)
      for (const market of [
        { base: 0n, tip: 0n },
        { base: 100n, tip: 0n },
      ]) {
        const bump = { last: first.fee, percent: 10 }
        const { fee } = await built(scripted(market), { ...order, bump })
        expect(fee.price).toBeGreaterThan(0n)
        expect(fee.tip).toBeGreaterThan(0n)
      }
    }
    const last = { max: 21_000n * 200n, price: 200n, tip: 0n }
    const bumped = await built(scripted({ tip: 0n }), {
      ...{ intent, from, slot: '7' },
      bump: { last, percent: 10 },
    })
    expect(bumped.fee).toMatchObject({ tip: 1n, max: bumped.fee.price * 21_000n })
    expect(bumped.fee.price).toBeGreaterThanOrEqual(220n)
  })

  it.each([0n, 1n, 20_999n, 1n << 63n, 1n << 64n, 1n << 256n])(
    'waits when an endpoint says that it takes %d gas, which no transaction has',
    async (gas) => {
      const rpc = {
        ...scripted({ base: 0n, tip: 0n }),
        gas: async () => ({ kind: 'gas', gas }) as const,
      }
      const result = await buildTransfer(rpc, { intent, from, slot: '0' })
      expect(result).toMatchObject({ kind: 'later', code: 'CHAIN_UNAVAILABLE' })
    },
  )

  it('builds the older form where it is asked for, with one price that is paid whole', async () => {
    const order = { intent, from, slot: '7', form: 'legacy' } as const
    const { fee, bytes } = await built(scripted(), order)
    expect(bytes[0]).toBeGreaterThanOrEqual(0xc0)
    expect(fee).toEqual({ max: 21_000n * 165n, price: 165n, tip: 165n })
    const bumped = { ...order, bump: { last: fee, percent: 10 } }
    expect((await built(scripted(), bumped)).fee).toMatchObject({ price: 182n, tip: 182n })
    expect((await built(scripted({ base: 500n }), bumped)).fee.price).toBe(510n)
    expect((await built(scripted(), { ...order, isPatient: true })).fee.price).toBe(220n)
    const tight = { ...order, intent: { ...intent, maxFee: 21_000n * 120n } }
    expect((await built(scripted(), tight)).fee.price).toBe(120n)
  })

  it('refuses an operation that it cannot build', async () => {
    const order = { intent: { ...intent, op: 'tron.transfer' } as const, from, slot: '0' }
    await expect(buildTransfer(scripted(), order)).rejects.toThrow(/NOT_SUPPORTED/)
  })
})

describe('verifying twice', () => {
  it('believes a signature that both implementations recover to the key', () => {
    const digest = sha256(toUtf8('message'))
    const signature = sign(digest)
    expect(verifiesTwice(signature, digest, publicKey)).toBe(true)
    const flipped = { ...signature, v: signature.v === 0 ? 1 : 0 } as const
    expect(verifiesTwice(flipped, digest, publicKey)).toBe(false)
    expect(verifiesTwice({ ...signature, r: new Uint8Array(32) }, digest, publicKey)).toBe(false)
    expect(verifiesTwice(signature, sha256(digest), publicKey)).toBe(false)
  })
})

describe.skipIf(!anvilInstalled)('a real EVM', () => {
  let anvil: Anvil
  beforeAll(async () => {
    anvil = await startAnvil()
    await anvil.call('anvil_setBalance', [from, '0x8ac7230489e80000'])
  })
  afterAll(() => anvil.stop())

  const rpcOf = (confirmations: number) =>
    openEvmRpc({
      ...unwatched,
      network: anvil.network,
      urls: [anvil.url, anvil.url],
      confirmations,
      timeoutMs: 5_000,
    })

  async function sendBuilt(rpc: ChainRpc, order: Parameters<typeof buildTransfer>[1]) {
    const result = await buildTransfer(rpc, order)
    if (result.kind !== 'built') throw new Error(result.because)
    const signature = sign(result.effect.digest)
    const signed = chainOf(order.intent.network).attach(result.bytes, signature)
    const sent = await rpc.send(signed.raw)
    if (sent.kind === 'taken') await mined(signed.txid)
    return { ...signed, sent }
  }

  it('mines what was built, and counts blocks on top of it', async () => {
    const rpc = rpcOf(2)
    const { txid, raw, sent } = await sendBuilt(rpc, { intent, from, slot: '0' })
    expect(sent).toEqual({ kind: 'taken' })
    expect(await rpc.minedAt(txid)).toMatchObject({ final: false, succeeded: true })
    expect(await rpc.consumed(from, 0n)).toBe(false)
    await anvil.call('anvil_mine', ['0x2'])
    expect(await rpc.minedAt(txid)).toMatchObject({ final: true })
    expect(await rpc.consumed(from, 0n)).toBe(true)
    expect(await rpc.consumed(from, 1n)).toBe(false)
    expect(await rpc.used(from)).toBe(1n)
    expect(await anvil.call('eth_getBalance', [recipient, 'latest'])).toBe('0x11c37937e08000')
    expect((await rpc.send(raw)).kind).toBe('refused')
  })

  it('mines a legacy transaction, and its replacement instead of the first', async () => {
    const rpc = rpcOf(0)
    const slot = String(await nonce())
    const order = { intent, from, slot, form: 'legacy' } as const
    await anvil.call('evm_setAutomine', [false])
    const first = await built(rpc, order)
    const chain = chainOf(intent.network)
    const one = chain.attach(first.bytes, sign(first.digest))
    expect(await rpc.send(one.raw)).toEqual({ kind: 'taken' })
    const second = await built(rpc, { ...order, bump: { last: first.fee, percent: 10 } })
    const two = chain.attach(second.bytes, sign(second.digest))
    expect(await rpc.send(two.raw)).toEqual({ kind: 'taken' })
    await anvil.call('anvil_mine', ['0x1'])
    await anvil.call('evm_setAutomine', [true])
    await mined(two.txid)
    expect(await rpc.minedAt(two.txid)).toMatchObject({ succeeded: true })
    expect(await rpc.minedAt(one.txid)).toBeUndefined()
  })

  async function nonce(): Promise<bigint> {
    return BigInt(String(await anvil.call('eth_getTransactionCount', [from, 'latest'])))
  }

  it('notices when a mined transaction disappears', async () => {
    const rpc = rpcOf(0)
    const { txid } = await sendBuilt(rpc, { intent, from, slot: String(await nonce()) })
    expect(await rpc.minedAt(txid)).toMatchObject({ final: true })
    await anvil.call('anvil_reorg', [1, []])
    expect(await rpc.minedAt(txid)).toBeUndefined()
  })

  /** The hash comes back before the block is there. */
  async function mined(hash: unknown): Promise<{ readonly contractAddress: string }> {
    const receipt = () => anvil.call('eth_getTransactionReceipt', [hash])
    await expect.poll(receipt, { timeout: 5_000 }).not.toBeNull()
    return (await receipt()) as { contractAddress: string }
  }

  it('moves a token whose transfer returns nothing', async () => {
    const rpc = rpcOf(0)
    const [owner] = (await anvil.call('eth_accounts')) as string[]
    const file = join(import.meta.dirname, '../../cli/dev-token.json')
    const { bytecode } = JSON.parse(readFileSync(file, 'utf8')) as { bytecode: string }
    const supply = (10n ** 12n).toString(16).padStart(64, '0')
    const deploy = { from: owner, data: `0x${bytecode}${supply}`, gas: '0x200000' }
    const hash = await anvil.call('eth_sendTransaction', [deploy])
    const contract = (await mined(hash)).contractAddress.toLowerCase()
    const word = (hex: string) => hex.replace('0x', '').padStart(64, '0')
    const give = `0xa9059cbb${word(from)}${word('f4240')}`
    await mined(
      await anvil.call('eth_sendTransaction', [{ from: owner, to: contract, data: give }]),
    )
    const token: Intent = { ...intent, op: 'erc20.transfer', contract, amount: 900_000n }
    const next = await nonce()
    const { txid } = await sendBuilt(rpc, { intent: token, from, slot: String(next) })
    expect(await rpc.minedAt(txid)).toMatchObject({ succeeded: true })
    const asked = { to: contract, data: `0x70a08231${word(recipient)}` }
    expect(BigInt(String(await anvil.call('eth_call', [asked, 'latest'])))).toBe(900_000n)
    const toomuch = { ...token, amount: 900_000n }
    const order = { intent: toomuch, from, slot: String(next + 1n) }
    expect(await buildTransfer(rpc, order)).toMatchObject({ kind: 'later' })
  })
})
