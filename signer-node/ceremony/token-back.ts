// What is done with a token in a turn, by a Station whose token may be pulled out of it at any
// moment: its custodian is asked to put the same one back, types the PIN, and it is done once more.
// INVARIANT: a token of the same place (daily or spare), or none; a wrong PIN stops the turn as
// everywhere. What was begun with the token before begins anew.
import { attempt, isRefusal, Refused } from '../../proto/refusal.ts'
import type { Desk, TokenHand } from './station-acts.ts'

const triesMax = 3
const gone: readonly string[] = ['TOKEN_ABSENT', 'TOKEN_BROKEN', 'TOKEN_WRONG']

export async function withToken<T>(
  { desk, token }: { readonly desk: Desk; readonly token: TokenHand },
  work: () => Promise<T>,
): Promise<T> {
  // Asked now: whoever is out later no longer says which it was.
  const known = attempt(() => token.now.which)
  const which = isRefusal(known) ? 'any' : known
  for (let tries = 1; ; tries += 1) {
    try {
      if (tries > 1) await token.again(which)
      return await work()
    } catch (error) {
      const isGone = error instanceof Refused && gone.includes(error.refusal.code)
      if (!isGone || tries === triesMax) throw error
      desk.say(`${error.refusal.code}: ${error.refusal.because}`)
      const name = which === 'any' ? 'token' : `${which} token`
      const what = which === 'spare' ? 'spare-in' : 'daily-in'
      await desk.ask(what, `the ${name} is out, or is another: put it in; then Enter `)
    }
  }
}
