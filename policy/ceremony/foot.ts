// What keeps pages and screens of two ceremonies apart: the first words of the Plan and its number.
// They prove nothing. A screen says in addition where nothing of it is real; of paper the first
// page does.
import { wordsOf } from '../../proto/words.ts'
import type { ReadPlan } from './plan.ts'

export function pageFoot({ digest, plan }: ReadPlan): string {
  return `${wordsOf(digest, 4).join(' ')} | ceremony ${plan.number}`
}

export function screenFoot(read: ReadPlan): string {
  const { rehearsal, env } = read.plan
  return rehearsal ? `${pageFoot(read)} | REHEARSAL (${env})` : pageFoot(read)
}
