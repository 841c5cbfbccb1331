// Lies that a coordinator may tell: bytes that are not what people approved, and an attempt line that
// nobody judged before it was written. What tells them, over a socket or within a house, is elsewhere.
import { type Handler, recorded } from '../../coordinator/proposal.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { encodeUnsigned, transferCall } from '../../policy/chain/evm.ts'
import type { Intent } from '../../policy/intent.ts'
import { issue, parseWarrant } from '../../policy/warrant.ts'
import { plainDigest, sha256, toHex } from '../../proto/crypto.ts'
import type { Json } from '../../proto/jcs.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { writeTime } from '../../proto/shape.ts'
import { nonceIn } from './evm-lies.ts'

export type Swapped = 'recipient' | 'amount' | 'path' | 'fee'

/** The line goes into the log as the warrant says, without asking whether it is lawful. */
export const lyingAttempt: Handler = async (sheet, content) => {
  const { warrant: digest, ...proposed } = content as { readonly [key: string]: Json }
  const found = await sheet.session.query('select content from blob where digest = $1', [
    String(digest),
  ])
  const { warrant } = parseWarrant(new Uint8Array(found[0]?.['content'] as Uint8Array))
  const { network } = parseJson(warrant.intent.document)
  const effect = network.startsWith('tron:')
    ? saidOnTron(sheet.t, warrant.bytes)
    : saidOnEvm(network, warrant.bytes)
  const honestMax = 50_000_000_000_000_000n
  const max = effect.fee.max < honestMax ? effect.fee.max : honestMax
  const { price, tip } = effect.fee
  await sheet.append({
    actor: 'coordinator',
    type: 'session.started',
    body: {
      ...proposed,
      warrant: String(digest),
      bytes: plainDigest(warrant.bytes),
      digest: toHex(effect.digest),
      fee: { max: `${max}`, price: `${price}`, tip: `${tip}` },
      replaces: '',
      slot: effect.slot,
      until: effect.until,
    },
  })
  return recorded(sheet)
}

/** What the bytes say; where no decoder takes them, an honest fee under the nonce that they have. */
function saidOnEvm(network: string, bytes: Uint8Array) {
  const chain = chainOf(network)
  const effect = attempt(() => chain.decode(bytes))
  if (!isRefusal(effect)) return { ...effect, until: '' }
  const fee = { max: 1_000_000_000_000_000n, price: 10n * gwei, tip: gwei }
  return { fee, slot: nonceIn(bytes), digest: chain.digest(bytes), until: '' }
}

const parseJson = (document: string): { readonly network: string } => JSON.parse(document)

/** Whatever the bytes are: nobody's line can be compared with what no decoder takes. */
function saidOnTron(t: number, bytes: Uint8Array) {
  const until = writeTime(Math.floor(t / 1_000) * 1_000 + 300_000)
  return { fee: { max: 1_000_000n, price: 0n, tip: 0n }, slot: '', digest: sha256(bytes), until }
}

const thief = '0x90f79bf6eb2c4f870365e785982e1f101e93b906'
const gwei = 1_000_000_000n

/** The bytes of this intent, but for what was swapped. */
export function swappedBytes(swapped: Swapped, intent: Intent, slot: string): Uint8Array {
  const to = swapped === 'recipient' ? thief : intent.to
  const amount = swapped === 'amount' ? intent.amount * 10n : intent.amount
  return encodeUnsigned({
    chainId: 31337n,
    nonce: BigInt(slot),
    tip: gwei,
    // 100,000 gas at a million gwei: a hundred coins for the miner.
    price: swapped === 'fee' ? 1_000_000n * gwei : 10n * gwei,
    gasLimit: 100_000n,
    to: intent.contract,
    value: 0n,
    calldata: transferCall(to, amount),
  })
}

/** The same warrant, of an intent that nobody signed. */
export function withPath(bytes: Uint8Array, path: string): Uint8Array {
  const { warrant } = parseWarrant(bytes)
  const document = warrant.intent.document.replace('"path":"m"', `"path":"${path}"`)
  return issue({ ...warrant, intent: { ...warrant.intent, document } })
}
