// When to try again: at a moment of this process's own. Two coordinators that hindered each other
// fail at the same time, so pauses of one fixed length would bring them together over and over.
// Draws are public; nothing depends on nobody knowing them.
import type { Random } from './ports.ts'

/** 0 to `ms`, the end left out. */
export function ownMoment(random: Random, ms: number): number {
  const { buffer, byteOffset } = random(4)
  return Math.floor((new DataView(buffer, byteOffset).getUint32(0) / 2 ** 32) * ms)
}
