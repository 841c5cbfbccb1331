// I8, where sessions began: each Station says, with the line that ends a session, at which head of
// this Record its acceptance was given. The session's id is the hash of those acceptances, so what
// is said here is what was signed over. Asks that it is a head of this very Record, before the
// session's first line, and one in which everybody had confirmed.
// INVARIANT: the same rule as every Station's own (`begun.ts`), on the same lines.
import type { Digest, NodeId } from '../../proto/ids.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { requireBegun } from './begun.ts'
import { linesOf } from './judge-keys.ts'
import { type CeremonyFinding, said } from './judgement.ts'
import type { Plan } from './plan.ts'
import type { RecordLine, RecordLineOf } from './record.ts'
import { headAt } from './record-chain.ts'

export interface Begun {
  readonly plan: Plan
  readonly lines: readonly RecordLine[]
  /** Who signed in a session, by their receipts; of others the Record says it. */
  readonly signers: ReadonlyMap<Digest, readonly NodeId[]>
}

export function judgeHeads(begun: Begun): readonly CeremonyFinding[] {
  const done = linesOf(begun.lines, 'session.done')
  return done.flatMap((line): CeremonyFinding[] => {
    const because = faultOf(line, done, begun)
    if (because === '') return []
    return [{ check: 'I8', word: 'VIOLATION', because, line: line.seq }]
  })
}

function faultOf(
  { body }: RecordLineOf<'session.done'>,
  done: readonly RecordLineOf<'session.done'>[],
  { plan, lines, signers }: Begun,
): string {
  const { session, request, head } = body
  const first = lines.find((one) => 'session' in one.body && one.body.session === session)
  if (first !== undefined && head.size > first.seq) {
    return `${session} names ${head.size} lines, and its own begin at ${first.seq}`
  }
  if (headAt(lines, head.size).root !== head.root) {
    return `${session} was begun at ${head.size} lines of another Record`
  }
  const earlier = done.find(({ body: other }) => {
    return other.session !== session && other.head.size === head.size && other.request === request
  })
  if (earlier !== undefined) return `${session} was begun on the confirmations of another session`
  const nodes = signers.get(session)
  const about = nodes === undefined ? { request } : { request, nodes }
  const found = attempt(() => requireBegun(plan, lines.slice(0, head.size), about))
  return isRefusal(found) ? `${session} was begun too early: ${said(found)}` : ''
}
