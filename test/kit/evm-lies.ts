/** Bytes on an EVM network that are not the payment that people approved, written field by field. */
import { transferCall, word } from '../../policy/chain/evm.ts'
import { selectorOf } from '../../policy/chain/evm-selectors.ts'
import {
  decodeInteger,
  decodeRlp,
  encodeInteger,
  encodeRlp,
  type Rlp,
} from '../../policy/chain/rlp.ts'
import type { Intent } from '../../policy/intent.ts'
import { concat, fromHex } from '../../proto/crypto.ts'

interface Bend {
  /** EIP-2718; undefined: none, as of a legacy transaction. 2 where it is left out. */
  readonly type?: number | undefined
  readonly to?: Uint8Array
  readonly value?: bigint
  readonly calldata?: Uint8Array
  readonly accessList?: Rlp
  readonly chainId?: bigint
  /** Beside the nine that an honest one has. */
  readonly more?: readonly Rlp[]
}

const hex = (address: string): Uint8Array => fromHex(address.slice(2)) ?? new Uint8Array()
const gwei = 1_000_000_000n

/** The token's transfer of this intent under its nonce, but for what was bent. */
export function bentPayment(intent: Intent, slot: string, bend: Bend): Uint8Array {
  const isLegacy = 'type' in bend && bend.type === undefined
  const body = [
    encodeInteger(100_000n),
    bend.to ?? hex(intent.contract),
    encodeInteger(bend.value ?? 0n),
    bend.calldata ?? transferCall(intent.to, intent.amount),
  ]
  const chainId = encodeInteger(bend.chainId ?? 31337n)
  const nonce = encodeInteger(BigInt(slot))
  const price = encodeInteger(10n * gwei)
  if (isLegacy) {
    return encodeRlp([nonce, price, ...body, chainId, new Uint8Array(), new Uint8Array()])
  }
  const list = bend.accessList ?? []
  const fields = [chainId, nonce, encodeInteger(gwei), price, ...body, list, ...(bend.more ?? [])]
  return concat(Uint8Array.of(bend.type ?? 2), encodeRlp(fields))
}

/** The nonce in bytes of either form, whatever else they are. */
export function nonceIn(bytes: Uint8Array): string {
  const isLegacy = (bytes[0] ?? 0) >= 0xc0
  const fields = decodeRlp(bytes.subarray(isLegacy ? 0 : 1)) as readonly Rlp[]
  return `${decodeInteger(fields[isLegacy ? 0 : 1], 8, 'nonce')}`
}

const thief = '0x90f79bf6eb2c4f870365e785982e1f101e93b906'
const amountWord = (amount: bigint): Uint8Array => word(encodeInteger(amount))
const addressWord = (address: string): Uint8Array => word(hex(address))

/** Of these words a call of `function`. */
const called = (signature: string, ...words: readonly Uint8Array[]): Uint8Array =>
  concat(selectorOf(signature), ...words)

type Row = readonly [what: string, refusal: string, bend: (intent: Intent) => Bend]

const permit = 'permit(address,address,uint256,uint256,uint8,bytes32,bytes32)'
const zero = new Uint8Array(32)

/** Acceptance test 21, each with the check and the code by which a node refuses it. */
const asked: readonly Row[] = [
  [
    'an approve instead of the transfer',
    'N12 BYTES_OP',
    ({ to, amount }) => ({
      calldata: called('approve(address,uint256)', addressWord(to), amountWord(amount)),
    }),
  ],
  ['the same call of a proxy at another address', 'N15 BYTES_TO', () => ({ to: hex(thief) })],
  [
    'high bits in the address word',
    'N12 BYTES_SHAPE',
    ({ to, amount }) => ({ calldata: transferCall(to, amount).with(4, 0x80) }),
  ],
  [
    'the lowest of the high bits in the address word',
    'N12 BYTES_SHAPE',
    ({ to, amount }) => ({ calldata: transferCall(to, amount).with(15, 1) }),
  ],
  [
    'an access list',
    'N12 BYTES_SHAPE',
    ({ contract }) => ({ accessList: [[hex(contract), [zero]]] }),
  ],
  ['the type byte of an access-list transaction', 'N12 BYTES_SHAPE', () => ({ type: 1 })],
  ['the type byte of a blob transaction', 'N12 BYTES_SHAPE', () => ({ type: 3 })],
  ['a type byte that no chain knows', 'N12 BYTES_SHAPE', () => ({ type: 5 })],
  ['no type byte: a legacy transaction', 'N12 BYTES_SHAPE', () => ({ type: undefined })],
]

/** The rest of what is always denied. */
const denied: readonly Row[] = [
  ['the type byte of a set-code transaction', 'N12 BYTES_OP', () => ({ type: 4, more: [[]] })],
  [
    'a larger allowance',
    'N12 BYTES_OP',
    ({ to, amount }) => ({
      calldata: called('increaseAllowance(address,uint256)', addressWord(to), amountWord(amount)),
    }),
  ],
  [
    'a transfer from somebody else',
    'N12 BYTES_OP',
    ({ to, amount }) => ({
      calldata: called(
        'transferFrom(address,address,uint256)',
        ...[addressWord(thief), addressWord(to), amountWord(amount)],
      ),
    }),
  ],
  [
    'a permit',
    'N12 BYTES_OP',
    ({ to, amount }) => ({
      calldata: called(
        permit,
        ...[addressWord(thief), addressWord(to), amountWord(amount), zero, zero, zero, zero],
      ),
    }),
  ],
  [
    'a multicall',
    'N12 BYTES_OP',
    () => ({ calldata: called('multicall(bytes[])', amountWord(32n), zero) }),
  ],
  [
    'a proxy that would call on',
    'N12 BYTES_OP',
    ({ to }) => ({
      calldata: called(
        'execute(address,uint256,bytes)',
        ...[addressWord(to), zero, amountWord(96n), zero],
      ),
    }),
  ],
  ['a contract that would be made', 'N12 BYTES_OP', () => ({ to: new Uint8Array() })],
  ['coin beside the call', 'N12 BYTES_SHAPE', () => ({ value: 1n })],
  [
    'call data behind the call',
    'N12 BYTES_SHAPE',
    ({ to, amount }) => ({ calldata: concat(transferCall(to, amount), zero) }),
  ],
  ['another chain', 'N12 BYTES_SHAPE', () => ({ chainId: 1n })],
  [
    'the coin instead of the token',
    'N15 BYTES_OP',
    ({ to, amount }) => ({ to: hex(to), value: amount, calldata: new Uint8Array() }),
  ],
]

export const evmBends: readonly Row[] = [...asked, ...denied]
