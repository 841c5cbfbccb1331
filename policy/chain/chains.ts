// The registry of networks by CAIP-2 id: who answers the chain's questions, what an address looks
// like, what people call the network. What is known of each kind stands in its own file, and which
// kinds there are in `families.ts`.
// Names are part of the rendering that people sign, so a name there never changes its id.

import { toHex } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { refuse } from '../../proto/refusal.ts'
import { isMessage, type Op, parseNetwork } from '../intent.ts'
import type { Chain, Terms } from './chain.ts'
import * as listed from './families.ts'
import type { Family, Ops } from './family.ts'

const families: readonly Family[] = Object.values(listed)
const byNamespace = new Map(families.map((family) => [family.namespace, family]))

/** Of every family. */
export const ops: readonly Op[] = families.flatMap((family) => Object.values(family.ops))
/** Of tokens in a policy. */
export const tokenKinds: readonly string[] = families.map(({ tokens }) => tokens)
/** Of every family; whose it is, and its checksum, `parseAddress` says. */
export const addressForm = new RegExp(
  `^(?:${families.map((family) => family.addressForm.source).join('|')})$`,
)
const tokenOps = new Set(families.map((family) => family.ops.token))

export function chainOf(network: string): Chain {
  return familyOf(network).chain(referenceOf(network))
}

/** The operations of a network: for its own coin, a token, calls, messages, cancels. */
export function opsOf(network: string): Ops {
  return familyOf(network).ops
}

/** Native coin or token: decides whether an intent names a contract. */
export function movesToken(op: Op): boolean {
  return tokenOps.has(op)
}

/** What a policy must say of the network: kind of tokens, what may be used once, the least fee. */
export function traitsOf(network: string): Pick<Family, 'tokens' | 'slot' | 'coinFee'> {
  return familyOf(network)
}

/** Keys that a policy may write of this network alone; none where nobody knows it. */
export function settingsKeys(network: string): readonly string[] {
  return byNamespace.get(namespaceOf(network))?.settings.keys ?? []
}

/** What those keys say; `decimals` of its coin. */
export function termsOf(
  network: string,
  written: JsonObject,
  { path, decimals }: { readonly path: string; readonly decimals: number },
): Terms {
  return familyOf(network).settings.read(written, path, decimals)
}

/** Of the coin, where `contract` is empty, and of tokens that everybody knows. */
export function knownDecimals(network: string, contract: string): number | undefined {
  const family = familyOf(network)
  if (contract === '') return family.coinDecimals
  return family.knownTokens.get(`${referenceOf(network)} ${contract}`)
}

/** Returns the text when it is an address in the one form that documents use. */
export function parseAddress(network: string, text: string, what = 'address'): string {
  return familyOf(network).parseAddress(text, what)
}

/** An address as people type or paste it, in the one form of documents. */
export function typedAddress(network: string, typed: string, what = 'address'): string {
  return familyOf(network).readTyped(typed, what)
}

/** Of one key an address of each family, by the family's word. */
export function addressesOf(publicKey: Uint8Array): Readonly<Record<string, string>> {
  return Object.fromEntries(families.map(({ word, address }) => [word, address(publicKey)]))
}

/** What `addressesOf` gives for the private key 1. */
export const addressesOfOne: Readonly<Record<string, string>> = Object.fromEntries(
  families.map(({ word, addressOfOne }) => [word, addressOfOne]),
)

/** Whether this is the address of nobody, to which no request may pay. */
export function isNobody(network: string, address: string): boolean {
  return address === familyOf(network).nobody
}

/** The bytes of a message, as an intent says it; refused on a network whose keys sign none. */
export function messageOn(network: string, text: string): Uint8Array {
  const bytes = chainOf(network).message?.(text)
  return bytes ?? refuse('NOT_SUPPORTED', `no messages on ${network}`)
}

/** The id of what has this digest, where it has one whatever its signature is. */
export function boundTxid(network: string, op: string, digest: Uint8Array): string | undefined {
  return isMessage(op) ? `0x${toHex(digest)}` : chainOf(network).txid?.(digest)
}

/** "Ethereum mainnet (eip155:1)"; a network without a name shows its id alone. */
export function networkTitle(network: string): string {
  const name = byNamespace.get(namespaceOf(network))?.names.get(referenceOf(network))
  return name === undefined ? network : `${name} (${network})`
}

function familyOf(network: string): Family {
  const known = [...byNamespace.keys()].join(' or ')
  const family =
    byNamespace.get(namespaceOf(parseNetwork(network))) ??
    refuse('NOT_SUPPORTED', `expected a network of ${known}, got ${network}`)
  family.requireReference(referenceOf(network))
  return family
}

function namespaceOf(network: string): string {
  return network.slice(0, Math.max(0, network.indexOf(':')))
}

function referenceOf(network: string): string {
  return network.slice(network.indexOf(':') + 1)
}
