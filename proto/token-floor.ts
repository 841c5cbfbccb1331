// The floor in a Token: the little that a Token remembers of one vault, so that an older log, an
// older share or a ceremony that never reached the log is noticed by the Station that opens it
// next. Private in the Token, so only who has the PIN reads or replaces it.
// INVARIANT: never longer than 512 bytes, whatever names and figures it holds: that is what a small
// Token keeps. A next one follows the last by one count, and nothing in it goes back.
// Keeps nothing itself: that is `signer-node/hsm/`.
import { digestOf } from './crypto.ts'
import type { Digest } from './ids.ts'
import { encode, type JsonObject, parse } from './jcs.ts'
import { refuse } from './refusal.ts'
import { digest, digestOrNone, integer, literal, object, type Shaped } from './shape.ts'
import { tags } from './tags.ts'

export const floorBytesMax = 512
/** Vaults that one Token remembers. */
export const floorsMax = 16

const linesMax = 9_999_999_999
const countMax = 999_999

const head = object({
  /** Lines. */
  size: integer(0, linesMax),
  root: digestOrNone,
})
const shape = object({
  format: literal('custody-token-floor/v1'),
  /** Digest of organisation, environment, origin and vault: their names may be long. */
  about: digest,
  env: literal('prod', 'test', 'dev'),
  epoch: integer(0, 0xffff_ffff),
  /** SHA-256 of the Seal's file. */
  seal: digest,
  /** Root of the last ceremony's Record; none while that is not closed. */
  record: digestOrNone,
  /** The log of the cold origin as it was seen last, and the main log. */
  cold: head,
  main: head,
  count: integer(1, countMax),
})

export type TokenFloor = Omit<Shaped<typeof shape>, 'format'>
type Head = TokenFloor['cold']

/** What a floor is about. */
export interface FloorSubject {
  readonly org: string
  readonly env: TokenFloor['env']
  readonly origin: string
  readonly vault: string
}

export function floorAbout({ org, env, origin, vault }: FloorSubject): Digest {
  return digestOf(tags.tokenFloor, encode({ org, env, origin, vault }))
}

export function parseTokenFloor(bytes: Uint8Array): TokenFloor {
  const { format: _, ...floor } = shape(parse(bytes, floorBytesMax), 'floor')
  for (const name of ['cold', 'main'] as const) {
    if ((floor[name].size === 0) !== (floor[name].root === '')) {
      refuse('MALFORMED', `floor.${name}: expected a root exactly where there are lines`)
    }
  }
  return floor
}

export function writeTokenFloor(floor: TokenFloor): Uint8Array {
  const { about, env, epoch, seal, record, count } = floor
  const heads: JsonObject = { cold: { ...floor.cold }, main: { ...floor.main } }
  const format = 'custody-token-floor/v1'
  const bytes = encode({ format, about, env, epoch, seal, record, count, ...heads })
  parseTokenFloor(bytes)
  return bytes
}

/** What is to be remembered next, after what is remembered now. */
export function nextFloor(
  last: TokenFloor | undefined,
  next: Omit<TokenFloor, 'count'>,
): TokenFloor {
  return { ...next, count: (last?.count ?? 0) + 1 }
}

/** Refuses what would make a Token forget. */
export function requireFollows(last: TokenFloor | undefined, next: TokenFloor): void {
  const count = (last?.count ?? 0) + 1
  if (next.count !== count)
    refuse('TOKEN_FLOOR', `floor: expected count ${count}, got ${next.count}`)
  if (last === undefined) return
  if (next.about !== last.about || next.env !== last.env) {
    refuse('TOKEN_FLOOR', 'floor: about something else than the last')
  }
  if (next.epoch < last.epoch) {
    refuse('TOKEN_FLOOR', `floor: expected epoch ${last.epoch} or a later one, got ${next.epoch}`)
  }
  requireExtends('cold', last.cold, next.cold)
  requireExtends('main', last.main, next.main)
}

/** Of two that one Token holds after it was interrupted: the later one. */
export function laterFloor(a: TokenFloor, b: TokenFloor): TokenFloor {
  return b.count > a.count ? b : a
}

function requireExtends(log: string, last: Head, next: Head): void {
  if (next.size < last.size) {
    refuse('TOKEN_FLOOR', `floor: the ${log} log had ${last.size} lines, now it has ${next.size}`)
  }
  if (next.size === last.size && next.root !== last.root) {
    refuse('TOKEN_FLOOR', `floor: the ${log} log had another root at ${last.size} lines`)
  }
}
