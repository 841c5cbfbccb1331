// All parties of a protocol run in one thread, one after the other, each under its own meter: the
// real generators, real bytes, no wire. Secrets come from a counter, so that runs repeat.
import { combine } from '../signer-node/dkls23/combine.ts'
import type { Curve } from '../signer-node/dkls23/curve.ts'
import { confirmKey, type PendingKey, prepareKey } from '../signer-node/dkls23/keygen.ts'
import type { Keyshare } from '../signer-node/dkls23/keyshare.ts'
import { setUpPairing } from '../signer-node/dkls23/pair-setup.ts'
import type { Pairing } from '../signer-node/dkls23/pairing.ts'
import { type Participant, type Party, parseParticipants } from '../signer-node/dkls23/party.ts'
import type { Incoming, Protocol, Run } from '../signer-node/dkls23/protocol.ts'
import { SessionRandomness } from '../signer-node/dkls23/randomness.ts'
import { prepareRefresh } from '../signer-node/dkls23/refresh.ts'
import { prepareReshare } from '../signer-node/dkls23/reshare.ts'
import { Secret } from '../signer-node/dkls23/secret.ts'
import { type SignatureShare, sign } from '../signer-node/dkls23/sign.ts'
import { sha256 } from '../signer-node/dkls23/transcript.ts'
import { Meter } from './meter.ts'

const utf8 = new TextEncoder()
let runs = 0

export function participants(n: number): readonly Participant[] {
  const all = Array.from({ length: n }, (_, i) => i + 1)
  return parseParticipants(all.map((x) => ({ x, nodeId: utf8.encode(`node-${x}`) })))
}

export function runsOf(curve: Curve, members: readonly Participant[]): readonly Run[] {
  runs += 1
  const sid = sha256(utf8.encode(`bench run ${runs}`))
  return members.map((self) => {
    const key = new Secret(sha256(utf8.encode(`bench secret ${runs} ${self.x}`)))
    const randomness = new SessionRandomness(key, curve)
    return { sid, self, participants: members, curve, randomness }
  })
}

/** Runs every party to its end, counting CPU and bytes for each; returns the results in order. */
function drive<R>(
  members: readonly Run[],
  start: (run: Run, index: number) => Protocol<R>,
  meter: Meter,
): readonly R[] {
  const parties = members.map((run, i) => meter.time(i, () => start(run, i)))
  let inboxes: readonly Incoming[][] = members.map(() => [])
  for (let round = 0; ; round += 1) {
    const steps = parties.map((party, i) => meter.time(i, () => party.next(inboxes[i] ?? [])))
    const results = steps.flatMap((step) => (step.done === true ? [step.value] : []))
    if (results.length > 0) {
      meter.rounds += round
      return results
    }
    const next: Incoming[][] = members.map(() => [])
    steps.forEach((step, i) => {
      const from = members[i]?.self.x
      if (step.done === true || from === undefined) return
      for (const { round: number, to, bytes } of step.value) {
        meter.sent(i, bytes.length)
        // A copy, as a wire makes: the sender wipes what it sent.
        const arrived = { round: number, from, bytes: bytes.slice() }
        next[members.findIndex(({ self }) => self.x === to)]?.push(arrived)
      }
    })
    inboxes = next
  }
}

export function makeKey(
  curve: Curve,
  [t, n]: readonly [number, number],
  meter: Meter,
): readonly Keyshare[] {
  const members = runsOf(curve, participants(n))
  const terms = { keyId: utf8.encode('bench'), epoch: 1, threshold: t }
  const pending = drive(members, (run) => prepareKey(run, terms), meter)
  return confirmAll(members, pending, meter)
}

export function refreshKey(
  curve: Curve,
  keyshares: readonly Keyshare[],
  meter: Meter,
): readonly Keyshare[] {
  const members = runsOf(curve, participants(keyshares.length))
  const refresh = (run: Run, i: number) => {
    const own = held(keyshares, i)
    return prepareRefresh(run, own, own.facts.epoch + 1)
  }
  return confirmAll(members, drive(members, refresh, meter), meter)
}

/** From the first t holders to t of n nodes, among whom are all the dealers. */
export function reshareKey(
  curve: Curve,
  keyshares: readonly Keyshare[],
  [threshold, n]: readonly [number, number],
  meter: Meter,
): readonly Keyshare[] {
  const members = runsOf(curve, participants(n))
  const { facts: old, keyState } = held(keyshares, 0)
  const dealers = participants(old.threshold).map(({ x }) => x)
  const receivers = participants(n)
  const terms = { old, keyState, epoch: old.epoch + 1, threshold, dealers, receivers }
  const reshare = (run: Run, i: number) =>
    prepareReshare(run, terms, i < dealers.length ? held(keyshares, i) : undefined)
  const pending = drive(members, reshare, meter)
  return confirmAll(members, pending, meter)
}

function confirmAll(
  members: readonly Run[],
  pending: readonly (PendingKey | undefined)[],
  meter: Meter,
): readonly Keyshare[] {
  return drive(members, (run, i) => confirmKey(run, held(pending, i)), meter)
}

export function held<T>(all: readonly (T | undefined)[], i: number): T {
  const one = all[i]
  if (one === undefined) throw new Error('a party has no key')
  return one
}

export type Pairings = readonly ReadonlyMap<Party, Pairing>[]

/** One pairing of every two of the first `size` nodes; `meter` counts when there are just two. */
export function pairAll(curve: Curve, size: number, meter = new Meter(size)): Pairings {
  const all = participants(size)
  const held = all.map(() => new Map<Party, Pairing>())
  for (let i = 0; i < size; i += 1) {
    for (let j = i + 1; j < size; j += 1) {
      const pair = all.filter((_, index) => index === i || index === j)
      const made = drive(runsOf(curve, pair), (run) => setUpPairing(run, () => {}), meter)
      made.forEach((pairing, side) => {
        held[side === 0 ? i : j]?.set(pairing.peer.x, pairing)
      })
    }
  }
  return held
}

export function signOnce(
  curve: Curve,
  keyshares: readonly Keyshare[],
  pairings: Pairings,
  meter: Meter,
): void {
  const signers = participants(keyshares.length).slice(0, pairings.length)
  const digest = sha256(utf8.encode('bench message'))
  const job = (run: Run, i: number): Protocol<SignatureShare> => {
    const [keyshare, own] = [keyshares[i], pairings[i]]
    if (keyshare === undefined || own === undefined) throw new Error('a signer is missing')
    return sign(run, { keyshare, pairings: own, path: [], digest })
  }
  const publicKey = keyshares[0]?.facts.publicKey
  if (publicKey === undefined) throw new Error('there is no key')
  const shares = drive(runsOf(curve, signers), job, meter)
  // The third message: (u, w) to whoever combines. The peer's parties each combine, so ours do too.
  shares.forEach(({ u, w }, i) => {
    meter.sent(i, (u.length + w.length) * (shares.length - 1))
    meter.time(i, () => combine(curve, publicKey, digest, shares))
  })
  meter.rounds += 1
}
