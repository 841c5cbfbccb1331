// What somebody types of a bag, a token or a medium that is shown: its number, with a mark behind
// it where its seal is not whole. Nothing is taken for whole that nobody looked at: the number is
// typed by whoever looks.
import { mark } from '../../policy/ceremony/record-bodies.ts'
import type { JsonObject } from '../../proto/jcs.ts'

export const itemHint = 'with commas; ! behind one that is not whole: '

export function itemBody(typed: string, kind: 'bag' | 'token'): JsonObject {
  const one = typed.trim()
  const intact = !one.endsWith('!')
  const number = mark(intact ? one : one.slice(0, -1).trim(), 'number')
  return { intact, kind, number, photo: '' }
}
