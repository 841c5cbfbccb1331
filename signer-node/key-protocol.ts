// What each purpose of a key plan runs: its statement in the session id, its rounds, whom it waits
// for, and what the log line will say of the key. One row a purpose.
// INVARIANT: between the rounds that deal a share and the round that confirms it, the share is made
// durable; whoever deals and receives nothing confirms nothing.
import type { KeyFacts as KeyRow, VaultRow } from '../policy/view.ts'
import { fromHex, toHex, toUtf8 } from '../proto/crypto.ts'
import { parseDigest } from '../proto/ids.ts'
import type { KeygenAcceptance } from '../proto/node-documents.ts'
import { isRefusal, refuse } from '../proto/refusal.ts'
import type { Deriving } from '../proto/seal.ts'
import type { Opened } from '../proto/signed.ts'
import { type Derivation, type DerivingPorts, derive } from './deriving.ts'
import { Abort } from './dkls23/abort.ts'
import { Malformed, Reader } from './dkls23/bytes.ts'
import type { Curve } from './dkls23/curve.ts'
import { confirmKey, type PendingKey } from './dkls23/keygen.ts'
import { type KeyFacts, requireKeyState } from './dkls23/keyshare.ts'
import { encodeFacts, readFacts } from './dkls23/keyshare-format.ts'
import { type Party, parseParty } from './dkls23/party.ts'
import type { Run } from './dkls23/protocol.ts'
import { type ReshareTerms, reshareSpeakers } from './dkls23/reshare.ts'
import type { Statement } from './dkls23/session-id.ts'
import { ownShare } from './key-import.ts'
import type { KeyPlan, Purpose } from './key-plan.ts'
import type { Parts } from './parts.ts'
import { partiesOf } from './self.ts'
import { type KeyJob, resultOf, type Stepper, stepperOf } from './stepper.ts'

type Accepted = readonly Opened<KeygenAcceptance>[]

export interface KeySession {
  readonly statement: Statement
  readonly job: KeyJob
  /** The old share, opened for one session and wiped with it. */
  readonly secrets: readonly Disposable[]
  readonly speakers?: (round: number) => readonly Party[]
}

interface Asked {
  readonly parts: Parts
  readonly plan: KeyPlan
  readonly all: Accepted
}

const sessions: { readonly [P in Purpose]: (asked: Asked) => KeySession } = {
  dkg: ({ plan: { t, parties, key, epoch } }) => {
    const terms = { keyId: toUtf8(key), epoch, threshold: t }
    const statement = { purpose: 'dkg', threshold: t, nodes: parties.length } as const
    return { statement, secrets: [], job: { purpose: 'dkg', terms } }
  },
  refresh: ({ parts, plan }) => {
    const { epoch } = plan
    const own = parts.keyshares.forRefresh(oldOf(plan))
    const held = own ?? refuse('EPOCH', 'the old share is not here any more')
    const old = held.open()
    const statement = { purpose: 'refresh', newEpoch: epoch } as const
    return { statement, secrets: [old], job: { purpose: 'refresh', old, epoch } }
  },
  reshare: ({ parts, plan, all }) => {
    const { self, keyshares } = parts
    const terms = reshareTerms(self.curve, plan, all)
    const isDealer = plan.dealers.includes(self.node)
    const own = isDealer ? keyshares.forRefresh(oldOf(plan))?.open() : undefined
    const { epoch, threshold, dealers } = terms
    const receivers = terms.receivers.map(({ x }) => x)
    const about = { newEpoch: epoch, newThreshold: threshold, dealers, receivers }
    return {
      statement: { purpose: 'reshare', ...about },
      secrets: own === undefined ? [] : [own],
      job: { purpose: 'reshare', terms, ...(own === undefined ? {} : { own }) },
      speakers: (round) => reshareSpeakers(terms, parseParty(self.x), round),
    }
  },
  import: ({ parts, plan }) => {
    const { t, parties, key, epoch, dealt } = plan
    if (dealt === undefined) return refuse('DEALING', 'nothing was dealt for this import')
    const { approved, dealing } = dealt.dealing
    const share = ownShare(parts, dealt.change, dealt.dealing)
    const { commitments } = approved
    const about = { threshold: t, nodes: parties.length, commitments }
    const terms = { keyId: toUtf8(key), epoch, threshold: t, approved }
    return {
      statement: { purpose: 'import', ...about },
      secrets: [share],
      job: { purpose: 'import', terms, dealing, share },
    }
  },
}

/** Refuses where the own share or the facts of the old key are not what the log says. */
export function keySession(asked: Asked): KeySession {
  return sessions[asked.plan.purpose](asked)
}

