// npm run storm -- rollback [--points N] [--clones N] [--restarts N] [--from K] [--json]: DRILL-RB. Disks of
// nodes go back to random earlier copies, nodes run twice, and nodes are stopped and killed at random
// and come back, while payments and refreshes go on. Houses of some at a time, each named by a number:
// `--from K` begins with that house. What must not leave a node is in `../kit/rollback.ts`.
import { parseArgs } from 'node:util'
import { dealt } from '../kit/dealt-pairings.ts'
import type { House } from '../kit/house.ts'
import { names } from '../kit/house.ts'
import { approved, pay, refreshOf } from '../kit/house-changes.ts'
import { breaches } from '../kit/house-checks.ts'
import { openHouse, ready } from '../kit/house-open.ts'
import { Dice } from '../kit/house-time.ts'
import type { Moment } from '../kit/mortal.ts'
import {
  doneTwice,
  type Part,
  parts,
  Rollbacks,
  rulesBroken,
  signedBy,
  stateOf,
  Watch,
} from '../kit/rollback.ts'
import { playSplit, splitHouse } from '../kit/split-house.ts'

interface Tally {
  readonly kind: 'points' | 'clones' | 'restarts'
  readonly done: number
  readonly counts: Readonly<Record<string, number>>
  readonly broken: readonly string[]
}

/** Points on one node before it is made whole. */
const aDisk = 5
/** Of so many houses with clones one has two logs. */
const aSplit = 3
const aHouse = { points: 20, clones: 10, restarts: 125 } as const

const options = {
  points: { type: 'string', default: '20' },
  clones: { type: 'string', default: '5' },
  restarts: { type: 'string', default: '50' },
  from: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
} as const

export async function rollback(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options })
  const begun = performance.now()
  const tallies: Tally[] = []
  for (const kind of ['restarts', 'clones', 'points'] as const) {
    const wanted = Number(values[kind])
    if (!Number.isSafeInteger(wanted) || wanted < 0) return usage()
    for (let done = 0, seed = Number(values.from); done < wanted; seed += 1) {
      const isSplit = kind === 'clones' && seed % aSplit === 0
      const count = Math.min(aHouse[kind], wanted - done)
      const tally = await (isSplit ? playTwoLogs(seed) : play(kind, seed, count))
      tallies.push(tally)
      done += tally.done
      tell(tally, seed, `${done} of ${wanted}`)
    }
  }
  const broken = tallies.flatMap((one) => one.broken)
  const seconds = Math.round((performance.now() - begun) / 1_000)
  console.log(`rollback: ${tallies.length} houses in ${seconds} s, ${broken.length} broken`)
  if (values.json) {
    const cases = tallies.reduce((sum, { done }) => sum + done, 0)
    console.log(JSON.stringify({ suite: 'rollback', cases, failed: broken.length }))
  }
  return broken.length === 0 ? 0 : 1
}

function usage(): number {
  console.error(
    'usage: npm run storm -- rollback [--points N] [--clones N] [--restarts N] [--from K]',
  )
  return 2
}

function tell({ kind, counts, broken }: Tally, seed: number, far: string): void {
  const said = Object.entries(counts).map(([what, count]) => `${what} ${count}`)
  const word = broken.length === 0 ? 'held' : 'BROKE'
  console.log(`${kind} ${far}, house ${seed}: ${word}; ${said.join(', ')}`)
  for (const what of broken) console.log(`    ${what}`)
}

/** A house of this kind; what does not come to its end is broken too. */
export async function play(kind: Tally['kind'], seed: number, count: number): Promise<Tally> {
  const dice = new Dice(`rollback ${kind} ${seed}`)
  const coordinators = kind === 'clones' ? ['c1', 'c2'] : ['c1']
  const house = await openHouse({ seed: `rollback ${kind} ${seed}`, coordinators, runner: dealt })
  const counts: Record<string, number> = {}
  const broken: string[] = []
  const said = (what: string): void => {
    counts[what] = (counts[what] ?? 0) + 1
    process.stderr.write(`  ${kind} of house ${seed}: ${what}\n`)
  }
  const work = { house, dice, disks: new Rollbacks(house), said }
  try {
    const play = { points: playPoints, clones: playClones, restarts: playRestarts }[kind]
    broken.push(...(await play(work, count)))
    broken.push(...(kind === 'restarts' ? await breaches(house) : await rulesBroken(house)))
  } catch (error) {
    broken.push(error instanceof Error ? error.message : 'unknown')
  } finally {
    await house.close()
  }
  return { kind, done: count, counts, broken: broken.map((what) => `house ${seed}: ${what}`) }
}

