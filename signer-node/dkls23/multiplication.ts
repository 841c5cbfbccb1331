/**
 * Random vector OLE between two parties (1.9; DKLs23, protocol 5.2): the sender has a_0 and a_1,
 * the receiver a random b, and they end with c_i + d_i = a_i * b.
 * INVARIANT: theta hashes the sender's whole correction, so the sender cannot choose the
 * correction to fit the challenge; and each verdict goes through the fence of the pairing.
 *
 * alpha0, alpha1, gamma = pads | A~ = correction | a^ = mask | mu = proof | e = binding
 */

import { concat, u16 } from './bytes.ts'
import { type Curve, SCALAR_BYTES, type Scalar, type ScalarTable } from './curve.ts'
import { digest, group, type Layout, mapped, raw, scalar, sizeOf } from './layout.ts'
import { checkExtension, extendAsReceiver, padsOf } from './ot-extension.ts'
import type { Pairing, Role } from './pairing.ts'
import { BETA_BYTES, EXTENDED_OTS, INPUTS, PAD_SCALARS, TAIL_BYTES } from './params.ts'
import type { SessionRandomness } from './randomness.ts'
import { equalBytes, SecretScope } from './secret.ts'
import { hash, hashToScalar } from './transcript.ts'

const CORRECTION = raw('scalar', SCALAR_BYTES, EXTENDED_OTS * PAD_SCALARS)
export const PRODUCT_MESSAGE_BYTES = sizeOf([CORRECTION, raw('scalar', SCALAR_BYTES), digest])

export interface MultiplicationRun {
  readonly sid: Uint8Array
  readonly curve: Curve
  readonly randomness: SessionRandomness
  readonly pairing: Pairing
}

/** One scalar for each input: of the nonce share first, of the key share second. */
export type ScalarPair = readonly [Scalar, Scalar]

/** The sender's answer. */
export interface Product {
  /** A~ as sent, which theta hashes, and as scalars. */
  readonly correction: Uint8Array
  readonly table: ScalarTable
  readonly eta: Scalar
  readonly proof: Uint8Array
}

/** What the receiver keeps until the product arrives. */
export interface Request {
  readonly message: Uint8Array
  readonly binding: Uint8Array
  /** b = <g, beta>, its random input. */
  readonly factor: Scalar
  readonly beta: Uint8Array
  readonly pads: Uint8Array
}

/** Receiver, step 1: draws beta and with it b. Everything but the message is secret. */
export function request({ sid, curve, randomness, pairing }: MultiplicationRun): Request {
  using secrets = new SecretScope()
  const peer = pairing.peer.x
  const beta = randomness.bytes('beta', BETA_BYTES, peer)
  const tail = secrets.keep(randomness.bytes('tail', TAIL_BYTES, peer))
  const psid = pairing.psid(sid, 'receiver', 'ote')
  const transfers = extendAsReceiver({ curve, psid }, pairing.secrets.receiverLeaves, beta, tail)
  return { ...transfers, beta, factor: curve.tables.sumSelected(gadgetOf(curve), beta) }
}

/** Sender, steps 2 to 5: called for one message only of each receiver and session. */
export function answer(
  run: MultiplicationRun,
  inputs: ScalarPair,
  message: Uint8Array,
): { readonly shares: ScalarPair; readonly product: Product } {
  using secrets = new SecretScope()
  const { sid, curve, randomness, pairing } = run
  const { add, multiply, negate, zero: none } = curve.scalars
  const { delta, senderLeaves } = pairing.secrets
  const psid = pairing.psid(sid, 'sender', 'ote')
  const transfers = checkExtension({ curve, psid }, delta, senderLeaves, message)
  secrets.keep(transfers.rows)
  pairing.judge('ot-check', transfers.isConsistent)

  const { binding, rows } = transfers
  using zero = padTable(curve, secrets.keep(padsOf(curve, binding, rows)))
  using one = padTable(curve, secrets.keep(padsOf(curve, binding, rows, delta)))
  const mask = secrets.keep(randomness.scalar('ahat', pairing.peer.x, 0))
  const table = curve.tables.correct(zero, one, [...inputs, mask])
  const correction = curve.tables.encodeTable(table)
  const challenge = challengeOf(run, 'sender', binding, correction)
  const weighted = inputs.map((input, i) =>
    secrets.keep(multiply(challenge.weights[i] ?? none, input)),
  )
  // The sums on the way would tell the inputs from eta, which is sent.
  const inputSum = weighted.reduce((sum, term) => secrets.keep(add(sum, term)), none)
  const eta = add(mask, inputSum)
  using column = checkColumn(curve, challenge, zero)
  const proof = proofOf(curve, challenge, column)
  const sums = curve.tables.weighColumns(gadgetOf(curve), zero, INPUTS)
  const shares = inputPair(sums.map((sum) => negate(secrets.keep(sum))))
  return { shares, product: { correction, table, eta, proof } }
}

