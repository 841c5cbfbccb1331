// Whether this node takes part in carrying out a change: the order that came with the Prepare,
// judged by `admitChange` on the own copy of the log, and what only this node knows beside it. Says
// for each operation what it means here: shares to deal, or a word of consent.
// INVARIANT: nothing is done that `admitChange` did not admit; of the coordinator's document only
// the epoch to be made is believed, and that must be above any that was ever prepared here.
import { consentDocument } from '../policy/audit/key-confirm.ts'
import type { Member } from '../policy/change.ts'
import {
  type Admission,
  admittingWork,
  isCovered,
  refreshNamed,
} from '../policy/covered-refresh.ts'
import type { Root } from '../policy/documents.ts'
import type { VaultRow } from '../policy/view.ts'
import { digestOf } from '../proto/crypto.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import type { InTurns } from '../proto/in-turns.ts'
import { parse } from '../proto/jcs.ts'
import { type ChangeRun, kinds } from '../proto/node-documents.ts'
import { attempt as attempting, isRefusal, refuse } from '../proto/refusal.ts'
import { type Signed, sign } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { type AsOfNow, judging } from './judging.ts'
import { judgeDealing } from './key-import.ts'
import { type Deal, type KeyPlan, requireAble } from './key-plan.ts'
import { ownView } from './own-view.ts'
import type { Parts } from './parts.ts'
import type { Checked } from './refusals.ts'
import type { Work } from './standing.ts'

/** What a Prepare with an order brings. */
export interface RunAsked {
  /** Canonical bytes of the change-run document. */
  readonly keygen: Uint8Array
  /** Canonical bytes of the order. */
  readonly order: Uint8Array
  /** Canonical bytes of the dealing of an import; empty otherwise. */
  readonly dealing: Uint8Array
}

export type ChangeWork =
  | Deal
  /** Signed, and given to nobody yet. */
  | { readonly kind: 'consent'; readonly consent: Signed }

/** In turns; what it gives says what is to be done here, inside the step that accepts it. */
export function* judgeRun(parts: Parts, asked: RunAsked): InTurns<AsOfNow<ChangeWork | Checked>> {
  const { keygen, order, dealing } = asked
  const run = attempting(() => kinds.changeRun.shape(parse(keygen), 'change run'))
  if (isRefusal(run)) return () => run
  const judge = () => admit(parts, run, order)
  const asOfNow = yield* judging(parts, judge)
  return () => {
    const admitted = asOfNow()
    if (isRefusal(admitted)) return admitted
    const shut = parts.closed(workIn(admitted))
    if (shut !== undefined) return shut
    const digest = digestOf(kinds.changeRun.tag, keygen)
    const again = () => judgeAgain(parts, judge)
    return attempting(() => workOf({ parts, run, admitted, keygen: digest, dealing, again }))
  }
}

function* judgeAgain(parts: Parts, judge: () => InTurns<Admission | Checked>): InTurns {
  const asOfNow = yield* judging(parts, judge)
  yield
  const still = asOfNow()
  if (isRefusal(still)) refuse(still.code, still.because)
}

interface Asked {
  readonly parts: Parts
  readonly run: ChangeRun
  readonly admitted: Admission
  readonly keygen: Digest
  readonly dealing: Uint8Array
  readonly again: () => InTurns
}

function* admit(parts: Parts, run: ChangeRun, order: Uint8Array): InTurns<Admission | Checked> {
  if (digestOf(tags.order, order) !== run.order) {
    return { kind: 'refused', code: 'WARRANT', because: 'the document names another order' }
  }
  const own = attempting(() => ownView(parts, run.change))
  if (isRefusal(own)) return own
  yield
  return yield* admittingWork({ order, own })
}

/** A restored share is for what makes it worthless, and for nothing else. */
function workIn(admitted: Admission): Work {
  const { op } = admitted.change
  return isCovered(admitted) || op === 'key.refresh' || op === 'key.reshare' ? 'refresh' : 'any'
}

function workOf(asked: Asked): ChangeWork {
  const { admitted } = asked
  const { change } = admitted
  if (isCovered(admitted)) return { kind: 'deal', plan: planOf(asked) }
  switch (change.op) {
    case 'key.create':
    case 'key.refresh':
    case 'key.reshare':
    case 'key.import':
      return { kind: 'deal', plan: planOf(asked) }
    case 'key.destroy': {
      const holders = inForce(admitted).participants
      return consentOf(
        asked,
        holders.map(({ node }) => node),
      )
    }
    case 'peer.readmit':
      return consentOf(asked, [change.terms.node])
    case 'key.prove':
      return refuse('WARRANT', 'a proof is asked for by a prove-run document')
    case 'key.export':
      requireExporter(asked)
      return consentOf(asked, [asked.parts.self.node])
    case 'ceremony.plan':
      return refuse('NOT_SUPPORTED', 'a plan asks nothing of a node')
  }
}

