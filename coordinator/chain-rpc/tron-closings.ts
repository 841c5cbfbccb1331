// What lies at own addresses of Tron at the end of a range. Nodes tell the balance of now alone, of
// some solidified block between two that each of them had before and after: where nothing moved in
// these, it is that of the later one, and what moved after it is added, as it was read in the
// blocks. So each endpoint's word is brought to one block, at which enough have to say the same.
// A balance that moved while it was asked for is asked for again.
// What a contract pays out of the coin is in no line, so it is not added either.
import type { Moved, Received, Sent } from '../../policy/audit/chain-file.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import { ahead } from './ahead.ts'
import { unavailable } from './post.ts'
import type { TronEndpoint } from './tron-endpoint.ts'
import { type Held, heldNow, type TronLook } from './tron-look.ts'

/** What was read of one address. */
export interface Flows {
  readonly sent: readonly Sent[]
  readonly received: readonly Received[]
  readonly moved: readonly Moved[]
}

interface Place {
  readonly address: string
  /** Empty for the coin. */
  readonly contract: string
}

export interface Closing extends Place {
  readonly amount: bigint
}

interface Blocks {
  /** By address. */
  readonly found: ReadonlyMap<string, Flows>
  /** Reads every block up to this one. */
  readonly readTo: (height: bigint) => Promise<void>
  readonly pause?: ((ms: number) => Promise<unknown>) | undefined
}

type Words = ReadonlyMap<TronEndpoint, Held>
type Settled = Closing & { readonly at: number }

const roundsMax = 5
const balancesAhead = 8
const blockMs = 3_000

/** As of the last block that was read in the end. Left out is what never stood still. */
export async function closingsOf(
  look: TronLook,
  places: readonly Place[],
  { found, readTo, pause }: Blocks,
): Promise<readonly Closing[]> {
  const settled: Settled[] = []
  let open = places
  for (let round = 0; round < roundsMax && open.length > 0; round += 1) {
    if (round > 0) await pause?.(blockMs)
    const said: Words[] = []
    for await (const words of ahead(open, balancesAhead, (place) => wordsOn(look, place))) {
      said.push(words)
    }
    const { height } = await look.block()
    await readTo(height)
    const still: Place[] = []
    for (const [index, place] of open.entries()) {
      const flows = flowsOf(place, found)
      const amount = await agreedAt(look, Number(height), said[index] ?? new Map(), flows)
      if (amount === undefined) still.push(place)
      else settled.push({ ...place, amount, at: Number(height) })
    }
    open = still
  }
  return places.flatMap((place) => {
    const one = settled.find((known) => isAt(known, place))
    if (one === undefined) return []
    return [{ ...place, amount: one.amount + sumOf(flowsOf(place, found), one.at) }]
  })
}

function isAt(one: Place, other: Place): boolean {
  return one.address === other.address && one.contract === other.contract
}

/** Of each endpoint that answers; what they say is compared later. */
async function wordsOn(look: TronLook, { address, contract }: Place): Promise<Words> {
  const words = new Map<TronEndpoint, Held>()
  await orNothing(() =>
    look.agreed(async (endpoint) => {
      words.set(endpoint, await heldNow(endpoint, address, contract))
      return ''
    }),
  )
  return words
}

async function agreedAt(
  look: TronLook,
  height: number,
  words: Words,
  flows: readonly Flow[],
): Promise<bigint | undefined> {
  const said = await orNothing(() =>
    look.agreed(async (endpoint) => {
      const held = words.get(endpoint)
      // Blocks after that one were not read.
      if (held === undefined || held.upTo > height) throw unavailable(`${endpoint.name}: ahead`)
      const { amount, since, upTo } = held
      const hasMoved = flows.some((flow) => flow.height > since && flow.height <= upTo)
      if (hasMoved) throw unavailable(`${endpoint.name}: it moved meanwhile`)
      return `${amount + sumOf(flows, Number(upTo))}`
    }),
  )
  return said === undefined ? undefined : BigInt(said)
}

/** Undefined where too few endpoints say the same. */
async function orNothing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof Unavailable) return undefined
    throw error
  }
}

interface Flow {
  readonly height: number
  /** Below nothing where it left. */
  readonly amount: bigint
}

function flowsOf({ address, contract }: Place, found: Blocks['found']): readonly Flow[] {
  const account = found.get(address)
  if (account === undefined) return []
  if (contract === '') {
    const out = account.sent.map(({ height, succeeded, value, fee }) => {
      return { height, amount: -fee - (succeeded ? value : 0n) }
    })
    return [...out, ...account.received]
  }
  return account.moved
    .filter((move) => move.contract === contract && move.from !== move.to)
    .map(({ height, to, amount }) => ({ height, amount: to === address ? amount : -amount }))
}

/** After this block. */
function sumOf(flows: readonly Flow[], height: number): bigint {
  return flows
    .filter((flow) => flow.height > height)
    .reduce((total, { amount }) => total + amount, 0n)
}
