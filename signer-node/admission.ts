// The judgement of one attempt by this node: `admit` on the own copy of the log, and beside it what
// only this node knows (its share, its Pairings, its bans, its other work), and the words in which
// it accepts. `admit` runs in turns, the rest inside the step that accepts; nothing of it leaves
// before the commit.
// INVARIANT: nothing is accepted that `admit` did not admit.
import { admitting } from '../policy/admit.ts'
import { isProof, pathOf, type ToSign } from '../policy/admit-proof.ts'
import { requireFewBefore } from '../policy/audit/cancels.ts'
import { parseEntry } from '../policy/audit/entry.ts'
import { requestView } from '../policy/audit/history.ts'
import { readSync } from '../policy/audit/rows.ts'
import { get, tables } from '../policy/audit/tables.ts'
import { derive, pointBytes } from '../policy/chain/derive.ts'
import type { Own } from '../policy/check-lines.ts'
import type { AtTable } from '../policy/cold.ts'
import { parseInForce, rootOf } from '../policy/in-force.ts'
import type { VaultRow } from '../policy/view.ts'
import { digestOf, toHex } from '../proto/crypto.ts'
import type { CoordinatorPart } from '../proto/frames.ts'
import { type Digest, type NodeId, parseDigest, parseNodeId } from '../proto/ids.ts'
import type { InTurns } from '../proto/in-turns.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { fresh } from '../proto/node-documents.ts'
import { attempt as attempting, isRefusal, type Refusal, refuse } from '../proto/refusal.ts'
import { tags } from '../proto/tags.ts'
import type { Brake } from './brake.ts'
import { ownHead } from './log-copy.ts'
import { ownView } from './own-view.ts'
import type { Parts } from './parts.ts'
import { asksProof, judgeProof, proofNamed } from './proving.ts'
import type { Checked } from './refusals.ts'
import { needsFresh } from './signing-protocol.ts'
import { type AtTheTable, recordSaid } from './sitting.ts'

export type Prepare = CoordinatorPart<'prepare'>

/** The id of no request. */
const nobodys = parseDigest('0'.repeat(64))

/** Which attempt a Prepare is about, by the line that it points at. */
export interface Named {
  readonly intent: Digest
  readonly attempt: number
  readonly warrant: Digest
}

export class Admission {
  readonly #parts: Parts
  readonly #brake: Brake

  constructor(parts: Parts, brake: Brake) {
    this.#parts = parts
    this.#brake = brake
  }

