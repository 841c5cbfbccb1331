import { historyFacts } from '../../policy/audit/history.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { nextNonce } from '../../policy/audit/slots.ts'
import { resultOf } from '../../policy/audit/standing.ts'
import { parseBook, recordOf } from '../../policy/book.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { type EvmTransaction, encodeUnsigned, transferCall } from '../../policy/chain/evm.ts'
import { destinationDigest, destinationJson } from '../../policy/destination.ts'
import { evaluate } from '../../policy/evaluate.ts'
import type { Facts } from '../../policy/facts.ts'
import type { Intent } from '../../policy/intent.ts'
import { encodeIntent, parseIntent } from '../../policy/request.ts'
import { parseRoster } from '../../policy/roster.ts'
import type { VaultRow } from '../../policy/view.ts'
import { issue } from '../../policy/warrant.ts'
import { digestOf, keccak256, plainDigest, toHex } from '../../proto/crypto.ts'
import {
  type Digest,
  parseDigest,
  parseHandle,
  parsePersonId,
  type VaultId,
} from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { writeTime } from '../../proto/shape.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import * as house from './audit-documents.ts'
import { digestNamed, type TestLog } from './audit-log.ts'
import type { Options } from './change-log.ts'

const hour = 3_600_000
const record = recordOf(parseBook(house.bookText), 'eip155:31337', house.customer)!
const roster = parseRoster(house.coldDirectoryText)

/** Whose log it is. */
export interface Payer {
  readonly log: TestLog
  readonly laws: NonNullable<Options['laws']>
  readonly names: readonly string[]
  row(): VaultRow
}

export interface PayoutWish {
  /** What the online side builds instead of what people asked for. */
  readonly bend?: (transaction: EvmTransaction) => EvmTransaction
  /** Until the request is over. */
  readonly hours?: number
}

export function coldPayout(
  payer: Payer,
  vault: VaultId,
  whole: number,
  { bend = (same) => same, hours = 400 }: PayoutWish = {},
): {
  readonly intent: Digest
  readonly warrant: Uint8Array
  readonly attempt: JsonObject
} {
  const { log, laws } = payer
  const { rulebook, ruleset } = laws
  const { t } = log
  const asset = parseHandle('usdt-eth')
  const token = rulebook.assets.get(asset)!.contract
  const intent: Intent = {
    org: parseHandle(house.org),
    env: 'dev',
    id: parseHandle(`payout-${whole}`),
    created: t,
    notAfter: t + hours * hour,
    vault,
    path: 'm',
    network: 'eip155:31337',
    op: 'erc20.transfer',
    asset,
    contract: token,
    to: house.customer,
    dest: destinationDigest(record),
    amount: BigInt(whole) * 1_000_000n,
    maxFee: 10n ** 16n,
    purpose: `release ${whole}`,
    initiator: parsePersonId('svc-payouts'),
  }
  const bytes = encodeIntent(intent)
  const signed = sign(
    tags.intent,
    bytes,
    parseHandle('svc-payouts-1'),
    house.keyOf('svc-payouts').sign,
  )
  const { digest } = parseIntent(bytes)
  const { id, initiator, op } = intent
  const named = { credential: signed.credential, id, initiator, intent: digest, op, vault }
  log.add('intent.created', { ...named, notAfter: writeTime(intent.notAfter) })
  const rule = judged(payer, digest, intent)
  // Requests that were given up left their nonces to others.
  const slot = `${readSync(nextNonce(intent, log.t), log.rows)}`
  log.add('spend.reserved', {
    ...{
      vault,
      path: 'm',
      network: intent.network,
      asset,
      to: intent.to,
      op,
      initiator,
      slot,
      rule,
    },
    amount: `${intent.amount}`,
    dest: 'customer',
    feeMax: `${intent.maxFee}`,
    intent: digest,
    policy: rulebook.digest,
  })
  const transaction = {
    chainId: 31_337n,
    nonce: BigInt(slot),
    tip: 1_000_000_000n,
    price: 20_000_000_000n,
    gasLimit: 90_000n,
    to: token,
    value: 0n,
    calldata: transferCall(intent.to, intent.amount),
  }
  const unsigned = encodeUnsigned(bend(transaction))
  const warrant = issue({
    org: intent.org,
    env: 'dev',
    intent: signed,
    bytes: unsigned,
    approvals: [],
    ruleset,
    dest: { kind: 'book', record: text(destinationJson(record)) },
    heads: [],
    replaces: '',
  })
  // What is bent says so in no line: the online side lies in all of them.
  const { fee } = chainOf(intent.network).decode(encodeUnsigned(transaction))
  const attempt = {
    attempt: 1,
    bytes: plainDigest(unsigned),
    digest: toHex(keccak256(unsigned)),
    epoch: payer.row().epoch,
    fee: { max: `${fee.max}`, price: `${fee.price}`, tip: `${fee.tip}` },
    intent: digest,
    participants: [...payer.names],
    replaces: '',
    slot,
    until: '',
    warrant: parseDigest(warrantDigest(warrant)),
  }
  return { intent: digest, warrant, attempt }
}

function judged(payer: Payer, digest: Digest, intent: Intent): string {
  const { log, laws } = payer
  const { rulebook } = laws
  const dest = parseHandle('customer')
  const { asset, amount, to } = intent
  const { status, activeFrom } = record
  const facts: Facts = {
    at: log.t,
    intent,
    destination: { kind: 'record', class: dest, status, activeFrom, activatedAt: undefined },
    nativeBeside: 0n,
    feeMax: intent.maxFee,
    history: readSync(
      historyFacts(rulebook, { vault: intent.vault, asset, amount, to, dest }, log.t),
      log.rows,
    ),
    approvals: [],
    rejected: false,
  }
  const verdict = evaluate(facts, rulebook, roster)
  log.add('intent.evaluated', {
    engine: 1,
    facts: digestNamed('facts'),
    intent: digest,
    policy: rulebook.digest,
    result: resultOf(verdict),
    rule: verdict.rule,
    trace: digestNamed('trace'),
  })
  return verdict.rule
}

const warrantDigest = (warrant: Uint8Array): string => digestOf(tags.warrant, warrant)
