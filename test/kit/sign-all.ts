/**
 * One whole three-round signature in memory, by name: the session id, the pairings and every
 * secret follow from the seed. And what other libraries say of the result.
 */

import { createPublicKey, verify as nodeVerify } from 'node:crypto'
import { ascii } from '../../signer-node/dkls23/bytes.ts'
import { combine } from '../../signer-node/dkls23/combine.ts'
import type { Curve, Point } from '../../signer-node/dkls23/curve.ts'
import { deriveChild, type Path } from '../../signer-node/dkls23/derivation.ts'
import type { Signature } from '../../signer-node/dkls23/ecdsa.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import { type Party, parseParticipants } from '../../signer-node/dkls23/party.ts'
import type { Protocol } from '../../signer-node/dkls23/protocol.ts'
import { SessionRandomness } from '../../signer-node/dkls23/randomness.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { type SignatureShare, sign } from '../../signer-node/dkls23/sign.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { type Pairings, poolPairings } from './pairing-pool.ts'
import { driveAll } from './protocol.ts'
import { hex } from './vectors.ts'

export interface SignOrder {
  readonly keyshares: ReadonlyMap<Party, Keyshare>
  readonly signers: readonly number[]
  readonly path: Path
  readonly digest: Uint8Array
  readonly seed: string
  /** Made for this one signature unless given. */
  readonly pairings?: Pairings
}

export interface Signed {
  /** At the path. */
  readonly publicKey: Point
  readonly shares: ReadonlyMap<Party, SignatureShare>
  readonly signature: Signature
}

/** K of one signer, made again as often as wanted. */
export function randomnessOf(curve: Curve, seed: string, x: number): SessionRandomness {
  return new SessionRandomness(new Secret(sha256(ascii(`${seed} K ${x}`))), curve)
}

export function signAll(curve: Curve, order: SignOrder): Signed {
  const { keyshares, seed, path, digest } = order
  const holders = [...keyshares.values()]
  const participants = parseParticipants(
    order.signers.map((x) => holders.find(({ self }) => self.x === x)!.self),
  )
  const pairings = order.pairings ?? poolPairings(participants, seed)
  const sid = sha256(ascii(`${seed} sid`))
  const parties = participants.map((self): [Party, Protocol<SignatureShare>] => {
    const randomness = randomnessOf(curve, seed, self.x)
    const run = { sid, self, participants, curve, randomness }
    const keyshare = keyshares.get(self.x)!
    return [self.x, sign(run, { keyshare, pairings: pairings.get(self.x)!, path, digest })]
  })
  const shares = driveAll(new Map(parties))
  const { publicKey } = deriveChild(curve, holders[0]!.facts, path)
  return { publicKey, shares, signature: combine(curve, publicKey, digest, [...shares.values()]) }
}

export function compactOf({ r, s }: Signature): Uint8Array {
  return Uint8Array.from([...r, ...s])
}

/** OpenSSL has no call for a digest alone, so it hashes the message itself, with SHA-256. */
export function opensslVerifies(
  publicKey: Point,
  message: Uint8Array,
  compact: Uint8Array,
): boolean {
  const der = Buffer.from(`3036301006072a8648ce3d020106052b8104000a032200${hex(publicKey)}`, 'hex')
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
  return nodeVerify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, compact)
}
