// vault list, show, create. An address is shown only after it was derived here from the public key
// that every node of the pinned root signed, and after every one of them signed that its backup of
// that key was opened in a test: a coordinator can make nobody fund another one, or one too early.
// Source: the API design 7.2; first-walk, making a key.
import { parseEntry } from '../policy/audit/entry.ts'
import { requireBackupOf } from '../policy/audit/fold-backups.ts'
import { requireKeyOf } from '../policy/audit/fold-keys.ts'
import { chainOf } from '../policy/chain/chains.ts'
import type { Root } from '../policy/documents.ts'
import { networkOf } from '../policy/rulebook.ts'
import type { KeyFacts } from '../policy/view.ts'
import { toHex } from '../proto/crypto.ts'
import { type NodeId, parseVaultId } from '../proto/ids.ts'
import type { ReplyOf } from '../proto/io/wire.ts'
import { refuse } from '../proto/refusal.ts'
import { atDesk, type Desk } from './desk.ts'
import { profileOptions } from './profile.ts'
import { done, must, type Verb, word } from './verb.ts'

export const vaultList: Verb = {
  about: 'every vault of the policy, with its address once every backup is proven',
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
  about: 'one vault: key, address, who confirmed it, whose backup is proven',
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
  return done(`${lineOf(item)}${restOf(item)}`, item)
}

/** Nothing of the answer but names, and lines that nodes of the pinned root signed. */
export function proved({ vault, line, backups, unproven }: Vault, { ruleset }: AtRuleset) {
  const { root, rulebook } = ruleset
  const named = rulebook.vaults.get(parseVaultId(vault))
  const network = networkOf(rulebook, parseVaultId(vault))?.caip2
  if (named === undefined || network === undefined) {
    return refuse('VAULT_NOT_FOUND', `the policy names no vault ${vault}`)
  }
  const what = { vault, tier: named.tier, network, key: named.key }
  if (line.length === 0) {
    return { ...what, epoch: 0, publicKey: '', address: '', confirms: [], proven: [], unproven: [] }
  }
  const row = keyOf({ vault, key: named.key }, line, root)
  const proven = backups.map((bytes) => nodeOf(bytes, row, root))
  const confirms = row.participants.map(({ node }) => node)
  const isShown = confirms.every((node) => proven.includes(node))
  return {
    ...what,
    epoch: row.epoch,
    publicKey: isShown ? toHex(row.publicKey) : '',
    address: isShown ? chainOf(network).address(row.publicKey) : '',
    confirms,
    proven,
    // A later epoch has backups of its own; which are missing there is the coordinator's word.
    unproven: isShown ? [...unproven] : confirms.filter((node) => !proven.includes(node)),
  }
}

type AtRuleset = Pick<Desk, 'ruleset'>

function keyOf(
  { vault, key }: { readonly vault: string; readonly key: string },
  line: Uint8Array,
  root: Root,
): KeyFacts {
  const entry = parseEntry(line)
  if (entry.type !== 'key.generated' || entry.body.vault !== vault || entry.body.key !== key) {
    return refuse('BYTES_FROM', `vault ${vault}: expected the line of its own key`)
  }
  return requireKeyOf(root, entry)
}

/** The node that says so, of exactly this key. */
function nodeOf(line: Uint8Array, row: KeyFacts, root: Root): NodeId {
  const entry = parseEntry(line)
  if (entry.type !== 'key.backup-tested') {
    return refuse('BYTES_FROM', `vault ${row.vault}: expected the line of a proven backup`)
  }
  requireBackupOf(row, entry.body, root)
  return entry.body.node
}

type Proved = ReturnType<typeof proved>

function lineOf({ vault: name, tier, network, address, epoch, unproven }: Proved): string {
  const key = `(epoch ${epoch})`
  const shown =
    epoch === 0
      ? 'no key yet'
      : address === ''
        ? `no address before its backups are proven: ${unproven.join(', ')} ${key}`
        : `${address} ${key}`
  return `${name.padEnd(12)} ${tier.padEnd(5)} ${network.padEnd(14)} ${shown}\n`
}

function restOf({ confirms, proven, address, unproven }: Proved): string {
  const names = (list: readonly string[]): string => list.join(', ') || 'nobody yet'
  const later = address === '' ? [] : unproven
  return [
    `  key confirmed by ${names(confirms)}\n`,
    `  backup proven by ${names(proven)}\n`,
    ...(later.length === 0 ? [] : [`  epoch in force: not proven yet by ${names(later)}\n`]),
  ].join('')
}
