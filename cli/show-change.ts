// A change in words, rendered from its signed bytes and from the key as its lines prove it: the
// coordinator's reading of either is shown nowhere.
import { chainOf } from '../policy/chain/chains.ts'
import { type Change, type ReadChange, servesEveryVault } from '../policy/change.ts'
import { displayDigest } from '../policy/display.ts'
import { displayChange } from '../policy/display-change.ts'
import { ruleOfChange } from '../policy/judge-change.ts'
import { networkOf, type Rulebook } from '../policy/rulebook.ts'
import type { VaultRow } from '../policy/view.ts'
import { toHex } from '../proto/crypto.ts'
import type { WireClient } from '../proto/io/channel-client.ts'
import { limits } from '../proto/limits.ts'
import type { Ruleset } from './ruleset.ts'
import { showPlan } from './show-plan.ts'
import { type Retyped, retypeEnd, retypeWhole, type Shown } from './shown.ts'
import { keyInForce } from './vault.ts'

export async function showChange(
  { digest, change }: ReadChange,
  plan: Uint8Array,
  ruleset: Ruleset,
  client: WireClient,
): Promise<Shown> {
  const { rulebook } = ruleset
  const row = servesEveryVault(change.op)
    ? undefined
    : await keyInForce(change.vault, { client, ruleset })
  const text = displayChange(change, { rulebook, row })
  return {
    digest,
    asked: change,
    rule: { ...ruleOfChange(change.op, rulebook), ttlMs: limits.intentLifetimeMsMax },
    text,
    display: displayDigest(text),
    retype: retypeOf(change, row, rulebook),
    beside: showPlan(change, plan, ruleset),
  }
}

/** What is done to which key, and where it would do harm that nobody can undo. */
function retypeOf(
  change: Change,
  row: VaultRow | undefined,
  rulebook: Rulebook,
): readonly Retyped[] {
  const operation = retypeWhole(
    'operation and vault',
    `${change.op} ${change.vault}`,
    `${change.op} VAULT`,
  )
  switch (change.op) {
    case 'key.export':
      return [operation, retypeEnd('recipient', toHex(change.terms.recipient))]
    case 'key.destroy': {
      const network = networkOf(rulebook, change.vault)?.caip2
      if (row === undefined || network === undefined) return [operation]
      return [operation, retypeEnd('address', chainOf(network).address(row.publicKey))]
    }
    case 'key.import':
      return [operation, retypeEnd('public key', toHex(change.terms.publicKey))]
    case 'peer.readmit':
      return [
        retypeWhole('node and peer', `${change.terms.node} ${change.terms.peer}`, 'NODE PEER'),
      ]
    case 'ceremony.plan':
      return [retypeEnd('plan', change.terms.plan)]
    case 'key.create':
    case 'key.refresh':
    case 'key.reshare':
    case 'key.prove':
      return [operation]
  }
}
