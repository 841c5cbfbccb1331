// The fold of a freeze: one listed person stops everything, or one vault, from the line on. The
// signature is checked here, because the line grants something; unfreezing is a governed change.
// INVARIANT: void or folded depends on the signed document alone, never on which enclosure came.
// The document names the credential, so whether a signature verifies is no matter of opinion;
// without one that does, the document has not come, and nobody folds the line.
import type { Digest } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { writeTime } from '../../proto/shape.ts'
import { type Freeze, parseFreeze } from '../documents.ts'
import { inRoles } from '../roles.ts'
import { credentialAt, type Roster } from '../roster.ts'
import { type Desk, Missing } from './desk.ts'
import { freezeVerifies, readSignedEnclosure } from './enclosures.ts'
import type { EntryOf } from './entry.ts'
import { requireOwn } from './fold-governance.ts'
import type { Reading, Write } from './rows.ts'
import { get, put, tables } from './tables.ts'

export function* frozen(
  { body, seq, t }: EntryOf<'freeze.set'>,
  desk: Desk,
): Reading<readonly Write[]> {
  const [root, rulebook, roster] = [
    yield* desk.root(),
    yield* desk.rulebook(),
    yield* desk.roster(),
  ]
  if (yield* get(tables.document, body.freeze))
    refuse('APPROVAL_REPLAYED', 'this freeze is recorded')
  const { freeze, text } = openFreeze(desk.enclosed(body.freeze), body.freeze, roster)
  requireOwn(freeze, root)
  const { scope, person, credential } = freeze
  const key = credentialAt(roster, credential, t)
  if (key === undefined) return refuse('APPROVAL_SIG', `credential ${credential} is not valid now`)
  if (scope !== body.scope || person !== key.person) {
    refuse('APPROVAL_SCOPE', 'scope or person differ from the signed freeze')
  }
  requireFresh(freeze, t)
  if (!inRoles(rulebook.roles, person, rulebook.governance.freeze.anyOf)) {
    refuse('GOV_QUORUM', `${person} is in no role that may freeze`)
  }
  if (scope !== 'all' && ![...rulebook.vaults.keys()].some((vault) => vault === scope)) {
    refuse('VAULT_NOT_FOUND', `the policy names no vault ${scope}`)
  }
  return [
    put(tables.document, body.freeze, { text }),
    put(tables.freeze, scope, { seq, t, freeze: body.freeze, scope }),
  ]
}

/** Any enclosure will do whose signature verifies under the credential that the document names. */
function openFreeze(
  enclosed: readonly string[],
  digest: Digest,
  roster: Roster,
): { readonly freeze: Freeze; readonly text: string } {
  const candidates = enclosed.map(readSignedEnclosure)
  const [first] = candidates
  if (first === undefined) throw new Missing(digest)
  // One digest, one document, whatever stands around it.
  const text = first.document
  const freeze = parseFreeze(text)
  const key = roster.credentials.get(freeze.credential)?.publicKey
  const isSigned = candidates.some(
    (signed) =>
      signed.credential === freeze.credential && key !== undefined && freezeVerifies(signed, key),
  )
  if (!isSigned) throw new Missing(digest)
  return { freeze, text }
}

/** A freeze that somebody kept back stops nothing later. */
function requireFresh({ issued }: Freeze, t: number): void {
  if (Math.abs(issued - t) > limits.clockSkewMs) {
    refuse('TIME', `freeze dated ${writeTime(issued)}, recorded ${writeTime(t)}`)
  }
}
