/** Bytes on Tron that are not the payment that people approved, written field by field. */
import { type Value, writeFields } from '../../policy/chain/protobuf.ts'
import { trc20Call } from '../../policy/chain/tron.ts'
import { tronBytes } from '../../policy/chain/tron-address.ts'
import type { Intent } from '../../policy/intent.ts'
import { concat, toUtf8 } from '../../proto/crypto.ts'

type Pairs = readonly (readonly [number, Value])[]

interface Bend {
  /** Beside what an honest one has, on each level. */
  readonly raw?: Pairs
  readonly contract?: Pairs
  /** Another kind of contract, with the same two addresses in it. */
  readonly type?: readonly [number: bigint, name: string]
  readonly calldata?: Uint8Array
  /** Milliseconds from now on. */
  readonly lifeMs?: number
}

/** Where and when the honest ones are built. */
export interface TronScene {
  readonly from: string
  readonly now: number
}

/** The token's transfer of this intent, but for what was bent. */
export function bentTransfer(intent: Intent, { from, now }: TronScene, bend: Bend): Uint8Array {
  const { type = [31n, 'TriggerSmartContract'], lifeMs = 300_000 } = bend
  const body = writeFields([
    [1, tronBytes(from)],
    [2, tronBytes(intent.contract)],
    [4, bend.calldata ?? trc20Call(intent.to, intent.amount)],
  ])
  const parameter = writeFields([
    [1, toUtf8(`type.googleapis.com/protocol.${type[1]}`)],
    [2, body],
  ])
  const contract = writeFields([[1, type[0]], [2, parameter], ...(bend.contract ?? [])])
  const fields: Pairs = [
    [1, Uint8Array.of(0, 1)],
    [4, new Uint8Array(8).fill(1)],
    [8, BigInt(Math.floor(now / 1_000) * 1_000 + lifeMs)],
    [11, contract],
    [14, BigInt(now)],
    [18, 30_000_000n],
    ...(bend.raw ?? []),
  ]
  return writeFields([...fields].sort(([a], [b]) => a - b))
}

const thief = 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'

/** Each with the check and the code by which a node refuses it. */
export const tronBends: readonly (readonly [
  what: string,
  refusal: string,
  bend: (intent: Intent) => Bend,
])[] = [
  [
    'an update of the account permissions',
    'N12 BYTES_OP',
    () => ({ type: [46n, 'AccountPermissionUpdateContract'] }),
  ],
  [
    'resources given to somebody else',
    'N12 BYTES_OP',
    () => ({ type: [57n, 'DelegateResourceContract'] }),
  ],
  ['a second contract', 'N12 BYTES_SHAPE', () => ({ raw: [[11, Uint8Array.of(8, 1)]] })],
  [
    'call data behind the call',
    'N12 BYTES_SHAPE',
    ({ to, amount }) => ({ calldata: concat(trc20Call(to, amount), new Uint8Array(32)) }),
  ],
  ['the permission of others', 'N12 BYTES_SHAPE', () => ({ contract: [[5, 2n]] })],
  ['a memo', 'N12 BYTES_SHAPE', () => ({ raw: [[10, toUtf8('thanks')]] })],
  ['a life that is over', 'N16 LIFETIME', () => ({ lifeMs: -60_000 })],
  ['another recipient', 'N15 BYTES_TO', ({ amount }) => ({ calldata: trc20Call(thief, amount) })],
]
