/** A thread that multiplies two scalars in its own instance of the compiled core, while asked to. */

import { parentPort, workerData } from 'node:worker_threads'
import { Operands } from '../../signer-node/dkls23/core.ts'
import { coreScalarField } from '../../signer-node/dkls23/core-scalars.ts'

const { a, b } = workerData
const product = coreScalarField.multiply(a, b)
// Left open: another thread must not notice.
new Operands(a)
parentPort?.postMessage(product)
