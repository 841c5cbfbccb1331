// limits: what each limit of the policy allows, what of it is used, what is left. The maxima are
// read from the policy as proved here; only the use is the coordinator's word, and nothing that
// signs relies on it.

import type { Limit } from '../policy/rules/limit.ts'
import { decimalOf } from '../policy/units.ts'
import { amount } from '../proto/shape.ts'
import { atDesk } from './desk.ts'
import { profileOptions } from './profile.ts'
import { done, must, type Verb } from './verb.ts'

export const limits: Verb = {
  about: 'what every limit allows, uses and has left',
  usage: '[--as DIR]',
  words: { min: 0, max: 0 },
  options: profileOptions,
  run: (args, world) =>
    atDesk(args, world, ['approver', 'caller', 'operator'], async ({ client, ruleset }) => {
      const sent = must(await client.PolicyService.GetLimits({}))
      const usedOf = new Map(sent.limits.map(({ id, used }) => [id, used]))
      const items = ruleset.rulebook.limits.map((limit) => room(limit, usedOf.get(limit.id) ?? '0'))
      const lines = items.map(
        ({ id, unit, max, used, left, windowMs, each }) =>
          `${id.padEnd(20)} ${left} ${unit} left of ${max} in ${windowMs / 60_000} min` +
          `${each ? ' to each address' : ''}, ${used} used\n`,
      )
      return done(lines.join(''), { limits: items })
    }),
}

function room(limit: Limit, written: string) {
  const used = amount(written, `used of ${limit.id}`)
  const { id, measure, max, windowMs, byDestination: each } = limit
  const decimals = measure.kind === 'sum' ? measure.decimals : 0
  const unit = measure.kind === 'sum' ? measure.unit : 'requests'
  const left = max > used ? max - used : 0n
  const show = (units: bigint): string => decimalOf(units, decimals)
  return { id, unit, max: show(max), used: show(used), left: show(left), windowMs, each }
}
