// watch: looks at what lies at the house's own addresses and proposes what the policy's targets and
// sweeps want moved. Each proposal is an intent of this service, signed with its own key and judged
// like any other: a watcher approves nothing and signs no transaction. Several may watch with one
// key; the key of a proposal counts those before it, so they propose it once.
// Source: `docs/treasury.md`.

import type { Intent } from '../policy/intent.ts'
import { parseIntent } from '../policy/request.ts'
import { networkOf, type Rulebook } from '../policy/rulebook.ts'
import type { SweepCost } from '../policy/treasury/cost.ts'
import { placeName } from '../policy/treasury/ledger.ts'
import { type Asked, type Proposal, propose } from '../policy/treasury/propose.ts'
import { transferOf } from '../policy/treasury/way.ts'
import { durationMs } from '../policy/units.ts'
import { type Handle, parsePersonId, type VaultId } from '../proto/ids.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { isRefusal, Refused, refuse } from '../proto/refusal.ts'
import { time } from '../proto/shape.ts'
import { orNothing, Unavailable } from '../proto/unavailable.ts'
import { type ApproverKey, openKey } from './approver-key.ts'
import { looksOptions, openLooks } from './chain-looks.ts'
import { DepositPaths } from './deposit-paths.ts'
import { atDesk, type Desk } from './desk.ts'
import { isEnded, isNothing, type Payment } from './moving.ts'
import { addressOf, ownKeys } from './own-accounts.ts'
import { keyOptions, profileOptions } from './profile.ts'
import { amountOf } from './show.ts'
import { sendIntent } from './submit.ts'
import { sweepCosts } from './sweep-costs.ts'
import { type Around, lookAround, type Watching } from './treasury-facts.ts'
import { type Answer, type Args, flag, type Verb, type World } from './verb.ts'

export const watch: Verb = {
  about: 'propose what targets and sweeps of the policy want moved',
  usage:
    '--endpoints FILE [--once] [--dry-run] [--every 1m] [--patience 10m] [--pause 1h]\n' +
    '    [--valid 8h] [--valid-cold 72h] [--as DIR]',
  words: { min: 0, max: 0 },
  options: {
    ...profileOptions,
    ...keyOptions,
    ...looksOptions,
    once: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    every: { type: 'string' },
    patience: { type: 'string' },
    pause: { type: 'string' },
    valid: { type: 'string' },
    'valid-cold': { type: 'string' },
  },
  run: async (args, world) => {
    const deposits = new DepositPaths()
    for (;;) {
      const answer = await round(args, world, deposits)
      if (args.flags['once'] === true || args.flags['dry-run'] === true) return answer
      world.say(answer.text)
      await world.pause(spanOf(args, 'every', '1m'))
    }
  },
}

/** One look; in a loop whatever fails is said, and the next look begins anew. */
async function round(args: Args, world: World, deposits: DepositPaths): Promise<Answer> {
  const look = () =>
    atDesk(args, world, ['caller'], (desk) => lookOnce({ args, world, desk, deposits }))
  if (args.flags['once'] === true || args.flags['dry-run'] === true) return look()
  try {
    return await look()
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Unavailable)) throw error
    return { exit: 3, text: `could not look: ${error.message}\n`, json: {} }
  }
}

interface Looking {
  readonly args: Args
  readonly world: World
  readonly desk: Desk
  readonly deposits: DepositPaths
}

async function lookOnce({ args, world, desk, deposits }: Looking): Promise<Answer> {
  const watching: Watching = {
    desk,
    looks: openLooks(args, desk.profile.env, world),
    world,
    patienceMs: spanOf(args, 'patience', '10m'),
    deposits: (vault) => deposits.of(vault, desk.client),
  }
  const around = await lookAround(watching)
  const costs = await sweepCosts(around.held, watching)
  const made = await proposalsOf(args, { ...watching, around, costs })
  const lines: string[] = []
  const sent: JsonObject[] = []
  const key = made.proposals.length > 0 && args.flags['dry-run'] !== true
  const signer = key ? await openKey(desk.profile, args, world) : undefined
  for (const proposal of made.proposals) {
    const state =
      signer === undefined ? 'NOT SENT' : await send(proposal, { args, desk, world, signer })
    lines.push(`${lineOf(proposal, desk)}  ${state}\n`)
    sent.push({ ...shown(proposal), state })
  }
  const doubts = [...around.untold.map((because) => ({ name: '', because })), ...made.doubts]
  const blocks = [...around.blocks].map(([network, { height }]) => `${network} ${height}`)
  return {
    exit: around.untold.length > 0 ? 3 : 0,
    text: [
      `looked at ${blocks.join(', ') || 'no block'}: ${made.proposals.length} to move\n`,
      ...lines,
      ...doubts.map(({ name, because }) => `  ${[name, because].filter(Boolean).join(': ')}\n`),
    ].join(''),
    json: { blocks, proposals: sent, doubts: doubts.map((doubt) => ({ ...doubt })) },
  }
}

interface Looked {
  readonly desk: Desk
  readonly looks: Watching['looks']
  readonly world: Watching['world']
  readonly around: Around
  readonly costs: ReadonlyMap<Handle, SweepCost>
}

interface Asking extends Pick<Looked, 'desk' | 'looks'> {
  readonly pauseMs: number
}

