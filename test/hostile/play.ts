/**
 * Plays one case: the whole protocol among real parties, with the messages of the corrupt ones
 * changed on their way to honest ones; and says, in sentences, what was not as it must be.
 */

import { Abort } from '../../signer-node/dkls23/abort.ts'
import type { Party } from '../../signer-node/dkls23/party.ts'
import { SecretScope } from '../../signer-node/dkls23/secret.ts'
import { drive, type Outcome, type Tamper } from '../kit/protocol.ts'
import { leavesOf } from '../kit/rounds.ts'
import type { Case } from './cases.ts'
import type { Show, Stage } from './stage.ts'
import { type Altered, expectedOf, type Verdict } from './verdict.ts'

export interface Played {
  readonly name: string
  /** Of the honest parties, the gravest: what the summary counts. */
  readonly ending: string
  readonly broken: readonly string[]
  readonly ms: number
}

/** Far above the slowest protocol: what computes for longer, hangs. */
const HANG_MS = 10_000
const SESSION = 'hostile'

type Messages = ReadonlyMap<string, Uint8Array>

export class Theatre {
  readonly #recorded = new Map<Stage, Record<'own' | 'session' | 'epoch', Messages>>()
  readonly #hangMs: number

  /** On a twin that computes so many times as long. */
  constructor(times = 1) {
    this.#hangMs = HANG_MS * times
  }

  play(one: Case): Played {
    const begun = process.cpuUsage()
    const scopes = new Scopes()
    const show = one.stage.begin(SESSION)
    const altered: Altered[] = []
    const tamper = this.#tamperOf(one, altered)
    try {
      const outcomes = scopes.watch(() => drive(show.protocols, tamper))
      const broken = [...faultsOf(one, show, outcomes, altered), ...scopes.left]
      const ms = computedMs(begun)
      if (ms > this.#hangMs) broken.push(`took ${ms.toFixed(0)} ms`)
      return { name: one.name, ending: gravest(one, outcomes), broken, ms }
    } catch (thrown) {
      const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
      const ms = computedMs(begun)
      return { name: one.name, ending: 'crash', broken: [`threw ${what}`], ms }
    }
  }

  #tamperOf(
    { stage, corrupt, reach, round, leaf, index, mutation, name }: Case,
    altered: Altered[],
  ): Tamper {
    const { own, session, epoch } = this.#recordingsOf(stage)
    const victims = victimsOf({ stage, corrupt, reach })
    const leaves = leavesOf(stage.rounds.get(round)?.fields ?? [])
    return (number, from, to, message) => {
      if (number !== round || !corrupt.includes(from) || !victims.includes(to)) return message
      const place = `${round} ${from} ${to}`
      const foreign = {
        party: own.get(`${round} ${to} ${from}`) ?? message,
        session: session.get(place) ?? message,
        epoch: epoch.get(place) ?? message,
      }
      const seed = `${name} ${from} ${to}`
      const spot = { curve: stage.curve, message, leaves, leaf, index, foreign, seed }
      const after = mutation.change(spot)
      altered.push({ round, from, to, before: message, after })
      return after
    }
  }

  #recordingsOf(stage: Stage) {
    const known = this.#recorded.get(stage)
    if (known !== undefined) return known
    const made = {
      own: record(stage, stage.begin(SESSION)),
      session: record(stage, stage.begin('another session')),
      epoch: record(stage, stage.foreign()),
    }
    this.#recorded.set(stage, made)
    return made
  }
}

/** Of the processor, so that other work on the machine counts for nothing. */
function computedMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1_000
}

/** All messages of a run in which everybody is honest: that it ends well is a control too. */
function record(stage: Stage, show: Show): Messages {
  const messages = new Map<string, Uint8Array>()
  const outcomes = drive(show.protocols, (round, from, to, bytes) => {
    if (stage.rounds.get(round)?.size !== bytes.length) {
      throw new Error(`${stage.name}: round ${round} is not in the registry`)
    }
    messages.set(`${round} ${from} ${to}`, bytes)
    return bytes
  })
  const isDone = [...outcomes.values()].every(({ kind }) => kind === 'done')
  if (!isDone) throw new Error(`${stage.name}: the honest run did not end well`)
  return messages
}

