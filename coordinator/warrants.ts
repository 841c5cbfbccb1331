// Warrants: what a node needs to judge one attempt by itself, gathered from the case. The documents
// go in exactly as they were signed; heads only where a time has to be proved.

import type { Rule } from '../policy/rules/rule.ts'
import { issue, parseWarrant, type Warrant } from '../policy/warrant.ts'
import type { Digest } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import type { Case } from './desk/case.ts'
import { countable } from './desk/judge.ts'
import { readBlob } from './store/blobs.ts'
import type { Session } from './store/store.ts'

export interface WarrantOrder {
  /** The rule of the reservation. */
  readonly rule: Rule
  /** Unsigned transaction. */
  readonly bytes: Uint8Array
  readonly replaces: Digest | ''
  readonly t: number
}

export function issueWarrant(the: Case, { rule, bytes, replaces, t }: WarrantOrder): Uint8Array {
  const { org, env } = the.intent
  return issue({
    org,
    env,
    intent: the.signed,
    bytes,
    approvals: countable(the, rule, t).map(({ signed }) => signed),
    ruleset: the.inForce.ruleset,
    dest: the.evidence,
    heads: [...new Set([...the.witnessed.values()].map(({ note }) => note))],
    replaces,
  })
}

/** As it was issued for an earlier attempt. */
export async function readWarrant(session: Session, digest: Digest): Promise<Warrant> {
  const blob = await readBlob(session, digest)
  if (blob?.kind !== 'warrant') return refuse('LINE_MISSING', `no warrant ${digest} is kept`)
  return parseWarrant(blob.content).warrant
}
