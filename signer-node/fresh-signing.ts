// freshOt as a session runs it: the set-ups with all other signers beside one another, each
// wherever the node's long computations take place, then signing here, in slices
// (`dkls23/fresh-sign.ts`).
// INVARIANT: all set-ups take the same rounds in step; when one aborts, or the session ends, every
// other is ended, and what the others had made is wiped. The blame is that of the lowest x.
import { Abort } from './dkls23/abort.ts'
import { type FreshJob, setupRun, signOver } from './dkls23/fresh-sign.ts'
import type { PairingSecrets } from './dkls23/pairing.ts'
import type { Party } from './dkls23/party.ts'
import { type Inbox, peersOf, type Run } from './dkls23/protocol.ts'
import type { SignatureShare } from './dkls23/sign.ts'
import { andThen, type Runner, type Stepper, slicedStepper, type Whole } from './stepper.ts'

type Made = ReadonlyMap<Party, PairingSecrets>
type Runs = ReadonlyMap<Party, ReturnType<Runner['pair']>>

export function freshSigning(
  run: Run,
  job: FreshJob,
  runner: Pick<Runner, 'pair'>,
): Stepper<SignatureShare> {
  const runs = peersOf(run).map(({ x }) => [x, setupRun(run, x, job)] as const)
  const setups = new Map(runs.map(([x, one]) => [x, runner.pair(one)]))
  return andThen(new Together(setups), (made) => slicedStepper(signOver(run, job, made)))
}

class Together implements Stepper<Made, Whole<Made>> {
  readonly #runs: Runs
  /** Of the step under way. */
  readonly #turns = new Map<Party, Whole<PairingSecrets>>()

  constructor(runs: Runs) {
    this.#runs = runs
  }

  next(inbox: Inbox, answer: (turn: Whole<Made>) => void): void {
    const stranger = inbox.find(({ from }) => !this.#runs.has(from))
    if (stranger !== undefined) {
      const because = `party ${stranger.from} has no place here`
      answer(this.#abort(new Abort('unknown-sender', because, { culprit: stranger.from })))
      return
    }
    this.#turns.clear()
    for (const [peer, setup] of this.#runs) {
      const own = inbox.filter(({ from }) => from === peer)
      setup.next(own, (turn) => {
        this.#turns.set(peer, turn)
        if (this.#turns.size === this.#runs.size) answer(this.#joined())
      })
    }
  }

  end(): void {
    for (const setup of this.#runs.values()) setup.end()
    for (const turn of this.#turns.values()) {
      if (turn.kind === 'done') for (const secret of Object.values(turn.result)) secret.fill(0)
    }
    this.#turns.clear()
  }

  #joined(): Whole<Made> {
    const turns = [...this.#runs.keys()].map((peer) => [peer, this.#turns.get(peer)] as const)
    const made = new Map<Party, PairingSecrets>()
    for (const [peer, turn] of turns) {
      if (turn?.kind === 'aborted') return this.#abort(turn.abort)
      if (turn?.kind === 'done') made.set(peer, turn.result)
    }
    if (made.size === this.#runs.size) {
      // Whoever takes them wipes them.
      this.#turns.clear()
      return { kind: 'done', result: made }
    }
    const outgoing = turns.flatMap(([, turn]) => (turn?.kind === 'sent' ? turn.outgoing : []))
    return { kind: 'sent', outgoing }
  }

  #abort(abort: Abort): Whole<Made> {
    this.end()
    return { kind: 'aborted', abort }
  }
}