function honestOf({ stage, corrupt }: Pick<Case, 'stage' | 'corrupt'>): readonly Party[] {
  return stage.parties.filter((party) => !corrupt.includes(party))
}

function victimsOf(one: Pick<Case, 'stage' | 'corrupt' | 'reach'>): readonly Party[] {
  const honest = honestOf(one)
  return one.reach === 'all' ? honest : honest.slice(0, 1)
}

/** Everything that is not as the specification says, of the honest parties. */
function faultsOf(
  one: Case,
  show: Show,
  outcomes: ReadonlyMap<Party, Outcome<unknown>>,
  altered: readonly Altered[],
): string[] {
  const honest = honestOf(one)
  const broken: string[] = []
  if (altered.length === 0) broken.push('the message never came')
  const expected = expectedOf(one.stage, show, honest, altered)
  for (const [party, verdict] of expected) {
    const [said, must] = [tell(outcomes.get(party)), tellVerdict(verdict)]
    if (said !== must) broken.push(`party ${party}: ${said}, expected ${must}`)
  }
  const results = honest.flatMap((party) => {
    const outcome = outcomes.get(party)
    return outcome?.kind === 'done' ? [outcome.value] : []
  })
  const wrong = show.judge(results)
  if (wrong !== '') broken.push(wrong)
  const dead = show.deaths.map(({ by, death }) => `${by} ${death.peer} ${death.check}`)
  if (dead.sort().join() !== deathsOf(expected).sort().join()) broken.push(`died: ${dead.join()}`)
  return broken
}

/** A pairing dies at the party whose check fails, and nowhere else. */
function deathsOf(expected: ReadonlyMap<Party, Verdict>): string[] {
  return [...expected].flatMap(([party, verdict]) => {
    if (verdict.kind === 'done' || new Abort(verdict.reason, '').remedy !== 'ban') return []
    return [`${party} ${verdict.culprit} ${verdict.reason}`]
  })
}

function tell(outcome: Outcome<unknown> | undefined): string {
  if (outcome === undefined) return 'nothing'
  if (outcome.kind === 'done') return 'done'
  const { reason, culprit } = outcome.abort
  return culprit === undefined ? reason : `${reason} of ${culprit}`
}

function tellVerdict(verdict: Verdict): string {
  if (verdict.kind === 'done') return 'done'
  const { reason, culprit } = verdict
  return culprit === undefined ? reason : `${reason} of ${culprit}`
}

const gravity = ['harmless', 'retry', 'abort', 'fault', 'ban']

function gravest(one: Case, outcomes: ReadonlyMap<Party, Outcome<unknown>>): string {
  const endings = honestOf(one).map((party) => {
    const outcome = outcomes.get(party)
    return outcome?.kind === 'aborted' ? outcome.abort.remedy : 'harmless'
  })
  return endings.sort((a, b) => gravity.indexOf(b) - gravity.indexOf(a))[0] ?? 'harmless'
}

/** Sees that every scope of secrets that was used is closed when all runs are over. */
class Scopes {
  readonly #open = new Set<SecretScope>()

  get left(): readonly string[] {
    return this.#open.size === 0 ? [] : [`${this.#open.size} scopes of secrets were not wiped`]
  }

  watch<T>(work: () => T): T {
    const { prototype } = SecretScope
    const { keep } = prototype
    const dispose = prototype[Symbol.dispose]
    const open = this.#open
    prototype.keep = function (bytes) {
      open.add(this)
      return keep.call(this, bytes) as typeof bytes
    }
    prototype[Symbol.dispose] = function () {
      open.delete(this)
      dispose.call(this)
    }
    try {
      return work()
    } finally {
      prototype.keep = keep
      prototype[Symbol.dispose] = dispose
    }
  }
}