/** Proposed again until the earlier requests of every name that matters are known. */
async function proposalsOf(args: Args, { desk, looks, world, around, costs }: Looked) {
  const known = new Map<string, Asked>()
  const facts = {
    ...{ at: world.nowMs(), initiator: parsePersonId(desk.profile.id) },
    ...{ held: around.held, moving: around.moving, costs },
    asked: (name: string) => known.get(name),
  }
  for (;;) {
    const made = propose(desk.ruleset.rulebook, facts)
    if (made.unasked.length === 0) return made
    for (const name of made.unasked) {
      known.set(name, await askedOf(name, { desk, looks, pauseMs: spanOf(args, 'pause', '1h') }))
    }
  }
}

/** How often a name was asked under, and what became of the last one. */
async function askedOf(name: string, asking: Asking): Promise<Asked> {
  const { client, profile } = asking.desk
  const find = async (number: number) => {
    const asked = { id: '', initiator: profile.id, callerId: `${name}/${number}` }
    const found = await client.SigningService.GetRequest(asked)
    if (!isRefusal(found)) return found.request
    return found.code === 'REQUEST_NOT_FOUND' ? null : refuse(found.code, found.because)
  }
  // Numbers have no gap, so twice as far each time and then halves find the last one.
  let [low, high] = [0, 1]
  while ((await find(high)) !== null) [low, high] = [high, high * 2]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if ((await find(middle)) === null) high = middle
    else low = middle
  }
  const last = low === 0 ? null : await find(low)
  if (last === null) return { count: 0, isOpen: false, ...loud }
  return { count: low, isOpen: !isEnded(last), ...(await quietAfter(last, asking)) }
}

const loud = { quietUntil: 0, became: '' } as const

async function quietAfter(
  last: Pick<Payment, 'state' | 'txid'> & {
    readonly intent: Uint8Array
    readonly changed: string
  },
  { looks, pauseMs }: Asking,
): Promise<Pick<Asked, 'quietUntil' | 'became'>> {
  const { created, network } = parseIntent(last.intent).intent
  if (isNothing(last)) {
    // From its end, which may come days after it was asked for.
    const ended = last.changed === '' ? created : time(last.changed, 'changed')
    return { quietUntil: ended + pauseMs, became: 'was refused' }
  }
  const look = looks.get(network)
  const { state, txid } = last
  if (state !== 'SETTLED' || txid === '' || look === undefined) return loud
  const failedAt = await orNothing(() => look.failedAt(txid))
  if (failedAt === undefined) {
    const became = 'failed or not, as endpoints do not agree'
    return { quietUntil: Number.POSITIVE_INFINITY, became }
  }
  return failedAt === 0 ? loud : { quietUntil: failedAt + pauseMs, became: 'failed in its block' }
}

interface Sending {
  readonly args: Args
  readonly desk: Desk
  readonly world: World
  readonly signer: ApproverKey
}

/** The state of the request, or that somebody else asked for the same. */
async function send(proposal: Proposal, { args, desk, world, signer }: Sending): Promise<string> {
  const intent = await intentOf(proposal, { args, desk, world })
  if (typeof intent === 'string') return `NOT SENT: ${intent}`
  const answer = await sendIntent(intent, { desk, signer })
  if (!isRefusal(answer)) return answer.state
  if (answer.code === 'IDEMPOTENCY_CONFLICT') return 'ASKED BY ANOTHER'
  return `refused ${answer.code}: ${answer.because}`
}

/** Or why there is none: one way that leads nowhere stops no other. */
async function intentOf(
  proposal: Proposal,
  { args, desk, world }: Omit<Sending, 'signer'>,
): Promise<Intent | string> {
  const { from, to, asset, amount, maxFee } = proposal
  const { rulebook } = desk.ruleset
  const known = rulebook.assets.get(asset)
  const network = networkOf(rulebook, from.vault)
  const op = transferOf(proposal, rulebook)
  const keys = await ownKeys('vault' in to ? [to.vault] : [], desk)
  const paid = addressOf(to, asset, keys, desk)
  if (typeof paid === 'string') return `${placeName(to)}: ${paid}`
  if (known === undefined || network === undefined || op === undefined) {
    return `${placeName(to)}: nothing moves ${asset} there`
  }
  const created = Math.floor(world.nowMs() / 1_000) * 1_000
  return {
    ...{ org: desk.profile.org, env: desk.profile.env, id: proposal.id, created },
    notAfter: created + validMs(args, from.vault, rulebook),
    ...{ vault: from.vault, path: from.path, network: network.caip2, op },
    ...{ asset: known.id, contract: known.contract, to: paid.address, dest: paid.dest },
    ...(!('vault' in to) || to.path === 'm' ? {} : { toPath: to.path }),
    ...{ amount, maxFee, purpose: proposal.because, initiator: parsePersonId(desk.profile.id) },
  }
}

/** What leaves a cold vault waits for a sitting, and lives until its room closes. */
function validMs(args: Args, vault: VaultId, { vaults }: Rulebook): number {
  const isCold = vaults.get(vault)?.tier === 'cold'
  return isCold ? spanOf(args, 'valid-cold', '72h') : spanOf(args, 'valid', '8h')
}

function lineOf({ id, because, amount, asset }: Proposal, desk: Desk): string {
  return `${id}  ${inUnits(asset, amount, desk)}  ${because}`
}

function inUnits(asset: Handle, amount: bigint, { ruleset }: Desk): string {
  const known = ruleset.rulebook.assets.get(asset)
  return known === undefined ? `${amount} ${asset}` : amountOf({ amount }, known)
}

function shown({ id, kind, from, to, asset, amount, because }: Proposal): JsonObject {
  return { id, kind, from: { ...from }, to: { ...to }, asset, amount: `${amount}`, because }
}

function spanOf(args: Args, name: string, otherwise: string): number {
  return durationMs(flag(args, name) ?? otherwise, name)
}
