/**
 * The life of a key after its making, among parties in memory: runs named as in the vectors, so that
 * the same name always gives the same bytes.
 */

import { ascii } from '../../signer-node/dkls23/bytes.ts'
import type { Curve, Scalar } from '../../signer-node/dkls23/curve.ts'
import { exportPart } from '../../signer-node/dkls23/exporting.ts'
import {
  acceptImport,
  type DealtImport,
  dealImport,
  type ImportHolders,
  importDigest,
} from '../../signer-node/dkls23/importing.ts'
import { confirmKey, type PendingKey } from '../../signer-node/dkls23/keygen.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import type { Pairing } from '../../signer-node/dkls23/pairing.ts'
import {
  joinParticipants,
  type Participant,
  type Party,
  parseParty,
} from '../../signer-node/dkls23/party.ts'
import type { Protocol, Run } from '../../signer-node/dkls23/protocol.ts'
import { prepareRefresh } from '../../signer-node/dkls23/refresh.ts'
import { prepareReshare, type ReshareTerms } from '../../signer-node/dkls23/reshare.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { type Statement, sessionId } from '../../signer-node/dkls23/session-id.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { KEY_ID } from './keys.ts'
import { driveAll, type Tamper, vectorAcceptance, vectorRandomness } from './protocol.ts'

export type Key = ReadonlyMap<Party, Keyshare>
type Runs = ReadonlyMap<Party, Run>

/** Any one of a key's shares, for what all of them know. */
export function anyOf(key: Key): Keyshare {
  const [keyshare] = key.values()
  return keyshare!
}

/** The runs of a session about a key that exists. */
export function runsAbout(
  curve: Curve,
  { facts, keyState }: Pick<Keyshare, 'facts' | 'keyState'>,
  about: {
    readonly name: string
    readonly statement: Statement
    readonly participants: readonly Participant[]
  },
): Runs {
  const { name, statement, participants } = about
  const sid = sessionId({
    statement,
    networkId: ascii('vectors'),
    keyId: facts.keyId,
    epoch: facts.epoch,
    keyState,
    participants,
    acceptances: participants.map(({ x }) => vectorAcceptance(name, x)),
  })
  return new Map(
    participants.map((self) => {
      const randomness = vectorRandomness(name, self.x, curve)
      return [self.x, { sid, self, participants, curve, randomness }]
    }),
  )
}

export function refreshRuns(curve: Curve, key: Key, epoch: number, name = 'refresh'): Runs {
  const { participants } = anyOf(key).facts
  const statement = { purpose: 'refresh', newEpoch: epoch } as const
  return runsAbout(curve, anyOf(key), { name, statement, participants })
}

/** The whole of it, where no party has anything to make durable in between. */
export function* refreshing(run: Run, old: Keyshare, epoch: number): Protocol<Keyshare> {
  return yield* confirmKey(run, yield* prepareRefresh(run, old, epoch))
}

/** The key of the next epoch; `refreshKey(curve, makeKey(...))` is that of the vectors. */
export function refreshKey(curve: Curve, key: Key, name = 'refresh', tamper?: Tamper): Key {
  const epoch = anyOf(key).facts.epoch + 1
  const runs = refreshRuns(curve, key, epoch, name)
  const parties = [...runs].map(([x, run]) => [x, refreshing(run, key.get(x)!, epoch)] as const)
  return driveAll(new Map(parties), tamper)
}

export interface ReshareSetup {
  readonly dealers: readonly number[]
  readonly receivers: readonly Participant[]
  readonly threshold: number
  readonly name?: string
}

/** What all participants of a reshare agreed on. */
export function reshareTerms(key: Key, setup: ReshareSetup): ReshareTerms {
  const { facts: old, keyState } = anyOf(key)
  const { threshold, receivers } = setup
  const dealers = setup.dealers.map(parseParty)
  return { old, keyState, epoch: old.epoch + 1, threshold, dealers, receivers }
}

export function reshareRuns(curve: Curve, key: Key, terms: ReshareTerms, name = 'reshare'): Runs {
  const { old, epoch, threshold, dealers, receivers } = terms
  const holders = old.participants.filter(({ x }) => dealers.includes(x))
  return runsAbout(curve, anyOf(key), {
    name,
    statement: {
      purpose: 'reshare',
      newEpoch: epoch,
      newThreshold: threshold,
      dealers,
      receivers: receivers.map(({ x }) => x),
    },
    participants: joinParticipants(holders, receivers),
  })
}

