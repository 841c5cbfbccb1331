// The request of a cancel, from the id of what it cancels: vault, path and network are those of
// that request, read in its own bytes, because its id is their digest. The address is the one whose
// key signs it, derived from the key as proved.
import { addressAt } from '../policy/chain/address.ts'
import { opsOf } from '../policy/chain/chains.ts'
import type { Intent } from '../policy/intent.ts'
import { parseIntent, type ReadIntent } from '../policy/request.ts'
import { networkOf } from '../policy/rulebook.ts'
import { parseDigest } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import type { Desk } from './desk.ts'
import { feeOf, headOf } from './intent.ts'
import { keyInForce } from './vault.ts'
import { type Args, flag, must, UsageError, type World } from './verb.ts'

const needless = ['vault', 'path', 'asset', 'amount', 'call', 'message', 'to', 'to-vault', 'record']

export async function typedCancel(args: Args, desk: Desk, world: World): Promise<Intent> {
  const given = needless.find((name) => flag(args, name) !== undefined)
  if (given !== undefined) {
    throw new UsageError(`--cancel: goes without --${given}: all is as in what it cancels`)
  }
  const cancels = parseDigest(flag(args, 'cancel') ?? '', '--cancel')
  const asked = { id: cancels, initiator: '', callerId: '' }
  const { request } = must(await desk.client.SigningService.GetRequest(asked))
  if (!request) return refuse('REQUEST_NOT_FOUND', `no request ${cancels}`)
  const { vault, path, network } = paymentOf(request.intent, cancels).intent
  const { rulebook } = desk.ruleset
  const known = networkOf(rulebook, vault)
  const op = opsOf(network).cancel
  if (known === undefined || op === undefined) {
    return refuse('INVALID_INTENT', `nothing of ${vault} on ${network} is cancelled`)
  }
  const row = (await keyInForce(vault, desk)) ?? refuse('VAULT_NOT_FOUND', `${vault}: has no key`)
  return {
    ...headOf(args, desk, world),
    ...{ vault, path, network, op, cancels, asset: known.feeAsset, contract: '', dest: '' },
    to: addressAt(network, row, path),
    amount: 0n,
    maxFee: feeOf(args, known, rulebook.assets.get(known.feeAsset)),
  }
}

/** The request of exactly this id. */
export function paymentOf(bytes: Uint8Array, id: string): ReadIntent {
  const read = parseIntent(bytes)
  return read.digest === id ? read : refuse('MALFORMED', `expected the intent of ${id}`)
}
