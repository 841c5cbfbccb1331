// What `npm run bench -- ct` times: every operation of which docs/security.md says that its time
// tells nothing of a secret, and two planted leaks that the run must see. In each of them one secret
// is fixed or random; everything else is the same for both kinds.
import { randomBytes } from 'node:crypto'
import type { Curve, Scalar, ScalarTable } from '../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../signer-node/dkls23/curve-native.ts'
import { wasmCurve } from '../signer-node/dkls23/curve-wasm.ts'
import { gadgetOf } from '../signer-node/dkls23/multiplication.ts'
import {
  BASE_OTS,
  CHECK_BITS,
  COLUMN_BYTES,
  DELTA_BYTES,
  EXTENDED_OTS,
  KEY_BYTES,
  LEAVES,
  PAD_BYTES,
  TAIL_BYTES,
  TREES,
} from '../signer-node/dkls23/params.ts'
import { choiceBit, growTrees, punctureTrees } from '../signer-node/dkls23/pprf.ts'
import { bigintScalarField } from '../signer-node/dkls23/scalar-field.ts'
import { equalBytes } from '../signer-node/dkls23/secret.ts'
import { expand } from '../signer-node/dkls23/transcript.ts'
import type { Subject } from './timing.ts'

const native = nativeCurve()
const { scalars, tables, extension } = native
const { generator } = native.points
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const anyScalar = (): Scalar => scalars.fromWide(random(64))
const three = scalars.fromNumber(3)
const PADS_BYTES = EXTENDED_OTS * PAD_BYTES
const BITS_BYTES = EXTENDED_OTS / 8
const ROWS_BYTES = 20_480

function either(isFixed: boolean, any: Uint8Array, fixed: Uint8Array): Uint8Array {
  if (isFixed) any.set(fixed)
  return any
}

/** All zero bits, or any bytes. */
const zeroOrAny = (length: number) => (isFixed: boolean) =>
  either(isFixed, random(length), new Uint8Array(length))
/** Two bits, which arithmetic that looks at values finishes sooner. */
const threeOrAny = (isFixed: boolean): Uint8Array => either(isFixed, anyScalar(), three)

/** Must show, else the run proves nothing. */
export function planted(): readonly Subject[] {
  const other = anyScalar()
  const right = random(4096)
  return [
    {
      name: 'planted: a product of big integers',
      make: threeOrAny,
      run: (k) => bigintScalarField.multiply(scalarOf(k), other),
      samples: 20_000,
      repeat: 8,
    },
    {
      name: 'planted: a comparison that stops early',
      make: (isFixed) => either(isFixed, random(right.length), right),
      run: (bytes) => bytes.every((byte, i) => byte === right[i]),
      samples: 10_000,
      repeat: 1,
    },
  ]
}

/** Shown for comparison: docs/security.md says why it is used all the same. */
export function unclaimed(): readonly Subject[] {
  return [product(native, 'shared x', (k) => native.points.sharedX(generator, k))]
}

export function claimed(): readonly Subject[] {
  return [...ofScalars(), ...ofTables(), ...ofExtension(), ...ofTrees(), ...ofPoints()]
}

function ofScalars(): readonly Subject[] {
  const { add, subtract, negate, multiply, reduce, decodeScalar, fromWide } = scalars
  const other = anyScalar()
  const one = (name: string, run: (k: Scalar) => unknown): Subject => ({
    name: `scalar ${name}`,
    make: threeOrAny,
    run: (k) => run(scalarOf(k)),
    samples: 20_000,
    repeat: 16,
  })
  return [
    one('add', (k) => add(k, other)),
    one('subtract', (k) => subtract(k, other)),
    one('negate', negate),
    one('multiply', (k) => multiply(k, other)),
    one('reduce', reduce),
    one('decode', decodeScalar),
    { ...one('from 64 bytes', fromWide), make: zeroOrAny(64) },
  ]
}

function ofTables(): readonly Subject[] {
  const gadget = gadgetOf(native)
  const tableOf = (bytes: Uint8Array, columns = 3): ScalarTable => {
    return tables.reduceTable(bytes, columns)
  }
  const [base, addend] = [tableOf(random(PADS_BYTES)), tableOf(random(PADS_BYTES))]
  const column = tableOf(random(EXTENDED_OTS * 32), 1)
  const inputs = [anyScalar(), anyScalar(), anyScalar()] as const
  const canonical = (isFixed: boolean): Uint8Array =>
    either(isFixed, tables.encodeTable(tableOf(random(PADS_BYTES))), new Uint8Array(PADS_BYTES))
  const one = (name: string, length: number, run: Subject['run']): Subject => ({
    name: `table ${name}`,
    make: zeroOrAny(length),
    run,
    samples: 4_000,
    repeat: 1,
  })
  return [
    one('reduce', PADS_BYTES, (pads) => tableOf(pads)),
    { ...one('decode', PADS_BYTES, (pads) => tables.decodeTable(pads, 3)), make: canonical },
    one('weigh columns', PADS_BYTES, (pads) => tables.weighColumns(gadget, tableOf(pads))),
    one('correct', PADS_BYTES, (pads) => tables.correct(tableOf(pads), addend, inputs)),
    one('combine rows', PADS_BYTES, (pads) => tables.combineRows(tableOf(pads), inputs)),
    one('sum selected', BITS_BYTES, (bits) => tables.sumSelected(gadget, bits)),
    one('add selected', BITS_BYTES, (bits) => tables.addSelected(base, bits, addend)),
    one('subtract selected', BITS_BYTES, (bits) => {
      return tables.subtractSelected(column, bits, inputs[0])
    }),
  ]
}

