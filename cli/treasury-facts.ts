// The facts that a proposal is made of, in an order that makes them fit together: first what is on
// its way, then a block that is younger than that, then the balances of this block, then what
// became of the payments. Whatever had settled at the first step lies in the block; every other
// payment is looked up on the chain, and counts as on its way unless it is in the block.
// A network that keeps no earlier states tells balances of a later block: what landed between the
// two makes the balance of whoever it touches unknown in this look.
// INVARIANT: no payment is missed and none counts twice; where endpoints do not agree on one, it
// counts as on its way.
import type { Intent } from '../policy/intent.ts'
import { networkOf, type Rulebook } from '../policy/rulebook.ts'
import { type Held, type Moving, type Place, placeName } from '../policy/treasury/ledger.ts'
import type { VaultRow } from '../policy/view.ts'
import type { Handle, VaultId } from '../proto/ids.ts'
import { orNothing } from '../proto/unavailable.ts'
import type { Balance, Block, Look } from './chain-looks.ts'
import type { Desk } from './desk.ts'
import { isNothing, openPayments, type Payment, paymentOf, paymentsAfter } from './moving.ts'
import { accountAt, addressOf, ownKeys } from './own-accounts.ts'
import type { World } from './verb.ts'

export interface Around {
  readonly held: readonly Held[]
  readonly moving: readonly Moving[]
  /** Networks and accounts that could not be told, and why. */
  readonly untold: readonly string[]
  /** By network: the block of the balances. */
  readonly blocks: ReadonlyMap<string, Block>
}

export interface Watching {
  readonly desk: Desk
  readonly looks: ReadonlyMap<string, Look>
  readonly world: Pick<World, 'nowMs' | 'pause'>
  /** How long to wait for a block that is young enough. */
  readonly patienceMs: number
  /** Deposit addresses to look at, of a vault that is swept. */
  readonly deposits: (vault: VaultId) => Promise<readonly string[]>
}

const pollMs = 2_000

export async function lookAround(watching: Watching): Promise<Around> {
  const { desk, looks, world } = watching
  const { rulebook } = desk.ruleset
  const startedAt = world.nowMs()
  const before = await openPayments(desk.client)
  const untold: string[] = []
  const blocks = new Map<string, Block>()
  for (const network of networksOf(rulebook)) {
    const look = looks.get(network)
    const block = look && (await youngBlock(look, startedAt, watching))
    if (block === undefined)
      untold.push(`${network}: no block that endpoints agree on is young enough`)
    else blocks.set(network, block)
  }
  const wanted = await accountsOf(watching)
  const looked = wanted.flatMap((one) => ('vault' in one ? [one.vault] : []))
  const keys = await ownKeys([...looked, ...rulebook.vaults.keys()], desk)
  const found = new Map<string, Held & Balance>()
  for (const one of wanted) {
    const said = await balanceOf(one, { keys, blocks, watching })
    if (typeof said === 'string') untold.push(said)
    else found.set(nameOf(one), { ...one, ...said })
  }
  const payments = await paymentsNow(before, desk)
  const moving: Moving[] = []
  for (const payment of payments) {
    if (await isInBlock(payment, { looks, blocks })) continue
    const one = movingOf(payment, keys, desk)
    moving.push(one)
    for (const name of touched(one, rulebook)) {
      const balance = found.get(name)
      if (balance === undefined || !(await mayBeIn(balance, payment, { looks, blocks }))) continue
      found.delete(name)
      untold.push(`${name}: ${payment.txid} landed while it was read`)
    }
  }
  return { held: [...found.values()], moving, untold, blocks }
}

/** A block whose time is not before the instant at which the requests were read. */
async function youngBlock(
  look: Look,
  sinceMs: number,
  { world, patienceMs }: Watching,
): Promise<Block | undefined> {
  const until = world.nowMs() + patienceMs
  for (;;) {
    const block = await orNothing(() => look.block())
    if (block !== undefined && block.at >= sinceMs) return block
    if (world.nowMs() >= until) return undefined
    await world.pause(pollMs)
  }
}

type Wanted = Place & { readonly asset: Handle }

/** Every place that a target names or draws on, and every deposit address with its coin. */
async function accountsOf({ desk, deposits }: Watching): Promise<readonly Wanted[]> {
  const { rulebook } = desk.ruleset
  const wanted = new Map<string, Wanted>()
  const look = (one: Wanted): void => {
    wanted.set(nameOf(one), one)
  }
  const add = (vault: VaultId, path: string, asset: Handle | undefined): void => {
    if (asset !== undefined) look({ vault, path, asset })
  }
  for (const { at, asset, refill } of rulebook.targets.values()) {
    look({ ...at, asset })
    if (refill !== undefined) add(refill, 'm', asset)
  }
  for (const { vault, asset, gasFrom } of rulebook.sweeps.values()) {
    const coin = networkOf(rulebook, vault)?.feeAsset
    if (gasFrom !== undefined) add(gasFrom, 'm', coin)
    for (const path of await deposits(vault)) {
      add(vault, path, asset)
      add(vault, path, coin)
    }
  }
  return [...wanted.values()]
}

