// What a rehearsal pays of its own accord, in hundredths of a coin, and whether it came: asked of
// the chain, because a log only says what was meant.
import { Unavailable } from '../../proto/unavailable.ts'
import type { Online } from './rehearsal-online.ts'

const weiPerHundredth = 10n ** 16n

export function coins(hundredths: bigint): string {
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, '0')}`
}

/** To say, or refused where the recipient has more or less than all that was paid so far. */
export async function arrived({ chain, recipient }: Online, hundredths: bigint): Promise<string> {
  const held = await chain.balance(recipient)
  const paid = coins(hundredths)
  if (held !== hundredths * weiPerHundredth) {
    throw new Unavailable(`the chain has ${held} wei at the recipient, ${paid} were paid`)
  }
  return `${paid} coins are at the recipient`
}
