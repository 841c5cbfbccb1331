// A Seal medium: the card that a custodian carries, a directory with a label, the public card of
// the Station, its sealed keys and its sealed shares. There are two, A and B, kept at two places
// and equal byte for byte, so that each of them is enough.
// INVARIANT: a medium of another party is refused before anything of it is used, and so is one with
// two shares of one vault in force. Nothing on it is a link, a pipe or longer than it can
// be: two media of which one leads to the other are one. What is copied is read back; what is
// destroyed is overwritten first, which is all that a file can do: people destroy the medium.
// Whose a file is and who may read it is not asked: it is public, sealed, or both.
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { parseStationCard, type StationCard } from '../../policy/ceremony/station-card.ts'
import type { VaultRow } from '../../policy/view.ts'
import { equalBytes, plainDigest } from '../../proto/crypto.ts'
import { type Digest, parseVaultId, type VaultId } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import { parseSeal } from '../../proto/seal-file.ts'
import { replaceFile, syncDirectory } from '../floor-file.ts'
import { keyshareFile } from '../keystore.ts'
import { readOwnFile } from '../own-file.ts'
import type { SealedFile } from '../unseal.ts'
import { type Label, parseLabel, requireLabel } from './label.ts'

export interface Medium {
  readonly directory: string
  readonly label: Label
  readonly station: StationCard
}

/** A sealed share as it lies there. */
export interface SealedShare {
  readonly name: string
  readonly bytes: Uint8Array
  readonly vault: VaultId
  readonly epoch: number
  /** SHA-256 of the file. */
  readonly seal: Digest
}

export const keyNames = ['identity', 'witness', 'secret', 'transport'] as const

export function mediumPaths(directory: string) {
  const key = (name: (typeof keyNames)[number]): string => join(directory, 'keys', `${name}.seal`)
  return {
    label: join(directory, 'label.json'),
    station: join(directory, 'station.json'),
    keys: {
      ...{ identity: key('identity'), witness: key('witness') },
      ...{ secret: key('secret'), transport: key('transport') },
    },
    keyshares: join(directory, 'keyshares'),
  }
}

/** Of the party that is expected, or of whom it says (then the caller compares). */
export function openMedium(directory: string, expected: Partial<Label> = {}): Medium {
  const paths = mediumPaths(directory)
  for (const own of [dirname(paths.keys.identity), paths.keyshares]) requireOwnDirectory(own)
  const label = parseLabel(read(paths.label))
  requireLabel(label, expected)
  const station = parseStationCard(read(paths.station))
  const { org, env, node, x, color } = station
  requireLabel(label, { org, env, node, x, color })
  const medium = { directory, label, station }
  requireOwnShares(medium)
  return medium
}

/** What a token has to open before there is a Station, and every share beside it. */
export function sealedOn({
  directory,
}: Medium): readonly (SealedFile & { readonly path: string })[] {
  const { keys, keyshares } = mediumPaths(directory)
  return [
    ...keyNames.map((key) => {
      return { name: `${key}.seal`, path: keys[key], bytes: read(keys[key]), isNeeded: true }
    }),
    ...sharesOn(directory).map(({ name, bytes }) => {
      return { name, path: join(keyshares, name), bytes, isNeeded: false }
    }),
  ]
}

/** The document of its Station, as it lies there. */
export function stationDocument({ directory }: Medium): Uint8Array {
  return read(mediumPaths(directory).station)
}

export function sharesOn(directory: string): readonly SealedShare[] {
  return sharesIn(mediumPaths(directory).keyshares)
}

export function sharesIn(keyshares: string): readonly SealedShare[] {
  if (!existsSync(keyshares)) return []
  return readdirSync(keyshares)
    .filter((name) => shareForm.test(name))
    .sort()
    .map((name) => shareIn(name, read(join(keyshares, name))))
}

/** `to` holds the same Seals as `from` afterwards, each read back. Returns what was written. */
export function copySeals(from: Medium, to: Medium): readonly string[] {
  const { medium: _, ...party } = from.label
  requireLabel(to.label, party)
  if (to.label.medium === from.label.medium) {
    refuse('TOKEN_WRONG', `medium: both are medium ${from.label.medium}`, 'X-18')
  }
  const [source, target] = [mediumPaths(from.directory), mediumPaths(to.directory)]
  const names = sharesOn(from.directory).map(({ name }) => name)
  mkdirSync(target.keyshares, { recursive: true, mode: 0o700 })
  const pairs = [
    ...keyNames.map((name) => [source.keys[name], target.keys[name]] as const),
    ...names.map((name) => [join(source.keyshares, name), join(target.keyshares, name)] as const),
  ]
  const written = pairs.flatMap(([here, there]) => (copied(here, there) ? [there] : []))
  for (const { name } of sharesOn(to.directory)) {
    // Before it is gone another of its vault has taken its place: the copy above.
    if (!names.includes(name)) destroyFile(join(target.keyshares, name))
  }
  syncDirectory(target.keyshares)
  return written
}