interface Seen {
  readonly keys: ReadonlyMap<VaultId, VaultRow>
  readonly blocks: ReadonlyMap<string, Block>
  readonly watching: Watching
}

/** Or why nobody can tell. */
async function balanceOf(one: Wanted, { keys, blocks, watching }: Seen): Promise<Balance | string> {
  const { desk, looks } = watching
  const account = addressOf(one, one.asset, keys, desk)
  const contract = desk.ruleset.rulebook.assets.get(one.asset)?.contract
  const name = nameOf(one)
  if (typeof account === 'string') return `${name}: ${account}`
  if (contract === undefined) return `${name}: no such asset`
  const [look, block] = [looks.get(account.network), blocks.get(account.network)]
  if (look === undefined || block === undefined) return `${name}: no block`
  const said = await orNothing(() => look.balance(block, account.address, contract))
  return said ?? `${name}: endpoints do not agree`
}

/** As they stand now: those that were open before, and those that came since. */
async function paymentsNow(
  { open, newest }: Awaited<ReturnType<typeof openPayments>>,
  { client }: Desk,
): Promise<readonly Payment[]> {
  const now = new Map<string, Payment>()
  for (const id of open.keys()) now.set(id, await paymentOf(client, id))
  for (const one of await paymentsAfter(client, newest)) now.set(one.id, one)
  return [...now.values()].filter((payment) => !isNothing(payment))
}

interface OnChain {
  readonly looks: Watching['looks']
  readonly blocks: ReadonlyMap<string, Block>
}

async function isInBlock({ txid, intent }: Payment, { looks, blocks }: OnChain): Promise<boolean> {
  const [look, block] = [looks.get(intent.network), blocks.get(intent.network)]
  if (txid === '' || look === undefined || block === undefined) return false
  return (await orNothing(() => look.landed(block, txid))) ?? false
}

/** Whether a payment that is not in the block landed before the balance was told. */
async function mayBeIn(
  { upTo }: Balance,
  { txid, intent }: Payment,
  { looks, blocks }: OnChain,
): Promise<boolean> {
  const [look, block] = [looks.get(intent.network), blocks.get(intent.network)]
  if (txid === '' || look === undefined || block === undefined || upTo <= block.height) return false
  return (await orNothing(() => look.landed({ ...block, height: upTo }, txid))) ?? true
}

/** The balances that it changes. */
function touched({ from, to, asset }: Moving, rulebook: Rulebook): readonly string[] {
  const coin = networkOf(rulebook, from.vault)?.feeAsset
  const names = [nameOf({ ...from, asset }), ...(coin ? [nameOf({ ...from, asset: coin })] : [])]
  return to === undefined ? names : [...names, nameOf({ ...to, asset })]
}

function nameOf(one: Wanted): string {
  return `${placeName(one)} ${one.asset}`
}

function movingOf({ intent }: Payment, keys: ReadonlyMap<VaultId, VaultRow>, desk: Desk): Moving {
  const { vault, path, asset, amount, maxFee } = intent
  return {
    from: { vault, path },
    to: intent.dest === '' ? ownRecipient(intent, keys, desk) : listedRecipient(intent, desk),
    asset,
    amount,
    feeMax: maxFee,
  }
}

/** The own account that an intent without a record pays. */
function ownRecipient(
  { to, toPath: path = 'm', network }: Intent,
  keys: ReadonlyMap<VaultId, VaultRow>,
  desk: Desk,
): Place | undefined {
  for (const vault of keys.keys()) {
    const account = accountAt({ vault, path }, keys, desk)
    if (account?.address === to && account.network === network) return { vault, path }
  }
  return undefined
}

/** The vault of another log that an intent with a record pays, where a target names it. */
function listedRecipient(
  { to, asset, network }: Pick<Intent, 'to' | 'asset' | 'network'>,
  desk: Desk,
): Place | undefined {
  for (const { at } of desk.ruleset.rulebook.targets.values()) {
    if ('vault' in at) continue
    const listed = addressOf(at, asset, new Map(), desk)
    if (typeof listed !== 'string' && listed.address === to && listed.network === network) return at
  }
  return undefined
}

function networksOf({ targets, sweeps, assets, networks }: Rulebook): ReadonlySet<string> {
  const named = [...targets.values(), ...sweeps.values()]
  const ids = named.flatMap(({ asset }) => assets.get(asset)?.network ?? [])
  return new Set(ids.flatMap((id) => networks.get(id)?.caip2 ?? []))
}
