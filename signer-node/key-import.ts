// This node's part in the import of a key: the dealing that came with the order, judged against
// what people approved and against the own invitation, and the own share in it. The dealing comes
// from a coordinator and is believed in nothing: its commitments are the approved ones, and the
// share is on them, or this node refuses before anything is kept.
// INVARIANT: the share stands open while it is judged and while its session runs, and is wiped.
import type { AdmittedWork } from '../policy/admit-change.ts'
import type { ChangeOf, Member } from '../policy/change.ts'
import { fromHex, toUtf8 } from '../proto/crypto.ts'
import { parseDealing, type SealedShare } from '../proto/import-documents.ts'
import { refuse } from '../proto/refusal.ts'
import { openShare } from '../proto/seal-import.ts'
import { Abort } from './dkls23/abort.ts'
import { Malformed } from './dkls23/bytes.ts'
import type { Scalar } from './dkls23/curve.ts'
import {
  type ApprovedImport,
  type ImportDealing,
  requireApproved,
  requireDealt,
} from './dkls23/importing.ts'
import { parseParty } from './dkls23/party.ts'
import { Secret } from './dkls23/secret.ts'
import { invitationNamed } from './invitations.ts'
import type { Parts } from './parts.ts'
import { partiesOf } from './self.ts'

/** A dealing that this node has judged, and its own share as it came. */
export interface Dealt {
  readonly approved: ApprovedImport
  readonly dealing: ImportDealing
  readonly own: SealedShare
}

export interface DealingAsked {
  readonly admitted: AdmittedWork
  readonly change: ChangeOf<'key.import'>
  readonly t: number
  /** All nodes of the root, in ascending x. */
  readonly participants: readonly Member[]
}

/** Refused when it is not the approved dealing, or the own share does not open or fit. */
export function judgeDealing(parts: Parts, asked: DealingAsked, bytes: Uint8Array): Dealt {
  const { admitted, change, t, participants } = asked
  const { self } = parts
  const read = parseDealing(bytes)
  const { org, env, vault, key } = read
  const isOwn = org === self.org && env === self.env && vault === change.vault
  if (!isOwn || key !== admitted.key || read.t !== t) {
    refuse('DEALING', `expected a dealing of ${change.vault}, key ${admitted.key}, t ${t}`)
  }
  const own = read.shares.find(({ node }) => node === self.node)
  if (own === undefined) return refuse('DEALING', `no share is dealt to ${self.node}`)
  return fitting(() => {
    const { points } = self.curve
    const { publicKey, chainCode, commitments } = change.terms
    const approved = { publicKey, chainCode, commitments: fromHex(commitments) ?? new Uint8Array() }
    const coefficients = read.coefficients.map((point) => points.decodePoint(point))
    const dealing = { coefficients, chainCode: read.chainCode }
    const holders = { keyId: toUtf8(key), threshold: t, participants: partiesOf(participants) }
    // First, so that whoever swapped the dealing is told so, and not that a share does not open.
    requireApproved(holders, dealing, approved)
    const dealt = { approved, dealing, own }
    using share = ownShare(parts, change, dealt)
    const to = { x: parseParty(self.x), share: share.bytes }
    requireDealt(self.curve, { ...holders, approved, epoch: 0 }, dealing, to)
    return dealt
  })
}

/** The caller disposes of it. Refused when not sealed to the invitation that is open here. */
export function ownShare(
  { self, invitations }: Parts,
  { vault, terms }: ChangeOf<'key.import'>,
  { own }: Pick<Dealt, 'own'>,
): Secret<Scalar> {
  const invitation = invitations.of(vault)
  if (invitation === undefined) return refuse('DEALING', `no invitation for ${vault} is open here`)
  const { signed, value } = invitation
  const named = invitationNamed(signed)
  if (own.invitation !== named || own.x !== self.x) {
    refuse('DEALING', `expected a share sealed to ${named}, got one to ${own.invitation}`)
  }
  using secret = invitation.secret()
  const context = { invitation: value, named, commitments: terms.commitments }
  const bytes = openShare(context, own, secret.bytes)
  if (bytes === undefined) return refuse('DEALING', 'the own share does not open')
  using opened = new Secret(bytes)
  return fitting(() => new Secret(self.curve.scalars.decodeScalar(opened.bytes)))
}

/** What the mathematics holds against a dealing is a refusal here: nobody is in a session yet. */
function fitting<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Malformed || error instanceof Abort)) throw error
    return refuse('DEALING', error.message)
  }
}
