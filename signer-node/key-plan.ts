// A key that this node agrees to deal, and the judgement of the keygen document: the first key of a
// vault, against the pinned root, the policy in force and the own copy of the log. The document is
// a coordinator's and is believed in nothing. Approved changes are judged in `key-change.ts`.
// INVARIANT: every attempt has an epoch above any that this node ever prepared for the vault.
import { inForce } from '../policy/audit/history.ts'
import { readSync } from '../policy/audit/rows.ts'
import { get, tables } from '../policy/audit/tables.ts'
import type { ChangeOf, Member } from '../policy/change.ts'
import type { Root } from '../policy/documents.ts'
import { parseRulebook, type Rulebook } from '../policy/rulebook.ts'
import type { VaultRow } from '../policy/view.ts'
import { digestOf } from '../proto/crypto.ts'
import type { Digest, Handle, NodeId, VaultId } from '../proto/ids.ts'
import type { InTurns } from '../proto/in-turns.ts'
import { parse } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { type Keygen, type KeygenAcceptance, kinds } from '../proto/node-documents.ts'
import { attempt as attempting, isRefusal, type Refusal, refuse } from '../proto/refusal.ts'
import { requireNotBanned } from './admission.ts'
import { type AsOfNow, judging } from './judging.ts'
import type { Dealt } from './key-import.ts'
import { pendingMax } from './keystore.ts'
import type { LogCopy } from './log-copy.ts'
import type { Parts } from './parts.ts'

export type Purpose = KeygenAcceptance['purpose']

/** Shares that this node agrees to deal or to receive. */
export interface KeyPlan {
  readonly purpose: Purpose
  readonly vault: VaultId
  readonly key: Handle
  readonly epoch: number
  readonly t: number
  /** Who holds the key afterwards, in ascending x. */
  readonly participants: readonly Member[]
  /** Everyone of the session, in ascending x. */
  readonly parties: readonly Member[]
  /** Of these, who deals. */
  readonly dealers: readonly NodeId[]
  /** Digest of the document that asked for it. */
  readonly keygen: Digest
  /** The approved change; undefined for a key that the policy alone asks for. */
  readonly change: Digest | undefined
  /** What its holders confirm it under: the change, but for the refresh that an import carries. */
  readonly named: Digest | undefined
  /** Of an import: what was dealt from outside. */
  readonly dealt?: { readonly change: ChangeOf<'key.import'>; readonly dealing: Dealt }
  /** The key in force, as the own log has it; undefined for a first key. */
  readonly old: VaultRow | undefined
  /** Judged again before the share is kept: people or the log may have stopped it meanwhile. */
  readonly again: () => InTurns
}

export interface Deal {
  readonly kind: 'deal'
  readonly plan: KeyPlan
}

/** In turns, of which this is one; what it gives is asked inside the step that accepts. */
export function* judgeFirst(parts: Parts, document: Uint8Array): InTurns<AsOfNow<Deal | Refusal>> {
  // biome-ignore lint/correctness/useYield: one turn is enough for it
  const asOfNow = yield* judging(parts, function* () {
    return judgeKeygen(parts, document)
  })
  return () => {
    const plan = asOfNow()
    if (isRefusal(plan)) return plan
    return parts.closed() ?? attempting(() => requireAble(parts, plan)) ?? { kind: 'deal', plan }
  }
}

export function judgeKeygen(parts: Parts, document: Uint8Array): KeyPlan | Refusal {
  const shut = parts.closed()
  if (shut !== undefined) return shut
  return attempting(() => {
    const plan = kinds.keygen.shape(parse(document), 'keygen')
    const root = parts.witness.root ?? refuse('LOG_BEHIND', 'the root is not known yet')
    const { key, tier } = vaultOf(parts, plan, root)
    if (tier === 'cold') refuse('NOT_SUPPORTED', 'keys of cold vaults are made in a ceremony')
    requireMembers(plan, root)
    const { vault, epoch, t, participants } = plan
    const first = { purpose: 'dkg', change: undefined, named: undefined, old: undefined } as const
    const keygen = digestOf(kinds.keygen.tag, document)
    const dealers = participants.map(({ node }) => node)
    const parties = { participants, parties: participants, dealers }
    const judged = { ...first, vault, key, epoch, t, ...parties, keygen, again: nothingMore }
    requireAble(parts, judged)
    return judged
  })
}

