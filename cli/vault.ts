// vault list, show, create. An address is shown only after it was derived here from the public key
// that every node of the pinned root signed, and after every one of them signed that its backup of
// that key was opened in a test: a coordinator can make nobody fund another one, or one too early.
// And only with the words of those who vouch for it now: t nodes, or of a cold vault q witnesses.
// Source: the API design 7.2; first-walk, making a key.
import { parseEntry } from '../policy/audit/entry.ts'
import { requireBackupOf } from '../policy/audit/fold-backups.ts'
import { type KeyAt, keyStates } from '../policy/audit/key-chain.ts'
import { type Reigns, reignOver } from '../policy/audit/reigns.ts'
import { chainOf } from '../policy/chain/chains.ts'
import { ownPath } from '../policy/deposit-path.ts'
import { networkOf } from '../policy/rulebook.ts'
import type { VaultRow } from '../policy/view.ts'
import { toHex } from '../proto/crypto.ts'
import { type NodeId, parseVaultId } from '../proto/ids.ts'
import type { ReplyOf } from '../proto/io/wire.ts'
import { refuse } from '../proto/refusal.ts'
import { requireOwn } from './certified.ts'
import { atDesk, type Desk } from './desk.ts'
import { profileOptions } from './profile.ts'
import { type Answer, done, must, type Verb, type World, word } from './verb.ts'

export const vaultList: Verb = {
  about: 'every vault of the policy, with its address once every backup is proven',
  usage: '[--as DIR]',
  words: { min: 0, max: 0 },
  options: profileOptions,
  run: (args, world) =>
    atDesk(args, world, ['operator', 'approver', 'caller'], async (desk) => {
      const { client } = desk
      const { vaults } = must(await client.VaultService.ListVaults({}))
      const items = vaults.map((vault) => verified(vault, desk, world))
      return { ...done(items.map(lineOf).join(''), { vaults: items }), exit: exitOf(...items) }
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
      return vaultAnswer(vault, desk, world)
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
      return vaultAnswer(vault, desk, world)
    }),
}

type Known = Pick<Desk, 'trust' | 'ruleset'>
type Now = Pick<World, 'nowMs'>
type Vault = NonNullable<ReplyOf<'VaultService', 'GetVault'>['vault']>

/** What is printed of a vault as a coordinator sent it, once everything in it was checked. */
export function vaultAnswer(vault: Vault | null, desk: Known, world: Now): Answer {
  if (vault === null) return refuse('VAULT_NOT_FOUND', 'expected a vault, got nothing')
  const item = verified(vault, desk, world)
  return { ...done(`${lineOf(item)}${restOf(item)}`, item), exit: exitOf(item) }
}

/** An address that is proven and that nobody stands behind now is not shown. */
export function verified(sent: Vault, desk: Known, world: Now) {
  const item = proved(sent, desk)
  // The address of a key that signs no more is shown with a warning, and has no certificate.
  if (item.address === '' || item.standing !== 'active') {
    return { ...item, verifiedBy: [], uncertified: '' }
  }
  if (sent.certificate.length === 0) {
    const uncertified = sent.uncertified || 'no certificate came'
    return { ...item, address: '', publicKey: '', verifiedBy: [], uncertified }
  }
  const row = statesOf(sent, desk).at(-1)?.row
  if (row === undefined) return refuse('VAULT_NOT_FOUND', 'expected a line about the key')
  const about = { ...desk, nowMs: world.nowMs() }
  const { by } = requireOwn(sent.certificate, { row, path: ownPath }, about)
  return { ...item, verifiedBy: [...by], uncertified: '' }
}

/** 3: could not tell whose address it is. */
function exitOf(...items: readonly Verified[]): number {
  return items.some(({ uncertified }) => uncertified !== '') ? 3 : 0
}

/** Nothing of the answer but names, and lines that nodes of the pinned roots signed. */
export function proved(sent: Vault, { ruleset }: AtRuleset) {
  const { vault, line, backups, unproven } = sent
  const { rulebook } = ruleset
  const named = rulebook.vaults.get(parseVaultId(vault))
  const network = networkOf(rulebook, parseVaultId(vault))?.caip2
  if (named === undefined || network === undefined) {
    return refuse('VAULT_NOT_FOUND', `the policy names no vault ${vault}`)
  }
  const what = { vault, tier: named.tier, network, key: named.key }
  if (line.length === 0) {
    const none = { epoch: 0, publicKey: '', address: '', standing: '', imported: false }
    return {
      ...what,
      ...none,
      exported: false,
      confirms: [],
      proven: [],
      provenEpoch: 0,
      unproven: [],
    }
  }
  const states = statesOf(sent, { ruleset })
  const { row } = states.at(-1) ?? refuse('VAULT_NOT_FOUND', 'expected a line about the key')
  const tested = backups.map((bytes) => testedOf(bytes, states, ruleset.reigns))
  // Backups of one epoch count together; once shown, an address stays, whatever comes later.
  const shownAt = states.find((state) => isProven(state, tested))
  const proven = tested.filter((one) => one.epoch === (shownAt?.row.epoch ?? row.epoch))
  const confirms = row.participants.map(({ node }) => node)
  const isShown = shownAt !== undefined
  const names = proven.map(({ node }) => node)
  const { standing, imported, exported, epoch } = row
  return {
    ...what,
    ...{ epoch, standing, imported, exported, confirms },
    proven: confirms.filter((node) => names.includes(node)),
    provenEpoch: shownAt?.row.epoch ?? row.epoch,
    publicKey: isShown ? toHex(row.publicKey) : '',
    address: isShown ? chainOf(network).address(row.publicKey) : '',
    // A later epoch has backups of its own; which are missing there is the coordinator's word.
    unproven: isShown ? [...unproven] : confirms.filter((node) => !names.includes(node)),
  }
}