/** Receiver, step 6: its shares d, once the proof has passed the fence. */
export function finish(run: MultiplicationRun, pending: Request, product: Product): ScalarPair {
  const { curve, pairing } = run
  const { tables } = curve
  const { beta, binding, pads } = pending
  const challenge = challengeOf(run, 'receiver', binding, product.correction)
  using pad = padTable(curve, pads)
  using corrected = tables.addSelected(pad, beta, product.table)
  using check = checkColumn(curve, challenge, corrected)
  using column = tables.subtractSelected(check, beta, product.eta)
  pairing.judge('rvole-check', equalBytes(product.proof, proofOf(curve, challenge, column)))
  return inputPair(tables.weighColumns(gadgetOf(curve), corrected, INPUTS))
}

/** Every entry is decoded as it is read, before anything can depend on beta. */
export function productLayout(curve: Curve): Layout<Product> {
  return mapped(
    group({ correction: CORRECTION, eta: scalar(curve), proof: digest }),
    ({ correction, eta, proof }) => {
      const table = curve.tables.decodeTable(correction, PAD_SCALARS)
      return { correction, table, eta, proof }
    },
    (product) => product,
  )
}

/** theta with the psid and the hash h that it came from. */
interface Challenge {
  readonly psid: Uint8Array
  readonly digest: Uint8Array
  readonly weights: readonly Scalar[]
}

function challengeOf(
  { sid, curve, pairing }: MultiplicationRun,
  role: Role,
  binding: Uint8Array,
  correction: Uint8Array,
): Challenge {
  const psid = pairing.psid(sid, role, 'rvole')
  const digest = hash('vole-at', psid, binding, correction)
  const weights = Array.from({ length: INPUTS }, (_, i) =>
    hashToScalar(curve, 'vole-theta', digest, u16(0), u16(i)),
  )
  return { psid, digest, weights }
}

/** For each row: its check column plus the weighted input columns. */
function checkColumn(curve: Curve, { weights }: Challenge, table: ScalarTable): ScalarTable {
  return curve.tables.combineRows(table, [...weights, curve.scalars.one])
}

/** mu, which shows that the same inputs were used in every row. */
function proofOf(curve: Curve, { psid, digest }: Challenge, column: ScalarTable): Uint8Array {
  const packed = curve.tables.encodeTable(column)
  const proof = hash('vole-mu', psid, digest, packed)
  packed.fill(0)
  return proof
}

function padTable(curve: Curve, pads: Uint8Array): ScalarTable {
  return curve.tables.reduceTable(pads, PAD_SCALARS)
}

function inputPair([nonce, key]: readonly Scalar[]): ScalarPair {
  if (nonce === undefined || key === undefined) throw new RangeError('a pad has two input columns')
  return [nonce, key]
}

const gadgets = new WeakMap<Curve, ScalarTable>()

/** g, fixed and public (1.2): computed once for each curve twin. */
export function gadgetOf(curve: Curve): ScalarTable {
  const known = gadgets.get(curve)
  if (known !== undefined) return known
  const scalars = Array.from({ length: EXTENDED_OTS }, (_, j) =>
    hashToScalar(curve, 'gadget', u16(j)),
  )
  const gadget = curve.tables.decodeTable(concat(...scalars), 1)
  gadgets.set(curve, gadget)
  return gadget
}
