// Approval: one person's yes or no to one intent, under one policy, directory and rule, to exactly
// the text that was shown. It binds no bytes, nonces or key epochs: those are the warrant's.
// INVARIANT: an opened approval was signed by a key that the roster gives to that person, under the
// tag of its decision, and every binding was compared.
// Whether the people together suffice is judged by `evaluate`.
import { toHex } from '../proto/crypto.ts'
import type { Digest, Handle, PersonId } from '../proto/ids.ts'
import { encode, type Json } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import type { ReasonCode } from '../proto/reasons.ts'
import { refuse } from '../proto/refusal.ts'
import { digest, handle, hex, literal, object, time, writeTime } from '../proto/shape.ts'
import { open, type Sign, type Signed, sign } from '../proto/signed.ts'
import { type Tag, tags } from '../proto/tags.ts'
import { personId } from './document.ts'
import { type Env, envs } from './intent.ts'
import { credentialAt, type Roster } from './roster.ts'

export type Decision = 'approve' | 'reject'

export interface Approval {
  readonly org: Handle
  readonly env: Env
  readonly decision: Decision
  readonly intent: Digest
  readonly policy: Digest
  readonly directory: Digest
  readonly rule: Handle
  /** The role that the person speaks in. */
  readonly as: Handle
  readonly person: PersonId
  readonly credential: Handle
  /** Plain SHA-256 of the rendered text. */
  readonly display: Digest
  /** Milliseconds, as `expires`. */
  readonly issued: number
  readonly expires: number
  /** 16 random bytes. */
  readonly nonce: Uint8Array
}

/** What an approval must say to count here. */
export interface Bindings {
  readonly org: Handle
  readonly env: Env
  readonly intent: Digest
  readonly policy: Digest
  /** The directory in force; its digest is a binding too. */
  readonly roster: Roster
  readonly rule: Handle
  readonly display: Digest
  /** When the log recorded it: what its signer says of the time proves nothing. */
  readonly recordedAt: number
  /** The instant of judging. */
  readonly at: number
}

export interface OpenedApproval {
  readonly digest: Digest
  readonly approval: Approval
}

export function signApproval(approval: Approval, key: Sign): Signed {
  return sign(tagOf(approval.decision), encodeApproval(approval), approval.credential, key)
}

/** Verifies, parses, compares; every difference is refused under its own code. */
export function openApproval(
  decision: Decision,
  signed: Signed,
  bindings: Bindings,
): OpenedApproval {
  const { roster, recordedAt, at } = bindings
  const opened = openSigned(decision, signed, roster, recordedAt)
  // A key that was withdrawn after the approval approves nothing any more.
  if (credentialAt(roster, signed.credential, at) === undefined) {
    refuse('APPROVAL_SIG', `credential ${signed.credential} is valid no longer`)
  }
  requireBindings(opened.approval, bindings)
  requireTimes(opened.approval, bindings)
  return opened
}

/** Who says what, without comparing what it is said about. */
export function openSigned(
  decision: Decision,
  signed: Signed,
  roster: Roster,
  recordedAt: number,
): OpenedApproval {
  if (signed.document.length > limits.approvalBytesMax) {
    refuse('TOO_LARGE', `approval: expected at most ${limits.approvalBytesMax} bytes`)
  }
  const credential = credentialAt(roster, signed.credential, recordedAt)
  if (credential === undefined) {
    return refuse('APPROVAL_SIG', `no valid credential ${signed.credential} in the directory`)
  }
  const read = { shape: approvalShape, refuseWith: 'APPROVAL_SIG' } as const
  const { digest, value } = open(tagOf(decision), signed, credential.publicKey, read)
  const { format: _, ...approval } = value
  expect('APPROVAL_SIG', 'decision', decision, approval.decision)
  expect('APPROVAL_SIG', 'credential', signed.credential, approval.credential)
  expect('APPROVAL_SIG', 'person', credential.person, approval.person)
  return { digest, approval }
}

export function tagOf(decision: Decision): Tag {
  return decision === 'approve' ? tags.approval : tags.rejection
}

/** Canonical bytes, exactly as signed. */
export function encodeApproval(approval: Approval): Uint8Array {
  const written: { readonly [K in keyof Approval]: Json } = {
    ...approval,
    issued: writeTime(approval.issued),
    expires: writeTime(approval.expires),
    nonce: toHex(approval.nonce),
  }
  return encode({ ...written, format: 'custody-approval/v1' })
}

const approvalShape = object({
  as: handle,
  credential: handle,
  decision: literal('approve', 'reject'),
  directory: digest,
  display: digest,
  env: literal(...envs),
  expires: time,
  format: literal('custody-approval/v1'),
  intent: digest,
  issued: time,
  nonce: hex(16),
  org: handle,
  person: personId,
  policy: digest,
  rule: handle,
})

function requireBindings(approval: Approval, bindings: Bindings): void {
  expect('APPROVAL_SCOPE', 'org', bindings.org, approval.org)
  expect('APPROVAL_SCOPE', 'env', bindings.env, approval.env)
  expect('APPROVAL_INTENT', 'intent', bindings.intent, approval.intent)
  expect('APPROVAL_POLICY', 'policy', bindings.policy, approval.policy)
  expect('APPROVAL_POLICY', 'directory', bindings.roster.digest, approval.directory)
  expect('RULE', 'rule', bindings.rule, approval.rule)
  expect('DISPLAY', 'display', bindings.display, approval.display)
}

function requireTimes({ issued, expires }: Approval, { recordedAt, at }: Bindings): void {
  if (issued > recordedAt + limits.clockSkewMs) {
    refuse('TIME', `approval dated ${writeTime(issued)}, recorded ${writeTime(recordedAt)}`)
  }
  if (expires <= issued || expires <= at) {
    refuse('TIME', `approval expires ${writeTime(expires)}, it is ${writeTime(at)}`)
  }
}

function expect(code: ReasonCode, what: string, expected: string, got: string): void {
  if (got !== expected) refuse(code, `approval ${what}: expected ${expected}, got ${got}`)
}
