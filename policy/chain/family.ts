// Family: what the house has to know of a kind of network, beside what its transactions do
// (`chain.ts`). All networks under one CAIP-2 namespace are of one family. Whoever asks does so
// through `chains.ts`, by a network's id; nothing outside of this folder knows a family by name.
import type { JsonObject } from '../../proto/jcs.ts'
import type { Op } from '../intent.ts'
import type { Chain, Terms } from './chain.ts'

/** By what each does: `intent.ts` reads that from the last word of its name. */
export interface Ops {
  readonly native: Op
  readonly token: Op
  /** Where contracts can be called, by a text as in `evm-call.ts`. */
  readonly call?: Op
  /** Where keys sign messages, of the forms of `evm-message.ts`. */
  readonly message?: Op
  /** Where a nonce can be used up by a transaction that pays nobody. */
  readonly cancel?: Op
}

export interface Family {
  /** The part of a network's id before the colon. */
  readonly namespace: string
  /** What its addresses are called where a key has one of each family. */
  readonly word: string
  /** What people call its networks, by the part of the id after the colon. */
  readonly names: ReadonlyMap<string, string>
  /** Refuses a reference that stands for no network, or has a second form. */
  readonly requireReference: (reference: string) => void
  readonly ops: Ops
  /** Kind of a token in the policy, which no other family has. */
  readonly tokens: string
  /** Of the coin of every network. */
  readonly coinDecimals: number
  /** Decimals of tokens that everybody knows, by reference, blank and contract. */
  readonly knownTokens: ReadonlyMap<string, number>
  /** What may be used once: a nonce of the address, or one set of bytes for ever. */
  readonly slot: 'nonce' | 'one-body'
  /** What a policy may say of such a network beside what it says of all. */
  readonly settings: Settings
  /** Base units: a transfer of the coin is not built with less as its bound; 0n for no such. */
  readonly coinFee: (terms: Partial<Terms>) => bigint
  /** What an address looks like, at a glance: lines of the log are read by it. */
  readonly addressForm: RegExp
  /** Returns the text when it is an address in the one form that documents use. */
  readonly parseAddress: (text: string, what?: string) => string
  /** An address as people type or paste it, in the one form of documents. */
  readonly readTyped: (typed: string, what: string) => string
  /** The address whose key nobody has; value that goes there is burned. */
  readonly nobody: string
  /** Of a compressed public key, on every network of the family. */
  readonly address: (publicKey: Uint8Array) => string
  /** Of the private key 1: every node computes it before it opens. */
  readonly addressOfOne: string
  /** Of the id's reference; refuses what it cannot decode. */
  readonly chain: (reference: string) => Chain
}

export interface Settings {
  /** Keys of the policy's network; no other key may stand there beside those of all networks. */
  readonly keys: readonly string[]
  /** From those keys that are there; `decimals` of the coin. */
  readonly read: (written: JsonObject, path: string, decimals: number) => Terms
}

export const noSettings: Settings = { keys: [], read: () => ({ forms: [] }) }
