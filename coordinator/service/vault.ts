// VaultService: the vaults of the policy, their keys as the log has them, with the lines that
// nodes signed and their words on their backups, so that a payer can check an address before
// funding it; the making of a key; the sealed parts of one that was exported.
// INVARIANT: no address, and nothing that an address is computed from, before every node has a
// proven backup. The lines are in the log for everybody; they are evidence, and here they come as
// such.
import { type Entry, parseEntry } from '../../policy/audit/entry.ts'
import { unprovenOf } from '../../policy/audit/fold-backups.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { ownPath } from '../../policy/deposit-path.ts'
import { networkOf, type Rulebook } from '../../policy/rulebook.ts'
import type { VaultRow } from '../../policy/view.ts'
import { toHex } from '../../proto/crypto.ts'
import { writeSigned } from '../../proto/frames.ts'
import { parseVaultId, type VaultId } from '../../proto/ids.ts'
import type { Handlers } from '../../proto/io/handlers.ts'
import type { ReplyOf } from '../../proto/io/wire.ts'
import { isRefusal, refusal } from '../../proto/refusal.ts'
import type { Coordinator } from '../coordinator.ts'
import { readKeyLines } from '../store/lines.ts'
import { depositHandlers } from './deposits.ts'

type WireVault = NonNullable<ReplyOf<'VaultService', 'GetVault'>['vault']>

export function vaultService(coordinator: Coordinator): Handlers['VaultService'] {
  const { driver, keys, invitations, heads, exports, proofs, certificates } = coordinator
  const { copy, memory } = driver
  const show = async (rulebook: Rulebook, vault: VaultId): Promise<WireVault> => {
    const row = await copy.read(get(tables.vault, vault))
    const shown = await copy.read(get(tables.shown, vault))
    const unproven = row === undefined ? [] : await copy.read(unprovenOf(row))
    const lines = await readKeyLines(copy.session, heads.origin)
    const isShown = shown !== undefined
    return {
      ...wireVault(rulebook, vault, row, isShown),
      ...(await certified(certificates, rulebook, isShown ? row : undefined)),
      ...linesOf(lines.map(parseEntry), vault, shown?.epoch ?? row?.epoch ?? 0),
      unproven: [...unproven],
    }
  }
  return {
    ...depositHandlers(coordinator),
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
    GetExport: async ({ vault: name }) => {
      const found = await exports.parts(parseVaultId(name))
      if (isRefusal(found)) return found
      const { entry, proof, checkpoint } = await proofs.effective(found.line.seq)
      const parts = found.parts.map(({ statement, sealed }) => {
        return { statement: writeSigned(statement), sealed }
      })
      return { line: entry, proof: [...proof], checkpoint, parts }
    },
    GetInvitations: async ({ vault }) => {
      const gathered = await invitations.gather(parseVaultId(vault))
      return isRefusal(gathered) ? gathered : { invitations: gathered.map(writeSigned) }
    },
  }
}

type Certified = Pick<WireVault, 'address' | 'certificate' | 'uncertified'>

/** Where a payer cannot check the address, it is not told: somebody has to stand behind it now. */
async function certified(
  certificates: Coordinator['certificates'],
  rulebook: Rulebook,
  row: VaultRow | undefined,
): Promise<Certified> {
  const none = { address: '', certificate: new Uint8Array(0) }
  const network = row && networkOf(rulebook, row.vault)?.caip2
  if (row === undefined || network === undefined) return { ...none, uncertified: '' }
  const files = await certificates.of({ row, network }, [ownPath])
  if (isRefusal(files)) return { ...none, uncertified: `${files.code}: ${files.because}` }
  const address = chainOf(network).address(row.publicKey)
  return { address, certificate: files[0] ?? none.certificate, uncertified: '' }
}

/** What shows whose key it is and what became of it, and whose backup of this epoch is proven. */
function linesOf(
  entries: readonly Entry[],
  vault: VaultId,
  epoch: number,
): Pick<WireVault, 'line' | 'later' | 'backups'> {
  // A control proof says nothing about what became of the key.
  const own = entries.filter(({ type, body }) => {
    return type !== 'key.proved' && 'keyState' in body && body.vault === vault
  })
  const [made, ...later] = own.filter(({ type }) => type !== 'key.backup-tested')
  const tested = own.filter(({ type, body }) => {
    return type === 'key.backup-tested' && 'epoch' in body && body.epoch === epoch
  })
  return {
    line: made?.bytes ?? new Uint8Array(0),
    later: later.map(({ bytes }) => bytes),
    backups: tested.map(({ bytes }) => bytes),
  }
}

function wireVault(
  rulebook: Rulebook,
  vault: VaultId,
  row: VaultRow | undefined,
  isShown: boolean,
): Omit<WireVault, 'line' | 'later' | 'backups' | 'unproven' | keyof Certified> {
  const network = networkOf(rulebook, vault)?.caip2 ?? ''
  const shown = isShown ? row : undefined
  return {
    vault,
    tier: rulebook.vaults.get(vault)?.tier ?? '',
    network,
    key: row?.key ?? '',
    epoch: row?.epoch ?? 0,
    publicKey: shown === undefined ? '' : toHex(shown.publicKey),
    chainCode: shown === undefined ? '' : toHex(shown.chainCode),
    threshold: row?.t ?? rulebook.quorumCrypto.t,
  }
}
