/**
 * Runs the generators of several parties against one another in memory, round by round, until
 * every one has returned or aborted. A tamper function stands in for a malicious sender: it sees
 * every message on its way and says what arrives instead.
 */

import { Abort } from '../../signer-node/dkls23/abort.ts'
import { ascii } from '../../signer-node/dkls23/bytes.ts'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { type Participant, type Party, parseParticipants } from '../../signer-node/dkls23/party.ts'
import type { Incoming, Outgoing, Protocol } from '../../signer-node/dkls23/protocol.ts'
import { SessionRandomness } from '../../signer-node/dkls23/randomness.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'

export type Outcome<R> =
  | { readonly kind: 'done'; readonly value: R }
  | { readonly kind: 'aborted'; readonly abort: Abort }

/** The bytes that arrive in place of a message: as sent, changed, or a list (none, or several). */
export type Tamper = (
  round: number,
  from: Party,
  to: Party,
  bytes: Uint8Array,
) => Uint8Array | readonly Uint8Array[]

/** A message that is missing is noticed by the receiver, so one Abort ends everybody's run. */
export function drive<R>(
  parties: ReadonlyMap<Party, Protocol<R>>,
  tamper: Tamper = (_round, _from, _to, bytes) => bytes,
): ReadonlyMap<Party, Outcome<R>> {
  const outcomes = new Map<Party, Outcome<R>>()
  let inboxes = new Map<Party, Incoming[]>()
  for (let isFirst = true; outcomes.size < parties.size; isFirst = false) {
    const next = new Map<Party, Incoming[]>()
    for (const [from, protocol] of parties) {
      if (outcomes.has(from)) continue
      const step = advance(protocol, isFirst ? undefined : (inboxes.get(from) ?? []))
      if (step.kind !== 'sent') outcomes.set(from, step)
      else for (const outgoing of step.messages) deliver(next, from, outgoing, tamper)
    }
    inboxes = next
  }
  return outcomes
}

/** For runs in which everybody must finish: the results, or the first Abort is thrown. */
export function driveAll<R>(
  parties: ReadonlyMap<Party, Protocol<R>>,
  tamper?: Tamper,
): ReadonlyMap<Party, R> {
  return new Map(
    [...drive(parties, tamper)].map(([party, outcome]) => {
      if (outcome.kind === 'aborted') throw outcome.abort
      return [party, outcome.value]
    }),
  )
}

/** For runs in which `party` must abort: what it threw. */
export function abortOf<R>(outcomes: ReadonlyMap<Party, Outcome<R>>, party: number): Abort {
  const outcome = [...outcomes].find(([x]) => x === party)?.[1]
  if (outcome?.kind !== 'aborted') throw new Error(`party ${party} did not abort`)
  return outcome.abort
}

/** A copy of the bytes with one bit of one byte changed. */
export function flip(bytes: Uint8Array, index: number, mask = 1): Uint8Array {
  const changed = Uint8Array.from(bytes)
  changed[index] = (changed[index] ?? 0) ^ mask
  return changed
}

/** The nodes of the vectors: `node-1` with x = 1, and so on. */
export function nodes(...xs: readonly number[]): readonly Participant[] {
  return parseParticipants(xs.map((x) => ({ x, nodeId: ascii(`node-${x}`) })))
}

/** K as in the vectors: a formula of the run's name and the node's x. */
export function vectorRandomness(run: string, x: number, curve: Curve): SessionRandomness {
  const key = sha256(ascii(`mpc1 vector session secret ${run} ${x}`))
  return new SessionRandomness(new Secret(key), curve)
}

/** The digest of the acceptance of node x in a run of the vectors. */
export function vectorAcceptance(run: string, x: number): Uint8Array {
  return sha256(ascii(`mpc1 vector acceptance ${run} ${x}`))
}

type Step<R> = Outcome<R> | { readonly kind: 'sent'; readonly messages: readonly Outgoing[] }

function advance<R>(protocol: Protocol<R>, inbox: readonly Incoming[] | undefined): Step<R> {
  try {
    const result = protocol.next(inbox ?? [])
    if (result.done === true) return { kind: 'done', value: result.value }
    return { kind: 'sent', messages: result.value }
  } catch (thrown) {
    if (!(thrown instanceof Abort)) throw thrown
    return { kind: 'aborted', abort: thrown }
  }
}

function deliver(
  inboxes: Map<Party, Incoming[]>,
  from: Party,
  { round, to, bytes }: Outgoing,
  tamper: Tamper,
): void {
  if (to === from) throw new Error(`party ${from} sends a message to itself`)
  const changed = tamper(round, from, to, Uint8Array.from(bytes))
  const arrived = changed instanceof Uint8Array ? [changed] : changed
  const inbox = inboxes.get(to) ?? []
  // A copy each: no party may see a later write of another to its own memory.
  inbox.push(...arrived.map((copy) => ({ round, from, bytes: Uint8Array.from(copy) })))
  inboxes.set(to, inbox)
}