/** One instance in each of two logs: a house for one clone. */
async function playTwoLogs(seed: number): Promise<Tally> {
  const manner = 'behind a split coordinator, the present disk'
  process.stderr.write(`  clones of house ${seed}: ${manner}\n`)
  const split = await splitHouse(`rollback split ${seed}`, dealt)
  const broken: string[] = []
  try {
    broken.push(...(await playSplit(split)), ...doneTwice(split.house))
  } catch (error) {
    broken.push(error instanceof Error ? error.message : 'unknown')
  } finally {
    await split.house.close()
    await split.other.close()
  }
  const named = broken.map((what) => `house ${seed}: ${what}`)
  return { kind: 'clones', done: 1, counts: { [manner]: 1 }, broken: named }
}

interface Work {
  readonly house: House
  readonly dice: Dice
  readonly disks: Rollbacks
  readonly said: (what: string) => void
}

/** Five disks of one node after another, most of them under a fence already, then its refresh. */
async function playPoints({ house, dice, disks, said }: Work, count: number) {
  const broken: string[] = []
  for (const name of names) disks.take(name)
  for (let done = 0; done < count; ) {
    const node = pick(dice, names)
    let isFenced = false
    let isLacking = false
    for (let more = Math.min(aDisk, count - done); more > 0; more -= 1, done += 1) {
      await load(house, dice, disks, !isFenced && !isLacking)
      const part = pick(dice, Object.keys(parts) as Part[])
      const from = disks.snapshots.filter((one) => one.node === node)
      const point = await disks.restore(pick(dice, from), part, isFenced)
      broken.push(...point.broken)
      said(`${part}: ${point.ended}`)
      isFenced ||= point.ended === 'refused'
      isLacking = point.ended === 'no share'
      disks.take(node)
    }
    if (isFenced || isLacking) broken.push(...(await disks.rejoin(node)))
    await ready(house)
    await house.untilState(await pay(house), 'SETTLED')
  }
  return broken
}

/** A few payments, copies of disks in between, and now and then a refresh. */
async function load(house: House, dice: Dice, disks: Rollbacks, isWhole: boolean): Promise<void> {
  for (let more = dice.below(2); more >= 0; more -= 1) {
    const paid = await pay(house)
    if (dice.chance(0.5)) {
      await house.pass(dice.below(2_000))
      disks.take(pick(dice, names))
    }
    await house.untilState(paid, 'SETTLED')
  }
  if (!isWhole || !dice.chance(0.15)) return
  const id = await approved(house, await refreshOf(house))
  await house.pass(dice.below(3_000))
  disks.take(pick(dice, names))
  await house.untilState(id, 'ACTIVE')
  await ready(house)
}

const manners = ['both attached', 'alternately', 'each at its own coordinator'] as const

/** The first goes on beside a copy of an earlier disk, or of the present one. */
async function playClones(work: Work, count: number) {
  const broken: string[] = []
  for (let done = 0; done < count; done += 1) broken.push(...(await playClone(work, done)))
  return broken
}

async function playClone({ house, dice, disks, said }: Work, done: number) {
  const [node, manner, isOld] = [pick(dice, names), pick(dice, manners), dice.chance(0.5)]
  const early = disks.take(node)
  if (isOld) await payWith(house, node)
  const from = isOld ? early : disks.take(node)
  const copy = `${node}#${done + 2}`
  const watch = new Watch(house, copy, isOld ? signedBy(house, node) : 0)
  if (manner === 'each at its own coordinator') {
    house.wires.pull({ node, coordinator: 'c2' })
    house.wires.pull({ node: copy, coordinator: 'c1' })
  }
  const begun = house.time.now
  disks.spawn(copy, from)
  const broken = [...(await cloned({ house, node, copy, manner }))]
  const kind = isOld ? 'an old disk' : 'the present disk'
  said(`${manner}, ${kind}: ${Math.round((house.time.now - begun) / 1_000)} s`)
  // A copy of the present disk is the node itself, until one hears of the other.
  if (isOld) broken.push(...watch.beforeRejoin())
  const watches = [node, copy].map((name) => new Watch(house, name, 0))
  await house.untilState(await pay(house), 'SETTLED')
  broken.push(...watches.flatMap((one) => one.beforeRejoin()))
  broken.push(...(await madeWhole({ house, disks, node, copy })))
  return broken
}

