// Whether this node takes part in making a key: the keygen document against the pinned root, the
// policy in force and the own copy of the log. The document is a coordinator's and is believed in
// nothing.
// INVARIANT: every attempt has an epoch above any that this node ever prepared for the vault.
import { inForce } from '../policy/audit/history.ts'
import { readSync } from '../policy/audit/rows.ts'
import { get, tables } from '../policy/audit/tables.ts'
import type { Root } from '../policy/documents.ts'
import { parseRulebook, type Rulebook } from '../policy/rulebook.ts'
import { digestOf } from '../proto/crypto.ts'
import type { Digest, Handle, NodeId, VaultId } from '../proto/ids.ts'
import { parse } from '../proto/jcs.ts'
import { type Keygen, kinds } from '../proto/node-documents.ts'
import { attempt as attempting, type Refusal, refuse } from '../proto/refusal.ts'
import { isBanned } from './admission.ts'
import { pendingMax } from './keystore.ts'
import type { Parts } from './parts.ts'

/** A key that this node agrees to make. */
export interface KeyPlan {
  readonly vault: VaultId
  readonly key: Handle
  readonly epoch: number
  readonly t: number
  /** All nodes of the root, in ascending x. */
  readonly participants: readonly { readonly node: NodeId; readonly x: number }[]
  /** Digest of the keygen document. */
  readonly keygen: Digest
}

export function judgeKeygen(parts: Parts, document: Uint8Array): KeyPlan | Refusal {
  const shut = parts.closed()
  if (shut !== undefined) return shut
  return attempting(() => {
    const plan = kinds.keygen.shape(parse(document), 'keygen')
    const root = parts.witness.root ?? refuse('LOG_BEHIND', 'the root is not known yet')
    const { key, tier } = vaultOf(parts, plan, root)
    if (tier === 'cold') refuse('NOT_SUPPORTED', 'keys of cold vaults are made in a ceremony')
    requireMembers(parts, plan, root)
    requireEpoch(parts, plan)
    if (parts.sessions.isFull) refuse('BUSY', `${parts.sessions.count} sessions are running`)
    const { vault, epoch, t, participants } = plan
    return { vault, key, epoch, t, participants, keygen: digestOf(kinds.keygen.tag, document) }
  })
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
function requireMembers(parts: Parts, { participants }: Keygen, { nodes }: Root): void {
  const expected = [...nodes].sort((a, b) => a.x - b.x)
  const same = expected.every(
    ({ node, x }, at) => participants[at]?.node === node && participants[at]?.x === x,
  )
  if (!same || participants.length !== expected.length) {
    refuse('PARTICIPANTS', 'expected all nodes of the root, in the order of x')
  }
  for (const { node } of nodes) {
    if (node !== parts.self.node && isBanned(parts, node)) {
      refuse('PEER_BANNED', `${node} is banned here`)
    }
  }
}

/** Asked again before the Keyshare is kept: the log or another key may have come in between. */
export function requireEpoch(
  { rows, keystore }: Pick<Parts, 'rows' | 'keystore'>,
  { vault, epoch }: Pick<KeyPlan, 'vault' | 'epoch'>,
): void {
  if (readSync(get(tables.vault, vault), rows) !== undefined) {
    refuse('KEY_EXISTS', `${vault} has a key`)
  }
  const held = keystore.held(vault)
  if (held.filter(({ state }) => state === 'pending').length >= pendingMax) {
    refuse('BUSY', `${vault}: ${pendingMax} keys are pending; an operator must look`)
  }
  const highest = keystore.highest(vault)
  if (epoch <= highest) refuse('EPOCH', `expected an epoch above ${highest}, got ${epoch}`)
}
