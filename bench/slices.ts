// How long one piece of work holds the loop that serves: pair set-ups and the dealing of keys, here
// and in worker threads turn by turn, then signing, peer by peer, and scrypt, which stay here. A
// slice is one call of a stepper, by its CPU time; of a run the longest counts. The delay of the
// loop is what its own timer of 1 ms saw beside the run: it also holds what it costs to take an
// answer of a thread.
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { scrypt } from '../proto/crypto.ts'
import { scryptDefault } from '../proto/seal.ts'
import type { Curve } from '../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../signer-node/dkls23/curve-native.ts'
import type { Keyshare } from '../signer-node/dkls23/keyshare.ts'
import type { Party } from '../signer-node/dkls23/party.ts'
import type { Incoming, Run } from '../signer-node/dkls23/protocol.ts'
import { sign } from '../signer-node/dkls23/sign.ts'
import { here } from '../signer-node/here.ts'
import { type Runner, type Stepper, slicedStepper, type Turn } from '../signer-node/stepper.ts'
import { Threads } from '../signer-node/threads.ts'
import { exactCpuMs, Meter } from './meter.ts'
import { held, makeKey, pairAll, participants, runsOf } from './parties.ts'
import { type Bench, type Figure, figure, type Ratio, ratio } from './report.ts'

const times = 15
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))

type Moved = Exclude<Turn<unknown>, { readonly kind: 'paused' }>

interface Parties {
  readonly runs: readonly Run[]
  readonly begin: (run: Run, index: number) => Stepper<unknown>
}

export async function bench(): Promise<Bench> {
  const curve = nativeCurve()
  const count = Math.max(1, availableParallelism() - 1)
  const clock = { monotonicMs: () => performance.now() }
  const threads = new Threads({ count, curve: 'native', random, clock, report: () => {} })
  const figures: Figure[] = []
  const ratios: Ratio[] = []
  for (const [name, parties] of jobsOf(curve)) {
    const near = await sample(`${name}, here`, () => parties(here))
    const far = await sample(`${name}, in threads`, () => parties(threads))
    figures.push(near.slice, near.delay, far.slice, far.delay)
    ratios.push(ratio(`${name}: slice in threads vs here`, far.slice, near.slice))
    ratios.push(ratio(`${name}: delay in threads vs here`, far.delay, near.delay))
  }
  await threads.close()
  for (const signers of [2, 3, 5]) {
    const { slice } = await sample(`signing by ${signers}`, signing(curve, signers))
    figures.push(slice)
  }
  figures.push(figure('scrypt of one seal', 'ms', [1, 2, 3].map(timedScrypt)))
  return { figures, ratios, notes: [`${count} worker threads`] }
}

function jobsOf(curve: Curve): readonly (readonly [string, (runner: Runner) => Parties])[] {
  const pair = (runner: Runner): Parties => {
    return { runs: runsOf(curve, participants(2)), begin: (run) => runner.pair(run) }
  }
  const shapes = [[2, 3] as const, [3, 5] as const]
  const dealings = shapes.flatMap(([t, n]) => {
    const key = makeKey(curve, [t, n], new Meter(n))
    return [
      [`key making ${t} of ${n}`, keyMaking(curve, [t, n])] as const,
      [`refresh ${t} of ${n}`, refresh(curve, key)] as const,
    ]
  })
  return [['pair set-up', pair], ...dealings]
}

function keyMaking(curve: Curve, [threshold, n]: readonly [number, number]) {
  const terms = { keyId: new TextEncoder().encode('bench'), epoch: 1, threshold }
  return (runner: Runner): Parties => ({
    runs: runsOf(curve, participants(n)),
    begin: (run) => runner.key(run, { purpose: 'dkg', terms }),
  })
}

function refresh(curve: Curve, key: readonly Keyshare[]) {
  return (runner: Runner): Parties => ({
    runs: runsOf(curve, participants(key.length)),
    begin: (run, i) => runner.key(run, { purpose: 'refresh', old: held(key, i), epoch: 2 }),
  })
}

function signing(curve: Curve, signers: number): () => Parties {
  const key = makeKey(curve, [signers, signers], new Meter(signers))
  const pairings = pairAll(curve, signers)
  const digest = random(32)
  return () => ({
    runs: runsOf(curve, participants(signers)),
    begin: (run, i) => {
      const job = {
        keyshare: held(key, i),
        pairings: held(pairings, i),
        path: [],
        digest,
        isSliced: true as const,
      }
      return slicedStepper(sign(run, job))
    },
  })
}

/** Of each run the longest slice and the longest delay of the loop. */
async function sample(
  name: string,
  make: () => Parties,
): Promise<{ readonly slice: Figure; readonly delay: Figure }> {
  const [slices, delays]: [number[], number[]] = [[], []]
  // The first is warm-up.
  for (let i = 0; i <= times; i += 1) {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const longest = await runAll(make())
    delay.disable()
    if (i === 0) continue
    slices.push(longest)
    delays.push(delay.max / 1e6)
  }
  const slice = figure(`${name}: longest slice`, 'ms', slices)
  return { slice, delay: figure(`${name}: longest delay`, 'ms', delays) }
}

async function runAll({ runs, begin }: Parties): Promise<number> {
  let longest = 0
  const parties = runs.map((run, i) => ({ x: run.self.x, stepper: begin(run, i) }))
  let inboxes = new Map<number, Incoming[]>()
  for (;;) {
    const due: Promise<{ readonly from: Party; readonly turn: Moved }>[] = []
    for (const { x, stepper } of parties) {
      await rest()
      const inbox = inboxes.get(x) ?? []
      due.push(step(stepper, inbox).then((turn) => ({ from: x, turn })))
    }
    const turns = await Promise.all(due)
    const next = new Map<number, Incoming[]>()
    for (const { from, turn } of turns) {
      if (turn.kind === 'aborted') throw turn.abort
      if (turn.kind === 'done') return longest
      for (const { round, to, bytes } of turn.outgoing) {
        next.set(to, [...(next.get(to) ?? []), { round, from, bytes: bytes.slice() }])
      }
    }
    inboxes = next
  }

  async function step(stepper: Stepper<unknown>, inbox: readonly Incoming[]): Promise<Moved> {
    const turn = await call(stepper, inbox)
    if (turn.kind !== 'paused') return turn
    await rest()
    return await step(stepper, [])
  }

  function call(stepper: Stepper<unknown>, inbox: readonly Incoming[]): Promise<Turn<unknown>> {
    return new Promise((answer) => {
      const before = exactCpuMs()
      stepper.next(inbox, answer)
      longest = Math.max(longest, exactCpuMs() - before)
    })
  }
}

/** A turn of the loop between two slices, as a node defers every step. */
function rest(): Promise<void> {
  return new Promise((done) => setTimeout(done, 1))
}

function timedScrypt(): number {
  const before = performance.now()
  scrypt(random(16), random(16), scryptDefault)
  return performance.now() - before
}
