// Frames in: which part of the node each one is for. Translates and delegates; decides nothing.
// INVARIANT: a frame that refuses to be read is reported and changes nothing.

import { type CoordinatorFrame, type CoordinatorPart, readSigned } from '../proto/frames.ts'
import type { InTurns } from '../proto/in-turns.ts'
import { Refused } from '../proto/refusal.ts'
import type { AddressDuty } from './address-duty.ts'
import type { BackupDuty } from './backup-duty.ts'
import type { ExportDuty } from './export-duty.ts'
import type { Floor } from './floor.ts'
import type { Greetings } from './greetings.ts'
import type { Keys } from './keys.ts'
import type { LogDuty } from './log-duty.ts'
import type { Parts } from './parts.ts'
import { noSid, stoppedFrame } from './refusals.ts'
import type { Releases } from './release.ts'
import type { Signing } from './signing.ts'

export interface Desk {
  readonly addresses: AddressDuty
  readonly backups: BackupDuty
  readonly exports: ExportDuty
  readonly parts: Parts
  readonly floor: Floor
  readonly duty: LogDuty
  readonly greetings: Greetings
  readonly signing: Signing
  readonly keys: Keys
  readonly releases: Releases
}

export function* receiveFrame(desk: Desk, coordinator: string, frame: CoordinatorFrame): InTurns {
  try {
    yield* inParts(desk, coordinator, frame)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    // What had no room is tried again: by whoever sent it, or when there is room.
    if (error.refusal.code === 'DISK_FULL') desk.parts.room.failed()
    const because = `${frame.frame}: ${error.refusal.because}`
    desk.parts.ports.report({ level: 'warn', name: 'frame-refused', because })
  }
}

/** Lines, heads, what brings them, and what is judged; the rest is short. */
function* inParts(desk: Desk, coordinator: string, frame: CoordinatorFrame): InTurns {
  const { duty } = desk
  switch (frame.frame) {
    case 'lines':
      yield* duty.lines(coordinator, frame.lines)
      return
    case 'heads':
      yield* duty.heads(frame.heads)
      return
    case 'prepare':
      yield* duty.prepare(coordinator, frame.prepare)
      return
    case 'start':
      yield* start(desk, coordinator, frame.start)
      return
    case 'note':
      yield* note(desk, coordinator, frame.note)
      return
    case 'certify':
      yield* desk.addresses.asked(coordinator, frame.certify)
      return
    default:
      dispatch(desk, coordinator, frame)
  }
}

type Short = Exclude<
  CoordinatorFrame,
  { readonly frame: 'lines' | 'heads' | 'prepare' | 'start' | 'note' | 'certify' }
>

function dispatch(desk: Desk, coordinator: string, frame: Short): void {
  const { duty, parts, greetings } = desk
  switch (frame.frame) {
    case 'welcome':
      for (const said of greetings.welcomed(coordinator, frame.welcome)) {
        parts.ports.send(coordinator, said)
      }
      return
    case 'envelope':
      parts.sessions.receive(coordinator, frame.envelope)
      return
    case 'stop':
      stop(desk, coordinator, frame.stop)
      return
    case 'requestLines':
      duty.supply(coordinator, frame.requestLines)
      return
    case 'requestPart':
      desk.exports.asked(coordinator, frame.requestPart)
      return
    case 'invite':
      duty.invite(coordinator, frame.invite)
      return
    case 'heartbeat':
    // Of a ceremony: the Station reads it, the node does not.
    case 'paper':
      return
  }
}

/** A ticket that is of nothing here: its acceptance is too old, used, or was overtaken. */
function* start(desk: Desk, coordinator: string, part: CoordinatorPart<'start'>): InTurns {
  const { signing, keys, parts } = desk
  if (yield* signing.start(coordinator, part)) return
  if (yield* keys.start(coordinator, part)) return
  parts.ports.send(coordinator, stoppedFrame(noSid, part.ticket, 'STALE_ATTEMPT'))
}

function* note(
  desk: Desk,
  coordinator: string,
  { to, kind, document }: CoordinatorPart<'note'>,
): InTurns {
  const { parts, floor, duty, greetings } = desk
  if (to !== parts.self.node) return
  const signed = readSigned(document)
  switch (kind) {
    case 'hello':
      parts.pairings.receive(coordinator, signed)
      return
    case 'floor-query': {
      const answer = floor.answer(signed)
      if (answer === undefined) return
      parts.ports.send(coordinator, greetings.note(answer.to, 'floor-answer', answer.document))
      return
    }
    case 'floor-answer':
      yield* duty.retold(floor.receive(signed))
      return
    default:
      parts.ports.report({
        level: 'warn',
        name: 'note-unknown',
        because: 'a note of no known kind',
      })
  }
}

/** Only the coordinator that drives a session may end it. */
function stop(
  { parts, releases }: Desk,
  coordinator: string,
  { sid }: CoordinatorPart<'stop'>,
): void {
  parts.sessions.stop(sid, 'COORDINATOR', 'the coordinator gave up', coordinator)
  releases.stop(sid, 'COORDINATOR', coordinator)
}
