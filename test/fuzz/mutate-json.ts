/**
 * Breaks a JSON document and writes it again in canonical form, so that what comes is refused for
 * what it says and not for how it is written. Now and then it is also written another way.
 */

import type { Chance } from './random.ts'

/** What a hostile sender may put; not only what our own writer would write. */
type Any = string | number | boolean | null | Any[] | { [key: string]: Any }

const odd: readonly [Any, ...Any[]] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  0.5,
  2 ** 31,
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 53),
  '',
  '0',
  '-1',
  '01',
  '1e9',
  '00'.repeat(32),
  'ff'.repeat(32),
  'FF'.repeat(32),
  '9'.repeat(78),
  '9'.repeat(200),
  'x'.repeat(3_000),
  '\ud800',
  '\u0000',
  '\u202e',
  'é',
  'e\u0301',
  '__proto__',
  'constructor',
  '1970-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '2026-02-30T00:00:00Z',
  `0x${'0'.repeat(40)}`,
  [],
  {},
  [[]],
  [{}, {}],
]

const keys = ['__proto__', 'constructor', 'toString', 'length', '', 'x', 'format'] as const

export function mutateJson(source: string, chance: Chance, other: string): string {
  const root: { value: Any } = { value: read(source) }
  const spots = spotsIn(root)
  for (let left = 1 + chance.below(3); left > 0; left--) change(spots, chance, other)
  const written = write(root.value)
  return chance.below(20) === 0 ? written.replace(':', chance.pick([': ', ':\n', '::'])) : written
}

/** Somewhere in the tree; the root itself is the value of a holder. */
function change(spots: readonly Spot[], chance: Chance, other: string): void {
  const spot = spots[chance.below(spots.length)]
  if (spot === undefined) return
  const { holder, key } = spot
  const value = holder[key]
  switch (chance.below(10)) {
    case 0:
      delete holder[key]
      return
    case 1:
      if (!Array.isArray(holder)) define(holder, chance.pick(keys), value ?? null)
      return
    case 2:
      holder[key] = pickFrom(spots, chance)
      return
    case 3:
      holder[key] = pickFrom(spotsIn({ value: read(other) }), chance)
      return
    case 4:
      holder[key] = nested(value ?? null, chance)
      return
    case 5:
    case 6:
      holder[key] = near(value ?? null, chance)
      return
    default:
      holder[key] = structuredClone(chance.pick(odd))
  }
}

interface Spot {
  readonly holder: { [key: string]: Any }
  readonly key: string
}

function spotsIn(root: { value: Any }): readonly Spot[] {
  const spots: Spot[] = []
  const visit = (holder: { [key: string]: Any }, key: string): void => {
    spots.push({ holder, key })
    const value = holder[key]
    if (typeof value !== 'object' || value === null) return
    // A list is held by its indices, as an object by its keys.
    const inner = value as { [key: string]: Any }
    for (const name of Object.keys(inner)) visit(inner, name)
  }
  visit(root, 'value')
  return spots
}

function pickFrom(spots: readonly Spot[], chance: Chance): Any {
  const spot = spots[chance.below(spots.length)]
  return structuredClone(spot?.holder[spot.key] ?? null)
}

function nested(value: Any, chance: Chance): Any {
  let inner = value
  for (let depth = chance.pick([1, 2, 15, 16, 17, 40]); depth > 0; depth--) inner = [inner]
  return inner
}

/** Almost the same: what a check at a bound must tell apart. */
function near(value: Any, chance: Chance): Any {
  if (typeof value === 'number') return value + chance.pick([-1, 1, 0.5, 2 ** 32])
  if (typeof value === 'boolean') return !value
  if (typeof value === 'string') return nearText(value, chance)
  if (Array.isArray(value)) return chance.below(2) === 0 ? [...value, ...value] : value.slice(1)
  return value === null ? 0 : { ...value, more: 1 }
}

function nearText(text: string, chance: Chance): string {
  const at = chance.below(text.length + 1)
  switch (chance.below(6)) {
    case 0:
      return text.slice(0, at)
    case 1:
      return text.toUpperCase()
    case 2:
      return text + text
    case 3:
      return `${text.slice(0, at)}${chance.pick([' ', '0', '/', '\n', '.', '-', '\u00a0'])}${text.slice(at)}`
    case 4:
      return `${text.slice(0, at)}${String.fromCharCode(chance.below(0x80))}${text.slice(at + 1)}`
    default:
      return text.slice(at)
  }
}

function define(holder: { [key: string]: Any }, key: string, value: Any): void {
  Object.defineProperty(holder, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

function read(source: string): Any {
  try {
    return JSON.parse(source)
  } catch {
    return source
  }
}

/** Sorted keys, no spaces: as our own writer, but of anything. */
function write(value: Any | undefined): string {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${write(item)}`).join(',')}}`
}
