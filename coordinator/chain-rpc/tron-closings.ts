// What lies at own addresses of Tron at the end of a range. Nodes tell the balance of now alone, of
// some solidified block between two that each of them had before and after: where nothing moved in
// these, it is that of the later one, and what moved after it is added, as it was read in the
// blocks. So each endpoint's word is brought to one block, at which enough have to say the same.
// A balance that moved while it was asked for is asked for again.
// What a contract pays out of the coin is in no line, so it is not added either.
import type { Moved, Received, Sent } from '../../policy/audit/chain-file.ts'
import { orNothing } from '../../proto/unavailable.ts'
import type { Pause } from './patience.ts'
import { unavailable } from './post.ts'
import type { TronEndpoint } from './tron-endpoint.ts'
import { type Held, heldTogether, type Place, type TronLook } from './tron-look.ts'

/** What was read of one address. */
export interface Flows {
  readonly sent: readonly Sent[]
  readonly received: readonly Received[]
  readonly moved: readonly Moved[]
}

interface Blocks {
  /** By address. */
  readonly found: ReadonlyMap<string, Flows>
  /** Reads every block up to this one. */
  readonly readTo: (height: bigint) => Promise<void>
  readonly pause?: Pause | undefined
  /** How many places were told, one way or the other. */
  readonly looked?: ((count: number) => void) | undefined
}

type Words = ReadonlyMap<TronEndpoint, Held>
/** `at`: height. */
interface Settled {
  readonly amount: bigint
  readonly at: number
}

const roundsMax = 5
/** Asked for between two heads, so within a few seconds. */
const lotSize = 32
const blockMs = 3_000

/** Base units; undefined of what never stood still. */
export type Closings = (place: Place) => bigint | undefined

/** As of the last block that is read in the end. */
export async function closingsOf(
  look: TronLook,
  places: Iterable<Place>,
  { found, readTo, pause, looked }: Blocks,
): Promise<Closings> {
  const settled = new Map<string, Settled>()
  let count = 0
  const settle = async (lot: readonly Place[]): Promise<readonly Place[]> => {
    const said = await wordsOn(look, lot)
    const { height } = await look.block()
    await readTo(height)
    const still: Place[] = []
    for (const [index, place] of lot.entries()) {
      const flows = flowsOf(place, found)
      const amount = await agreedAt(look, Number(height), said[index] ?? new Map(), flows)
      if (amount === undefined) still.push(place)
      else settled.set(nameOf(place), { amount, at: Number(height) })
    }
    return still
  }
  for (const lot of lotsOf(places)) {
    let open: readonly Place[] = lot
    for (let round = 0; round < roundsMax && open.length > 0; round += 1) {
      if (round > 0) await pause?.(blockMs)
      open = await settle(open)
    }
    count += lot.length
    looked?.(count)
  }
  return (place) => {
    const one = settled.get(nameOf(place))
    return one && one.amount + sumOf(flowsOf(place, found), one.at)
  }
}

function* lotsOf(places: Iterable<Place>): Generator<readonly Place[], void> {
  let lot: Place[] = []
  for (const place of places) {
    lot.push(place)
    if (lot.length < lotSize) continue
    yield lot
    lot = []
  }
  if (lot.length > 0) yield lot
}

function nameOf({ address, contract }: Place): string {
  return `${address} ${contract}`
}

/** Of each place, by the endpoints that answered; what they say is compared later. */
async function wordsOn(look: TronLook, places: readonly Place[]): Promise<readonly Words[]> {
  const all = places.map(() => new Map<TronEndpoint, Held>())
  await orNothing(() =>
    look.agreed(async (endpoint) => {
      for (const [at, held] of (await heldTogether(endpoint, places)).entries()) {
        if (held !== undefined) all[at]?.set(endpoint, held)
      }
      return ''
    }),
  )
  return all
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
