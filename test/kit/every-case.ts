// Some walks cost a second or more a case. `npm test` plays some of the cases, spread over the list;
// `npm run storm -- crashes`, which CI runs too, plays every one.
import { env } from 'node:process'

export const everyCase = 'CUSTODY_EVERY_CASE'
const isEvery = env[everyCase] === '1'

/** All of the list, or each `step`-th from the `first` on. */
export function daily<T>(list: readonly T[], first: number, step: number): readonly T[] {
  return list.filter((_, at) => isEvery || (at >= first && (at - first) % step === 0))
}
