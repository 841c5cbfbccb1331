/**
 * Arithmetic mod q in the compiled module, on bytes: the scalars of every twin but the reference.
 * INVARIANT: a secret scalar never becomes a BigInt. What still does is public: the index of a
 * party, the inverse that `combine` takes, and whether a released s is high.
 */

import { Malformed } from './bytes.ts'
import { kernel, Operands } from './core.ts'
import { SCALAR_BYTES, type Scalar, type ScalarField } from './curve.ts'
import { bigintScalarField, isZero } from './scalar-field.ts'

const WIDE_BYTES = 2 * SCALAR_BYTES

export const coreScalarField: ScalarField = {
  zero: bigintScalarField.zero,
  one: bigintScalarField.one,
  decodeScalar(bytes) {
    if (bytes.length !== SCALAR_BYTES) {
      throw new Malformed(`a scalar has ${SCALAR_BYTES} bytes, got ${bytes.length}`)
    }
    using operands = new Operands(bytes)
    if (kernel.areBelowOrder(operands.at, 1) === 0) {
      throw new Malformed('a scalar must be below the group order')
    }
    return scalarAt(operands, 0)
  },
  fromWide(bytes) {
    if (bytes.length !== WIDE_BYTES) throw new RangeError(`expected ${WIDE_BYTES} bytes`)
    using operands = new Operands(bytes)
    const result = operands.room(SCALAR_BYTES)
    kernel.reduceWide(operands.at)
    return scalarAt(operands, result)
  },
  reduce(bytes) {
    if (bytes.length !== SCALAR_BYTES) throw new RangeError(`expected ${SCALAR_BYTES} bytes`)
    using operands = new Operands(bytes)
    kernel.reduceAll(operands.at, 1)
    return scalarAt(operands, 0)
  },
  fromNumber: bigintScalarField.fromNumber,
  add(a, b) {
    using operands = new Operands(a, b)
    const result = operands.room(SCALAR_BYTES)
    kernel.addScalars(operands.at)
    return scalarAt(operands, result)
  },
  subtract,
  negate: (a) => subtract(bigintScalarField.zero, a),
  multiply(a, b) {
    using operands = new Operands(a, b)
    const result = operands.room(SCALAR_BYTES)
    kernel.multiplyScalars(operands.at)
    return scalarAt(operands, result)
  },
  invertPublic: bigintScalarField.invertPublic,
  isZero,
  isHigh: bigintScalarField.isHigh,
}

function subtract(a: Scalar, b: Scalar): Scalar {
  using operands = new Operands(a, b)
  const result = operands.room(SCALAR_BYTES)
  kernel.subtractScalars(operands.at)
  return scalarAt(operands, result)
}

/** The module gives nothing but what is below q. */
function scalarAt(operands: Operands, offset: number): Scalar {
  return operands.take(offset, SCALAR_BYTES) as Scalar
}
