// The checks of `admit` on the transaction, N12 to N16: what exactly would be signed, from which
// address, and that it is the one effect of this intent. Everything is computed again from the
// bytes; what a line or a caller says of them is only compared.
import { equalBytes, plainDigest, toHex } from '../proto/crypto.ts'
import { refuse } from '../proto/refusal.ts'
import { acceptsFor, plainTransfers } from './chain/chain.ts'
import { chainOf } from './chain/chains.ts'
import { derive } from './chain/derive.ts'
import type { Lines } from './check-lines.ts'
import { type Effect, type Fee, type Intent, isMessage } from './intent.ts'
import { requireLifetime } from './lifetime.ts'
import type { SlotRule } from './places.ts'
import { networkOf, type Rulebook } from './rulebook.ts'
import type { AttemptRow, VaultRow } from './view.ts'

/** N12: strictly decoded; whatever the policy accepts no transaction of is refused by name. */
export function decode(intent: Intent, bytes: Uint8Array, rulebook: Rulebook): Effect {
  const accepted = networkOf(rulebook, intent.vault) ?? plainTransfers
  return chainOf(intent.network).decode(bytes, acceptsFor(intent, accepted))
}

/** N13: the attempt line names these bytes and the digest that they really have. */
export function requireDigests({ bytes, digest }: Effect, { attempt }: Lines): void {
  const own = plainDigest(bytes)
  if (own !== attempt.bytes) refuse('BYTES_DIGEST', `bytes: expected ${attempt.bytes}, got ${own}`)
  if (!equalBytes(digest, attempt.digest)) {
    refuse('BYTES_DIGEST', `digest: expected ${toHex(attempt.digest)}, got ${toHex(digest)}`)
  }
}

/** N14: the key that this path gives; its address owns the slot. */
export function sourceKey(intent: Intent, vault: VaultRow, { reservation }: Lines): Uint8Array {
  if (intent.path !== reservation.path) {
    refuse('BYTES_FROM', `path: expected ${reservation.path}, got ${intent.path}`)
  }
  return derive(vault, intent.path).publicKey
}

/** N14: where the bytes say whose value it is, it is that key's and nobody else's. */
export function requireOwner({ from, network }: Effect, publicKey: Uint8Array): void {
  if (from === '') return
  const own = chainOf(network).address(publicKey)
  if (from !== own) refuse('BYTES_FROM', `from: expected ${own}, got ${from}`)
}

/** N15: the bytes do what the intent says, and cost no more. */
export function requireEffect(effect: Effect, intent: Intent, rulebook: Rulebook): void {
  const same = (code: 'BYTES_OP' | 'BYTES_TO', field: 'op' | 'network' | 'contract' | 'to') => {
    if (effect[field] !== intent[field]) {
      refuse(code, `${field}: expected ${intent[field]}, got ${effect[field]}`)
    }
  }
  same('BYTES_OP', 'op')
  same('BYTES_OP', 'network')
  if (effect.call !== intent.call) {
    refuse('BYTES_OP', `call: expected ${intent.call ?? 'none'}, got ${effect.call ?? 'none'}`)
  }
  if (effect.message !== intent.message) {
    const [expected, got] = [intent.message ?? 'none', effect.message ?? 'none']
    refuse('BYTES_OP', `message: expected ${expected}, got ${got}`)
  }
  same('BYTES_TO', 'contract')
  // Who signs a declaration is no part of it: that address was compared with the key's (N10).
  if (effect.message === undefined || effect.to !== '') same('BYTES_TO', 'to')
  if (effect.amount !== intent.amount) {
    refuse('BYTES_AMOUNT', `amount: expected ${intent.amount}, got ${effect.amount}`)
  }
  atMost('fee of the transaction', intent.maxFee, effect.fee.max)
  atMost('fee of the intent', networkOf(rulebook, intent.vault)?.maxFee ?? 0n, intent.maxFee)
}

/** N16: the slot of the reservation, and other bytes only as a lawful fee bump. */
export function requireOneEffect(effect: Effect, lines: Lines, rulebook: Rulebook): void {
  const { reservation, attempt, before } = lines
  for (const slot of [attempt.slot, effect.slot]) {
    if (slot !== reservation.slot) {
      refuse('NONCE', `slot: expected ${reservation.slot}, got ${slot}`)
    }
  }
  const until = effect.until ?? 0
  if (until !== attempt.until) refuse('LIFETIME', 'the attempt line names another end of life')
  requireLifetime({ vault: reservation.vault, t: attempt.t, until }, rulebook)
  if (!sameFee(effect.fee, attempt.fee)) refuse('FEE', 'the attempt line names another fee')
  const last = before.at(-1)
  if (last === undefined) {
    if (attempt.replaces !== '') refuse('ONE_EFFECT', 'a first attempt replaces nothing')
    const { vault, cancelling } = reservation
    if (cancelling) requireRaised(attempt.fee, cancelling, networkOf(rulebook, vault)?.slot)
  } else if (attempt.bytes === last.bytes) {
    if (attempt.replaces !== last.replaces) refuse('ONE_EFFECT', 'a retry replaces as before')
  } else if (isMessage(reservation.op)) {
    refuse('ONE_EFFECT', 'the first attempt binds what is signed for ever')
  } else {
    requireBump(attempt, last, networkOf(rulebook, reservation.vault)?.slot)
  }
}

/** The walk, section 7: both fee fields really higher, or miners need not replace anything. */
function requireBump(attempt: AttemptRow, last: AttemptRow, slot: SlotRule | undefined): void {
  if (attempt.replaces !== last.warrant) {
    refuse('ONE_EFFECT', 'other bytes that do not replace the last warrant')
  }
  requireRaised(attempt.fee, last.fee, slot)
}

type Prices = Pick<Fee, 'price' | 'tip'>

function requireRaised(higher: Prices, before: Prices, slot: SlotRule | undefined): void {
  const percent = bumpOf(slot)
  for (const field of ['price', 'tip'] as const) {
    const [now, was] = [higher[field], before[field]]
    if (now <= was || now * 100n < was * BigInt(100 + percent)) {
      refuse('ONE_EFFECT', `${field}: expected ${percent} percent above ${was}, got ${now}`)
    }
  }
}

function bumpOf(slot: SlotRule | undefined): number {
  if (slot?.kind === 'nonce') return slot.bumpPercent
  return refuse('ONE_EFFECT', 'the first attempt binds the bytes for ever')
}

function sameFee(a: Fee, b: Fee): boolean {
  return a.max === b.max && a.price === b.price && a.tip === b.tip
}

function atMost(what: string, most: bigint, got: bigint): void {
  if (got > most) refuse('FEE', `${what}: expected at most ${most}, got ${got}`)
}
