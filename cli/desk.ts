// The desk at which a verb works: the profile, the trust file, a connection and the documents in
// force, proved before the verb sees them. The connection is closed when the verb is done, whatever
// happens. Decides nothing.
import type { Trust } from '../policy/trust.ts'
import type { WireClient } from '../proto/io/channel-client.ts'
import { dial } from './dial.ts'
import { openProfile, openTrust, type Profile, type ProfileRole } from './profile.ts'
import { openRuleset, type Ruleset } from './ruleset.ts'
import { type Answer, type Args, flag, UsageError, type World } from './verb.ts'

export interface Line {
  readonly profile: Profile
  readonly trust: Trust
  readonly client: WireClient
}

export interface Desk extends Line {
  readonly ruleset: Ruleset
}

/** In the first of these roles that the profile has. */
export async function atDesk(
  args: Args,
  world: World,
  roles: readonly ProfileRole[],
  work: (desk: Desk) => Promise<Answer>,
): Promise<Answer> {
  return onLine(args, world, roles, async (line) => {
    return work({ ...line, ruleset: await openRuleset(line.client, line.trust) })
  })
}

/** As `atDesk`, for verbs that need no documents. */
export async function onLine(
  args: Args,
  world: World,
  roles: readonly ProfileRole[],
  work: (line: Line) => Promise<Answer>,
): Promise<Answer> {
  const profile = openProfile(args, world)
  const trust = openTrust(profile)
  const client = dial(profile, world, ...roles)
  try {
    return await work({ profile, trust, client })
  } finally {
    client.close()
  }
}

/** How long to wait for the witnesses, by `--wait SECONDS`. */
export function waitMs(args: Args): number {
  const typed = flag(args, 'wait') ?? '30'
  if (!/^\d{1,5}$/.test(typed)) throw new UsageError('--wait: expected seconds')
  return Number(typed) * 1_000
}
