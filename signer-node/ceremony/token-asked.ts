// A token that is put in while its Station sits: the spare in the place of the daily one, or the
// same one once more. Each remembers for itself, so each is asked as the first one was when the log
// was read, before it opens a share or signs a line.
// INVARIANT: a token whose floors were not asked, or said no, is as good as none.
import { refuse } from '../../proto/refusal.ts'
import { requireMain } from './floor-checks.ts'
import type { ActsNeeds, TokenHand } from './station-acts.ts'
import { requireRemembered } from './station-log.ts'
import { rememberedBy } from './station-self.ts'

type Needs = Pick<ActsNeeds, 'token' | 'station' | 'plan' | 'bundle' | 'record'>

/** The token that is in now was asked when the Station opened. */
export function asking({ token, station, plan, bundle, record }: Needs): TokenHand {
  let asked = token.now
  return {
    get now() {
      const { now } = token
      if (now !== asked) refuse('TOKEN_WRONG', 'the token that is in may not take part here')
      return now
    },
    again: async (which) => {
      const next = await token.again(which)
      const remembered = rememberedBy(await next.hsm.floors(), record.closedRoot)
      requireMain(remembered.floors, bundle.main)
      requireRemembered(station.own, plan, remembered)
      asked = next
      return next
    },
  }
}
