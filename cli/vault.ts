// vault list, show, create. An address is shown only after it was derived here from the public key
// that the nodes confirmed, so a coordinator cannot put another one beside it unnoticed.
// Source: the API design 7.2; first-walk, making a key.
import { chainOf } from '../policy/chain/chains.ts'
import { fromHex } from '../proto/crypto.ts'
import type { ReplyOf } from '../proto/io/wire.ts'
import { refuse } from '../proto/refusal.ts'
import { onLine } from './desk.ts'
import { profileOptions } from './profile.ts'
import { done, must, type Verb, word } from './verb.ts'

export const vaultList: Verb = {
  about: 'every vault of the policy, with its address once it has a key',
  usage: '[--as DIR]',
  words: { min: 0, max: 0 },
  options: profileOptions,
  run: (args, world) =>
    onLine(args, world, ['operator', 'approver', 'caller'], async ({ client }) => {
      const { vaults } = must(await client.VaultService.ListVaults({}))
      const items = vaults.map((vault) => checked(vault))
      return done(items.map(lineOf).join(''), { vaults: items })
    }),
}

export const vaultShow: Verb = {
  about: 'one vault: key, address, who confirmed it',
  usage: 'VAULT [--as DIR]',
  words: { min: 1, max: 1 },
  options: profileOptions,
  run: (args, world) =>
    onLine(args, world, ['operator', 'approver', 'caller'], async ({ client }) => {
      const { vault } = must(await client.VaultService.GetVault({ vault: word(args, 0) }))
      return vaultAnswer(vault)
    }),
}

export const vaultCreate: Verb = {
  about: 'make the key of a vault: all nodes take part',
  usage: 'VAULT [--as DIR]',
  words: { min: 1, max: 1 },
  options: profileOptions,
  run: (args, world) =>
    onLine(args, world, ['operator'], async ({ client }) => {
      const { vault } = must(await client.VaultService.CreateVault({ vault: word(args, 0) }))
      return vaultAnswer(vault)
    }),
}

type Vault = NonNullable<ReplyOf<'VaultService', 'GetVault'>['vault']>

function vaultAnswer(vault: Vault | null) {
  if (vault === null) return refuse('VAULT_NOT_FOUND', 'expected a vault, got nothing')
  const item = checked(vault)
  const confirmed = item.confirms.length === 0 ? 'nobody yet' : item.confirms.join(', ')
  return done(`${lineOf(item)}  confirmed by ${confirmed}\n`, item)
}

function checked({ confirms, ...vault }: Vault) {
  const { network, publicKey, address } = vault
  const point = fromHex(publicKey)
  if (publicKey !== '' && (point?.length !== 33 || chainOf(network).address(point) !== address)) {
    refuse('BYTES_FROM', `vault ${vault.vault}: the address shown is not that of its key`)
  }
  return { ...vault, confirms: confirms.map(({ node }) => node) }
}

function lineOf(vault: ReturnType<typeof checked>): string {
  const { vault: name, tier, network, address, epoch } = vault
  const key = address === '' ? 'no key yet' : `${address} (epoch ${epoch})`
  return `${name.padEnd(12)} ${tier.padEnd(5)} ${network.padEnd(14)} ${key}\n`
}
