// Over which Pairings a session signs: those in use, or, in freshOt, Pairings made in the session
// and destroyed with it. freshOt is for a cold key, while a re-admitted peer is in quarantine, and
// when another participant needs it and the coordinator said so. Nodes that do not agree about it
// name different pairings, which is a retry and blames nobody.
// INVARIANT: one verdict about any of these Pairings goes through the one fence. Starts nothing.
import type { Tier } from '../policy/vault.ts'
import type { VaultRow } from '../policy/view.ts'
import type { NodeId } from '../proto/ids.ts'
import { fresh, type PairingName } from '../proto/node-documents.ts'
import { freshPairingId } from './dkls23/fresh-sign.ts'
import type { Pairing, RecordDeath } from './dkls23/pairing.ts'
import type { Party } from './dkls23/party.ts'
import { peersOf, type Run } from './dkls23/protocol.ts'
import type { SessionRandomness } from './dkls23/randomness.ts'
import { type SignatureShare, type SigningJob, sign } from './dkls23/sign.ts'
import { freshSigning } from './fresh-signing.ts'
import type { Parts } from './parts.ts'
import { sessionRandomness } from './self.ts'
import { type Stepper, slicedStepper } from './stepper.ts'

export interface Signers {
  readonly vault: Pick<VaultRow, 'vault' | 'epoch'>
  readonly tier: Tier
  readonly participants: readonly NodeId[]
}

export function needsFresh(
  { bans }: Pick<Parts, 'bans'>,
  { vault: { vault, epoch }, tier, participants }: Signers,
): boolean {
  return tier === 'cold' || participants.some((peer) => bans.isQuarantined(peer, vault, epoch))
}

/** What an acceptance says of its pairings: one word for all of them, or their ids. */
export function isFresh(pairings: ReadonlyMap<string, PairingName>): boolean {
  return [...pairings.values()].includes(fresh)
}

/** To be started at once: it holds what it will use. */
export interface Signing {
  readonly stepper: Stepper<SignatureShare>
  readonly secrets: readonly Disposable[]
  readonly timeoutMs: number
}

/** `pairings` are those of the own acceptance, `nodes` the other signers. */
export function signingProtocol(
  parts: Pick<Parts, 'self' | 'incarnation' | 'ports' | 'pairings' | 'patience'>,
  run: Run,
  job: Omit<SigningJob, 'pairings'>,
  {
    pairings,
    nodes,
  }: {
    readonly pairings: ReadonlyMap<string, PairingName>
    readonly nodes: ReadonlyMap<Party, NodeId>
  },
): Signing {
  if (isFresh(pairings)) return freshProtocol(parts, run, job, nodes)
  const held = new Map<Party, Pairing>()
  for (const [x, node] of nodes) {
    const pairing = parts.pairings.with(node)
    if (pairing !== undefined) held.set(x, pairing)
    parts.pairings.use(node)
  }
  const stepper = slicedStepper(sign(run, { ...job, pairings: held, isSliced: true }))
  return { stepper, secrets: [run.randomness], timeoutMs: parts.patience.sessionMs }
}

function freshProtocol(
  { self, incarnation, ports, pairings, patience }: Parameters<typeof signingProtocol>[0],
  run: Run,
  job: Omit<SigningJob, 'pairings'>,
  nodes: ReadonlyMap<Party, NodeId>,
): Signing {
  const randomness = new Map<Party, SessionRandomness>()
  const nodeOf = (x: Party): NodeId => {
    const node = nodes.get(x)
    if (node === undefined) throw new Error(`party ${x} is no node that takes part`)
    return node
  }
  for (const { x } of peersOf(run)) {
    nodeOf(x)
    const sid = freshPairingId(run.sid, run.participants, [run.self.x, x])
    const about = { purpose: 'pair', sid }
    randomness.set(x, sessionRandomness(self, incarnation, ports.random, about))
  }
  const recordDeath: RecordDeath = (death) =>
    pairings.died(nodeOf(death.peer), death, { isFresh: true })
  const stepper = freshSigning(run, { ...job, randomness, recordDeath }, ports.runner)
  const secrets = [run.randomness, ...randomness.values()]
  return { stepper, secrets, timeoutMs: patience.freshSessionMs }
}
