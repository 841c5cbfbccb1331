// I5: whether the ceremony belongs to this log. Its Plan was approved and planned there, it is of
// the root in force, of the organisation and the environment, the Record begins at a
// head of this very log and with the Bundle that left for the room; and where the log already says
// how the ceremony ended, it says this Record.

import type { Digest } from '../../proto/ids.ts'
import type { Entry, EntryOf } from '../audit/entry.ts'
import { readSync } from '../audit/rows.ts'
import { get, tables } from '../audit/tables.ts'
import type { CeremonyFinding } from './judgement.ts'
import { type HistoryAt, type LogView, treeAt } from './log-view.ts'
import type { ReadPlan } from './plan.ts'
import type { RecordState } from './record-chain.ts'

export interface OnLog {
  readonly plan: ReadPlan
  readonly state: RecordState
  /** As the closed Record is named. */
  readonly record: { readonly size: number; readonly root: Digest }
  readonly results: Digest
  readonly statements: Digest | ''
}

export function judgeLog(view: LogView, history: HistoryAt, on: OnLog): readonly CeremonyFinding[] {
  const opening = on.state.opening
  if (opening === undefined) return []
  const { size, root } = opening.checkpoint
  if (size === 0 || size > view.entries.length) {
    return [bad(`the record begins at line ${size}, the log has ${view.entries.length}`)]
  }
  if (view.bundle !== '' && size !== view.entries.length) {
    return [
      bad(`the record begins at line ${size}, the Bundle went in with ${view.entries.length}`),
    ]
  }
  if (root !== treeAt(view, size)) return [bad(`the record begins at another log of ${size} lines`)]
  return [
    ...planned(history, on),
    ...ofRoot(view, on, size),
    ...carriedIn(view, on),
    ...ended(view, on),
  ]
}

/** Approved, folded, and open when the room began. */
function planned({ rows }: HistoryAt, { plan }: OnLog): readonly CeremonyFinding[] {
  const row = readSync(get(tables.ceremony, plan.digest), rows)
  if (row === undefined) {
    return [bad('nobody planned this ceremony in the log before it began (X-20)')]
  }
  const { kind, from, until, requests, vaults } = plan.plan
  const named = requests.map(({ request }) => request)
  const same =
    row.kind === kind &&
    row.from === from &&
    row.until === until &&
    isSame(row.requests, named) &&
    isSame(row.vaults, vaults)
  if (!same) return [bad('the log planned other requests, vaults or times under this plan')]
  const isOpen = row.state === 'planned' || row.state === 'exported'
  return isOpen ? [] : [bad(`the ceremony was ${row.state} before the record began`)]
}

function ofRoot(
  view: LogView,
  { plan: { plan } }: OnLog,
  size: number,
): readonly CeremonyFinding[] {
  const root = view.reigns.findLast(({ from }) => from < size)?.root
  if (root === undefined) return [bad('no root is in force')]
  const compared = [
    ['organisation', plan.org, root.org],
    ['environment', plan.env, root.env],
    ['log', plan.origin, root.log.origin],
    ['root', plan.root, root.digest],
  ] as const
  const different = compared.filter(([, own, other]) => own !== other)
  const found = different.map(([what, own, other]) => {
    return bad(`${what}: the plan is of ${own}, the log of ${other} (X-20)`)
  })
  if (!root.cold) found.push(bad('the log is none of cold vaults'))
  const stations = plan.stations.filter(({ part }) => part !== 'leaves')
  for (const { node, x } of stations) {
    if (root.nodes.some((one) => one.node === node && one.x === x)) continue
    found.push(bad(`${node} at place ${x} is no station of the root`))
  }
  return found
}

/** The Bundle that left is the one whose words were read. */
function carriedIn(view: LogView, { plan, state }: OnLog): readonly CeremonyFinding[] {
  const read = state.opening?.bundle
  const left = view.entries.flatMap((entry) =>
    entry.type === 'ceremony.exported' && entry.body.plan === plan.digest
      ? [entry.body.bundle]
      : [],
  )
  const known = view.bundle === '' ? left : [view.bundle, ...left]
  if (known.length === 0) {
    const because = 'neither the log nor a Bundle at hand says which Bundle left for the room'
    return [{ check: 'I5', word: 'UNCONFIRMED', because }]
  }
  if (known.every((one) => one === read)) return []
  return [bad(`another Bundle left for the room: expected ${known.join(', ')}, got ${read}`)]
}

/** A log that goes on after the room tells of this Record; what it says last counts. */
function ended(view: LogView, on: OnLog): readonly CeremonyFinding[] {
  const entry = view.entries.findLast(isEnd)
  if (entry === undefined) return []
  const { size, root } = entry.body.record
  if (size === 0) return [bad('the log says that this ceremony ended without a record')]
  if (size !== on.record.size || root !== on.record.root) {
    return [bad(`the log concluded this ceremony with another record, ${size} lines, ${root}`)]
  }
  if (entry.type === 'ceremony.aborted') return []
  const { exceptions, results, statements } = entry.body
  const same =
    exceptions === on.state.exceptions && results === on.results && statements === on.statements
  return same ? [] : [bad('the log concluded it with other results, statements or exceptions')]

  function isEnd(one: Entry): one is EntryOf<'ceremony.concluded' | 'ceremony.aborted'> {
    const isOne = one.type === 'ceremony.concluded' || one.type === 'ceremony.aborted'
    return isOne && one.body.plan === on.plan.digest
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return [...one].sort().join() === [...other].sort().join()
}

function bad(because: string): CeremonyFinding {
  return { check: 'I5', word: 'VIOLATION', because }
}
