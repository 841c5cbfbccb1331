// An intent from what was typed: names resolved by the policy, decimals to base units, the address
// to a destination record of a book in force, to a record that a service attested, or to an own
// vault.
// Decides nothing: what the policy says of it is the coordinator's and the nodes' to judge.
import { recordOf } from '../policy/book.ts'
import { addressAt } from '../policy/chain/address.ts'
import { opsOf, typedAddress } from '../policy/chain/chains.ts'
import { callText, parseCall } from '../policy/chain/evm-call.ts'
import { networkOfDomain, parseMessage } from '../policy/chain/evm-message.ts'
import { destinationDigest, parseDestination } from '../policy/destination.ts'
import type { Intent } from '../policy/intent.ts'
import type { Asset, Network } from '../policy/places.ts'
import { networkOf } from '../policy/rulebook.ts'
import { baseUnits, durationMs } from '../policy/units.ts'
import { toHex, toUtf8 } from '../proto/crypto.ts'
import { parseHandle, parsePersonId, parseVaultId } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import type { Desk } from './desk.ts'
import { messageFile } from './message.ts'
import { keyInForce, proved } from './vault.ts'
import { type Args, flag, must, required, UsageError, type World } from './verb.ts'

export const intentOptions = {
  vault: { type: 'string' },
  path: { type: 'string' },
  asset: { type: 'string' },
  amount: { type: 'string' },
  call: { type: 'string' },
  message: { type: 'string' },
  cancel: { type: 'string' },
  to: { type: 'string' },
  'to-vault': { type: 'string' },
  'to-path': { type: 'string' },
  record: { type: 'string' },
  'max-fee': { type: 'string' },
  purpose: { type: 'string' },
  id: { type: 'string' },
  valid: { type: 'string' },
} as const

export async function typedIntent(
  args: Args,
  desk: Desk,
  attested: Signed | undefined,
  world: World,
): Promise<Intent> {
  const { rulebook } = desk.ruleset
  const vault = parseVaultId(required(args, 'vault'))
  const network = networkOf(rulebook, vault) ?? unknown(`vault ${vault}`)
  const file = flag(args, 'message')
  const message = file === undefined ? undefined : messageFile(file)
  const asset = assetOf(args, network, rulebook)
  return {
    ...headOf(args, desk, world),
    vault,
    path: flag(args, 'path') ?? 'm',
    network: network.caip2,
    ...operation(args, asset, network),
    ...(message === undefined ? {} : { message }),
    asset: asset.id,
    contract: asset.contract,
    ...(message === undefined
      ? await destination(args, desk, network, attested)
      : await addressee(message, args, desk, attested)),
    amount: baseUnits(amountTyped(args), asset.decimals, 'amount'),
    maxFee:
      message === undefined ? feeOf(args, network, rulebook.assets.get(network.feeAsset)) : 0n,
  }
}

/** What every intent says of who asks, when, and what for. */
export function headOf(args: Args, { profile }: Desk, world: World) {
  const created = Math.floor(world.nowMs() / 1_000) * 1_000
  return {
    org: profile.org,
    env: profile.env,
    id: parseHandle(flag(args, 'id') ?? `cli-${toHex(world.random(12))}`, 'id'),
    created,
    notAfter: created + durationMs(flag(args, 'valid') ?? '8h', 'valid'),
    purpose: required(args, 'purpose'),
    initiator: parsePersonId(profile.id),
  }
}

/** A message moves none, so its request names the network's coin. */
function assetOf(
  args: Args,
  { feeAsset }: Network,
  { assets }: Desk['ruleset']['rulebook'],
): Asset {
  const isMessage = flag(args, 'message') !== undefined
  const typed = isMessage ? feeAsset : parseHandle(required(args, 'asset'), 'asset')
  const given = ['asset', 'amount', 'call', 'to', 'to-vault', 'to-path', 'max-fee'].find(
    (name) => isMessage && flag(args, name) !== undefined,
  )
  if (given !== undefined) {
    throw new UsageError(`--message: goes without --${given}, which it says itself or has not`)
  }
  return assets.get(typed) ?? unknown(`asset ${typed}`)
}