function ofExtension(): readonly Subject[] {
  const [id, weights, delta] = [random(32), random(64), random(DELTA_BYTES)]
  const choices = random(COLUMN_BYTES)
  const ownLeaves = random(TREES * LEAVES * KEY_BYTES)
  const knownLeaves = random(TREES * (LEAVES - 1) * KEY_BYTES)
  const { corrections, rows } = extension.expandOwn(id, ownLeaves, choices)
  const claim = { rowSums: extension.weigh(rows, weights), choiceSum: random(16) }
  const one = (name: string, length: number, run: Subject['run']): Subject => ({
    name: `extension ${name}`,
    make: zeroOrAny(length),
    run,
    samples: 4_000,
    repeat: 1,
  })
  return [
    one('choices', COLUMN_BYTES, (x) => extension.expandOwn(id, ownLeaves, x)),
    one('own leaves', ownLeaves.length, (leaves) => extension.expandOwn(id, leaves, choices)),
    one('Delta', DELTA_BYTES, (d) => extension.expandKnown(id, d, knownLeaves, corrections)),
    one('known leaves', knownLeaves.length, (leaves) => {
      return extension.expandKnown(id, delta, leaves, corrections)
    }),
    one('sums of rows', ROWS_BYTES, (matrix) => extension.weigh(matrix, weights)),
    one('sum of choices', COLUMN_BYTES, (x) => extension.weighColumn(x, weights)),
    { ...one('verdict', DELTA_BYTES, (d) => extension.agree(claim.rowSums, claim, d)), repeat: 8 },
    { ...wrongPlace(), samples: 10_000, repeat: 8 },
    one('pads', ROWS_BYTES, (matrix) => extension.pads(id, matrix, delta)),
    one('pads plus Delta', DELTA_BYTES, (d) => extension.pads(id, rows, d)),
  ]
}

/** Where a verdict is wrong: in the first row and tree, or in the last (A4). */
function wrongPlace(): Pick<Subject, 'name' | 'make' | 'run'> {
  const [rowSums, delta] = [random(CHECK_BITS * DELTA_BYTES), random(DELTA_BYTES)]
  // With this sum of choices the right sums are those that were claimed, whatever Delta is.
  const claim = { rowSums, choiceSum: new Uint8Array(TAIL_BYTES) }
  return {
    name: 'extension verdict, wrong at its begin or its end',
    make: (isFixed) => {
      const sums = rowSums.slice()
      sums[isFixed ? 0 : sums.length - 1]! ^= isFixed ? 1 : 0x80
      return sums
    },
    run: (sums) => extension.agree(sums, claim, delta),
  }
}

function ofTrees(): readonly Subject[] {
  const [id, keys] = [random(32), random(BASE_OTS * 2 * KEY_BYTES)]
  const { message } = growTrees(id, keys)
  const chosen = (delta: Uint8Array): Uint8Array => {
    const bytes = new Uint8Array(BASE_OTS * KEY_BYTES)
    for (let i = 0; i < BASE_OTS; i += 1) {
      const from = (2 * i + choiceBit(delta, i)) * KEY_BYTES
      bytes.set(keys.subarray(from, from + KEY_BYTES), i * KEY_BYTES)
    }
    return bytes
  }
  const withKeys = (isFixed: boolean): Uint8Array => {
    const delta = either(isFixed, random(DELTA_BYTES), new Uint8Array(DELTA_BYTES))
    return Uint8Array.from([...delta, ...chosen(delta)])
  }
  const right = random(4096)
  return [
    {
      name: 'trees, punctured by Delta',
      make: withKeys,
      run: (both) => {
        const [delta, own] = [both.subarray(0, DELTA_BYTES), both.subarray(DELTA_BYTES)]
        return punctureTrees(id, delta, own, message)
      },
      samples: 1_500,
      repeat: 1,
    },
    {
      name: 'comparison of bytes',
      make: (isFixed) => either(isFixed, random(right.length), right),
      run: (bytes) => equalBytes(bytes, right),
      samples: 10_000,
      repeat: 1,
    },
    {
      name: 'drawing from K',
      make: zeroOrAny(32),
      run: (key) => expand('rng', 64, key, 'r'),
      samples: 10_000,
      repeat: 8,
    },
  ]
}

function ofPoints(): readonly Subject[] {
  const wasm = wasmCurve()
  for (const { points } of [native, wasm]) points.blind(random(32))
  return [
    ...[native, wasm].flatMap((curve) => [
      product(curve, 'k*G', curve.points.multiplyBase),
      product(curve, 'shared digest', (k) => curve.points.sharedDigest(generator, k)),
    ]),
    { ...product(wasm, 'shared x', (k) => wasm.points.sharedX(generator, k)), samples: 2_000 },
  ]
}

/** A uniform secret against uniform secrets: no scalar of the protocol is anything else. */
function product({ name }: Curve, what: string, run: (k: Scalar) => unknown): Subject {
  const fixed = anyScalar()
  return {
    name: `${name} ${what}`,
    make: (isFixed) => either(isFixed, anyScalar(), fixed),
    run: (k) => run(scalarOf(k)),
    samples: 8_000,
    repeat: 1,
  }
}

/** Every secret scalar above is made canonical. */
function scalarOf(bytes: Uint8Array): Scalar {
  return bytes as Scalar
}
