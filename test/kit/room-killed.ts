// Sittings in which a program dies at every step of the script, and comes back: which moments there
// are follows from the steps themselves and from the papers of the table, so that a new step is one
// more death. A Station dies with the paper that was on its way; the Record station before or after
// a write to its card. At each moment once, so every sitting has an end.
import { expect } from 'vitest'
import { parseRecordLine } from '../../policy/ceremony/record.ts'
import { splitRecord } from '../../policy/ceremony/record-chain.ts'
import type { Seats } from '../../policy/ceremony/record-seats.ts'
import { turnsOf } from '../../policy/ceremony/script.ts'
import { toHex, toUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorFrame, NodeFrame } from '../../proto/frames.ts'
import type { Digest } from '../../proto/ids.ts'
import { RecordCopy } from '../../signer-node/ceremony/record-copy.ts'
import type { Concluded } from '../../signer-node/ceremony/room-closing.ts'
import { RoomResults } from '../../signer-node/ceremony/room-results.ts'
import type { SessionResult } from '../../signer-node/ceremony/session-results.ts'
import { isTurnKind, readTurnPaper } from '../../signer-node/ceremony/turn-papers.ts'
import type { Tamper } from './frame-pair.ts'
import {
  imported,
  judged,
  type Parts,
  type Read,
  type Sat,
  type SitWish,
  sit,
} from './room-played.ts'

/** Papers with which a Station dies: to it, or from it. */
export const stationMoments = ['turn', 'done', 'place', 'signed', 'line'] as const
export type StationMoment = (typeof stationMoments)[number]
/** At the first word of a step, before a line is on the card, and after it. */
export const recordMoments = ['said', 'before', 'after'] as const
export type RecordMoment = (typeof recordMoments)[number]

export interface Survived {
  readonly done: Concluded
  readonly sat: Sat
  /** Steps at which somebody died. */
  readonly deaths: readonly string[]
  /** Every signature that a session of this sitting ended with. */
  readonly signed: readonly string[]
  /** Stations that came back with a session; nobody should. */
  readonly resumed: readonly string[]
}

const power = 'the power failed'

/** To its end, found good, imported; what it made, made once. */
export async function endedWell(
  plan: Read,
  { done, sat, signed, resumed }: Omit<Survived, 'deaths'>,
): Promise<void> {
  const screens = [...[...sat.seats.values()].flatMap(({ said }) => said), ...sat.said]
  const screen = screens.slice(-80).join('\n')
  expect(done.outcome, screen).toBe('done')
  const { findings, exceptions } = await judged(plan, done.files)
  expect(findings, screen).toEqual([])
  expect(resumed).toEqual([])
  const lines = splitRecord(done.files.get('record.jsonl') ?? new Uint8Array())
  const told = lines.map(parseRecordLine).flatMap((one) => {
    return one.type === 'signature.made' ? [toHex(one.body.signature)] : []
  })
  const isSigned = plan.plan.kind === 'sign' || plan.plan.kind === 'drill'
  expect(new Set([...signed, ...told]).size).toBe(isSigned ? 1 : 0)
  const read = exceptions.map(({ line }) => line)
  await imported(plan, done.files, read)
}

export async function survived(
  plan: Read,
  moment: StationMoment | RecordMoment,
  wish: Pick<SitWish, 'typed'> = {},
): Promise<Survived> {
  const deaths = new Set<string>()
  const signed: string[] = []
  const isFirst = (key: string): boolean => {
    if (deaths.has(key)) return false
    deaths.add(key)
    return true
  }
  const isStation = stationMoments.some((one) => one === moment)
  let sat: Sat | undefined
  const dying: Promise<void>[] = []
  const resumed: string[] = []
  /** Who is dead dies no second time. */
  const away = new Set<string>()
  const reborn = async (here: Sat, node: string): Promise<void> => {
    away.add(node)
    await here.revive(node)
    away.delete(node)
    const sessions = here.seats.get(node)?.station.status().sessions
    if (sessions !== 0) resumed.push(`${node}: ${sessions}`)
  }
  const tamper = stationTamper(plan, moment, (step, node) => {
    if (away.has(node) || !isFirst(step)) return false
    const here = sat
    away.add(node)
    queueMicrotask(() => {
      if (here !== undefined) dying.push(reborn(here, node))
    })
    return true
  })
  const parts = recordParts(moment, isFirst, signed)
  sat = await sit(plan, { ...wish, ...(isStation ? { tamper: () => tamper } : {}) })
  try {
    for (let isNew = true; ; isNew = false) {
      const conductor = sat.lead(isStation ? watching(signed) : parts)
      if (isNew) await sat.come()
      try {
        const done = await conductor.run()
        await Promise.all(dying)
        return { done, sat, deaths: [...deaths], signed, resumed }
      } catch (error) {
        if (!(error instanceof Error) || error.message !== power) throw error
      }
    }
  } finally {
    await Promise.all(dying)
    for (const one of sat.seats.values()) one.close()
  }
}

