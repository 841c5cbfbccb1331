// Branded identifiers, and the only functions that make them.
// A brand is earned by a check: holding a `Digest` means 64 lower-case hex digits were seen.
// Handles follow rule H-8 of the log: lower case letters, digits and `. _ / -`, at most 128 long.
// This file decides nothing about what an identifier means.
import { refuse } from './refusal.ts'

declare const brand: unique symbol
// One property for each brand, so that a VaultId can be a Handle too.
type Brand<B extends string> = { readonly [brand]: { readonly [K in B]: true } }

/** SHA-256 digest of a tagged document, 64 lower-case hex digits. */
export type Digest = string & Brand<'Digest'>
/** Name of a vault, person, service, node, role, rule or asset. */
export type Handle = string & Brand<'Handle'>
export type VaultId = Handle & Brand<'VaultId'>
export type NodeId = Handle & Brand<'NodeId'>
export type PersonId = Handle & Brand<'PersonId'>
/** A request is named by the digest of its intent. */
export type RequestId = Digest

const digestForm = /^[0-9a-f]{64}$/
const handleForm = /^[a-z0-9][a-z0-9._/-]{0,127}$/

export function parseDigest(text: string, what = 'digest'): Digest {
  if (!digestForm.test(text)) refuse('MALFORMED', `${what}: expected 64 lower-case hex digits`)
  return text as Digest
}

export function parseHandle(text: string, what = 'handle'): Handle {
  if (!handleForm.test(text)) {
    refuse('MALFORMED', `${what}: expected 1 to 128 of a-z 0-9 . _ / -, got ${text.length} chars`)
  }
  return text as Handle
}

export const parseVaultId = (text: string): VaultId => parseHandle(text, 'vault') as VaultId
export const parseNodeId = (text: string): NodeId => parseHandle(text, 'node') as NodeId
export const parsePersonId = (text: string): PersonId => parseHandle(text, 'person') as PersonId
