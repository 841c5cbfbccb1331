// The dealer's side of an import, offline and in one shot: a key that exists becomes commitments
// and one share for each node, sealed to that node's invitation. Nothing of the result is secret
// without a node's invitation key.
// INVARIANT: shares, ephemeral secrets and the randomness of the dealing are wiped before this
// returns; the key stays its owner's to wipe. Reads no file and asks nobody: `dealer.ts` does.

import { toHex, toUtf8 } from '../proto/crypto.ts'
import { parseDigest } from '../proto/ids.ts'
import type { Dealing, Invitation, SealedShare } from '../proto/import-documents.ts'
import { refuse } from '../proto/refusal.ts'
import { sealShare } from '../proto/seal-import.ts'
import type { Opened } from '../proto/signed.ts'
import { Malformed } from './dkls23/bytes.ts'
import type { Curve, Point, Scalar } from './dkls23/curve.ts'
import { dealImport, importDigest } from './dkls23/importing.ts'
import { parseParty } from './dkls23/party.ts'
import { SessionRandomness } from './dkls23/randomness.ts'
import { Secret } from './dkls23/secret.ts'
import type { Random } from './ports.ts'
import { partiesOf } from './self.ts'

export interface DealtFor {
  /** Verified, one of each node of the root, in ascending x, for one key of one vault. */
  readonly invited: readonly Opened<Invitation>[]
  readonly t: number
  /** 32 bytes. */
  readonly chainCode: Uint8Array
}

/** A lawful private key: 32 bytes, not zero, below the order. A copy; the caller wipes both. */
export function parseKey(curve: Curve, key: Secret): Secret<Scalar> {
  try {
    const scalar = new Secret(curve.scalars.decodeScalar(key.bytes))
    if (!curve.scalars.isZero(scalar.bytes)) return scalar
    scalar[Symbol.dispose]()
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
  }
  return refuse('MALFORMED', 'expected a private key: 32 bytes, above zero and below the order')
}

/** Of a lawful key, compressed. */
export function publicKeyOf(curve: Curve, key: Secret<Scalar>): Point {
  const point = curve.points.multiplyBase(key.bytes)
  return point ?? refuse('MALFORMED', 'expected a private key above zero')
}

export function deal(curve: Curve, random: Random, plan: DealtFor, raw: Secret): Dealing {
  const { invited, t, chainCode } = plan
  using key = parseKey(curve, raw)
  const [first] = invited
  if (first === undefined) return refuse('PARTICIPANTS', 'expected invitations, got none')
  const { org, env, vault, key: name } = first.value
  const participants = partiesOf(invited.map(({ value }) => value))
  const holders = { keyId: toUtf8(name), threshold: t, participants }
  using drawn = new Secret(random(32))
  using randomness = new SessionRandomness(drawn, curve)
  const { dealing, shares } = dealImport(curve, randomness, holders, { key, chainCode })
  try {
    const commitments = parseDigest(toHex(importDigest(holders, dealing)), 'commitments')
    const sealed = invited.map((invitation): SealedShare => {
      const share = shares.get(parseParty(invitation.value.x))
      if (share === undefined) throw new Error(`no share for ${invitation.value.node}`)
      using ephemeral = new Secret(random(32))
      const context = { invitation: invitation.value, named: invitation.digest, commitments }
      return sealShare(context, share.bytes, ephemeral.bytes)
    })
    const { coefficients } = dealing
    return { org, env, vault, key: name, t, coefficients, chainCode, commitments, shares: sealed }
  } finally {
    for (const share of shares.values()) share[Symbol.dispose]()
  }
}
