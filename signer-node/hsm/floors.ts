// What a token remembers: one floor for each vault. A module changes no object that it keeps, so a
// floor is replaced: first the new one is there and read back, then the old one goes. A process
// that dies in between leaves two, and whoever looks next finishes: the later one stays.
// INVARIANT: a floor follows the last one, or the token keeps what it had; what is kept and cannot
// be read is a fault and never nothing.
import { equalBytes, fromUtf8, toHex, toUtf8 } from '../../proto/crypto.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import {
  floorBytesMax,
  floorsMax,
  laterFloor,
  parseTokenFloor,
  requireFollows,
  type TokenFloor,
  writeTokenFloor,
} from '../../proto/token-floor.ts'
import { fail, type Kept, type Token } from './token.ts'

const trialMark = 'trial '

interface KeptFloor extends Kept {
  readonly floor: TokenFloor
}

/** One of each subject. */
export function floorsIn(token: Token): readonly TokenFloor[] {
  return healed(token).map(({ floor }) => floor)
}

/** Refused unless it follows the one that is there. */
export function putFloor(token: Token, bytes: Uint8Array): void {
  const next = readFloor(bytes)
  const all = healed(token)
  const last = all.find(({ floor }) => floor.about === next.about)
  const followed = attempt(() => requireFollows(last?.floor, next))
  if (isRefusal(followed)) fail('floor', followed.because)
  if (last === undefined && all.length >= floorsMax) {
    fail('floor', `a token remembers ${floorsMax} vaults`)
  }
  token.keep(bytes)
  if (!token.kept().some((one) => equalBytes(one.bytes, bytes))) {
    fail('broken', 'what it was to remember is not there')
  }
  last?.drop()
}

/** Whether it can: as long a document as may come is kept, read back and dropped. */
export function remembers(token: Token, random: (length: number) => Uint8Array): void {
  const bytes = toUtf8(`${trialMark}${toHex(random(floorBytesMax / 2))}`.slice(0, floorBytesMax))
  token.keep(bytes)
  const same = token.kept().filter((one) => equalBytes(one.bytes, bytes))
  for (const one of same) one.drop()
  if (same.length !== 1) fail('broken', 'it does not remember')
}

function healed(token: Token): readonly KeptFloor[] {
  const byAbout = new Map<string, KeptFloor>()
  for (const kept of token.kept()) {
    if (isLeft(kept.bytes)) {
      kept.drop()
      continue
    }
    const one = { ...kept, floor: readFloor(kept.bytes) }
    const other = byAbout.get(one.floor.about)
    const stays = other && laterFloor(other.floor, one.floor) === other.floor ? other : one
    if (other !== undefined) (stays === other ? one : other).drop()
    byAbout.set(one.floor.about, stays)
  }
  return [...byAbout.values()]
}

/** By a process that was ended in a trial, or while it made one. */
function isLeft(bytes: Uint8Array): boolean {
  return bytes.length === 0 || (fromUtf8(bytes) ?? '').startsWith(trialMark)
}

function readFloor(bytes: Uint8Array): TokenFloor {
  const floor = attempt(() => parseTokenFloor(bytes))
  return isRefusal(floor) ? fail('floor', `it cannot be read: ${floor.because}`) : floor
}

export function floorBytes(floors: readonly TokenFloor[]): readonly Uint8Array[] {
  return floors.map(writeTokenFloor)
}
