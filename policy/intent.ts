// Intent: what a person or service asks for, as exact numbers and addresses; Effect: what decoded
// transaction bytes would do. Judging is comparing the two. People approve intents, never bytes,
// because nonces and fees change while they sleep.
// Holds the forms that need no policy (paths, networks, operations). Parsing is `request.ts`,
// decoding is `chain/`.
import type { Digest, Handle, PersonId, VaultId } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'

/** Which there are, each family of networks says; the last word is what the operation does. */
export type Op = `${string}.${string}`

export const envs = ['prod', 'test', 'dev'] as const
export type Env = (typeof envs)[number]

export interface Intent {
  readonly org: Handle
  readonly env: Env
  /** The caller's idempotency key, unique per initiator for ever. */
  readonly id: Handle
  /** Milliseconds since 1970, as `notAfter`. */
  readonly created: number
  /** After this instant nothing may be signed for the intent. */
  readonly notAfter: number
  readonly vault: VaultId
  /** `m` or a non-hardened path below it. */
  readonly path: string
  /** CAIP-2, for example `eip155:1`. */
  readonly network: string
  readonly op: Op
  readonly asset: Handle
  /** The token's address; empty for the native coin. */
  readonly contract: string
  /** Of typed data its contract; of a declaration or a cancel the address that signs. */
  readonly to: string
  /** Digest of the destination record; empty when `to` is an own vault. */
  readonly dest: Digest | ''
  /** Of an own vault only: the deposit path whose address `to` is; absent: the vault's own. */
  readonly toPath?: string
  /** Base units; of a call the coin that goes with it, which may be none; of a message none. */
  readonly amount: bigint
  /** Of a call only: its function and its arguments, as people read them; `to` is the contract. */
  readonly call?: string
  /** Of a message only: what is signed, as canonical JSON (`chain/evm-message.ts`). */
  readonly message?: string
  /** Of a cancel only: the request whose nonce it takes. */
  readonly cancels?: Digest
  /** Base units of the network's own coin, all fees of one transaction together. */
  readonly maxFee: bigint
  readonly purpose: string
  readonly initiator: PersonId
}

export interface Fee {
  /** The most that the transaction can cost: gas limit times price; on Tron `docs/chains.md`. */
  readonly max: bigint
  /** EVM: maxFeePerGas. */
  readonly price: bigint
  /** EVM: maxPriorityFeePerGas. */
  readonly tip: bigint
}

/** What exactly these bytes do when signed. Made by a chain's decoder only. */
export interface Effect {
  readonly network: string
  readonly op: Op
  /** Empty for the native coin. */
  readonly contract: string
  /** Empty where the bytes name nobody, as a declaration does. */
  readonly to: string
  readonly amount: bigint
  /** Of a call only: what the calldata says, in the words of `Intent.call`. */
  readonly call?: string
  /** Of a message only: what the bytes say, in the words of `Intent.message`. */
  readonly message?: string
  /** Whose value it is, where the bytes say so (Tron); else empty: whoever signs. */
  readonly from: string
  /** Milliseconds, the end of its life where the bytes have one (Tron). */
  readonly until: number | undefined
  /** What may be used once: on EVM the nonce, as a decimal string; else empty: the bytes. */
  readonly slot: string
  readonly fee: Fee
  /** 32 bytes: what the key signs. */
  readonly digest: Uint8Array
  /** The unsigned transaction, exactly as decoded. */
  readonly bytes: Uint8Array
}

/** Of a contract, by a text that people read. */
export function isCall(op: string): boolean {
  return op.endsWith('.call')
}

/** Signed and never sent: it has no nonce, moves and costs nothing, and its signature ends it. */
export function isMessage(op: string): boolean {
  return op.endsWith('.message')
}

/** Takes the nonce of another request and pays nobody: nothing to the own address. */
export function isCancel(op: string): boolean {
  return op.endsWith('.cancel')
}

/** What moves nothing to anybody: its amount is nothing, and no rule has it beside transfers. */
export function movesNothing(op: string): boolean {
  return isMessage(op) || isCancel(op)
}

const networkForm = /^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$/

export function parseNetwork(text: string): string {
  if (!networkForm.test(text)) refuse('MALFORMED', `network: expected CAIP-2, got ${show(text)}`)
  return text
}

const stepForm = /^(?:0|[1-9][0-9]{0,9})$/
const stepMax = 2 ** 31
const stepsMax = 8

/** The child numbers of `m/1/2`; hardened steps do not exist for a key that nobody holds. */
export function parsePath(text: string): readonly number[] {
  const [root, ...steps] = text.split('/')
  if (root !== 'm' || steps.length > stepsMax) {
    return refuse('MALFORMED', `path: expected m and at most ${stepsMax} steps, got ${show(text)}`)
  }
  return steps.map((step) => {
    const child = Number(step)
    if (!stepForm.test(step) || child >= stepMax) {
      return refuse('MALFORMED', `path: expected steps below 2^31, got ${show(step)}`)
    }
    return child
  })
}

function show(text: string): string {
  return JSON.stringify(text.length > 48 ? `${text.slice(0, 45)}...` : text)
}
