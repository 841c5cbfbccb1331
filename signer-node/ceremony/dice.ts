// Dice at a station: a custodian throws them behind a screen and types the rolls twice, unseen.
// INVARIANT: rolls stand in no string and are wiped; two that differ are thrown away, and are asked
// for once more. What they are good for is `entropy.ts`'s.
import { equalBytes } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import type { MixedRandom } from './entropy.ts'
import type { PinPad } from './pin-step.ts'

const triesMax = 2

/** Which sources are mixed then. */
export async function dice(
  pad: Pick<PinPad, 'say' | 'secret'>,
  mixed: Pick<MixedRandom, 'kinds' | 'throwDice'>,
): Promise<readonly string[]> {
  for (let tries = 1; tries <= triesMax; tries += 1) {
    using first = await pad.secret('a hundred rolls or more, 1 to 6, without spaces: ')
    using second = await pad.secret('the same rolls once more: ')
    if (equalBytes(first.bytes, second.bytes)) {
      mixed.throwDice(first)
      return mixed.kinds
    }
    pad.say('these are not the same rolls\n')
  }
  return refuse('CEREMONY', 'the rolls were typed differently twice')
}
