// Walks of a whole house and starts of whole programs cost seconds a case. `npm test` leaves the
// longest files out, and plays of some lists a few cases spread over them; `npm run storm -- walks
// [--every]` and `-- faults [--every]` play the rest, and CI runs those too.
import { env } from 'node:process'

export const everyCase = 'CUSTODY_EVERY_CASE'
export const withWalks = 'CUSTODY_WALKS'
export const withFaults = 'CUSTODY_FAULTS'
export const isEvery = env[everyCase] === '1'

const names = [
  'addresses',
  'backups',
  'change-blame',
  'change-crash',
  'change-denied',
  'change-late',
  'change-refusals',
  'clone',
  'clone-split',
  'coordinator-crash',
  'crash',
  'evm',
  'evm-hostile',
  'export',
  'export-crash',
  'import',
  'import-crash',
  'import-lies',
  'import-used',
  'key-create',
  'light-witness',
  'own-moves',
  'prove',
  'prove-crash',
  'prove-refusals',
  'refresh',
  'refusals',
  'reshare',
  'reshare-crash',
  'retire',
  'rollback',
  'rollback-walks',
  'rotation',
  'split-view',
  'stops',
  'storm',
  'succession',
  'tron',
  'tron-away',
  'tron-hostile',
  'two-coordinators',
  'two-drivers',
] as const

export const longWalks: readonly string[] = [
  ...names.map((name) => `test/house/${name}.test.ts`),
  'test/ceremony/commands.test.ts',
  'test/ceremony/doctor-machine.test.ts',
  'test/ceremony/station-softhsm.test.ts',
  'test/ceremony/station-tokens.test.ts',
  'test/ceremony/drill-scenes.test.ts',
  'test/ceremony/enrolment-made.test.ts',
  'test/ceremony/kill.test.ts',
  'test/ceremony/kill-steps.test.ts',
  'test/ceremony/kill-programs.test.ts',
  'test/ceremony/last-lines.test.ts',
  'test/ceremony/station-image.test.ts',
  'test/ceremony/token-later.test.ts',
  'test/ceremony/token-steps.test.ts',
  'test/ceremony/crooked-hub.test.ts',
  'test/ceremony/canary.test.ts',
  'test/ceremony/performed-keys.test.ts',
  'test/ceremony/performed-members.test.ts',
  'test/ceremony/rehearsal-outside.test.ts',
  'test/ceremony/rehearsal.test.ts',
  'test/ceremony/rehearse-program.test.ts',
  'test/ceremony/performed.test.ts',
  'test/ceremony/places.test.ts',
  'test/ceremony/table-namespaces.test.ts',
  'test/ceremony/two-records.test.ts',
  'test/ceremony/table-ways.test.ts',
  'test/ceremony/room-namespaces.test.ts',
  'test/ceremony/seated.test.ts',
  'test/ceremony/seen-is-signed.test.ts',
  'test/hsm/boot.test.ts',
  'test/hsm/floors.test.ts',
  'test/hsm/floors-killed.test.ts',
  'test/hsm/lesser.test.ts',
  'test/hsm/retire.test.ts',
  'test/hsm/twins.test.ts',
  'test/cli/ceremony-online.test.ts',
  'test/cli/addresses.test.ts',
  'test/cli/ceremony-speak.test.ts',
  'test/cli/change.test.ts',
  'test/cli/dev-tron.test.ts',
  'test/cli/export-parts.test.ts',
  'test/cli/hsm.test.ts',
  'test/cli/init.test.ts',
  'test/cli/init-cold.test.ts',
  'test/cli/light.test.ts',
  'test/cli/payout.test.ts',
  'test/cli/reconcile-deposits.test.ts',
  'test/cli/recovery.test.ts',
  'test/cli/root.test.ts',
  'test/cli/sweep.test.ts',
  'test/cli/sweep-tron.test.ts',
  'test/cli/tron-cluster.test.ts',
  'test/cli/watch.test.ts',
  'test/coordinator/backups.test.ts',
  'test/coordinator/bans.test.ts',
  'test/coordinator/bundle-parts.test.ts',
  'test/coordinator/cancels.test.ts',
  'test/coordinator/cancels-foreign.test.ts',
  'test/coordinator/cancel-races.test.ts',
  'test/coordinator/ceremonies.test.ts',
  'test/coordinator/ceremony-main.test.ts',
  'test/coordinator/certificates.test.ts',
  'test/coordinator/changes.test.ts',
  'test/coordinator/cold-addresses.test.ts',
  'test/coordinator/cold-again.test.ts',
  'test/coordinator/cold-held.test.ts',
  'test/coordinator/cold-room-left.test.ts',
  'test/coordinator/cold-tron.test.ts',
  'test/coordinator/import-checks.test.ts',
  'test/coordinator/messages.test.ts',
  'test/coordinator/deposits.test.ts',
  'test/coordinator/program-ends.test.ts',
  'test/coordinator/chain-lies.test.ts',
  'test/coordinator/chain-lies-tron.test.ts',
  'test/coordinator/chain-life.test.ts',
  'test/coordinator/nonces.test.ts',
  'test/coordinator/nonce-turns.test.ts',
  'test/coordinator/recover.test.ts',
  'test/coordinator/setbacks.test.ts',
  'test/coordinator/versions.test.ts',
  'test/coordinator/tron-broadcast.test.ts',
  'test/coordinator/tron-life.test.ts',
  'test/coordinator/toy.test.ts',
  'test/coordinator/walk-tron.test.ts',
  'test/image/idle.test.ts',
  'test/image/locked.test.ts',
  'test/signer-node/export-open.test.ts',
  'test/signer-node/light-program.test.ts',
  'test/signer-node/main.test.ts',
  'test/signer-node/pairing-bounds.test.ts',
  'test/signer-node/pairings.test.ts',
  'test/signer-node/real-processes.test.ts',
]

/** Real processes on a hostile machine: `npm run storm -- faults`. */
export const longFaults: readonly string[] = ['disk', 'machine', 'flood', 'canary', 'postgres'].map(
  (name) => `test/faults/${name}.test.ts`,
)

/** What a run of the tests leaves out. */
export const leftOut: readonly string[] = [
  ...(env[withWalks] === '1' ? [] : longWalks),
  ...(env[withFaults] === '1' ? [] : longFaults),
]

/** All of the list, or each `step`-th from the `first` on. */
export function daily<T>(list: readonly T[], first: number, step: number): readonly T[] {
  return list.filter((_, at) => isEvery || (at >= first && (at - first) % step === 0))
}

/** Every byte of a range, or those around the ends of its parts and some between. */
export function everyCut(from: number, to: number, partBytes: number): readonly number[] {
  const cuts = Array.from({ length: to - from }, (_, at) => from + at)
  const ends = cuts.filter((_, at) => at % partBytes === 0)
  const isNear = (cut: number): boolean => ends.some((end) => Math.abs(cut - end) <= 26)
  return cuts.filter((cut) => isEvery || isNear(cut) || cut % 127 === 0 || cut === to - 1)
}
