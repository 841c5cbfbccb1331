// What a Station demands of what it is shown, by what its Token remembers: that the log is the one
// it saw, grown longer, and so the main log; that the last ceremony came into it; that no share is
// older than one that was here. Every floor counts: a Token that knows a vault of
// which nobody speaks any more was told about it by a log that somebody now hides.
// INVARIANT: pure, and each check refuses by its number. Whether the log is cosigned is not asked
// here: that is the witness rules of the copy.
import { type MainHead, mainFault } from '../../policy/ceremony/main-head.ts'
import type { Digest } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { type FloorSubject, floorAbout, type TokenFloor } from '../../proto/token-floor.ts'

/** A log as the Station has it now. */
export interface SeenLog {
  readonly size: number
  /** Of its first lines; undefined where it has fewer. */
  readonly rootAt: (size: number) => Digest | undefined
}

/** A Seal that is to be opened. */
export interface SealOnCard {
  readonly epoch: number
  /** SHA-256 of its file. */
  readonly seal: Digest
}

export function floorOf(
  floors: readonly TokenFloor[],
  subject: FloorSubject,
): TokenFloor | undefined {
  const about = floorAbout(subject)
  return floors.find((floor) => floor.about === about)
}

/** the Token remembers nothing that this origin does not know. */
export function requireKnownFloors(
  floors: readonly TokenFloor[],
  origin: Omit<FloorSubject, 'vault'>,
  vaults: readonly string[],
): void {
  const known = vaults.map((vault) => floorAbout({ ...origin, vault }))
  for (const floor of floors) {
    if (floor.env !== origin.env) {
      refuse('TOKEN_FLOOR', `expected env ${origin.env}, the token was used in ${floor.env}`, 'X-6')
    }
    if (!known.includes(floor.about)) {
      const what = `a vault at epoch ${floor.epoch}, ${floor.cold.size} lines`
      refuse('TOKEN_FLOOR', `the token remembers ${what}, of which this log says nothing`, 'X-8')
    }
  }
}

/** what the Token saw is the beginning of this log. */
export function requireExtended(floors: readonly TokenFloor[], log: SeenLog): void {
  for (const { cold } of floors) {
    if (cold.size === 0) continue
    const root = log.rootAt(cold.size)
    if (root === undefined) {
      const because = `expected ${cold.size} lines or more, the log here has ${log.size}`
      refuse('TOKEN_FLOOR', because, 'X-8')
    } else if (root !== cold.root) {
      const because = `another root at ${cold.size} lines than the token saw: ${root}`
      refuse('TOKEN_FLOOR', because, 'X-8')
    }
  }
}

/** the main log that the Token saw is the beginning of the one that the Bundle speaks of. */
export function requireMain(
  floors: readonly Pick<TokenFloor, 'main'>[],
  main: MainHead | undefined,
): void {
  for (const floor of floors) {
    const fault = mainFault(main, floor.main)
    if (fault !== undefined) refuse('TOKEN_FLOOR', fault, 'X-8')
  }
}

/** each ceremony that the Token took part in is in the log, with the Record it remembers. */
export function requireConcluded(
  floors: readonly TokenFloor[],
  concluded: ReadonlySet<string>,
): void {
  for (const { record } of floors) {
    if (record === '' || concluded.has(record)) continue
    refuse('TOKEN_FLOOR', `no ceremony in this log was concluded with the record ${record}`, 'X-8')
  }
}

/** not older than the share that was here. A later one is why the floor will move. */
export function requireNotOlder(floor: TokenFloor | undefined, { epoch, seal }: SealOnCard): void {
  if (floor === undefined) return
  if (epoch < floor.epoch) {
    refuse('TOKEN_FLOOR', `a Seal of epoch ${epoch}, the token saw epoch ${floor.epoch}`, 'X-11')
  }
  if (epoch === floor.epoch && seal !== floor.seal) {
    refuse('TOKEN_FLOOR', `another Seal of epoch ${epoch} than the token saw`, 'X-11')
  }
}
