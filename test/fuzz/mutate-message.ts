/**
 * Breaks a protocol message field by field, mostly so that it still decodes: what comes then meets
 * the checks behind the decoder.
 */

import { ORDER, type Point } from '../../signer-node/dkls23/curve.ts'
import { bigEndian } from '../hostile/canonical.ts'
import type { Leaf } from '../kit/rounds.ts'
import { mutateBytes } from './mutate-bytes.ts'
import type { Chance } from './random.ts'

export function mutateMessage(
  message: Uint8Array,
  leaves: readonly Leaf[],
  chance: Chance,
  { other, points }: { readonly other: Uint8Array; readonly points: readonly [Point, ...Point[]] },
): Uint8Array {
  if (chance.below(8) === 0) return mutateBytes(message, chance, other)
  const changed = message.slice()
  for (let left = 1 + chance.below(3); left > 0; left--) {
    const leaf = leaves[chance.below(leaves.length)]
    const at = leaf?.offsets[chance.below(leaf.offsets.length)]
    if (leaf === undefined || at === undefined) return changed
    changed.set(
      valueFor(leaf, message.slice(at, at + leaf.bytes), chance, { other, points, at }),
      at,
    )
  }
  return changed
}

interface Around {
  readonly other: Uint8Array
  readonly points: readonly [Point, ...Point[]]
  readonly at: number
}

function valueFor(leaf: Leaf, own: Uint8Array, chance: Chance, around: Around): Uint8Array {
  if (chance.below(4) === 0)
    return mixed(own, around.other.slice(around.at, around.at + leaf.bytes))
  if (leaf.kind === 'point' && chance.below(4) > 0) return chance.pick(around.points)
  if (leaf.kind === 'scalar') return bigEndian(chance.pick([0n, 1n, ORDER - 1n, ORDER, 2n ** 255n]))
  if (leaf.kind === 'number') return Uint8Array.of(chance.below(3), chance.below(256))
  const changed = own.slice()
  const at = chance.below(own.length)
  changed[at] = chance.below(256)
  return changed
}

/** The other's bytes where it has them. */
function mixed(own: Uint8Array, other: Uint8Array): Uint8Array {
  const changed = own.slice()
  changed.set(other)
  return changed
}