/** The copy is ended, the first started anew, and then a refresh. */
async function madeWhole(made: Omit<Pair, 'manner'> & { readonly disks: Rollbacks }) {
  const { house, disks, node, copy } = made
  await disks.endCopy(copy)
  const broken = await disks.rejoin(node)
  await ready(house)
  await house.untilState(await pay(house), 'SETTLED')
  return broken
}

interface Pair {
  readonly house: House
  readonly node: string
  readonly copy: string
  readonly manner: (typeof manners)[number]
}

const lookMs = 10_000
const looksMax = 30

/** Payments while both run; at the end both must have stopped. */
async function cloned({ house, node, copy, manner }: Pair): Promise<readonly string[]> {
  const isOver = (): boolean => [node, copy].every((one) => stateOf(house, one) === 'fenced')
  for (let turn = 0; turn < looksMax && !isOver(); turn += 1) {
    if (manner === 'alternately') takeTurns(house, turn % 2 === 0 ? [node, copy] : [copy, node])
    if (turn < 2) await house.untilState(await pay(house), 'SETTLED')
    await house.pass(lookMs)
  }
  if (isOver()) return []
  const states = [node, copy].map((one) => `${one} ${stateOf(house, one)}`)
  return [`${manner}: after ${(looksMax * lookMs) / 1_000} s ${states.join(', ')}`]
}

function takeTurns(house: House, [away, here]: readonly [string, string]): void {
  for (const coordinator of house.coordinatorNames) {
    house.wires.pull({ node: away, coordinator })
    house.wires.plug({ node: here, coordinator })
  }
}

/** So that what the copy lacks is something that the node has signed. */
async function payWith(house: House, node: string): Promise<void> {
  const other = names.find((one) => one !== node) ?? ''
  house.someCoordinator.links.putLast([other])
  await house.untilState(await pay(house), 'SETTLED')
}

const moments: readonly Moment[] = ['before', 'after']
const tables = ['accepted', 'journal', 'line', 'cosigned', 'checkpoint'] as const

/** Clean stops and deaths at a random step, of some or of all; nobody calls any of it a rollback. */
async function playRestarts(work: Work, count: number) {
  const { house, dice } = work
  for (let done = 0; done < count; ) {
    const down = names.filter(() => dice.chance(0.6)).slice(0, count - done)
    const paid = dice.chance(0.3) ? await pay(house) : undefined
    for (const node of down) await endOne(work, node)
    await house.pass(50 + dice.below(1_500))
    for (const node of down) house.at(node).start()
    done += down.length
    // Some die again at once, wherever they were on their way back.
    const again = down.filter(() => dice.chance(0.4)).slice(0, count - done)
    for (const node of again) {
      await house.pass(dice.below(700))
      await endOne(work, node)
      await house.pass(50)
      house.at(node).start()
    }
    done += again.length
    await house.until('all are back', () => names.every((one) => stateOf(house, one) === 'ready'))
    if (paid !== undefined) await house.untilState(paid, 'SETTLED')
  }
  await ready(house)
  return []
}

async function endOne({ house, dice, said }: Work, node: string): Promise<void> {
  if (dice.chance(0.4)) {
    const [moment, table] = [pick(dice, moments), pick(dice, tables)]
    const of = ({ statement }: { readonly statement: string }) =>
      statement.includes(`into ${table} `)
    house.at(node).life.doom = { moment, of }
    await house.pass(dice.below(1_000))
    house.at(node).kill()
    said('killed at a step')
    return
  }
  await house.pass(dice.below(300))
  const isKilled = dice.chance(0.5)
  if (isKilled) house.at(node).kill()
  else house.at(node).stop()
  said(isKilled ? 'killed' : 'stopped')
}

function pick<T>(dice: Dice, from: readonly T[]): T {
  const picked = from[dice.below(from.length)]
  if (picked === undefined) throw new Error('nothing to pick from')
  return picked
}
