// What one value of a call or of a message may be, as a policy writes it. Nothing is allowed by
// silence: "any" must be written, and is never allowed of what could name somebody. An address has
// 160 bits, and contracts read addresses out of integers and texts as well, so addresses, bytes and
// texts are of a list, and integers stay below 2^128 unless each stands in a list.
import { refuse } from '../proto/refusal.ts'
import { list, literal, type Shaped, text } from '../proto/shape.ts'
import { type AbiType, parseValue } from './chain/evm-abi.ts'
import { distinct } from './document.ts'

export type Bound =
  | { readonly kind: 'any' }
  | { readonly kind: 'in'; readonly values: ReadonlySet<string> }
  | { readonly kind: 'range'; readonly gte: bigint; readonly lte: bigint }

const valueTextMax = 4_096
const integerText = text(79, /^(?:0|-?[1-9][0-9]*)$/)
/** Keys of a bound; which go together is `boundOf`. */
export const boundFields = {
  any: literal(true),
  in: distinct(list(text(valueTextMax), 1, 256)),
  gte: integerText,
  lte: integerText,
}

export type WrittenBound = {
  readonly [K in keyof typeof boundFields]?: Shaped<(typeof boundFields)[K]>
}

/** `where` names the value in a refusal. */
export function boundOf(type: AbiType, written: WrittenBound, where: string): Bound {
  const keys = Object.keys(boundFields)
    .filter((key) => Object.hasOwn(written, key))
    .sort()
    .join(' ')
  if (written.in !== undefined && keys === 'in') {
    return { kind: 'in', values: new Set(written.in.map((value) => parseValue(type, value))) }
  }
  if (written.lte !== undefined && (keys === 'lte' || keys === 'gte lte') && /^u?int/.test(type)) {
    if (type.endsWith('[]')) bad(`${where}: a list has no range`)
    const lte = BigInt(parseValue(type, written.lte))
    const gte = BigInt(parseValue(type, written.gte ?? '0'))
    if (isWide(lte) || isWide(gte)) bad(`${where}: a range of 2^128 and more could hold an address`)
    return gte <= lte ? { kind: 'range', gte, lte } : bad(`${where}: gte above lte`)
  }
  if (keys !== 'any') bad(`${where}: expected in, lte, gte and lte, or any`)
  if (!isNarrow(type)) bad(`${where}: ${type} could name somebody, so it is of a list or a range`)
  return { kind: 'any' }
}

/** For what lends or gives away: every value has a bound, and no number is without an end. */
export function requireTight(bounds: readonly Bound[], where: string): void {
  for (const bound of bounds) {
    const most = bound.kind === 'range' ? [bound.lte] : numbersIn(bound)
    if (bound.kind === 'any' || most.some(isWide)) {
      bad(`${where}: what lends or gives away has a bound below 2^128 on every value`)
    }
  }
}

export function within(bound: Bound | undefined, value: string): boolean {
  switch (bound?.kind) {
    case 'any':
      return true
    case 'in':
      return bound.values.has(value)
    case 'range':
      return BigInt(value) >= bound.gte && BigInt(value) <= bound.lte
    case undefined:
      return false
  }
}

/** Truth values and integers of at most 128 bits, and lists of them. */
function isNarrow(type: AbiType): boolean {
  const one = type.replace(/\[\]$/, '')
  const bits = /^u?int([0-9]+)$/.exec(one)?.[1]
  return one === 'bool' || (bits !== undefined && Number(bits) <= 128)
}

/** As an allowance it has no end in practice; as a number it could be an address. */
function isWide(value: bigint): boolean {
  return value >= 1n << 128n || value <= -(1n << 128n)
}

/** Of values and of lists of them. */
function numbersIn(bound: Bound): readonly bigint[] {
  if (bound.kind !== 'in') return []
  const items = [...bound.values].flatMap((value) => value.replace(/^\[|\]$/g, '').split(', '))
  return items.filter((value) => /^-?[0-9]+$/.test(value)).map(BigInt)
}

function bad(because: string): never {
  return refuse('INVALID_POLICY', because)
}
