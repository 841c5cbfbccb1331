// The unsigned half of a Tron transaction (`Transaction.raw` of java-tron's Tron.proto): TAPOS
// reference, lifetime, and one contract, which is a TransferContract or a TriggerSmartContract.
// Every other contract and every field beside these is refused under its own name.
// INVARIANT: encodeRaw(parseRaw(b)) = b, so bytes and meaning cannot differ.
// What a call does is read in `tron.ts`; whether it is the right one is judged by `admit`.
import { equalBytes, fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { type Fields, type Names, readFields, writeFields } from './protobuf.ts'
import { tronText } from './tron-address.ts'
import { feeLimitMax } from './tron-prices.ts'

export interface TronTransaction {
  /** The two low bytes of the reference block's number. */
  readonly refBlockBytes: Uint8Array
  /** Bytes 8 to 15 of its id. */
  readonly refBlockHash: Uint8Array
  /** Milliseconds; no block takes it later. */
  readonly expiration: bigint
  /** Milliseconds; says nothing that a chain checks. */
  readonly timestamp: bigint
  /** Sun, the most that its energy may burn; 0 for a transfer of the coin. */
  readonly feeLimit: bigint
  readonly contract: TronContract
}

export type TronContract =
  | {
      readonly kind: 'transfer'
      /** 21 bytes that begin with 0x41, as every address here. */
      readonly owner: Uint8Array
      readonly to: Uint8Array
      /** Sun. */
      readonly amount: bigint
    }
  | {
      readonly kind: 'trigger'
      readonly owner: Uint8Array
      readonly contract: Uint8Array
      readonly calldata: Uint8Array
    }

export function encodeRaw(transaction: TronTransaction): Uint8Array {
  const { refBlockBytes, refBlockHash, expiration, timestamp, feeLimit } = transaction
  return writeFields([
    [1, refBlockBytes],
    [4, refBlockHash],
    [8, expiration],
    [11, encodeContract(transaction.contract)],
    [14, timestamp],
    [18, feeLimit],
  ])
}

/** Strict and total: the result encodes to the same bytes or there is no result. */
export function parseRaw(bytes: Uint8Array): TronTransaction {
  if (bytes.length > limits.transactionBytesMax) shape('size', 'a transaction of this size')
  const fields = readFields(bytes, 'raw_data', new Map([[11, 'second-contract']]))
  requireKnown(fields, rawKnown, rawRefused, 'raw_data')
  const contract = parseContract(fixed(fields, 11, 'contract'))
  const transaction: TronTransaction = {
    refBlockBytes: fixed(fields, 1, 'ref-block-bytes', 2),
    refBlockHash: fixed(fields, 4, 'ref-block-hash', 8),
    expiration: amount(fields, 8, 'expiration'),
    timestamp: amount(fields, 14, 'timestamp'),
    feeLimit: contract.kind === 'trigger' ? amount(fields, 18, 'fee-limit') : noLimit(fields),
    contract,
  }
  if (transaction.feeLimit > feeLimitMax) shape('fee-limit', `fee_limit ${transaction.feeLimit}`)
  if (!equalBytes(encodeRaw(transaction), bytes)) shape('canonical', 'bytes in another form')
  return transaction
}

const rawKnown: ReadonlySet<number> = new Set([1, 4, 8, 11, 14, 18])
const rawRefused: Names = new Map([
  [3, 'ref-block-number'],
  [9, 'authorities'],
  [10, 'memo'],
  [12, 'scripts'],
])

const typeUrl = (name: string): string => `type.googleapis.com/protocol.${name}`
const kinds = {
  transfer: { type: 1n, url: typeUrl('TransferContract') },
  trigger: { type: 31n, url: typeUrl('TriggerSmartContract') },
} as const

function encodeContract(contract: TronContract): Uint8Array {
  const { type, url } = kinds[contract.kind]
  const parameter = writeFields([
    [1, toUtf8(url)],
    [2, encodeBody(contract)],
  ])
  return writeFields([
    [1, type],
    [2, parameter],
  ])
}

function encodeBody(contract: TronContract): Uint8Array {
  return contract.kind === 'transfer'
    ? writeFields([
        [1, contract.owner],
        [2, contract.to],
        [3, contract.amount],
      ])
    : writeFields([
        [1, contract.owner],
        [2, contract.contract],
        [4, contract.calldata],
      ])
}

const contractKnown: ReadonlySet<number> = new Set([1, 2])
const contractRefused: Names = new Map([
  [3, 'provider'],
  [4, 'contract-name'],
])

/**
 * The owner's permission is 0, which is not written. A vault is the owner of its account; another
 * permission is another set of keys and weights, which the account can change and no bytes show.
 */
function requireOwner(fields: Fields): void {
  const permission = fields.get(5)
  if (permission === undefined) return
  const got = typeof permission === 'bigint' ? permission : 'that is no number'
  shape('permission', `permission ${got}, not the owner's`)
}

function parseContract(bytes: Uint8Array): TronContract {
  const fields = readFields(bytes, 'contract')
  const type = fields.get(1)
  // AccountCreateContract is type 0, which proto3 does not write.
  if (type === undefined) return deny(deniedContracts.get(0n) ?? 'unknown-contract')
  if (type !== kinds.transfer.type && type !== kinds.trigger.type) {
    return deny((typeof type === 'bigint' && deniedContracts.get(type)) || 'unknown-contract')
  }
  requireOwner(fields)
  requireKnown(fields, contractKnown, contractRefused, 'contract')
  const parameter = readFields(fixed(fields, 2, 'parameter'), 'parameter')
  requireKnown(parameter, contractKnown, new Map(), 'parameter')
  const kind = type === kinds.transfer.type ? 'transfer' : 'trigger'
  const url = fromUtf8(fixed(parameter, 1, 'type-url'))
  if (url !== kinds[kind].url) shape('type-url', `contract ${type} with another type address`)
  const body = fixed(parameter, 2, 'parameter')
  return kind === 'transfer' ? parseTransfer(body) : parseTrigger(body)
}

const transferKnown: ReadonlySet<number> = new Set([1, 2, 3])

function parseTransfer(bytes: Uint8Array): TronContract {
  const fields = readFields(bytes, 'transfer')
  requireKnown(fields, transferKnown, new Map(), 'transfer')
  const [owner, to] = [address(fields, 1, 'owner'), address(fields, 2, 'to')]
  if (!fields.has(3)) shape('zero-amount', 'a transfer of nothing')
  return { kind: 'transfer', owner, to, amount: amount(fields, 3, 'amount') }
}

const triggerKnown: ReadonlySet<number> = new Set([1, 2, 4])
const triggerRefused: Names = new Map([
  [3, 'value-beside-call'],
  [5, 'token-value-beside-call'],
  [6, 'token-id'],
])

function parseTrigger(bytes: Uint8Array): TronContract {
  const fields = readFields(bytes, 'call')
  requireKnown(fields, triggerKnown, triggerRefused, 'call')
  const [owner, contract] = [address(fields, 1, 'owner'), address(fields, 2, 'contract')]
  return { kind: 'trigger', owner, contract, calldata: fixed(fields, 4, 'calldata') }
}

/** `Transaction.Contract.ContractType`; the names by which a log shows what was tried. */
const deniedContracts: ReadonlyMap<bigint, string> = new Map([
  [0n, 'account-create'],
  [2n, 'transfer-asset'],
  [3n, 'vote-asset'],
  [4n, 'vote-witness'],
  [5n, 'witness-create'],
  [6n, 'asset-issue'],
  [8n, 'witness-update'],
  [9n, 'participate-asset-issue'],
  [10n, 'account-update'],
  [11n, 'freeze-balance'],
  [12n, 'unfreeze-balance'],
  [13n, 'withdraw-balance'],
  [14n, 'unfreeze-asset'],
  [15n, 'update-asset'],
  [16n, 'proposal-create'],
  [17n, 'proposal-approve'],
  [18n, 'proposal-delete'],
  [19n, 'set-account-id'],
  [30n, 'contract-creation'],
  [33n, 'update-setting'],
  [41n, 'exchange-create'],
  [42n, 'exchange-inject'],
  [43n, 'exchange-withdraw'],
  [44n, 'exchange-transaction'],
  [45n, 'update-energy-limit'],
  [46n, 'account-permission-update'],
  [48n, 'clear-abi'],
  [49n, 'update-brokerage'],
  [51n, 'shielded-transfer'],
  [52n, 'market-sell-asset'],
  [53n, 'market-cancel-order'],
  [54n, 'freeze-balance-v2'],
  [55n, 'unfreeze-balance-v2'],
  [56n, 'withdraw-expire-unfreeze'],
  [57n, 'delegate-resource'],
  [58n, 'undelegate-resource'],
  [59n, 'cancel-all-unfreeze-v2'],
])

function requireKnown(
  fields: Fields,
  known: ReadonlySet<number>,
  refused: Names,
  what: string,
): void {
  for (const number of fields.keys()) {
    if (known.has(number)) continue
    shape(refused.get(number) ?? 'unknown-field', `${what} with field ${number}`)
  }
}

const int64Max = 2n ** 63n - 1n

/** int64 of proto3, above nothing: a negative one is written as ten bytes of two's complement. */
function amount(fields: Fields, number: number, rule: string): bigint {
  const value = fields.get(number)
  if (typeof value !== 'bigint' || value > int64Max) {
    return shape(rule, `${rule} that is no positive number`)
  }
  return value
}

function fixed(fields: Fields, number: number, rule: string, length?: number): Uint8Array {
  const value = fields.get(number)
  if (!(value instanceof Uint8Array)) return shape(rule, `no ${rule}`)
  if (length !== undefined && value.length !== length) {
    return shape(rule, `${rule} of ${value.length} bytes, not ${length}`)
  }
  return value
}

function noLimit(fields: Fields): bigint {
  return fields.has(18) ? shape('fee-limit', 'a fee_limit beside a transfer of the coin') : 0n
}

function address(fields: Fields, number: number, rule: string): Uint8Array {
  const value = fixed(fields, number, rule, 21)
  return value[0] === 0x41 ? value : shape(rule, `${rule} with prefix ${value[0]}, not 65`)
}

export function shape(rule: string, got: string): never {
  return refuse('BYTES_SHAPE', `expected a plain Tron transfer, got ${got}`, rule)
}

export function deny(rule: string): never {
  return refuse('BYTES_OP', `expected a plain Tron transfer, got ${rule}`, rule)
}

/** Of 21 bytes that were checked here. */
export function textOf(address: Uint8Array): string {
  return tronText(address.subarray(1))
}
