// The lot that draws who signs, of those who have confirmed; those first who have not signed in
// this sitting, so that over several proofs everybody is seen to sign.
// INVARIANT: every choice of equals is as likely as any other; ascending by x, as sessions are.
import type { PlannedStation } from '../../policy/ceremony/plan.ts'
import { refuse } from '../../proto/refusal.ts'
import type { Random } from '../ports.ts'

export function drawn(
  ready: readonly PlannedStation[],
  by: { readonly t: number; readonly random: Random; readonly last: ReadonlySet<string> },
): readonly string[] {
  if (ready.length < by.t) refuse('NOT_ENOUGH_SIGNERS', `${ready.length} are ready, ${by.t} sign`)
  const fresh = shuffled(
    ready.filter(({ node }) => !by.last.has(node)),
    by.random,
  )
  const others = shuffled(
    ready.filter(({ node }) => by.last.has(node)),
    by.random,
  )
  const chosen = [...fresh, ...others].slice(0, by.t)
  return chosen.sort((a, b) => a.x - b.x).map(({ node }) => node)
}

/** Fisher and Yates; a draw that would make one place likelier is thrown away. */
function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  const all = [...items]
  for (let at = all.length - 1; at > 0; at -= 1) {
    const other = below(at + 1, random)
    const [here, there] = [all[at], all[other]]
    if (here === undefined || there === undefined) continue
    all[at] = there
    all[other] = here
  }
  return all
}

function below(bound: number, random: Random): number {
  const most = 256 - (256 % bound)
  for (;;) {
    const [byte = 0] = random(1)
    if (byte < most) return byte % bound
  }
}
