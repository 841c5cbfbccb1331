// vault list, show, create. An address is shown only after it was derived here from the public key
// that every node of the pinned root signed: a coordinator cannot make anyone fund another one.
// Source: the API design 7.2; first-walk, making a key.
import { parseEntry } from '../policy/audit/entry.ts'
import { keyOf } from '../policy/audit/key-chain.ts'
import { chainOf } from '../policy/chain/chains.ts'
import { networkOf } from '../policy/rulebook.ts'
import type { VaultRow } from '../policy/view.ts'
import { toHex } from '../proto/crypto.ts'
import { parseVaultId } from '../proto/ids.ts'
import type { ReplyOf } from '../proto/io/wire.ts'
import { refuse } from '../proto/refusal.ts'
import { atDesk, type Desk } from './desk.ts'
import { profileOptions } from './profile.ts'
import { done, must, type Verb, word } from './verb.ts'

export const vaultList: Verb = {
  about: 'every vault of the policy, with its address once it has a key',
  usage: '[--as DIR]',
  words: { min: 0, max: 0 },
  options: profileOptions,
  run: (args, world) =>
    atDesk(args, world, ['operator', 'approver', 'caller'], async (desk) => {
      const { client } = desk
      const { vaults } = must(await client.VaultService.ListVaults({}))
      const items = vaults.map((vault) => proved(vault, desk))
      return done(items.map(lineOf).join(''), { vaults: items })
    }),
}

export const vaultShow: Verb = {
  about: 'one vault: key, address, who confirmed it',
  usage: 'VAULT [--as DIR]',
  words: { min: 1, max: 1 },
  options: profileOptions,
  run: (args, world) =>
    atDesk(args, world, ['operator', 'approver', 'caller'], async (desk) => {
      const { client } = desk
      const { vault } = must(await client.VaultService.GetVault({ vault: word(args, 0) }))
      return vaultAnswer(vault, desk)
    }),
}

export const vaultCreate: Verb = {
  about: 'make the key of a vault: all nodes take part',
  usage: 'VAULT [--as DIR]',
  words: { min: 1, max: 1 },
  options: profileOptions,
  run: (args, world) =>
    atDesk(args, world, ['operator'], async (desk) => {
      const { client } = desk
      const { vault } = must(await client.VaultService.CreateVault({ vault: word(args, 0) }))
      return vaultAnswer(vault, desk)
    }),
}

type Vault = NonNullable<ReplyOf<'VaultService', 'GetVault'>['vault']>

function vaultAnswer(vault: Vault | null, desk: Desk) {
  if (vault === null) return refuse('VAULT_NOT_FOUND', 'expected a vault, got nothing')
  const item = proved(vault, desk)
  const confirmed = item.confirms.length === 0 ? 'nobody yet' : item.confirms.join(', ')
  return done(`${lineOf(item)}  confirmed by ${confirmed}\n`, item)
}

/** Nothing of the answer but the names and the lines that nodes of the pinned root signed. */
export function proved({ vault, line, later }: Vault, { ruleset }: Pick<Desk, 'ruleset'>) {
  const { rulebook } = ruleset
  const named = rulebook.vaults.get(parseVaultId(vault))
  const network = networkOf(rulebook, parseVaultId(vault))?.caip2
  if (named === undefined || network === undefined) {
    return refuse('VAULT_NOT_FOUND', `the policy names no vault ${vault}`)
  }
  const what = { vault, tier: named.tier, network, key: named.key }
  const none = { epoch: 0, publicKey: '', address: '', standing: '', imported: false }
  if (line.length === 0) return { ...what, ...none, exported: false, confirms: [] }
  const row = provedRow({ vault, line, later }, { ruleset })
  const { epoch, publicKey, standing, imported, exported } = row
  const address = chainOf(network).address(publicKey)
  const confirms = row.participants.map(({ node }) => node)
  const key = { epoch, publicKey: toHex(publicKey), address, standing, imported, exported }
  return { ...what, ...key, confirms }
}

/** The key of one vault, as its lines prove it; undefined while it has none. */
export async function keyInForce(
  vault: string,
  { client, ruleset }: Pick<Desk, 'client' | 'ruleset'>,
): Promise<VaultRow | undefined> {
  const { vault: found } = must(await client.VaultService.GetVault({ vault }))
  if (!found || found.vault !== vault) {
    return refuse('VAULT_NOT_FOUND', `expected the vault ${vault}, got another`)
  }
  return found.line.length === 0 ? undefined : provedRow(found, { ruleset })
}

/** The key in force as far as its lines were shown; refused where one is not the vault's own. */
export function provedRow(
  { vault, line, later }: Pick<Vault, 'vault' | 'line' | 'later'>,
  { ruleset }: Pick<Desk, 'ruleset'>,
): VaultRow {
  const { root, rulebook } = ruleset
  const row = keyOf([line, ...later].map(parseEntry), root)
  if (row.vault !== vault || row.key !== rulebook.vaults.get(row.vault)?.key) {
    return refuse('BYTES_FROM', `vault ${vault}: expected the line of its own key`)
  }
  return row
}

function lineOf(vault: ReturnType<typeof proved>): string {
  const { vault: name, tier, network, address, epoch } = vault
  const said = vault.standing === 'active' || address === '' ? '' : `, ${vault.standing}`
  const tags = [vault.imported ? ', imported' : '', vault.exported ? ', exported' : ''].join('')
  const key = address === '' ? 'no key yet' : `${address} (epoch ${epoch}${said || tags})`
  return `${name.padEnd(12)} ${tier.padEnd(5)} ${network.padEnd(14)} ${key}\n`
}
