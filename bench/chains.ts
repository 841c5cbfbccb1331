// What a node reads on EVM and on Tron, and what a deposit address costs there. Reading is strict
// decoding and the digest to sign, turn by turn with ethers and with tronweb, which decode the same
// bytes and the same call. A deposit address stands at m/1/INDEX: by `policy/`, by the native curve, by ethers,
// each from m/1 on; on Tron beside tronweb. Then a million of them in a row on EVM, and a tenth of
// that on Tron, with what they take of memory.
// INVARIANT: nothing is timed before both sides have said the same of every transaction and key.
import { HDNodeWallet, Interface, Transaction } from 'ethers'
import { TronWeb, utils } from 'tronweb'
import { chainOf } from '../policy/chain/chains.ts'
import { derive, type ExtendedKey } from '../policy/chain/derive.ts'
import { encodeUnsigned, evmAddress, transferCall } from '../policy/chain/evm.ts'
import { trc20Call } from '../policy/chain/tron.ts'
import { tronText } from '../policy/chain/tron-address.ts'
import { encodeRaw } from '../policy/chain/tron-raw.ts'
import { depositPath } from '../policy/deposit-path.ts'
import { concat, fromHex, sha256, toHex, toUtf8 } from '../proto/crypto.ts'
import { refuse } from '../proto/refusal.ts'
import { nativeCurve } from '../signer-node/dkls23/curve-native.ts'
import { deriveChild } from '../signer-node/dkls23/derivation.ts'
import { exactCpuMs } from './meter.ts'
import { type Bench, type Figure, figure, ratio } from './report.ts'

const SAMPLES = 30
const WARM = 3
const TRANSACTIONS = 500
const CHILDREN = 100
const ADDRESSES = 1_000_000
const TRON = 100_000
const SLICES = 10

const network = 'eip155:1'
const token = '0xdac17f958d2ee523a2206206994597c13d831ec7'
const call = new Interface(['function transfer(address to, uint256 amount)'])
const chain = chainOf(network)
const tron = chainOf('tron:0x2b6653dc')
const trigger = toHex(toUtf8('TriggerSmartContract'))
const curve = nativeCurve()

export async function bench(): Promise<Bench> {
  const [ours, ethers] = inTurns(
    [readings(ourReading), readings(theirReading)],
    ['ours, decode and digest', 'ethers, decode and digest'],
    TRANSACTIONS,
  )
  const [ownRaw, theirRaw] = inTurns(
    [tronReadings(ourTronReading), tronReadings(theirTronReading)],
    ['ours on Tron, decode and digest', 'tronweb, decode and digest'],
    TRANSACTIONS,
  )
  const [policy, native, wallet] = inTurns(
    [children(policyAddress), children(nativeAddress), children(theirAddress)],
    ['policy, child and address', 'native curve, child and address', 'ethers, child and address'],
    CHILDREN,
  )
  const [ownTron, theirTron] = inTurns(
    [children(policyTron), children(tronWebAddress)],
    ['policy, child and Tron address', 'ethers and tronweb, child and Tron address'],
    CHILDREN,
  )
  const many = [...inARow('EVM', ADDRESSES, evmAddress), ...inARow('Tron', TRON, tronAddressOf)]
  return {
    figures: [ours, ethers, ownRaw, theirRaw, policy, native, wallet, ownTron, theirTron, ...many],
    ratios: [
      ratio('evm-decode-cpu-vs-ethers', ours, ethers),
      ratio('tron-decode-cpu-vs-tronweb', ownRaw, theirRaw),
      ratio('evm-child-cpu-vs-ethers', policy, wallet),
      ratio('evm-child-native-cpu-vs-ethers', native, wallet),
      ratio('tron-child-cpu-vs-tronweb', ownTron, theirTron),
    ],
    notes: [`${ADDRESSES} addresses on EVM are derived, on Tron ${TRON}: none is extrapolated`],
  }
}

interface Side {
  /** What it says of each item, one text each; other items for another round, where it can. */
  readonly says: (round: number) => readonly string[]
}

