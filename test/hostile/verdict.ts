/**
 * What the specification says must happen when messages were changed on their way: from the changed
 * bytes and from what each field is bound by, never from what the code does.
 */

import type { AbortReason } from '../../signer-node/dkls23/abort.ts'
import type { Party } from '../../signer-node/dkls23/party.ts'
import { equalBytes } from '../../signer-node/dkls23/secret.ts'
import { leavesOf } from '../kit/rounds.ts'
import { isCanonical } from './canonical.ts'
import { type Binding, meanings, ranks } from './meaning.ts'
import type { Show, Stage } from './stage.ts'

/** One message that a corrupt party sent to an honest one. */
export interface Altered {
  readonly round: number
  readonly from: Party
  readonly to: Party
  readonly before: Uint8Array
  readonly after: Uint8Array
}

export type Verdict =
  | { readonly kind: 'done' }
  | { readonly kind: 'aborted'; readonly reason: AbortReason; readonly culprit?: Party }

/** A field whose bytes changed, and where in its row. */
interface Change {
  readonly binding: Binding
  readonly index: number
}

const done: Verdict = { kind: 'done' }
const nobody = (reason: AbortReason): Verdict => ({ kind: 'aborted', reason })
const named = (reason: AbortReason, culprit: Party): Verdict => ({
  kind: 'aborted',
  reason,
  culprit,
})

/** The check behind a binding, when it fails at once; the others show later or elsewhere. */
const failures: Partial<Readonly<Record<Binding, AbortReason>>> = {
  opened: 'commitment',
  extension: 'ot-check',
  proved: 'proof',
  product: 'rvole-check',
  tree: 'pprf-check',
  dealt: 'share',
  gamma: 'gamma-check',
}

/** All alterations are of one round; the answer has every honest party. */
export function expectedOf(
  stage: Stage,
  show: Show,
  honest: readonly Party[],
  altered: readonly Altered[],
): ReadonlyMap<Party, Verdict> {
  const real = altered.filter(({ before, after }) => !equalBytes(before, after))
  const atOnce = new Map(
    honest.map((party) => [
      party,
      failureAt(
        stage,
        show,
        real.filter(({ to }) => to === party),
      ),
    ]),
  )
  const rest = laterOf(stage, show, real, [...atOnce.values()])
  return new Map(
    honest.map((party) => {
      const isTold = real.some(({ to }) => to === party)
      return [party, atOnce.get(party) ?? (rest.onlyTold && !isTold ? done : rest.verdict)]
    }),
  )
}

/** Why one honest party stops in the very step that reads these messages, if it does. */
function failureAt(stage: Stage, show: Show, received: readonly Altered[]): Verdict | undefined {
  const inOrder = [...received].sort((a, b) => a.from - b.from)
  for (const { from, round, before, after } of inOrder) {
    if (after.length !== before.length) return named('wrong-size', from)
    const leaves = leavesOf(stage.rounds.get(round)?.fields ?? [])
    const isMalformed = leaves.some((leaf) =>
      leaf.offsets.some((at) => !isCanonical(leaf, after.subarray(at, at + leaf.bytes))),
    )
    if (isMalformed) return named('malformed', from)
  }
  const changes = inOrder.map((one) => ({ from: one.from, found: changesIn(stage, show, one) }))
  if (changes.some(({ found }) => found.some(({ binding }) => binding === 'compared'))) {
    return nobody('view-mismatch')
  }
  for (const { from, found } of changes) {
    for (const rank of ranks) {
      const reason = found.some(({ binding }) => binding === rank) ? failures[rank] : undefined
      if (reason !== undefined) return named(reason, from)
    }
  }
  return undefined
}

/** What becomes of the honest parties that saw nothing wrong in that step. */
function laterOf(
  stage: Stage,
  show: Show,
  altered: readonly Altered[],
  atOnce: readonly (Verdict | undefined)[],
): { readonly verdict: Verdict; readonly onlyTold: boolean } {
  const bindings = altered
    .filter(({ before, after }) => before.length === after.length)
    .flatMap((one) => changesIn(stage, show, one).map(({ binding }) => binding))
  const isLast = altered.every(({ round }) => round === Math.max(...stage.rounds.keys()))
  const isSilent = atOnce.some((verdict) => verdict !== undefined) && !isLast
  if (isSilent) return { verdict: nobody('missing-message'), onlyTold: false }
  if (bindings.includes('announced')) return { verdict: nobody('view-mismatch'), onlyTold: false }
  // Whoever is told wrong choices answers them; its answers ruin the liar's own trees.
  if (bindings.includes('own-trees')) return { verdict: nobody('missing-message'), onlyTold: false }
  if (bindings.includes('signature')) {
    return { verdict: nobody('signature-invalid'), onlyTold: isLast }
  }
  return { verdict: done, onlyTold: false }
}

/** The bindings of the fields that differ; what Delta decides is decided here. */
function changesIn(stage: Stage, show: Show, one: Altered): readonly Change[] {
  const round = stage.rounds.get(one.round)
  const known = meanings[round?.name ?? ''] ?? {}
  return leavesOf(round?.fields ?? []).flatMap(({ path, bytes, offsets }) => {
    const binding = known[path]
    if (binding === undefined) throw new Error(`${round?.name}: nothing says what binds ${path}`)
    return offsets.flatMap((at, index) => {
      const [before, after] = [one.before, one.after].map((all) => all.subarray(at, at + bytes))
      if (before === undefined || after === undefined || equalBytes(before, after)) return []
      return [{ binding: chosen(binding, show, one.to, index), index }]
    })
  })
}

/** A value that is not read is only in the hash of all messages, which the next round compares. */
function chosen(binding: Binding, show: Show, to: Party, index: number): Binding {
  if (binding === 'chosen-answer') return show.isChosen(to, index) ? 'tree' : 'announced'
  // The sums of tree i are for the second of its two base transfers.
  const ofTransfer = 2 * ((index >> 1) * 2 + 1) + (index & 1)
  if (binding === 'chosen-sum') return show.isChosen(to, ofTransfer) ? 'tree' : 'announced'
  return binding
}