/** The whole of it; nothing for a dealer that receives nothing. */
export function* resharing(
  run: Run,
  terms: ReshareTerms,
  own?: Keyshare,
): Protocol<Keyshare | undefined> {
  const pending = yield* prepareReshare(run, terms, own)
  return pending && (yield* confirmKey(run, pending))
}

export function resharingProtocols(
  curve: Curve,
  key: Key,
  setup: ReshareSetup,
): ReadonlyMap<Party, Protocol<Keyshare | undefined>> {
  const terms = reshareTerms(key, setup)
  const runs = reshareRuns(curve, key, terms, setup.name)
  const own = (x: Party) => (terms.dealers.includes(x) ? key.get(x) : undefined)
  return new Map([...runs].map(([x, run]) => [x, resharing(run, terms, own(x))]))
}

/** The shares of the receivers. */
export function reshareKey(curve: Curve, key: Key, setup: ReshareSetup, tamper?: Tamper): Key {
  const held = driveAll(resharingProtocols(curve, key, setup), tamper)
  return new Map([...held].flatMap(([x, one]) => (one === undefined ? [] : [[x, one] as const])))
}

/** The runs of an import; there is no state of the key yet. */
export function importRuns(
  curve: Curve,
  { threshold, participants }: ImportHolders,
  commitments: Uint8Array,
): Runs {
  const sid = sessionId({
    statement: { purpose: 'import', threshold, nodes: participants.length, commitments },
    networkId: ascii('vectors'),
    keyId: KEY_ID,
    epoch: 1,
    keyState: new Uint8Array(),
    participants,
    acceptances: participants.map(({ x }) => vectorAcceptance('import', x)),
  })
  return new Map(
    participants.map((self) => {
      const randomness = vectorRandomness('import', self.x, curve)
      return [self.x, { sid, self, participants, curve, randomness }]
    }),
  )
}

export interface ImportSource {
  readonly threshold: number
  readonly participants: readonly Participant[]
  readonly secret: Scalar
  readonly chainCode: Uint8Array
}

/** What the dealer gives out; it draws as party 0. */
export function dealingOf(curve: Curve, source: ImportSource): DealtImport {
  const { threshold, participants, secret, chainCode } = source
  const holders = { keyId: KEY_ID, threshold, participants }
  using key = new Secret(curve.scalars.add(secret, curve.scalars.zero))
  return dealImport(curve, vectorRandomness('import', 0, curve), holders, { key, chainCode })
}

/** The keyshares of a key that somebody had; not refreshed. */
export function importKey(curve: Curve, source: ImportSource, tamper?: Tamper): Key {
  const { threshold, participants, chainCode } = source
  const holders = { keyId: KEY_ID, threshold, participants }
  const { dealing, shares } = dealingOf(curve, source)
  const commitments = importDigest(holders, dealing)
  const approved = { publicKey: dealing.coefficients[0]!, chainCode, commitments }
  const terms = { keyId: KEY_ID, epoch: 1, threshold, approved }
  const runs = importRuns(curve, holders, commitments)
  const pending = new Map(
    [...runs].map(([x, run]) => [x, acceptImport(run, terms, dealing, shares.get(x)!)] as const),
  )
  return confirmAll(runs, pending, tamper)
}

/** The runs of an export by exactly these holders. */
export function exportRuns(
  curve: Curve,
  key: Key,
  exporters: readonly number[],
  name = 'export',
): Runs {
  const { participants: holders } = anyOf(key).facts
  const participants = holders.filter(({ x }) => exporters.includes(x))
  const recipient = sha256(ascii('mpc1 vector recipient'))
  return runsAbout(curve, anyOf(key), {
    name,
    statement: { purpose: 'export', recipient },
    participants,
  })
}

/** The part of each exporter. */
export function exportParts(
  curve: Curve,
  key: Key,
  exporters: readonly number[],
  pairings: ReadonlyMap<Party, ReadonlyMap<Party, Pairing>>,
): ReadonlyMap<Party, Secret> {
  return new Map(
    [...exportRuns(curve, key, exporters)].map(([x, run]) => {
      const job = { keyshare: key.get(x)!, pairings: pairings.get(x)! }
      return [x, exportPart(run, job)]
    }),
  )
}

/** Of those who received a share: everyone confirms. */
export function confirmAll(
  runs: Runs,
  pending: ReadonlyMap<Party, PendingKey>,
  tamper?: Tamper,
): Key {
  const parties = [...pending].map(([x, one]) => [x, confirmKey(runs.get(x)!, one)] as const)
  return driveAll(new Map(parties), tamper)
}
