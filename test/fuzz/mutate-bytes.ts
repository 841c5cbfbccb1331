/** Breaks bytes without knowing what they mean; a little at a time, so that much of them stays. */

import { concat } from '../../proto/crypto.ts'
import type { Chance } from './random.ts'

/** Where lengths, counts and kinds change their meaning. */
const telling = [
  0, 1, 0x1f, 0x20, 0x7f, 0x80, 0xb7, 0xb8, 0xbf, 0xc0, 0xf7, 0xf8, 0xfe, 0xff,
] as const
const lengthMax = 1 << 17

type Change = (bytes: Uint8Array, chance: Chance, other: Uint8Array) => Uint8Array

/** One to four changes; `other` is a second input of the same corpus. */
export function mutateBytes(bytes: Uint8Array, chance: Chance, other: Uint8Array): Uint8Array {
  let changed = bytes
  for (let left = 1 + chance.below(4); left > 0; left--) {
    changed = chance.pick(changes)(changed, chance, other)
  }
  return changed.length > lengthMax ? changed.slice(0, lengthMax) : changed
}

const changes: readonly [Change, ...Change[]] = [
  (bytes, chance) => poke(bytes, chance, (byte) => byte ^ (1 << chance.below(8))),
  (bytes, chance) => poke(bytes, chance, () => chance.pick(telling)),
  (bytes, chance) => poke(bytes, chance, () => chance.below(256)),
  (bytes, chance) => poke(bytes, chance, (byte) => byte + chance.pick([1, -1, 2, -2])),
  (bytes, chance) => bytes.slice(0, chance.below(bytes.length + 1)),
  (bytes, chance) => concat(bytes, chance.bytes(1 + chance.below(8))),
  (bytes, chance) => bytes.slice(chance.below(Math.min(bytes.length, 8) + 1)),
  cutOut,
  doubled,
  filled,
  spliced,
  inserted,
]

function poke(bytes: Uint8Array, chance: Chance, change: (byte: number) => number): Uint8Array {
  const changed = bytes.slice()
  const at = chance.below(bytes.length)
  if (at < changed.length) changed[at] = change(changed[at] ?? 0)
  return changed
}

function rangeIn(bytes: Uint8Array, chance: Chance): readonly [number, number] {
  const from = chance.below(bytes.length + 1)
  const length = chance.below(Math.min(bytes.length - from, chance.pick([2, 8, 64, 4_096])) + 1)
  return [from, from + length]
}

function cutOut(bytes: Uint8Array, chance: Chance): Uint8Array {
  const [from, to] = rangeIn(bytes, chance)
  return concat(bytes.slice(0, from), bytes.slice(to))
}

function doubled(bytes: Uint8Array, chance: Chance): Uint8Array {
  const [from, to] = rangeIn(bytes, chance)
  return concat(bytes.slice(0, to), bytes.slice(from))
}

function filled(bytes: Uint8Array, chance: Chance): Uint8Array {
  return bytes.slice().fill(chance.pick([0, 0xff, 0x41]), ...rangeIn(bytes, chance))
}

function spliced(bytes: Uint8Array, chance: Chance, other: Uint8Array): Uint8Array {
  return concat(
    bytes.slice(0, chance.below(bytes.length + 1)),
    other.slice(chance.below(other.length + 1)),
  )
}

function inserted(bytes: Uint8Array, chance: Chance): Uint8Array {
  const at = chance.below(bytes.length + 1)
  return concat(bytes.slice(0, at), chance.bytes(1 + chance.below(4)), bytes.slice(at))
}
