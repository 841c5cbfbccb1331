// An address as a coordinator sent it with its certificate, held against everything that this
// machine knows: the roots that it proved, the policy in force, and the key as its own lines have
// it. Nothing that a coordinator says is shown as an address before.
import { openAddress } from '../policy/address-certificate.ts'
import type { Certified } from '../policy/address-word.ts'
import { networkTitle } from '../policy/chain/chains.ts'
import { networkOf } from '../policy/rulebook.ts'
import type { VaultRow } from '../policy/view.ts'
import { equalBytes } from '../proto/crypto.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { writeTime } from '../proto/shape.ts'
import type { Desk } from './desk.ts'

export interface Expected {
  readonly row: VaultRow
  readonly path: string
}

/** Made just now: an older one might be of a key that was destroyed since. */
export function requireOwn(
  file: Uint8Array,
  { row, path }: Expected,
  { trust, ruleset, nowMs }: Pick<Desk, 'trust' | 'ruleset'> & { readonly nowMs: number },
): Certified {
  if (file.length === 0) refuse('NOT_ENOUGH_SIGNERS', `${row.vault}: no certificate came`)
  const said = openAddress(file, trust.root, { nowMs, ageMsMax: limits.addressViewMsMax })
  const { root, rulebook } = ruleset
  const wrong = (what: string, expected: string | number, got: string | number): never =>
    refuse('BYTES_FROM', `${what}: expected ${expected}, got ${got}`)
  if (said.root !== root.digest) {
    refuse('RULESET_VERSION', `expected root ${root.digest} in force, got ${said.root}`)
  }
  const network = networkOf(rulebook, row.vault)?.caip2 ?? ''
  if (said.vault !== row.vault) wrong('vault', row.vault, said.vault)
  if (said.path !== path) wrong('path', path, said.path)
  if (said.network !== network) wrong('network', network, said.network)
  if (said.epoch !== row.epoch || said.keyState !== row.keyState) {
    refuse('EPOCH', `${row.vault}: expected epoch ${row.epoch}, got ${said.epoch}`)
  }
  const isSameKey =
    equalBytes(said.publicKey, row.publicKey) && equalBytes(said.chainCode, row.chainCode)
  if (!isSameKey) wrong('key', 'that of the lines', 'another')
  return said
}

/** For people: the address first, and what it is good for. */
export function certifiedText(said: Certified): string {
  const { address, network, vault, org, env, path, issued } = said
  const others = [
    said.imported ? '  imported   whoever dealt the key in may hold it still\n' : '',
    said.exported ? '  exported   whoever the key was given to holds it as well\n' : '',
  ]
  return [
    `${address}\n`,
    `  network    ${networkTitle(network)}, and no other\n`,
    `  of         vault ${vault} of ${org} ${env}, path ${path}\n`,
    ...vouchedText(said),
    '             and derived here from its key, chain code and path\n',
    `  said       ${writeTime(issued)}\n`,
    ...others,
  ].join('')
}

/** Nodes for all of it; of a cold vault stations for the key, and witnesses for now. */
function vouchedText({ by, needed, holders, confirmedBy }: Certified): readonly string[] {
  const names = by.join(', ')
  if (confirmedBy.length === 0) {
    return [`  verified   by ${names}: ${by.length} of ${holders.length}, ${needed} needed\n`]
  }
  return [
    `  key        of a cold vault, confirmed by ${confirmedBy.join(', ')}: every station\n`,
    `  in force   say ${names}: ${by.length} witnesses, ${needed} needed\n`,
  ]
}

export function certifiedJson(said: Certified) {
  const { address, network, vault, org, env, path, epoch, imported, exported, root } = said
  const { needed, threshold } = said
  const [by, holders, confirmedBy] = [[...said.by], [...said.holders], [...said.confirmedBy]]
  const issued = writeTime(said.issued)
  return {
    address,
    network,
    vault,
    org,
    env,
    path,
    epoch,
    imported,
    exported,
    root,
    issued,
    ...{ by, needed, confirmedBy, holders, threshold },
  }
}
