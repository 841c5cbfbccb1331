/**
 * One lie for every check of the specification that passes everything but that check: what stops it,
 * and what it leads to where nobody checks. `controls.test.ts` plays each with the check and without.
 */

import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { flip, type Tamper } from '../kit/protocol.ts'
import { leavesOf } from '../kit/rounds.ts'
import { keyMaking, pairSetup, type Stage, signing } from './stage.ts'
import { refresh } from './stages-life.ts'

const curve = nativeCurve()
/** The liar is party 2; party 1 is honest. */
export const evil = parseParty(2)

/** One bit of a field of what party 2 sends to everybody, or to one. */
export function changing(stage: Stage, round: number, path: string, to?: number): Tamper {
  const leaf = leavesOf(stage.rounds.get(round)?.fields ?? []).find((one) => one.path === path)
  if (leaf === undefined) throw new Error(`there is no ${path}`)
  const at = (leaf.offsets[0] ?? 0) + leaf.bytes - 1
  return (number, from, receiver, bytes) => {
    const isMeant = number === round && from === evil && (to === undefined || receiver === to)
    return isMeant ? flip(bytes, at) : bytes
  }
}

/** Another point: one with the generator added. */
function shifting(stage: Stage, round: number, path: string): Tamper {
  const leaf = leavesOf(stage.rounds.get(round)?.fields ?? []).find((one) => one.path === path)
  const at = leaf?.offsets[0] ?? 0
  return (number, from, _to, bytes) => {
    if (number !== round || from !== evil) return bytes
    const { points } = curve
    const moved = points.add(points.decodePoint(bytes.slice(at, at + 33)), points.generator)
    bytes.set(moved ?? new Uint8Array(), at)
    return bytes
  }
}

const making = (over: Partial<Curve> = {}) => keyMaking({ ...curve, ...over }, 2, [1, 2, 3])
export const two = (over: Partial<Curve> = {}) => signing({ ...curve, ...over }, [1, 2])

export interface Control {
  readonly check: string
  readonly off: string
  readonly lie?: string
  readonly stage: Stage
  readonly tamper?: Tamper
  readonly stopped: string
  /** What the lie leads to when nobody checks. */
  readonly through: string
}

export const pairs = pairSetup(curve)
export const dkg = making()
export const signers = two()
export const refreshes = refresh(curve)

export const controls: readonly Control[] = [
  {
    check: 'the opening of a dealing',
    off: 'opening',
    lie: 'commitment',
    stage: dkg,
    stopped: 'commitment',
    through: 'done',
  },
  {
    check: 'the opening of a nonce point',
    off: 'opening',
    lie: 'commitment',
    stage: signers,
    stopped: 'commitment',
    through: 'done',
  },
  {
    check: 'the opening of a part of the zero seed',
    off: 'opening',
    lie: 'commitment',
    stage: pairs,
    stopped: 'commitment',
    through: 'done',
  },
  {
    check: 'the opening of a dealing in a refresh',
    off: 'opening',
    lie: 'commitment',
    stage: refreshes,
    stopped: 'commitment',
    through: 'done',
  },
  {
    check: 'the proof of a coefficient',
    off: 'coefficient',
    lie: 'coefficient',
    stage: dkg,
    stopped: 'proof',
    through: 'done',
  },
  {
    check: 'the proof of a coefficient in a refresh',
    off: 'coefficient',
    lie: 'coefficient',
    stage: refreshes,
    stopped: 'proof',
    through: 'done',
  },
  {
    check: 'the proof of a share',
    off: 'schnorr',
    lie: 'schnorr',
    stage: dkg,
    stopped: 'proof',
    through: 'done',
  },
  {
    check: 'a dealt share against the dealt polynomial',
    off: 'share',
    stage: dkg,
    tamper: changing(dkg, 2, 'share', 1),
    stopped: 'share',
    // A second line: a keyshare is never made of a share that is not its own.
    through: 'the secret share does not belong to its public share',
  },
  {
    check: 'the echo of all commitments',
    off: 'view',
    stage: dkg,
    tamper: changing(dkg, 2, 'echo'),
    stopped: 'view-mismatch',
    through: 'done',
  },
  {
    check: 'the confirmation of a key',
    off: 'view',
    stage: dkg,
    tamper: changing(dkg, 3, 'confirmation'),
    stopped: 'view-mismatch',
    through: 'done',
  },
  {
    check: 'the hash over the leaves of the trees',
    off: 'trees',
    lie: 'trees',
    stage: pairs,
    stopped: 'pprf-check',
    through: 'the leaves do not fit',
  },
  {
    check: 'the confirmation of a pairing',
    off: 'view',
    stage: pairs,
    tamper: changing(pairs, 3, 'confirm'),
    stopped: 'view-mismatch',
    through: 'done',
  },
  {
    check: 'the view of all commitments in a signature',
    off: 'view',
    stage: signers,
    tamper: changing(signers, 2, 'view'),
    stopped: 'view-mismatch',
    through: 'done',
  },
  {
    check: 'mu of a multiplication',
    off: 'rvole-check',
    stage: signers,
    tamper: changing(signers, 2, 'product.eta'),
    stopped: 'rvole-check',
    through: 'done',
  },
  {
    check: 'Gamma_u of a signature',
    off: 'gamma-check',
    stage: signers,
    tamper: shifting(signers, 2, 'gammas'),
    stopped: 'gamma-check',
    through: 'done',
  },
  {
    check: 'the key point of a signature',
    off: 'gamma-check',
    stage: signers,
    tamper: shifting(signers, 2, 'keyPoint'),
    stopped: 'gamma-check',
    through: 'public-key-sum',
  },
  {
    check: 'the signature itself',
    off: 'signature',
    stage: signers,
    tamper: changing(signers, 2, 'offset'),
    stopped: 'signature-invalid',
    through: 'a signature is not valid',
  },
]
