// Amounts, durations and windows as people write them in the policy, and back: exact or refused.
// A decimal becomes base units by the asset's decimals; more fraction digits than that is a
// refusal, never rounding (AUTH-23). Nothing here is a floating-point number.
import { refuse } from '../proto/refusal.ts'
import { type Reader, text } from '../proto/shape.ts'

const decimalForm = /^(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/
const durationForm = /^(0|[1-9][0-9]{0,5})([smhd])$/
const windowForm = /^sliding ([1-9][0-9]{0,5}[smhd])$/
const percentForm = /^(?:[1-9][0-9]?|100)%$/
const amountMax = (1n << 256n) - 1n

const unitMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** A decimal whose asset is not known yet. */
export const decimal = text(100, decimalForm)

/** Base units of a decimal. */
export function baseUnits(written: string, decimals: number, path: string): bigint {
  if (!decimalForm.test(written)) refuse('INVALID_POLICY', `${path}: expected a decimal`)
  const [whole = '', fraction = ''] = written.split('.')
  if (fraction.length > decimals) {
    refuse(
      'INVALID_POLICY',
      `${path}: expected at most ${decimals} fraction digits, got ${written}`,
    )
  }
  const amount = BigInt(whole + fraction.padEnd(decimals, '0'))
  return amount <= amountMax ? amount : refuse('INVALID_POLICY', `${path}: above 2^256-1`)
}

/** The shortest decimal of an amount: what `baseUnits` reads back. */
export function decimalOf(amount: bigint, decimals: number): string {
  const digits = amount.toString().padStart(decimals + 1, '0')
  const cut = digits.length - decimals
  const fraction = digits.slice(cut).replace(/0+$/, '')
  return fraction === '' ? digits.slice(0, cut) : `${digits.slice(0, cut)}.${fraction}`
}

/** `10m`, `48h`, `0s`; the value is in milliseconds. */
export const durationMs: Reader<number> = (value, path) => {
  const [, count = '', unit = ''] = durationForm.exec(text(16, durationForm)(value, path)) ?? []
  return Number(count) * (unitMs[unit] ?? 0)
}

/** As people write it: what `durationMs` reads back, in the largest unit that divides it. */
export function writeDuration(ms: number): string {
  const units = ['d', 'h', 'm'].map((unit) => [unit, unitMs[unit] ?? 1] as const)
  const [unit, size] = units.find(([, size]) => ms > 0 && ms % size === 0) ?? ['s', 1_000]
  return `${ms / size}${unit}`
}

/** A duration of more than nothing. */
export const someMs: Reader<number> = (value, path) => {
  const length = durationMs(value, path)
  return length > 0 ? length : refuse('INVALID_POLICY', `${path}: expected more than nothing`)
}

/** `sliding 24h`; the value is in milliseconds. */
export const windowMs: Reader<number> = (value, path) => {
  const [, length] = windowForm.exec(text(24, windowForm)(value, path)) ?? []
  return durationMs(length, path)
}

/** `10%`; the value is the number. */
export const percent: Reader<number> = (value, path) =>
  Number(text(4, percentForm)(value, path).slice(0, -1))
