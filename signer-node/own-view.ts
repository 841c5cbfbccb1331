// What this node judges a request by: its own copy of the log, its own clock, its operator's own
// freeze. The same for payments, changes and proofs, whoever asks and whatever came with it.
// INVARIANT: read anew each time, so that nothing that was withdrawn meanwhile still counts.
import { requestView } from '../policy/audit/history.ts'
import { readSync } from '../policy/audit/rows.ts'
import { witnessedIn } from '../policy/audit/witnessed.ts'
import type { Own } from '../policy/check-lines.ts'
import type { Digest } from '../proto/ids.ts'
import type { Parts } from './parts.ts'

type Seeing = Pick<Parts, 'rows' | 'bans' | 'ports' | 'witness' | 'copy' | 'plan'>

export function ownView(parts: Seeing, request: Digest): Own {
  const { rows, bans, ports, witness, copy, plan } = parts
  const own = { reigns: witness.reigns, rootAt: (size: number) => copy.rootAt(size) }
  const view = readSync(requestView(request), rows)
  return {
    view,
    clockMs: ports.clock.wallMs(),
    frozenLocally: bans.isFrozen(view.intent?.vault ?? ''),
    witnessedAt: (seq, heads) => witnessedIn(own, seq, heads),
    ceremony: plan === undefined ? undefined : { plan, signers: [] },
  }
}