/** All steps of a plan at which this kind of program has something that it can die of. */
export function stepsWith(plan: Read, moment: StationMoment | RecordMoment): string[] {
  const all = new Set(turnsOf(plan.plan).map(({ step }) => step))
  const steps = [...all].filter(({ isOnline, isOptional }) => !isOnline && !isOptional)
  const ofStation = ({ at, each }: (typeof steps)[number]): boolean => {
    const stations = ['station', 'dealer', 'holder', 'newcomer', 'signer']
    return at === 'called' || at === 'signers' || each.some((one) => stations.includes(one))
  }
  return steps
    .filter((step) => {
      if (moment === 'said') return step.say !== ''
      if (moment === 'before' || moment === 'after' || moment === 'line') {
        return step.records.length > 0
      }
      if (moment === 'turn') return ofStation(step) || step.at === 'all'
      if (moment === 'done') return ofStation(step) || step.at === 'all'
      return ofStation(step) && step.records.length > 0 && step.at !== 'called'
    })
    .map(({ id }) => id)
}

/** `die` says whether the paper is lost at this moment. */
export function stationTamper(
  plan: Read,
  moment: string,
  die: (step: string, node: string) => boolean,
): Tamper {
  const turns = turnsOf(plan.plan)
  const stepOf = (frame: NodeFrame | CoordinatorFrame): string | undefined => {
    if (frame.frame !== 'paper' || frame.paper.kind !== moment) return undefined
    const { paper } = frame
    if (!isTurnKind(paper.kind)) return undefined
    switch (paper.kind) {
      case 'turn':
      case 'done':
      case 'place':
        return turns[readTurnPaper(paper.kind, paper).turn]?.step.id
      case 'signed':
      case 'line':
        return parseRecordLine(toUtf8(readTurnPaper(paper.kind, paper).line)).step
      default:
        return undefined
    }
  }
  const through = <F extends NodeFrame | CoordinatorFrame>(node: string, frame: F): F[] => {
    const step = stepOf(frame)
    return step !== undefined && die(step, node) ? [] : [frame]
  }
  return { up: through, down: through }
}

function recordParts(moment: string, isFirst: (key: string) => boolean, signed: string[]): Parts {
  const die = (key: string): void => {
    if (isFirst(key)) throw new Error(power)
  }
  const atLine = (when: string, bytes: Uint8Array): void => {
    if (when !== moment) return
    const { step, type } = parseRecordLine(bytes)
    die(`${step} ${type}`)
  }
  class Mortal extends RecordCopy {
    override take(seq: number, bytes: Uint8Array): boolean {
      atLine('before', bytes)
      const isNew = super.take(seq, bytes)
      atLine('after', bytes)
      return isNew
    }
  }
  class Results extends Watched {
    override add(result: SessionResult): void {
      if (moment === 'before') die(`results ${result.lines.length}`)
      super.add(result)
      if (moment === 'after') die(`results ${result.lines.length}`)
    }
  }
  return {
    record: (path: string, seats: Seats) => new Mortal(path, seats),
    results: (path: string, of: Digest) => new Results(path, of, signed),
    say: (text: string) => {
      const [, step] = /^([A-Z]-\d+) {2}/.exec(text) ?? []
      if (moment === 'said' && step !== undefined) die(step)
    },
    speak: () => {
      if (moment === 'before') die('C-5 statement')
    },
    write: () => {
      if (moment !== 'said') die('C-6 bundle')
    },
  }
}

/** Remembers which signatures came, whatever becomes of them. */
class Watched extends RoomResults {
  readonly #signed: string[]

  constructor(path: string, plan: Digest, signed: string[]) {
    super(path, plan)
    this.#signed = signed
  }

  override add(result: SessionResult): void {
    for (const { type, body } of result.lines) {
      const isMade = type === 'sign.completed' || type === 'key.proved'
      if (isMade) this.#signed.push(String(body['signature']))
    }
    super.add(result)
  }
}

function watching(signed: string[]): Parts {
  return { results: (path, of) => new Watched(path, of, signed) }
}