type AtRuleset = Pick<Desk, 'ruleset'>

/** The key of one vault, as its lines prove it; undefined while it has none. */
export async function keyInForce(
  vault: string,
  { client, ruleset }: Pick<Desk, 'client' | 'ruleset'>,
): Promise<VaultRow | undefined> {
  const { vault: found } = must(await client.VaultService.GetVault({ vault }))
  if (!found || found.vault !== vault) {
    return refuse('VAULT_NOT_FOUND', `expected the vault ${vault}, got another`)
  }
  return found.line.length === 0 ? undefined : statesOf(found, { ruleset }).at(-1)?.row
}

/** What each of its lines made of the key; refused where one is not the vault's own. */
function statesOf(
  { vault, line, later }: Pick<Vault, 'vault' | 'line' | 'later'>,
  { ruleset }: AtRuleset,
): readonly KeyAt[] {
  const { reigns, rulebook } = ruleset
  // A key outlives roots: its nodes are those of the root that was in force at each line.
  const rootAt = (seq: number) => reignOver(reigns, seq).root
  const states = keyStates([line, ...later].map(parseEntry), rootAt)
  const wrong = states.some(({ row }) => {
    return row.vault !== vault || row.key !== rulebook.vaults.get(row.vault)?.key
  })
  if (wrong) refuse('BYTES_FROM', `vault ${vault}: expected the line of its own key`)
  return states
}

interface Tested {
  readonly node: NodeId
  readonly epoch: number
}

/** The node that says so, of exactly one state of this key. */
function testedOf(line: Uint8Array, states: readonly KeyAt[], reigns: Reigns): Tested {
  const entry = parseEntry(line)
  if (entry.type !== 'key.backup-tested') {
    return refuse('BYTES_FROM', 'expected the line of a proven backup')
  }
  const { node, epoch } = entry.body
  const state = states.find(({ row }) => row.epoch === epoch)
  if (state === undefined) return refuse('EPOCH', `no line of the key has epoch ${epoch}`)
  // Backups may be proven long after the key was made, under a root that came after it.
  requireBackupOf(state.row, entry.body, reignOver(reigns, entry.seq).root)
  return { node, epoch }
}

/** Of an imported key somebody else knows every share until it is refreshed. */
function isProven({ row }: KeyAt, tested: readonly Tested[]): boolean {
  if (row.standing === 'unrefreshed') return false
  return row.participants.every(({ node }) => {
    return tested.some((one) => one.node === node && one.epoch === row.epoch)
  })
}

type Verified = ReturnType<typeof verified>

function lineOf({ vault: name, tier, network, address, unproven, ...key }: Verified): string {
  const whose = tier === 'cold' ? 'witnesses' : 'nodes'
  const tags = [key.imported ? ', imported' : '', key.exported ? ', exported' : ''].join('')
  const said = key.standing === 'active' ? tags : `, ${key.standing}`
  const epoch = `(epoch ${key.epoch}${said})`
  // Whoever copies it from here should read this first.
  const warning = key.standing === 'active' ? '' : 'send nothing to '
  const shown =
    key.epoch === 0
      ? 'no key yet'
      : key.uncertified !== ''
        ? `NO ADDRESS: its ${whose} do not vouch for it now (${key.uncertified}) ${epoch}`
        : address === ''
          ? `no address before its backups are proven: ${unproven.join(', ')} ${epoch}`
          : `${warning}${address} ${epoch}`
  return `${name.padEnd(12)} ${tier.padEnd(5)} ${network.padEnd(14)} ${shown}\n`
}

function restOf({ confirms, proven, address, unproven, ...key }: Verified): string {
  const names = (list: readonly string[]): string => list.join(', ') || 'nobody yet'
  const later = address === '' ? [] : unproven
  const of = (epoch: number): string => (epoch === key.epoch ? '' : ` of epoch ${epoch}`)
  return [
    ...(key.verifiedBy.length === 0 ? [] : [`  verified by ${names(key.verifiedBy)}\n`]),
    `  key confirmed by ${names(confirms)}\n`,
    `  backup${of(key.provenEpoch)} proven by ${names(proven)}\n`,
    ...(later.length === 0
      ? []
      : [`  backup of epoch ${key.epoch}, in force, not proven yet by ${names(later)}\n`]),
  ].join('')
}