  /** At a start: what is in force is read before somebody waits for it, and every own address. */
  warm(): void {
    attempting(() => {
      const view = readSync(requestView(nobodys), this.#parts.rows)
      rootOf(view)
      return parseInForce(view.ruleset, view.documents)
    })
    for (const row of this.#parts.keyshares.vaults()) warmKey(row)
  }

  /** The attempt line in the own copy; the warrant is named by its digest, not read yet. */
  named(prepare: Prepare): Named | Refusal {
    const { attemptSeq, warrant } = prepare
    return attempting(() => {
      if (asksProof(prepare)) return proofNamed(prepare)
      const line = this.#parts.copy.line(attemptSeq)
      const entry = line && parseEntry(line)
      if (entry?.type !== 'session.started') {
        return refuse('LINE_MISSING', `line ${attemptSeq}: expected session.started`, 'N8')
      }
      const { intent, attempt } = entry.body
      return { intent, attempt, warrant: digestOf(tags.warrant, warrant) }
    })
  }

  /** In turns. What stands at its end is asked of `judging.ts`, in the step that accepts. */
  *judge(prepare: Prepare, named: Named): InTurns<ToSign | Checked> {
    const { intent, attempt } = named
    const shut = this.#parts.closed()
    if (shut !== undefined) return shut
    const own = attempting(() => ownView(this.#parts, intent))
    if (isRefusal(own)) return own
    yield
    if (asksProof(prepare)) return yield* judgeProof(prepare, own)
    const ceremony = attempting(() => this.#table(own, prepare.participants))
    if (isRefusal(ceremony)) return ceremony
    const many = attempting(() => readSync(requireFewBefore(intent), this.#parts.rows))
    if (isRefusal(many)) return { ...many, rule: 'N16' }
    const accepted = this.#accepted(named)
    const asked = { ...own, accepted, ceremony }
    return yield* admitting({ warrant: prepare.warrant, attempt, own: asked })
  }

  /** Beside `admit`, inside the step that accepts: what only this node knows. */
  able(admitted: ToSign): ToSign | Checked {
    return this.#parts.closed() ?? attempting(() => this.#requireAble(admitted))
  }

  /**
   * No line can be written in the room, so a session that failed there is tried again under the
   * line it had: the very same warrant, with new nonces, after people confirmed it again.
   */
  #isAgain(named: Named): boolean {
    return this.#parts.sitting !== undefined && this.#accepted(named) === named.warrant
  }

  #accepted({ intent, attempt }: Named): Digest | undefined {
    return this.#parts.journal.accepted(intent, attempt)?.warrant
  }

  /** Whom the room chose; elsewhere the attempt line has chosen. */
  #table({ ceremony }: Own, chosen: readonly string[]): AtTable | undefined {
    const signers = chosen.map((node) => parseNodeId(node))
    if (ceremony !== undefined) return { ...ceremony, signers }
    if (chosen.length > 0) refuse('PARTICIPANTS', 'nobody chooses signers away from a table', 'N2')
    return undefined
  }

  /**
   * What the acceptance says of the attempt; over fresh pairings when anybody needs them. Refused
   * at a table whose Record lacks a confirmation.
   */
  words(admitted: ToSign, isAsked: boolean): JsonObject {
    const { copy, origin, pairings, self, sitting } = this.#parts
    const { vault, participants } = admitted
    const others = participants.filter((node) => node !== self.node)
    const isFresh = isAsked || sitting !== undefined || needsFresh(this.#parts, admitted)
    const ids = others.map((peer) => [peer, isFresh ? fresh : (pairings.idWith(peer) ?? '')])
    return {
      format: 'custody-acceptance/v1',
      intent: admitted.intentDigest,
      attempt: admitted.attempt,
      warrant: admitted.warrantDigest,
      bytes: admitted.bytesDigest,
      digest: toHex(admitted.digest),
      vault: vault.vault,
      path: pathOf(admitted),
      publicKey: toHex(admitted.publicKey),
      key: vault.key,
      epoch: vault.epoch,
      keyState: vault.keyState,
      participants: [...participants],
      pairings: Object.fromEntries(ids),
      policy: admitted.policy,
      trace: admitted.trace,
      display: admitted.display,
      origin,
      ...ownHead(copy),
      ...recordSaid(sitting, tableOf(admitted)),
    }
  }

  #requireAble(admitted: ToSign): ToSign {
    const { self, keyshares, journal, ports, plan } = this.#parts
    const { intentDigest, attempt, participants, vault, tier } = admitted
    if (tier === 'cold' && plan === undefined) {
      refuse('CEREMONY', 'a cold vault signs at its ceremony, not here', 'N9')
    }
    if (!participants.includes(self.node))
      refuse('PARTICIPANTS', `${self.node} takes no part`, 'N2')
    const highest = journal.highestAccepted(intentDigest)
    // A proof is numbered by whoever asks for it, and begins anew under another number.
    const named = { intent: intentDigest, attempt, warrant: admitted.warrantDigest }
    const isAgain = highest === attempt && !isProof(admitted) && this.#isAgain(named)
    if (highest >= attempt && !isAgain) {
      refuse('STALE_ATTEMPT', `expected an attempt above ${highest}, got ${attempt}`, 'N1')
    }
    if (this.#brake.isOn(vault.vault, ports.clock.monotonicMs())) {
      refuse('BRAKE', `too many failed sessions of ${vault.vault}`, 'N24')
    }
    if (keyshares.of(vault) === undefined) {
      refuse('EPOCH', `no keyshare of ${vault.vault} for epoch ${vault.epoch}`, 'N2')
    }
    for (const peer of participants) if (peer !== self.node) this.#requirePeer(peer)
    return admitted
  }

  #requirePeer(peer: NodeId): void {
    const { pairings, sitting } = this.#parts
    requireNotBanned(this.#parts, peer)
    if (sitting !== undefined) return
    if (pairings.with(peer) === undefined) refuse('BUSY', `no pairing with ${peer} yet`)
  }
}

/** What a session about it is at a table. */
export function tableOf({ intentDigest, participants, display }: ToSign): AtTheTable {
  return { request: intentDigest, nodes: participants, display }
}

/** The address of a vault, which every recipient is compared with, and one below it. */
function warmKey(row: VaultRow): void {
  pointBytes(row.publicKey)
  derive(row, 'm/0')
}

/** For anything new. That it is banned is told when the word about its session has been said. */
export function requireNotBanned(
  parts: Pick<Parts, 'self' | 'bans' | 'rows' | 'pairings'>,
  peer: NodeId,
): void {
  if (parts.pairings.fence.isQuiet(peer)) refuse('BUSY', `nothing new with ${peer} for a moment`)
  if (isBanned(parts, peer)) refuse('PEER_BANNED', `${peer} is banned here`)
}

/** By the own store, or by the log's line of it, which nobody but this node can have signed. */
export function isBanned(
  { self, bans, rows }: Pick<Parts, 'self' | 'bans' | 'rows'>,
  peer: NodeId,
): boolean {
  if (bans.isBanned(peer)) return true
  const said = readSync(get(tables.ban, self.node, peer), rows)
  return said !== undefined && said.number > bans.last(peer)
}