export interface Keep {
  /** Makes the pending Keyshare durable; refuses what may not be kept. */
  readonly keep: (pending: PendingKey) => Deriving<void>
  readonly ports: DerivingPorts
}

/** After the rounds that deal: what was dealt is kept, perhaps in a later turn, then confirmed. */
export function confirmKept(
  run: Run,
  pending: PendingKey | undefined,
  { keep, ports }: Keep,
): Stepper<PendingKey | undefined> {
  if (pending === undefined) return ended()
  let keeping: Derivation | undefined
  let confirming: Stepper<PendingKey> | undefined
  // Confirmed by all; what follows from it is signed and kept in a turn of its own.
  let waiting: PendingKey | undefined
  let isOver = false
  return {
    next(inbox, answer) {
      if (confirming !== undefined) {
        confirming.next(inbox, (turn) => {
          if (turn.kind !== 'done') return answer(turn)
          waiting = turn.result
          ports.pause(() => {
            waiting = undefined
            if (!isOver) answer(turn)
          })
        })
        return
      }
      keeping = derive(keep(pending), ports, (kept) => {
        if (isRefusal(kept)) {
          pending.keyshare[Symbol.dispose]()
          // Nobody is to blame for a disk that is full, and nothing was confirmed.
          answer({ kind: 'aborted', abort: new Abort('missing-message', kept.because) })
          return
        }
        confirming = resultOf(stepperOf(confirmKey(run, pending)), () => pending)
        confirming.next([], answer)
      })
    },
    end() {
      isOver = true
      waiting?.keyshare[Symbol.dispose]()
      if (confirming !== undefined) return confirming.end()
      keeping?.end()
      pending.keyshare[Symbol.dispose]()
    },
  }
}

/** Of whoever dealt and received nothing. */
function ended(): Stepper<undefined> {
  return { next: (_inbox, answer) => answer({ kind: 'done', result: undefined }), end() {} }
}

/** The public facts of the old key, from whoever deals in a reshare: the log has only a digest. */
export function factsSaid({ self, keyshares }: Parts, { purpose, dealers, old }: KeyPlan): string {
  if (purpose !== 'reshare' || old === undefined || !dealers.includes(self.node)) return ''
  const own = keyshares.forRefresh(old)
  return own === undefined ? '' : toHex(encodeFacts(own.facts))
}

/** What the log line will say of the key. */
export function rowOf(plan: KeyPlan, { keyshare: { facts, keyState } }: PendingKey): KeyRow {
  const { vault, key, epoch, t, participants } = plan
  return {
    vault,
    key,
    epoch,
    t,
    participants,
    publicKey: facts.publicKey,
    chainCode: facts.chainCode,
    keyState: parseDigest(toHex(keyState), 'key state'),
  }
}

function reshareTerms(curve: Curve, plan: KeyPlan, all: Accepted): ReshareTerms {
  const row = oldOf(plan)
  const keyState = fromHex(row.keyState) ?? new Uint8Array()
  const dealers = row.participants.filter(({ node }) => plan.dealers.includes(node))
  return {
    old: oldFacts(curve, row, { plan, all, keyState }),
    keyState,
    epoch: plan.epoch,
    threshold: plan.t,
    dealers: dealers.map(({ x }) => parseParty(x)),
    receivers: partiesOf(plan.participants),
  }
}

/** All dealers say the same, and it is what the witnessed log calls by this digest. */
function oldFacts(
  curve: Curve,
  row: VaultRow,
  { plan, all, keyState }: Pick<Asked, 'plan' | 'all'> & { readonly keyState: Uint8Array },
): KeyFacts {
  const said = all.filter(({ value }) => plan.dealers.includes(value.node))
  const [first, ...others] = said.map(({ value }) => value.facts)
  if (first === undefined || others.some((facts) => facts !== first)) {
    return refuse('VIEW', 'the dealers tell different facts of the old key')
  }
  try {
    const reader = new Reader(fromHex(first) ?? new Uint8Array())
    const told = readFacts(curve, reader)
    reader.end()
    requireKeyState(curve, told, keyState)
    // What became of the key is no part of the digest: that is the log's to say.
    const origin = row.imported ? 'imported' : 'made'
    return { ...told, past: { origin, isExported: row.exported, standing: 'active' } }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return refuse('VIEW', `the facts of the old key: ${error.message}`)
  }
}

function oldOf({ old, vault }: KeyPlan): VaultRow {
  return old ?? refuse('VAULT_NOT_FOUND', `${vault} has no key`)
}
