// npm run bench -- edge [--samples N] [--json] (MAL-T2): does what leaves a node tell which lie it was
// shown? A corrupt signer shows a whole node every way to fail a signature (`edge-lies.ts`), in random
// order, at random moments of the round and phases of the tick. Compared are, by Welch's t: when the
// word leaves, within its tick, for each lie against all others; and how long the node works on the
// lie, for those of one and the same check, whose verdict reads secrets. Everything that left, and its
// size, must be the same.
import { randomBytes } from 'node:crypto'
import { type FoundBy, type Lie, lies } from './edge-lies.ts'
import { Edge, type Shown } from './edge-node.ts'
import { type Bench, type Figure, figure } from './report.ts'
import { capped, welch } from './timing.ts'

/** Some two minutes of one processor. */
const SAMPLES = 2_000
const BAR = 4.5
const WARM = 2

interface Seen {
  readonly lie: Lie
  readonly shown: Shown[]
}

interface Compared {
  readonly name: string
  readonly isPlanted: boolean
  readonly t: number
  readonly errorUs: number
}

type Time = 'wordUs' | 'busyUs'

export async function bench(samples = SAMPLES): Promise<Bench> {
  const first = measured(samples)
  const doubtful = toldApart(first)
  // One in many thousand shows by chance, on a busy machine more often: such a one must show again.
  const second = doubtful.length > 0 ? toldApart(measured(samples)) : []
  const told = doubtful.filter(({ name, t }) =>
    second.some((again) => again.name === name && Math.sign(again.t) === Math.sign(t)),
  )
  const { seen, words, work, said } = first
  const failures = [
    ...[...blind('wordUs', seen, words), ...blind('busyUs', seen, work)],
    ...(isPlantedSaid(seen, said) ? [] : ['invalid: the planted byte did not show']),
    ...told.map(({ name, t }) => `told apart, twice: ${name} ${t.toFixed(1)}`),
    ...(said.size === 1 ? [] : ['told apart by what left']),
  ]
  const honest = seen.filter(({ lie }) => lie.planted === undefined)
  return {
    figures: [...figuresOf(honest), ...[...words, ...work].map(asFigure)],
    ratios: [],
    notes: [
      `what left, of all: ${[...said].join(' or ')} (before its tick | in it, with bytes)`,
      `would show: a word ${leastUs(words)} us off, work ${leastUs(work)} us off`,
      ...doubtful.map(({ name, t }) => `measured again: ${name} ${t.toFixed(1)}`),
      ...failures,
      ...(failures.length === 0 ? ['nothing is told apart; what is planted shows'] : []),
    ],
    hasFailed: failures.length > 0,
  }
}

interface Measured {
  readonly seen: readonly Seen[]
  readonly words: readonly Compared[]
  readonly work: readonly Compared[]
  /** What left, of all lies that are not planted. */
  readonly said: ReadonlySet<string>
}

function measured(samples: number): Measured {
  const seen = shownAtRandom(samples)
  const few = seen.filter(({ shown }) => shown.length < 3)
  if (few.length > 0) throw new RangeError(`too few samples for ${few.length} lies`)
  const honest = seen.filter(({ lie }) => lie.planted === undefined)
  return {
    seen,
    words: compared('wordUs', seen, () => true),
    work: verdicts.flatMap((check) => compared('busyUs', seen, ({ foundBy }) => foundBy === check)),
    said: new Set(honest.flatMap(({ shown }) => shown.map((one) => one.said))),
  }
}

function toldApart({ words, work }: Measured): readonly Compared[] {
  return [...words, ...work].filter(({ isPlanted, t }) => !isPlanted && !(Math.abs(t) < BAR))
}

/** The smallest difference that would stand at the bar, of the least exact comparison. */
function leastUs(all: readonly Compared[]): string {
  const errors = all.filter(({ isPlanted }) => !isPlanted).map(({ errorUs }) => errorUs)
  return (BAR * Math.max(...errors)).toFixed(0)
}

/** Their verdict reads Delta, beta or chi: where it is wrong may not show. */
const verdicts: readonly FoundBy[] = ['ot-check', 'rvole-check', 'gamma-check']

function shownAtRandom(samples: number): readonly Seen[] {
  const seen = lies.map((lie): Seen => ({ lie, shown: [] }))
  using edge = new Edge()
  for (let i = -WARM * lies.length; i < samples; i += 1) {
    const [which, moment, phase] = [draw(), draw(), draw()]
    const at = i < 0 ? i + WARM * lies.length : Math.floor(which * lies.length)
    const one = seen[at % lies.length]
    if (one === undefined) continue
    const shown = edge.show(one.lie, [moment, phase])
    if (i >= 0) one.shown.push(shown)
  }
  return seen
}

/** Between 0 and 1. */
function draw(): number {
  return randomBytes(4).readUInt32BE() / 2 ** 32
}

/** Each of a group against the others of it; what is planted against those that are not. */
function compared(
  time: Time,
  seen: readonly Seen[],
  isIn: (lie: Lie) => boolean,
): readonly Compared[] {
  const group = seen.filter(({ lie }) => isIn(lie) && isOf(time, lie))
  return group.map(({ lie, shown }) => {
    const others = group.filter((one) => one.lie !== lie && one.lie.planted === undefined)
    const rest = others.flatMap((one) => capped(timesOf(one, time)))
    const { t, difference } = welch(capped(timesOf({ lie, shown }, time)), rest)
    const name = `${lie.name}, ${time === 'wordUs' ? 'word' : 'work'}, t`
    return { name, isPlanted: lie.planted !== undefined, t, errorUs: difference / t }
  })
}

/** A planted one is compared by what was planted in it. */
function isOf(time: Time, { planted }: Lie): boolean {
  return planted === undefined || planted[time] !== undefined
}

function timesOf({ shown }: Seen, time: Time): readonly number[] {
  return shown.map((one) => one[time])
}

function blind(time: Time, seen: readonly Seen[], all: readonly Compared[]): readonly string[] {
  const wanted = seen.filter(({ lie }) => lie.planted?.[time] !== undefined)
  const shows = all.filter(({ isPlanted, t }) => isPlanted && t >= BAR)
  return shows.length === wanted.length ? [] : [`invalid: the planted ${time} did not show`]
}

function isPlantedSaid(seen: readonly Seen[], said: ReadonlySet<string>): boolean {
  const planted = seen.filter(({ lie }) => lie.planted?.bytes !== undefined)
  return planted.every(({ shown }) => shown.every((one) => !said.has(one.said)))
}

function figuresOf(honest: readonly Seen[]): readonly Figure[] {
  return honest.flatMap((one) => [
    figure(`${one.lie.name}, word in its tick`, 'us', timesOf(one, 'wordUs')),
    figure(`${one.lie.name}, work`, 'us', timesOf(one, 'busyUs')),
  ])
}

function asFigure({ name, t }: Compared): Figure {
  return figure(name, 't', [t])
}
