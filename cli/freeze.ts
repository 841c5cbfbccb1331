// freeze: one listed person stops every vault, or one. It says "effective" only with a witnessed
// proof that the line is in the log; until then the advice is to freeze at the nodes themselves.
// Needs no document in force, so that it works when those are in doubt. To thaw takes a quorum.
// Source: README D26.
import type { Entry } from '../policy/audit/entry.ts'
import { freezeText } from '../policy/documents.ts'
import { digestOf, toUtf8 } from '../proto/crypto.ts'
import { writeSigned } from '../proto/frames.ts'
import { type Handle, parseHandle, parsePersonId } from '../proto/ids.ts'
import { Refused } from '../proto/refusal.ts'
import { sign } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { Unavailable } from '../proto/unavailable.ts'
import { openKey } from './approver-key.ts'
import { type Line, onLine, waitMs } from './desk.ts'
import { effectiveJson, waitEffective } from './effective.ts'
import { keyOptions, profileOptions } from './profile.ts'
import { openRoots } from './roots.ts'
import {
  type Answer,
  type Args,
  done,
  Mistyped,
  must,
  typed,
  type Verb,
  type World,
  word,
} from './verb.ts'

export const freeze: Verb = {
  about: 'stop signing everywhere, or for one vault',
  usage: '(all | VAULT) [--yes] [--wait SECONDS] [--as DIR] [--credential FILE]',
  words: { min: 1, max: 1 },
  options: {
    ...profileOptions,
    ...keyOptions,
    yes: { type: 'boolean' },
    wait: { type: 'string' },
  },
  run: (args, world) => onLine(args, world, ['approver'], (line) => freezeAt(line, args, world)),
}

async function freezeAt(line: Line, args: Args, world: World): Promise<Answer> {
  const patienceMs = waitMs(args)
  const scope = parseHandle(word(args, 0), 'scope')
  if (args.flags['yes'] !== true) await confirm(scope, world)
  const { profile, client } = line
  const key = await openKey(profile, args, world)
  const written = freezeText({
    org: profile.org,
    env: profile.env,
    scope,
    person: parsePersonId(profile.id),
    credential: key.credential,
    issued: world.nowMs(),
    nonce: world.random(16),
  })
  const digest = digestOf(tags.freeze, toUtf8(written))
  const signed = sign(tags.freeze, toUtf8(written), key.credential, key.sign)
  const reply = must(await client.PolicyService.SubmitFreeze({ freeze: writeSigned(signed) }))
  world.say(`recorded as line ${reply.seq}, waiting for the witnesses\n`)
  const isOurs = (entry: Entry): boolean =>
    entry.type === 'freeze.set' && entry.body.freeze === digest && entry.body.scope === scope
  const reigns = await openRoots(client, line.trust).catch(inDoubt)
  const from = { ...line, reigns, world }
  const effective = await waitEffective(reply, isOurs, from, patienceMs).catch(inTime)
  const { seq } = reply
  return done(`effective: ${scope} is frozen since line ${seq}\n`, {
    ...{ scope, freeze: digest, seq },
    effective: effectiveJson(effective),
  })
}

async function confirm(scope: Handle, world: World): Promise<void> {
  const asked = `This stops signing for ${scope}. Type ${scope} to freeze`
  if ((await typed(world, asked)) !== scope) {
    throw new Mistyped('another scope was typed: nothing was frozen')
  }
}

// A coordinator can record a freeze and keep it from the nodes.
function inTime(error: unknown): never {
  if (!(error instanceof Unavailable)) throw error
  throw new Unavailable(`${error.message}; freeze at the nodes too`, error.code, error)
}

/** The line is recorded; who would have to witness it could not be proved. */
function inDoubt(error: unknown): never {
  if (!(error instanceof Refused)) return inTime(error)
  const { because } = error.refusal
  throw new Unavailable(`recorded, and not proved: ${because}; freeze at the nodes too`)
}
