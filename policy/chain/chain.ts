// Chain: the questions that everybody else asks about a network's transactions. A node trusts
// the answers, so each is computed from the bytes alone and checked in tests against an independent
// library. Knows no rules and asks no endpoint.
import type { Effect, Intent } from '../intent.ts'
import type { TronPrices } from './tron-prices.ts'

/** ECDSA over secp256k1; low s; made by `signature.ts` only after it verified. */
export interface Signature {
  /** 32 bytes. */
  readonly r: Uint8Array
  /** 32 bytes, at most half the order. */
  readonly s: Uint8Array
  /** Parity of the nonce point's y. */
  readonly v: 0 | 1
}

export interface SignedTransaction {
  /** What is broadcast; of a message 65 bytes r, s, v, where v is 27 or 28. */
  readonly raw: Uint8Array
  /** Of a message its digest. */
  readonly txid: string
}

/** Forms of a transaction on EVM networks: EIP-1559, and the older one with EIP-155. */
export const forms = ['type-2', 'legacy'] as const
export type Form = (typeof forms)[number]

/** What a policy says of how transactions of a network are written and counted. */
export interface Terms {
  /** EVM: the forms in which they may be written, the one that is built first. */
  readonly forms: readonly Form[]
  /** Tron: how fees are counted, and what energy may cost; as published where nothing is said. */
  readonly prices?: TronPrices | undefined
}

/** What the policy lets pass beside plain transfers of the newest form. */
export interface Accepts extends Terms {
  /** Text of a call: then the bytes must call this function, with whatever arguments. */
  readonly call?: string | undefined
  /** Then the bytes must be a message, and no transaction. */
  readonly message?: boolean
  /** Then the bytes must be a transfer of nothing to whomever, with the gas of a plain one. */
  readonly cancel?: boolean
}

export const plainTransfers: Accepts = { forms: ['type-2'] }

/** What the bytes of this intent may be. */
export function acceptsFor(
  { call, message, cancels }: Pick<Intent, 'call' | 'message' | 'cancels'>,
  { forms, prices }: Terms,
): Accepts {
  const [isMessage, isCancel] = [message !== undefined, cancels !== undefined]
  return { forms, call, message: isMessage, cancel: isCancel, prices }
}

export interface Chain {
  /** What these bytes do when signed; whatever is not accepted is refused by name. */
  decode(bytes: Uint8Array, accepts?: Accepts): Effect
  /** The 32 bytes that the key signs. */
  digest(bytes: Uint8Array): Uint8Array
  attach(bytes: Uint8Array, signature: Signature): SignedTransaction
  /** The id of a transaction by its digest, where it has one before it is signed. */
  txid?(digest: Uint8Array): string
  /** The bytes of a message, as an intent says it, where keys sign any. */
  message?(text: string): Uint8Array
  /** Address of a compressed public key, in the form that documents use. */
  address(publicKey: Uint8Array): string
}