/** CPU in microseconds an item; the sides take turns, so that a drifting machine drifts for all. */
function inTurns<const N extends readonly string[]>(
  sides: { readonly [K in keyof N]: Side },
  names: N,
  items: number,
): { readonly [K in keyof N]: Figure } {
  const all: readonly Side[] = sides
  progress(names.join(', '))
  requireAgreement(all)
  const samples = all.map((): number[] => [])
  let round = 0
  for (let i = -WARM; i < SAMPLES; i += 1) {
    for (const [at, side] of all.entries()) {
      round += 1
      const before = exactCpuMs()
      side.says(round)
      const us = ((exactCpuMs() - before) * 1000) / items
      if (i >= 0) samples[at]?.push(us)
    }
  }
  // One figure for each name, in their order: what `map` over a tuple gives, and its type forgets.
  return names.map((name, at) => figure(name, 'us', samples[at] ?? [])) as {
    readonly [K in keyof N]: Figure
  }
}

function requireAgreement(sides: readonly Side[]): void {
  const [first = [], ...others] = sides.map((side) => side.says(0))
  for (const other of others) {
    const at = first.findIndex((text, index) => text !== other[index])
    if (at >= 0 || other.length !== first.length) {
      throw new Error(`item ${at}: expected ${first[at]}, got ${other[at]}`)
    }
  }
}

function readings(read: (bytes: Uint8Array) => string): Side {
  const transactions = Array.from({ length: TRANSACTIONS }, (_, index) => transaction(index))
  return { says: () => transactions.map(read) }
}

/** Half of them payments of coin, half of a token; each to somebody else. */
function transaction(index: number): Uint8Array {
  const to = `0x${toHex(sha256(toUtf8(`recipient ${index}`)).subarray(12))}`
  const amount = BigInt(index + 1) * 1_000_003n
  const isToken = index % 2 === 1
  return encodeUnsigned({
    ...{ chainId: 1n, nonce: BigInt(index), tip: 1_500_000_000n, price: 30_000_000_000n },
    gasLimit: 90_000n,
    to: isToken ? token : to,
    value: isToken ? 0n : amount,
    calldata: isToken ? transferCall(to, amount) : new Uint8Array(0),
  })
}

function ourReading(bytes: Uint8Array): string {
  const { to, amount, slot } = chain.decode(bytes)
  return `${slot} ${to} ${amount} ${toHex(chain.digest(bytes))}`
}

/** ethers takes text, so the hex is part of what it costs to ask it. */
function theirReading(bytes: Uint8Array): string {
  const { nonce, to, value, data, unsignedHash } = Transaction.from(`0x${toHex(bytes)}`)
  const hash = unsignedHash.slice(2)
  if (data === '0x') return `${nonce} ${to?.toLowerCase()} ${value} ${hash}`
  const [recipient, amount] = call.decodeFunctionData('transfer', data)
  return `${nonce} ${String(recipient).toLowerCase()} ${amount} ${hash}`
}

function tronReadings(read: (bytes: Uint8Array) => string): Side {
  const transactions = Array.from({ length: TRANSACTIONS }, (_, index) => tronTransaction(index))
  return { says: () => transactions.map(read) }
}

/** As on EVM: half of them of the coin. */
function tronTransaction(index: number): Uint8Array {
  const [owner, to] = ['owner', 'recipient'].map((who) =>
    concat(Uint8Array.of(0x41), sha256(toUtf8(`${who} ${index}`)).subarray(12)),
  ) as [Uint8Array, Uint8Array]
  const amount = BigInt(index + 1) * 1_000_003n
  const calldata = trc20Call(tronText(to.subarray(1)), amount)
  const about = {
    ...{ refBlockBytes: Uint8Array.of(1, index % 256), refBlockHash: new Uint8Array(8).fill(7) },
    ...{ expiration: 1_800_000_600_000n, timestamp: 1_800_000_000_000n },
  }
  return index % 2 === 1
    ? encodeRaw({
        ...about,
        feeLimit: 30_000_000n,
        contract: { kind: 'trigger', owner, contract: to, calldata },
      })
    : encodeRaw({ ...about, feeLimit: 0n, contract: { kind: 'transfer', owner, to, amount } })
}