/** Whoever says yes will be counted on for its part: one of t, and nobody can take its place. */
function requireExporter({ parts: { keyshares }, admitted }: Asked): void {
  const row = inForce(admitted)
  if (keyshares.of(row) === undefined) {
    refuse('EPOCH', `no keyshare of ${row.vault} for epoch ${row.epoch}`)
  }
}

function consentOf({ parts, admitted }: Asked, asked: readonly NodeId[]): ChangeWork {
  const { self } = parts
  if (!asked.includes(self.node)) refuse('PARTICIPANTS', `${self.node} is not asked`)
  const document = consentDocument(admitted.digest, self.node)
  return { kind: 'consent', consent: sign(tags.confirm, document, self.node, self.sign) }
}

function planOf(asked: Asked): KeyPlan {
  const { parts, run, admitted, keygen, again } = asked
  const { change, digest } = admitted
  const committee = committeeOf(admitted)
  const named = isCovered(admitted) ? refreshNamed(digest) : digest
  const terms = { vault: change.vault, epoch: run.epoch, change: digest, named, keygen, again }
  const plan: KeyPlan = { ...terms, ...committee, ...dealtIn(asked, committee) }
  requireAble(parts, plan)
  requireShare(parts, plan)
  return plan
}

/** What came from outside, for an import and for nothing else. */
function dealtIn(
  { parts, admitted, dealing: bytes }: Asked,
  { purpose, t, participants }: Committee,
): Pick<KeyPlan, 'dealt'> {
  const { change } = admitted
  if (purpose !== 'import' || change.op !== 'key.import') {
    if (bytes.length > 0) refuse('DEALING', 'expected no dealing with this change')
    return {}
  }
  const dealing = judgeDealing(parts, { admitted, change, t, participants }, bytes)
  return { dealt: { change, dealing } }
}

type Committee = Pick<
  KeyPlan,
  'purpose' | 'key' | 't' | 'participants' | 'parties' | 'dealers' | 'old'
>

/** Who deals to whom, as the change and the key in force say. */
function committeeOf(admitted: Admission): Committee {
  const { change, root } = admitted
  if (isCovered(admitted)) return refreshed(admitted.vault)
  switch (change.op) {
    case 'key.refresh':
      return refreshed(inForce(admitted))
    case 'key.reshare': {
      const old = inForce(admitted)
      const { dealers, participants, t } = change.terms
      const dealing = old.participants.filter(({ node }) => dealers.includes(node))
      const joining = participants.filter(({ node }) => !dealers.includes(node))
      const parties = [...dealing, ...joining].sort((a, b) => a.x - b.x)
      return { purpose: 'reshare', key: old.key, t, old, dealers, participants, parties }
    }
    default: {
      const t = root.quorumCrypto.t
      const key = admitted.key ?? refuse('VAULT_NOT_FOUND', 'the policy names no key')
      const purpose = change.op === 'key.import' ? 'import' : 'dkg'
      return { purpose, key, t, old: undefined, ...alike(places(root)) }
    }
  }
}

function refreshed(old: VaultRow): Committee {
  const { key, t, participants } = old
  return { purpose: 'refresh', key, t, old, ...alike(participants) }
}

function alike(participants: readonly Member[]) {
  const dealers = participants.map(({ node }) => node)
  return { participants, parties: participants, dealers }
}

function places({ nodes }: Root): readonly Member[] {
  return [...nodes].sort((a, b) => a.x - b.x).map(({ node, x }) => ({ node, x }))
}

function inForce({ vault }: Admission): VaultRow {
  return vault ?? refuse('VAULT_NOT_FOUND', 'the vault has no key')
}

/** Whoever deals has its share of the key in force, restored or not. */
function requireShare({ self, keyshares }: Parts, plan: KeyPlan): void {
  const { old, dealers } = plan
  if (old === undefined || !dealers.includes(self.node)) return
  const own = keyshares.forRefresh(old)
  if (own === undefined) refuse('EPOCH', `no keyshare of ${old.vault} for epoch ${old.epoch}`)
}
