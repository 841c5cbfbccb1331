// What everybody's Statement at the end of a ceremony is over: plan, Record, exceptions, and
// the manifest of what is carried out; the same at a Station and at the Record station, but for
// the times between which that person's lines stand.
import type { ReadPlan } from '../../policy/ceremony/plan.ts'
import { actorText } from '../../policy/ceremony/record.ts'
import { recordHead } from '../../policy/ceremony/record-chain.ts'
import { digestOf, toUtf8 } from '../../proto/crypto.ts'
import { tags } from '../../proto/tags.ts'
import type { RecordCopy } from './record-copy.ts'

/** What everybody's Statement is over, but for who speaks and what they say. */
export function spoken(
  { digest, plan }: ReadPlan,
  { state, lines }: RecordCopy,
  manifest: string,
  named: string,
) {
  const own = lines.filter(({ actor }) => actorText(actor) === named).map(({ t }) => t)
  const [first, last] = [lines[0]?.t ?? 0, state.t]
  const { org, env } = plan
  return {
    ...{ org, env, plan: digest, exceptions: state.exceptions },
    bundle: digestOf(tags.bundle, toUtf8(manifest)),
    record: recordHead(state),
    from: Math.min(first, ...own),
    until: Math.max(last, ...own),
  }
}
