// A storm: people use a house while its weather is bad, then the weather ends, and then everything that
// was accepted must come to its end and every rule must have held. One number names all of it.
import { sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import { isRefusal } from '../../proto/refusal.ts'
import type { House } from '../kit/house.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { openHouse } from '../kit/house-open.ts'
import { Dice } from '../kit/house-time.ts'
import { type Asked, Clients } from './clients.ts'
import type { Planted } from './planted.ts'
import { type Strength, strengthOf, Weather } from './weather.ts'

export interface Outcome {
  readonly seed: number
  /** Sentences; none is good. */
  readonly broken: readonly string[]
  readonly strength: Strength
  readonly states: readonly string[]
  readonly attempts: number
  readonly signatures: number
  /** Of everything that happened: the same seed gives the same one. */
  readonly print: string
}

export interface StormOptions {
  readonly planted?: Planted
  /** Instead of what the seed draws. */
  readonly strength?: Partial<Strength>
  readonly requests?: number
  readonly stormMs?: number
  /** How long afterwards everything may take to come to its end. */
  readonly calmMs?: number
}

const attemptsMax = 8

export async function storm(seed: number, options: StormOptions = {}): Promise<Outcome> {
  const { stormMs = 120_000, calmMs = 900_000, planted } = options
  const dice = new Dice(`storm ${seed}`)
  const coordinators = dice.chance(0.5) ? ['c1', 'c2'] : ['c1']
  const house = await openHouse({ seed: `storm ${seed}`, coordinators })
  const strength = { ...strengthOf(dice.fork('strength')), ...options.strength }
  const clients = new Clients(house, dice.fork('clients'))
  const weather = new Weather(house, dice.fork('weather'), strength)
  try {
    const undo = planted?.plant()
    try {
      weather.begin()
      const requests = options.requests ?? dice.between(4, 8)
      for (let more = requests; more > 0; more -= 1) clients.live(dice.below(stormMs))
      if (strength.freezes) clients.freeze(dice.between(stormMs / 2, stormMs))
      await house.pass(stormMs)
      await weather.end()
      const late = await calmDown(house, clients, calmMs)
      undo?.()
      return await outcome(house, { seed, strength, late, clients })
    } finally {
      undo?.()
    }
  } finally {
    await house.close()
  }
}

/** Until all is over; what is not over in time is said. */
async function calmDown(
  house: House,
  clients: Clients,
  calmMs: number,
): Promise<readonly string[]> {
  const end = house.time.now + calmMs
  let late: readonly string[] = []
  while (house.time.now < end) {
    await house.pass(5_000)
    if (clients.isBusy) continue
    late = await unfinished(house, clients)
    if (late.length === 0) return []
    if (hasHole(house)) clients.fill()
  }
  return late
}

/** Transactions wait for a nonce below theirs that ended without one: the next request takes it. */
function hasHole({ chain }: House): boolean {
  const sent = [...chain.seen.values()].map(({ nonce }) => nonce)
  const next = chain.mined.size
  return !sent.includes(next) && sent.some((nonce) => nonce > next)
}

async function unfinished(house: House, clients: Clients): Promise<readonly string[]> {
  const late: string[] = []
  for (const [index, asked] of clients.asked.entries()) {
    const stands = await standing(house, asked, clients.isFrozen)
    if (stands !== '') late.push(`request ${index} of ${asked.amount} is ${stands}`)
  }
  return late
}

const ended = new Set(['SETTLED', 'DENIED', 'REJECTED', 'CANCELLED', 'EXPIRED', 'DROPPED'])

/** Empty when it has ended or waits for a lawful reason. */
async function standing(house: House, asked: Asked, isFrozen: boolean): Promise<string> {
  if (asked.id === undefined) return asked.refused ?? 'not answered'
  const shown = await house.during(house.someCoordinator.requests.find({ id: asked.id }))
  if (isRefusal(shown)) return shown.code
  const { state } = shown
  if (ended.has(state)) return ''
  if (isFrozen && state !== 'SIGNED' && state !== 'BROADCAST') return ''
  switch (state) {
    case 'AWAITING_APPROVAL':
      return asked.approvals < asked.needs ? '' : state
    case 'WAITING': {
      const codes = shown.reasons.map(({ code }) => code)
      const isLawful = codes.some((code) => code.includes('LIMIT') || code.includes('DUPLICATE'))
      return isLawful ? '' : `${state} ${codes}`
    }
    case 'LAPSING': {
      const lines = await house.story(asked.id)
      const aborted = linesOf(lines, 'session.aborted').length
      const isStopped = linesOf(lines, 'approval.rejected').length > 0
      return aborted >= attemptsMax || isStopped ? '' : state
    }
    default:
      return state
  }
}

interface Ended {
  readonly seed: number
  readonly strength: Strength
  readonly late: readonly string[]
  readonly clients: Clients
}

async function outcome(house: House, { seed, strength, late, clients }: Ended): Promise<Outcome> {
  await house.pass(2_000)
  const entries = await house.entries()
  const states: string[] = []
  for (const { id, refused } of clients.asked) {
    states.push(id === undefined ? (refused ?? 'NO ANSWER') : await house.state(id))
  }
  const told = [
    ...entries.map(({ leaf }) => toHex(leaf)),
    ...house.record.shares.map(({ atMs, node, value }) => `${atMs} ${node} ${value.sid}`),
    ...house.record.events.map(({ process, name }) => `${process} ${name}`),
  ]
  return {
    seed,
    broken: [...late, ...(await breaches(house))],
    strength,
    states,
    attempts: linesOf(entries, 'session.started').length,
    signatures: linesOf(entries, 'sign.completed').length,
    print: toHex(sha256(toUtf8(told.join('\n')))),
  }
}
