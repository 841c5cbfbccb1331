// npm run bench -- ct [--json]: fixed-against-random timing of all that docs/security.md claims.
// |t| up to 4.5 shows nothing. Above it the operation is measured again with four times as many
// samples, since one in many thousand shows by chance and a busy machine more often; above 10 in the
// second run it leaks. Without both planted leaks above 10 the run is invalid. Either way it fails.
import { randomBytes } from 'node:crypto'
import { claimed, planted, unclaimed } from './ct-subjects.ts'
import { type Bench, type Figure, figure } from './report.ts'
import { compare, type Subject, type Timing } from './timing.ts'

const LOOK_AGAIN = 4.5
const LEAK = 10
const MORE = 4

export async function bench(): Promise<Bench> {
  const coins = (count: number): Uint8Array => new Uint8Array(randomBytes(count))
  const controls = planted().map((subject) => [subject, compare(subject, coins)] as const)
  const others = unclaimed().map((subject) => [subject, compare(subject, coins)] as const)
  const results = claimed().map((subject) => [subject, twice(subject, coins)] as const)
  const blind = controls.filter(([, { t }]) => Math.abs(t) <= LEAK)
  const leaks = results.filter(([, { t }]) => Math.abs(t) > LEAK)
  const failures = [
    ...blind.map(([{ name }]) => `invalid: "${name}" did not show`),
    ...leaks.map(([{ name }, { t }]) => `leak: ${name}, |t| = ${Math.abs(t).toFixed(1)}`),
  ]
  const doubtful = results.filter(([, { t }]) => Math.abs(t) > LOOK_AGAIN && Math.abs(t) <= LEAK)
  return {
    figures: [...controls, ...results, ...others].flatMap(([{ name }, timing]) =>
      figuresOf(name, timing),
    ),
    ratios: [],
    notes: [
      ...others.map(([{ name }, { t }]) => `not claimed: ${name}, |t| = ${Math.abs(t).toFixed(1)}`),
      ...doubtful.map(([{ name }]) => `between ${LOOK_AGAIN} and ${LEAK}, twice: ${name}`),
      ...failures,
      ...(failures.length === 0 ? ['both planted leaks show; no claimed operation does'] : []),
    ],
    hasFailed: failures.length > 0,
  }
}

function twice(subject: Subject, coins: (count: number) => Uint8Array): Timing {
  const first = compare(subject, coins)
  if (Math.abs(first.t) <= LOOK_AGAIN) return first
  return compare({ ...subject, samples: subject.samples * MORE }, coins)
}

function figuresOf(name: string, { t, meanNs, differenceNs }: Timing): readonly Figure[] {
  return [
    figure(`${name}, t`, 't', [t]),
    figure(`${name}, a call`, 'us', [meanNs / 1000]),
    figure(`${name}, fixed minus random`, 'ns', [differenceNs]),
  ]
}
