// ceremony propose: asks the people of a cold log to hold the ceremony of a plan. What they approve
// is the plan's digest with its window, vaults and requests, rendered here before it is signed; the
// plan itself goes with the request, so that everybody can read it and the line encloses it.
import { readFileSync } from 'node:fs'
import { parsePlan } from '../policy/ceremony/plan.ts'
import { requireRoot } from '../policy/ceremony/plan-fit.ts'
import { termsOfPlan } from '../policy/ceremony/planned.ts'
import { type Asked, type Change, everyVault } from '../policy/change.ts'
import { parseVaultId } from '../proto/ids.ts'
import { ask, asking, askingOptions } from './change.ts'
import { atDesk } from './desk.ts'
import { type Verb, word } from './verb.ts'

export const ceremonyPropose: Verb = {
  about: 'ask people to hold the ceremony of a plan',
  usage: `PLAN ${asking}`,
  words: { min: 1, max: 1 },
  options: askingOptions,
  run: (args, world) =>
    atDesk(args, world, ['caller'], (desk) => {
      const content = new Uint8Array(readFileSync(word(args, 0)))
      const read = parsePlan(content)
      // Nobody is asked for what the fold would refuse, and here is the place to say why.
      requireRoot(read.plan, desk.ruleset.root)
      const terms = termsOfPlan(read)
      const made = (asked: Asked): Change => ({ ...asked, op: 'ceremony.plan', terms })
      const vault = parseVaultId(everyVault)
      const documents = [{ kind: 'plan', content }]
      return ask({ vault, row: undefined, made, documents }, args, desk, world)
    }),
}
