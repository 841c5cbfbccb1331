// The fold of a freeze: one listed person stops everything, or one vault, from the line on. The
// signature is checked here, because the line grants something; unfreezing is a governed change.
import { refuse } from '../../proto/refusal.ts'
import { parseFreeze } from '../documents.ts'
import { inRoles } from '../roles.ts'
import { credentialAt } from '../roster.ts'
import type { Desk } from './desk.ts'
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
  const text = desk.came(body.freeze)
  const signed = readSignedEnclosure(text)
  const key = credentialAt(roster, signed.credential, t)
  if (key === undefined || !freezeVerifies(signed, key.publicKey)) {
    return refuse('APPROVAL_SIG', `no signature of ${signed.credential} over this freeze`)
  }
  const freeze = parseFreeze(signed.document)
  requireOwn(freeze, root)
  const { scope, person, credential } = freeze
  if (scope !== body.scope || credential !== key.id || person !== key.person) {
    refuse('APPROVAL_SCOPE', 'scope, person or credential differ from the signed freeze')
  }
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
