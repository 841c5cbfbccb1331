// Vault: one key on one network with one tier, as the policy names it. Its public key, epoch and
// addresses come from the log (`view.ts`), never from a document.
import { type Handle, parseVaultId, type VaultId } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { handle, literal, object, type Reader, type Shaped } from '../proto/shape.ts'

export const tiers = ['hot', 'warm', 'cold'] as const
export type Tier = (typeof tiers)[number]

export interface Vault {
  readonly id: VaultId
  readonly tier: Tier
  /** Name of a network in the same policy. */
  readonly network: Handle
  readonly key: Handle
}

/** Cold vaults are in a log of their own, and nothing else is: no key is reached from two logs. */
export function requireTemper(tier: Tier, { cold }: { readonly cold: boolean }): void {
  if (cold === (tier === 'cold')) return
  const because = cold
    ? `a ${tier} vault has no place in the log of cold ones`
    : 'a cold vault has its own log, and acts at its ceremony alone'
  refuse('NOT_SUPPORTED', because)
}

/** A vault's name where a document refers to one. */
export const vaultId: Reader<VaultId> = (value, path) => parseVaultId(handle(value, path))

export const vaultShape = object({ tier: literal(...tiers), network: handle, key: handle })

export function vaultsOf(
  written: ReadonlyMap<Handle, Shaped<typeof vaultShape>>,
  networks: ReadonlyMap<Handle, unknown>,
): ReadonlyMap<VaultId, Vault> {
  const vaults = new Map<VaultId, Vault>()
  const keys = new Set<Handle>()
  for (const [name, { tier, network, key }] of written) {
    if (name === 'all')
      refuse('INVALID_POLICY', 'vaults.all: the word for every vault, in a freeze')
    if (!networks.has(network)) refuse('INVALID_POLICY', `vaults.${name}: unknown ${network}`)
    if (keys.has(key)) refuse('INVALID_POLICY', `vaults.${name}: key ${key} is another vault's`)
    keys.add(key)
    const id = parseVaultId(name)
    vaults.set(id, { id, tier, network, key })
  }
  return vaults
}