/** The policy asks for it, and for nothing that could have been taken back. */
function* nothingMore(): InTurns {}

/** What only this node knows, whatever asks for the key. */
export function requireAble(parts: Parts, plan: KeyPlan): void {
  const { self, sessions } = parts
  if (!plan.parties.some(({ node }) => node === self.node)) {
    refuse('PARTICIPANTS', `${self.node} takes no part`)
  }
  for (const { node } of plan.parties) if (node !== self.node) requireNotBanned(parts, node)
  requireEpoch(parts, plan)
  if (sessions.isFull) refuse('BUSY', `${sessions.count} sessions are running`)
}

/** Asked again before the Keyshare is kept: the log or another key may have come in between. */
export function requireEpoch(
  { rows, keystore, copy }: Pick<Parts, 'rows' | 'keystore' | 'copy'>,
  { vault, epoch, old }: Pick<KeyPlan, 'vault' | 'epoch' | 'old'>,
): void {
  const row = readSync(get(tables.vault, vault), rows)
  if (old === undefined && row !== undefined) refuse('KEY_EXISTS', `${vault} has a key`)
  if (old !== undefined && (row?.epoch !== old.epoch || row.keyState !== old.keyState)) {
    refuse('EPOCH', `${vault}: epoch ${old.epoch} is not in force any more`)
  }
  const held = keystore.held(vault)
  if (held.filter(({ state }) => state === 'pending').length >= pendingMax) {
    refuse('BUSY', `${vault}: ${pendingMax} keys are pending; an operator must look`)
  }
  const highest = Math.max(keystore.highest(vault), old?.epoch ?? -1)
  if (epoch <= highest) {
    const isPending = held.some((one) => one.epoch === highest && one.state === 'pending')
    const why = isPending
      ? ': a share of it lies here and never came into force, deal above it'
      : ''
    refuse('EPOCH', `expected an epoch above ${highest}${why}, got ${epoch}`)
  }
  const most = epochMost(copy, vault, old)
  if (epoch > most) refuse('EPOCH', `expected an epoch of at most ${most}, got ${epoch}`)
}

/**
 * Whoever could name the last one would leave a key that is never refreshed again. By the log
 * alone, and wider with every line: by what each node prepared, a share that only one node got to
 * keep would leave no epoch that is above its own and within reach of the others.
 */
function epochMost(copy: LogCopy, vault: VaultId, old: VaultRow | undefined): number {
  const since = old === undefined ? 0 : (copy.keyLine(vault, old.epoch) ?? 0)
  return (old?.epoch ?? 0) + limits.epochStepMax + copy.size() - since
}

function vaultOf(parts: Parts, plan: Keygen, { org, env }: Root) {
  if (plan.org !== org || plan.env !== env) refuse('WARRANT', `expected a key of ${org} ${env}`)
  const rulebook = rulebookOf(parts)
  const vault = rulebook.vaults.get(plan.vault)
  if (vault === undefined) return refuse('VAULT_NOT_FOUND', `the policy names no ${plan.vault}`)
  const { t, n } = rulebook.quorumCrypto
  if (plan.t !== t || plan.participants.length !== n) {
    refuse('PARTICIPANTS', `expected ${t} of ${n}, got ${plan.t} of ${plan.participants.length}`)
  }
  return vault
}

function rulebookOf({ rows }: Parts): Rulebook {
  const { policy } = readSync(inForce(), rows)
  const row = policy === '' ? undefined : readSync(get(tables.document, policy), rows)
  return row === undefined
    ? refuse('RULESET_VERSION', 'no policy is in force yet')
    : parseRulebook(row.text)
}

/** All nodes of the root, at their places: a key is every node's or nobody's. */
function requireMembers({ participants }: Keygen, { nodes }: Root): void {
  const expected = [...nodes].sort((a, b) => a.x - b.x)
  const same = expected.every(
    ({ node, x }, at) => participants[at]?.node === node && participants[at]?.x === x,
  )
  if (!same || participants.length !== expected.length) {
    refuse('PARTICIPANTS', 'expected all nodes of the root, in the order of x')
  }
}