/**
 * A copy that was made while its epoch was pending, of the epoch that the log has in force since:
 * from here on it goes by the name of one in force, as the share that it is a copy of does. Returns
 * whether it had to be; a file of any other name is left as it is.
 */
export function nameInForce(
  { directory }: Medium,
  { vault, epoch }: Pick<VaultRow, 'vault' | 'epoch'>,
): boolean {
  const { keyshares } = mediumPaths(directory)
  const [pending, active] = (['pending', 'active'] as const).map((state) =>
    join(keyshares, keyshareFile(vault, epoch, state)),
  ) as [string, string]
  // Two of one epoch are refused when the medium is opened.
  if (!existsSync(pending) || existsSync(active)) return false
  renameSync(pending, active)
  syncDirectory(keyshares)
  return true
}

/**
 * Shares of epochs that the log has left, by its row of the key and by nothing that lies here: a
 * share that was prepared and never came into force is the newest, too. Whoever holds a share of
 * the key in force has it on this very medium before another one goes.
 */
export function destroySeals(
  { directory, station }: Medium,
  { vault, epoch, participants }: Pick<VaultRow, 'vault' | 'epoch' | 'participants'>,
): readonly SealedShare[] {
  const { keyshares } = mediumPaths(directory)
  const own = sharesOn(directory).filter((one) => one.vault === vault)
  const dead = own.filter((one) => one.epoch < epoch)
  const isHolder = participants.some(({ node }) => node === station.node)
  if (dead.length > 0 && isHolder && !own.some((one) => one.epoch === epoch)) {
    refuse('SEAL', `${vault}: the share of epoch ${epoch}, which is in force, is not here`, 'X-11')
  }
  for (const { name } of dead) destroyFile(join(keyshares, name))
  if (dead.length > 0) syncDirectory(keyshares)
  return dead
}

const shareForm = /\.keyshare$/

function shareIn(name: string, bytes: Uint8Array): SealedShare {
  const seal = attempt(() => parseSeal(bytes))
  if (isRefusal(seal) || seal.thing.kind !== 'keyshare') {
    return refuse('SEAL', `${name}: no sealed share`)
  }
  const { vault, epoch } = seal.thing.context
  return { name, bytes, vault: parseVaultId(vault), epoch, seal: plainDigest(bytes) }
}

function requireOwnShares({ directory, label }: Medium): void {
  const seen = new Set<string>()
  for (const { name, bytes, vault, epoch } of sharesOn(directory)) {
    const { thing } = parseSeal(bytes)
    if (thing.kind !== 'keyshare') continue
    const { org, env, party } = thing.context
    if (org !== label.org || env !== label.env || party !== label.x) {
      const whose = `${org} ${env}, party ${party}`
      refuse('TOKEN_WRONG', `${name}: a Seal of ${whose}, this medium is of ${label.x}`, 'X-18')
    }
    const share = `${vault}.${epoch}`
    if (seen.has(share)) refuse('TOKEN_WRONG', `${share}: two Seals on one medium`, 'X-18')
    seen.add(share)
  }
}

/** Whether it had to be. */
function copied(here: string, there: string): boolean {
  const bytes = read(here)
  if (existsSync(there) && equalBytes(read(there), bytes)) return false
  writing(there, () => replaceFile(there, bytes))
  if (!equalBytes(read(there), bytes)) refuse('SEAL', `${there}: it reads back as something else`)
  return true
}

function destroyFile(path: string): void {
  writing(path, () => overwrite(path))
}

function overwrite(path: string): void {
  const file = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW)
  try {
    writeSync(file, new Uint8Array(statSync(path).size))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  unlinkSync(path)
}

/** Who set the lock switch takes it off, and the step is played once more. */
function writing(path: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    const { cause = error } = error instanceof Error ? error : { cause: error }
    const code = cause instanceof Error && 'code' in cause ? cause.code : ''
    if (code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM') throw error
    refuse('SEAL', `medium: ${path}: it cannot be written (${code}): is its lock switch on?`)
  }
}

/** Not there yet is well. */
function requireOwnDirectory(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined || found.isDirectory()) return
  refuse('TOKEN_WRONG', `medium: ${path}: expected a directory of its own, and no link`, 'X-18')
}

function read(path: string): Uint8Array {
  const bytesMax = limits.mediumFileBytesMax
  try {
    return readOwnFile({ path, code: 'TOKEN_WRONG', on: 'medium', bytesMax })
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    return refuse('TOKEN_ABSENT', `medium: ${error.message}`)
  }
}
