// A Token goes and another takes its place, by the one that stays: every Seal of medium A is made
// anew for the two that there will be, each opened by the Token that is here before one is
// replaced; then its floors name the new Seals, then medium B is made equal, and last the Station's
// card says so. INVARIANT: at every moment the Token that stays opens everything; what was cut
// short is given again. The share is the same: whoever has the old Token and an old medium needs
// only its PIN, until the next refresh.
import { stationCardDocument, tokenDocuments } from '../../policy/ceremony/station-card.ts'
import { ed25519Signer } from '../../proto/crypto.ts'
import { parseTokenCard } from '../../proto/token-card.ts'
import { nextFloor } from '../../proto/token-floor.ts'
import { resealDisk } from '../hsm-files.ts'
import type { Random } from '../ports.ts'
import { reseal } from '../reseal.ts'
import { sealKeysOf } from '../unseal.ts'
import { TokenWay } from '../way-in.ts'
import { floorOf } from './floor-checks.ts'
import {
  copySeals,
  type Medium,
  mediumPaths,
  sealedOn,
  sharesOn,
  stationDocument,
} from './medium.ts'
import type { StationToken, Which } from './tokens.ts'

export interface Replaced {
  readonly retired: Which
  /** Names of the files. */
  readonly sealed: readonly string[]
  /** The Station's new card. */
  readonly card: Uint8Array
}

export async function replaceToken(
  { a, b }: { readonly a: Medium; readonly b: Medium },
  token: StationToken,
  added: Uint8Array,
  random: Random,
): Promise<Replaced> {
  const retired = token.which === 'daily' ? 'spare' : 'daily'
  using opened = await token.open(a, random)
  // Refused here when the new one is not of this Station, or is one of the two: before any file.
  const tokens = { ...tokenDocuments(stationDocument(a)), [retired]: added }
  const identity = ed25519Signer(opened.keys.identity.bytes)
  const card = stationCardDocument({ ...a.station, ...tokens }, identity)
  using to = new TokenWay(sealKeysOf([token.card, parseTokenCard(added)]), random)
  const test = (bytes: Uint8Array) => token.opener(bytes)
  const ways = { from: () => opened.way, to, test }
  const sealed = await reseal(a.station, sealedOn(a), ways, resealDisk)
  await moveFloors(a, token)
  copySeals(a, b)
  for (const { directory } of [b, a]) {
    const path = mediumPaths(directory).station
    resealDisk.writeBeside(path, card)
    resealDisk.activate(path)
  }
  return { retired, sealed, card }
}

/** The Seals of the shares that the Token knows are other files now. */
async function moveFloors({ directory, label }: Medium, { hsm }: StationToken): Promise<void> {
  const floors = await hsm.floors()
  for (const { vault, epoch, seal } of sharesOn(directory)) {
    const last = floorOf(floors, { ...label, vault })
    if (last === undefined || last.epoch !== epoch || last.seal === seal) continue
    await hsm.keepFloor(nextFloor(last, { ...last, seal }))
  }
}