/** A call is typed as it will be shown; the coin that goes with it is the asset. */
function operation(
  args: Args,
  { id, kind }: Asset,
  { caip2 }: Network,
): Pick<Intent, 'op' | 'call'> {
  const { native, token, call: op, message } = opsOf(caip2)
  if (flag(args, 'message') !== undefined) {
    return { op: message ?? unknown(`messages on ${caip2}`) }
  }
  const typed = flag(args, 'call')
  if (typed === undefined) return { op: kind === 'native' ? native : token }
  if (op === undefined || kind !== 'native') {
    throw new UsageError(`--call: expected the coin of a network with contracts, got ${id}`)
  }
  return { op, call: callText(parseCall(typed)) }
}

/** With a call nothing need go, and with a message nothing goes. */
function amountTyped(args: Args): string {
  const isTransfer = flag(args, 'call') === undefined && flag(args, 'message') === undefined
  return isTransfer ? required(args, 'amount') : (flag(args, 'amount') ?? '0')
}

/** Typed data goes to its contract, which a book knows; a declaration names who signs it. */
async function addressee(
  written: string,
  args: Args,
  desk: Desk,
  attested: Signed | undefined,
): Promise<Recipient> {
  const message = parseMessage(written)
  if (message.kind === 'typed') {
    const { domain } = message.typed
    return recordedAt(networkOfDomain(domain), domain.verifyingContract, desk, attested)
  }
  const vault = required(args, 'vault')
  const row = (await keyInForce(vault, desk)) ?? refuse('VAULT_NOT_FOUND', `${vault}: has no key`)
  const network = networkOf(desk.ruleset.rulebook, row.vault)?.caip2 ?? unknown(`vault ${vault}`)
  return { to: addressAt(network, row, flag(args, 'path') ?? 'm'), dest: '' }
}

type Recipient = Pick<Intent, 'to' | 'dest' | 'toPath'>

async function destination(
  args: Args,
  desk: Desk,
  { caip2 }: Network,
  attested: Signed | undefined,
): Promise<Recipient> {
  const [vault, toPath] = [flag(args, 'to-vault'), flag(args, 'to-path')]
  if (vault !== undefined) return ownAddress(vault, toPath, desk)
  if (toPath !== undefined) throw new UsageError('--to-path: expected beside --to-vault alone')
  return recordedAt(caip2, typedAddress(caip2, required(args, 'to'), 'to'), desk, attested)
}

function recordedAt(
  caip2: string,
  to: string,
  desk: Desk,
  attested: Signed | undefined,
): Recipient {
  if (attested !== undefined)
    return { to, dest: parseDestination(toUtf8(attested.document)).digest }
  for (const book of desk.ruleset.books) {
    const record = recordOf(book, caip2, to)
    if (record !== undefined) return { to, dest: destinationDigest(record) }
  }
  return refuse('DEST_UNKNOWN', `no book knows ${to}: expected --record FILE or --to-vault VAULT`)
}

/** Derived here from the key that the nodes signed, at `m` or at the path that was typed. */
async function ownAddress(
  vault: string,
  toPath: string | undefined,
  desk: Desk,
): Promise<Recipient> {
  const { vault: found } = must(await desk.client.VaultService.GetVault({ vault }))
  const { address, network } = found ? proved(found, desk) : { address: '', network: '' }
  if (address === '') return refuse('VAULT_NOT_FOUND', `${vault}: has no address yet`)
  if (toPath === undefined) return { to: address, dest: '' }
  const key = (await keyInForce(vault, desk)) ?? refuse('VAULT_NOT_FOUND', `${vault}: no key`)
  return { to: addressAt(network, key, toPath), dest: '', toPath }
}

export function feeOf(args: Args, network: Network, asset: Asset | undefined): bigint {
  const typed = flag(args, 'max-fee')
  if (typed === undefined) return network.maxFee
  if (asset === undefined) throw new UsageError('--max-fee: the policy has no asset for fees')
  return baseUnits(typed, asset.decimals, 'max-fee')
}

function unknown(what: string): never {
  return refuse('INVALID_INTENT', `the policy knows no ${what}`)
}
