// Health of a source of random bytes: the repetition count and the adaptive proportion test, and
// two reads that must differ. They find a source that is stuck, short or broken, and never say that
// one is good. Source: NIST SP 800-90B, 4.4.1 and 4.4.2, for 8 bits a byte; a good source fails one
// of them less than once in 2^29 samples.
// INVARIANT: what was drawn here is wiped and used for nothing else.
import { equalBytes } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'

/** 1 + 40 / 8: as many equal bytes in a row have a chance of 2^-40 at each place. */
const repeatsMax = 6
const window = 512
/** More than 19 others like the first in a window: below 2^-40 by the binomial distribution. */
const likeFirstMax = 20
export const sampleBytes = 1_024

/** Refuses what no good source gives; the sample is the caller's to wipe. */
export function requireHealthy(source: string, sample: Uint8Array): void {
  if (sample.length < sampleBytes) {
    refuse('CONFIG', `${source}: expected ${sampleBytes} bytes, got ${sample.length}`, 'X-4')
  }
  let run = 1
  for (let at = 1; at < sample.length; at += 1) {
    run = sample[at] === sample[at - 1] ? run + 1 : 1
    if (run >= repeatsMax) refuse('CONFIG', `${source}: ${run} equal bytes in a row`, 'X-4')
  }
  for (let from = 0; from + window <= sample.length; from += window) {
    const part = sample.subarray(from, from + window)
    const like = part.reduce((count, byte) => count + (byte === part[0] ? 1 : 0), 0)
    if (like >= likeFirstMax) {
      refuse('CONFIG', `${source}: one byte ${like} times in ${window}`, 'X-4')
    }
  }
}

export function requireFresh(source: string, first: Uint8Array, second: Uint8Array): void {
  if (equalBytes(first, second)) refuse('CONFIG', `${source}: the same bytes twice`, 'X-4')
}

const rollsMin = 100
const rollsMax = 512
/** 1 + 40 / log2(6). */
const rollsAlikeMax = 17

/** Dice, as they were typed: ASCII 1 to 6. */
export function requireDice(rolls: Uint8Array): void {
  if (rolls.length < rollsMin || rolls.length > rollsMax) {
    refuse('CONFIG', `dice: expected ${rollsMin} to ${rollsMax} rolls, got ${rolls.length}`)
  }
  let run = 1
  const seen = new Set<number>()
  for (const [at, roll] of rolls.entries()) {
    if (roll < 0x31 || roll > 0x36) refuse('CONFIG', 'dice: expected only 1 to 6')
    run = at > 0 && roll === rolls[at - 1] ? run + 1 : 1
    if (run >= rollsAlikeMax) refuse('CONFIG', `dice: ${run} equal rolls in a row`)
    seen.add(roll)
  }
  if (seen.size < 6) refuse('CONFIG', 'dice: a face never came')
}
