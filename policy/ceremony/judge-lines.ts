// I2 and I3: the lines of a Record that was carried out, one by one under the rules that every
// station kept: one chain from the Plan's digest to the closing line, each line signed by a token
// of its author's seat. Whose keys these are the Plan says; that people approved this Plan is I5.
// What stops the reading is named, and what follows it is not looked at.
import type { Digest } from '../../proto/ids.ts'
import { attempt, isRefusal, type Refusal } from '../../proto/refusal.ts'
import type { BundleOut } from './bundle-out.ts'
import type { CeremonyFinding } from './judgement.ts'
import { parseRecordLine, type RecordLine } from './record.ts'
import { beginRecord, follow, type RecordState, splitRecord } from './record-chain.ts'
import { seatsOf } from './record-seats.ts'

export interface Taken {
  readonly lines: readonly RecordLine[]
  /** After the last line that follows; undefined where not even the seats hold. */
  readonly state: RecordState | undefined
  readonly findings: readonly CeremonyFinding[]
}

export function takeLines({ plan, record }: BundleOut): Taken {
  const raw = attempt(() => splitRecord(record))
  if (isRefusal(raw)) return { lines: [], state: undefined, findings: [stopped(raw)] }
  const begun = attempt(() => beginRecord(seatsOf(plan, bundleNamed(raw[0]))))
  if (isRefusal(begun)) return { lines: [], state: undefined, findings: [stopped(begun)] }
  const lines: RecordLine[] = []
  let state = begun
  for (const bytes of raw) {
    const next = attempt(() => follow(state, bytes))
    if (isRefusal(next)) return { lines, state, findings: [stopped(next, lines.length)] }
    lines.push(next.line)
    state = next.state
  }
  const isOpen = state.closed === undefined
  const because = lines.length === 0 ? 'the record has no lines' : 'the record was never closed'
  return { lines, state, findings: isOpen ? [{ check: 'I2', word: 'UNCONFIRMED', because }] : [] }
}

/** As the first line says; whether it is the one that left for the room is I5. */
function bundleNamed(first: Uint8Array | undefined): Digest | '' {
  const line = attempt(() => (first === undefined ? undefined : parseRecordLine(first)))
  if (line === undefined || isRefusal(line) || line.type !== 'record.genesis') return ''
  return line.body.bundle
}

function stopped({ because, rule }: Refusal, line?: number): CeremonyFinding {
  const check = rule === 'I3' || rule === 'I4' ? rule : 'I2'
  const word = check === 'I4' ? 'VIOLATION' : 'TAMPERED'
  return { check, word, because, ...(line === undefined ? {} : { line }) }
}
