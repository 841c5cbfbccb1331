// VaultService: the vaults of the policy, their keys as the log has them, with the lines that
// nodes signed, so that a payer can check an address before funding it; and the making of a key.
import { parseEntry } from '../../policy/audit/entry.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { networkOf, type Rulebook } from '../../policy/rulebook.ts'
import type { VaultRow } from '../../policy/view.ts'
import { toHex } from '../../proto/crypto.ts'
import { parseVaultId, type VaultId } from '../../proto/ids.ts'
import type { Handlers } from '../../proto/io/handlers.ts'
import type { ReplyOf } from '../../proto/io/wire.ts'
import { isRefusal, refusal } from '../../proto/refusal.ts'
import type { Coordinator } from '../coordinator.ts'
import { readKeyLines } from '../store/lines.ts'

type WireVault = NonNullable<ReplyOf<'VaultService', 'GetVault'>['vault']>

export function vaultService({ driver, keys, heads }: Coordinator): Handlers['VaultService'] {
  const { copy, memory } = driver
  const show = async (rulebook: Rulebook, vault: VaultId): Promise<WireVault> => {
    const row = await copy.read(get(tables.vault, vault))
    const lines = await readKeyLines(copy.session, heads.origin)
    const [line = new Uint8Array(0), ...later] = linesOf(lines, vault)
    return { ...wireVault(rulebook, vault, row), line, later }
  }
  return {
    ListVaults: async () => {
      const { rulebook } = (await memory.at(copy)).inForce
      const vaults = [...rulebook.vaults.keys()].map((vault) => show(rulebook, vault))
      return { vaults: await Promise.all(vaults) }
    },
    GetVault: async ({ vault: name }) => {
      const { rulebook } = (await memory.at(copy)).inForce
      const vault = parseVaultId(name)
      if (!rulebook.vaults.has(vault)) {
        return refusal('VAULT_NOT_FOUND', `the policy names no vault ${vault}`)
      }
      return { vault: await show(rulebook, vault) }
    },
    CreateVault: async ({ vault: name }) => {
      const vault = parseVaultId(name)
      const made = await keys.create(vault)
      if (isRefusal(made)) return made
      const { rulebook } = (await memory.at(copy)).inForce
      return { vault: await show(rulebook, vault) }
    },
  }
}

/** Of every line about a key, those of this vault, in order. */
function linesOf(lines: readonly Uint8Array[], vault: VaultId): Uint8Array[] {
  return lines.filter((line) => {
    const { body } = parseEntry(line)
    return 'vault' in body && body.vault === vault
  })
}

function wireVault(
  rulebook: Rulebook,
  vault: VaultId,
  row: VaultRow | undefined,
): Omit<WireVault, 'line' | 'later'> {
  const network = networkOf(rulebook, vault)?.caip2 ?? ''
  return {
    vault,
    tier: rulebook.vaults.get(vault)?.tier ?? '',
    network,
    key: row?.key ?? '',
    epoch: row?.epoch ?? 0,
    publicKey: row === undefined ? '' : toHex(row.publicKey),
    chainCode: row === undefined ? '' : toHex(row.chainCode),
    address: row === undefined ? '' : chainOf(network).address(row.publicKey),
    threshold: row?.t ?? rulebook.quorumCrypto.t,
  }
}
