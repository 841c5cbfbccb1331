// A PIN that two people make together: each types a half, neither knows the PIN. It is drawn from
// both halves, long enough for a card and short enough for one (15 signs of base32, 75 bits).
// INVARIANT: the halves are told apart, so that two people cannot type the same one, and nothing of
// them is kept: the device holds the PIN.
import { concat, hkdfSha256, tagged, toUtf8 } from '../proto/crypto.ts'
import { refuse } from '../proto/refusal.ts'
import { tags } from '../proto/tags.ts'
import { Secret } from './dkls23/secret.ts'

export const halfMin = 8
const signs = 15
const alphabet = toUtf8('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')

/** The PIN; the halves stay their owners' to wipe. */
export function twoPersonPin(first: Secret, second: Secret): Secret {
  for (const half of [first, second]) {
    if (half.bytes.length < halfMin) refuse('CONFIG', `a half has at least ${halfMin} signs`)
  }
  if (first.equals(second)) refuse('CONFIG', 'two halves that are the same are one half')
  const lengths = Uint8Array.of(first.bytes.length & 0xff, second.bytes.length & 0xff)
  using both = new Secret(concat(lengths, first.bytes, second.bytes))
  using drawn = new Secret(
    hkdfSha256(both.bytes, new Uint8Array(0), tagged(tags.pin, new Uint8Array(0)), signs),
  )
  const pin = new Secret(new Uint8Array(signs))
  for (const [at, byte] of drawn.bytes.entries()) pin.bytes[at] = alphabet[byte & 31] ?? 0
  return pin
}
