// ceremony propose: asks the people of a cold log to hold the ceremony of a plan. What they approve is
// the plan's digest with its window, vaults and requests, rendered here before it is signed; the plan
// itself goes with the request, so that everybody can read it and the line encloses it.
import { readFileSync } from 'node:fs'
import { parsePlan, type ReadPlan } from '../policy/ceremony/plan.ts'
import { type Asked, type Change, everyVault } from '../policy/change.ts'
import { parseVaultId } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { ask, asking, askingOptions } from './change.ts'
import { atDesk, type Desk } from './desk.ts'
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
      requireOwn(read, desk)
      const made = (asked: Asked): Change => changeOf(read, asked)
      const vault = parseVaultId(everyVault)
      const documents = [{ kind: 'plan', content }]
      return ask({ vault, row: undefined, made, documents }, args, desk, world)
    }),
}

/** Of this very log, under the root in force. */
function requireOwn({ plan }: ReadPlan, { ruleset, trust }: Desk): void {
  if (plan.origin !== trust.log.origin) {
    refuse('PLAN', `a plan of the log ${plan.origin}, expected ${trust.log.origin}`)
  }
  if (plan.root !== ruleset.root.digest) {
    refuse('PLAN', `a plan under the root ${plan.root}, in force is ${ruleset.root.digest}`)
  }
}

function changeOf({ digest, plan }: ReadPlan, asked: Asked): Change {
  const { kind, vaults, requests, from, until } = plan
  if (kind === 'enrolment') return refuse('PLAN', 'an enrolment comes before there is a log')
  const terms = {
    ...{ plan: digest, kind, from, until },
    vaults: [...vaults].sort(),
    requests: requests.map(({ request }) => request).sort(),
  }
  return { ...asked, op: 'ceremony.plan', terms }
}
