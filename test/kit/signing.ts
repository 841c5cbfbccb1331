/**
 * Keyshares and signing runs as in the test vectors: node ids, session ids and K follow from the
 * name of the run, so that every byte can be compared.
 */

import { ascii } from '../../signer-node/dkls23/bytes.ts'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { deriveChild, type Path } from '../../signer-node/dkls23/derivation.ts'
import { Keyshare, MADE_HERE } from '../../signer-node/dkls23/keyshare.ts'
import type { Pairing } from '../../signer-node/dkls23/pairing.ts'
import type { Participant, Party } from '../../signer-node/dkls23/party.ts'
import type { Protocol, Run } from '../../signer-node/dkls23/protocol.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { sessionId } from '../../signer-node/dkls23/session-id.ts'
import { type SignatureShare, type SigningJob, sign } from '../../signer-node/dkls23/sign.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { nodes, vectorAcceptance, vectorRandomness } from './protocol.ts'
import { unhex, vector } from './vectors.ts'

const networkId = ascii('vectors')
const keyId = ascii('key-1')
export const vectorDigest = sha256(ascii('vector message'))

export interface VectorKey {
  readonly threshold: number
  readonly epoch: number
  /** s_x of every participant, hex. */
  readonly shares: Readonly<Record<number, string>>
}

export const dkgKey: VectorKey = {
  threshold: 2,
  epoch: 1,
  shares: { 1: vector('s_1'), 2: vector('s_2'), 3: vector('s_3') },
}

/** Keyshares of the one key of the vectors, from its listed shares. */
export function keysharesOf(curve: Curve, key: VectorKey): ReadonlyMap<Party, Keyshare> {
  const participants = nodes(...Object.keys(key.shares).map(Number))
  const secret = (x: number) => curve.scalars.decodeScalar(unhex(key.shares[x]!))
  const facts = {
    keyId,
    epoch: key.epoch,
    threshold: key.threshold,
    past: MADE_HERE,
    participants,
    publicShares: new Map(participants.map(({ x }) => [x, curve.points.multiplyBase(secret(x))!])),
    publicKey: curve.points.decodePoint(unhex(vector('pk'))),
    chainCode: unhex(vector('cc')),
  }
  return new Map(
    participants.map(({ x }) => [x, Keyshare.make(curve, facts, x, new Secret(secret(x)))]),
  )
}

export interface SigningSetup {
  readonly curve: Curve
  readonly name: string
  readonly signers: readonly number[]
  readonly keyshares: ReadonlyMap<Party, Keyshare>
  readonly pairings: ReadonlyMap<Party, ReadonlyMap<Party, Pairing>>
  readonly path?: Path
  readonly digest?: Uint8Array
}

export interface PreparedSigner {
  readonly run: Run
  readonly job: SigningJob
}

/** Runs and jobs of all signers, before the generators start. */
export function prepareSigning(setup: SigningSetup): ReadonlyMap<Party, PreparedSigner> {
  const { curve, name, path = [], digest = vectorDigest } = setup
  const participants = nodes(...setup.signers)
  return new Map(
    participants.map((self) => {
      const keyshare = setup.keyshares.get(self.x)!
      const sid = signSessionId(curve, keyshare, { name, participants, path, digest })
      const randomness = vectorRandomness(name, self.x, curve)
      const pairings = setup.pairings.get(self.x) ?? new Map()
      const run = { sid, self, participants, curve, randomness }
      return [self.x, { run, job: { keyshare, pairings, path, digest } }]
    }),
  )
}

export function signingProtocols(
  setup: SigningSetup,
): ReadonlyMap<Party, Protocol<SignatureShare>> {
  return new Map([...prepareSigning(setup)].map(([x, { run, job }]) => [x, sign(run, job)]))
}

interface Signing {
  readonly name: string
  readonly participants: readonly Participant[]
  readonly path: Path
  readonly digest: Uint8Array
}

function signSessionId(curve: Curve, keyshare: Keyshare, signing: Signing): Uint8Array {
  const { name, participants, path, digest } = signing
  const { publicKey } = deriveChild(curve, keyshare.facts, path)
  const requestId = ascii(`request ${name}`)
  return sessionId({
    statement: { purpose: 'sign', requestId, path, publicKey, digest },
    networkId,
    keyId: keyshare.facts.keyId,
    epoch: keyshare.facts.epoch,
    keyState: keyshare.keyState,
    participants,
    acceptances: participants.map(({ x }) => vectorAcceptance(name, x)),
  })
}