function ourTronReading(bytes: Uint8Array): string {
  const { from, to, amount } = tron.decode(bytes)
  return `${from} ${to} ${amount} ${toHex(tron.digest(bytes))}`
}

/** tronweb is told the type, which it does not read, and takes text. */
function theirTronReading(bytes: Uint8Array): string {
  const hex = toHex(bytes)
  const type = hex.includes(trigger) ? 'TriggerSmartContract' : 'TransferContract'
  const raw = utils.deserializeTx.deserializeTransaction(type, hex)
  const { value } = raw.contract[0].parameter
  const owner = TronWeb.address.fromHex(value.owner_address)
  const id = utils.ethersUtils.sha256(`0x${hex}`).slice(2)
  if (type === 'TransferContract') {
    return `${owner} ${TronWeb.address.fromHex(value.to_address)} ${value.amount} ${id}`
  }
  const [recipient, amount] = call.decodeFunctionData('transfer', `0x${value.data}`)
  const to = TronWeb.address.fromHex(`41${String(recipient).slice(2)}`)
  return `${owner} ${to} ${amount} ${id}`
}

// Nobody's key: without its secret, as everybody here knows a vault.
const wallet = HDNodeWallet.fromSeed(sha256(toUtf8('a seed of a bench'))).neuter()
const root: ExtendedKey = {
  publicKey: bytesOf(wallet.publicKey),
  chainCode: bytesOf(wallet.chainCode),
}
const branch = deriveChild(curve, { ...root, publicKey: pointOf(root.publicKey) }, [1])
const theirBranch = wallet.deriveChild(1)

function pointOf(publicKey: Uint8Array) {
  return curve.points.decodePoint(publicKey)
}

/** No two rounds have a child in common: keys are remembered, also for the side that comes next. */
function children(address: (index: number) => string): Side {
  return {
    says: (round) => {
      return Array.from({ length: CHILDREN }, (_, at) => address(round * CHILDREN + at))
    },
  }
}

function policyAddress(index: number): string {
  return evmAddress(derive(root, depositPath(index)).publicKey)
}

function policyTron(index: number): string {
  return tron.address(derive(root, depositPath(index)).publicKey)
}

function nativeAddress(index: number): string {
  return evmAddress(nativeKey(index))
}

function nativeKey(index: number): Uint8Array {
  return deriveChild(curve, branch, [index]).publicKey
}

function tronAddressOf(publicKey: Uint8Array): string {
  return tron.address(publicKey)
}

function theirAddress(index: number): string {
  return theirBranch.deriveChild(index).address.toLowerCase()
}

function tronWebAddress(index: number): string {
  return TronWeb.address.fromHex(`41${theirBranch.deriveChild(index).address.slice(2)}`)
}

/** By the native curve; only their number is kept, and whether any came twice in a row. */
function inARow(
  name: string,
  count: number,
  address: (publicKey: Uint8Array) => string,
): readonly Figure[] {
  const before = process.memoryUsage().rss
  const rates: number[] = []
  let highest = before
  let last = ''
  const slice = count / SLICES
  for (let first = 0; first < count; first += slice) {
    const start = exactCpuMs()
    for (let index = first; index < first + slice; index += 1) {
      const made = address(nativeKey(index))
      if (made === last) throw new Error(`index ${index}: the address of the one before`)
      last = made
    }
    progress(`${first + slice} of ${count} addresses on ${name}`)
    rates.push(slice / ((exactCpuMs() - start) / 1000))
    highest = Math.max(highest, process.memoryUsage().rss)
  }
  const megabytes = (highest - before) / 2 ** 20
  return [
    figure(`${count} ${name} addresses, native curve`, '/s', rates),
    figure(`${count} ${name} addresses, memory above the start`, 'MB', [megabytes]),
  ]
}

/** Minutes pass; figures go to the other stream. */
function progress(what: string): void {
  console.error(`  ${what}`)
}

function bytesOf(text: string): Uint8Array {
  return fromHex(text.slice(2)) ?? refuse('INTERNAL', 'expected 0x and hex')
}
