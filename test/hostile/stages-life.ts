/**
 * The stages of a key's later life: refresh, reshare to other holders, the confirmation of an
 * imported key, and export, where every exporter also does what the recipient does.
 */

import { type Curve, requirePoint, type Scalar } from '../../signer-node/dkls23/curve.ts'
import { nobleCurve } from '../../signer-node/dkls23/curve-noble.ts'
import { exportPart, openExport } from '../../signer-node/dkls23/exporting.ts'
import { acceptImport, dealImport, importDigest } from '../../signer-node/dkls23/importing.ts'
import { confirmKey, confirmRound } from '../../signer-node/dkls23/keygen.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import {
  decodeAs,
  encodeAs,
  group,
  type Layout,
  list,
  point,
  scalar,
} from '../../signer-node/dkls23/layout.ts'
import type { Pairing } from '../../signer-node/dkls23/pairing.ts'
import { CHAIN_CODE_BYTES } from '../../signer-node/dkls23/params.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import {
  broadcast,
  type Protocol,
  peersOf,
  type Round,
  type Run,
  roundOf,
} from '../../signer-node/dkls23/protocol.ts'
import { equalBytes, Secret } from '../../signer-node/dkls23/secret.ts'
import { KEY_ID } from '../kit/keys.ts'
import {
  exportRuns,
  importRuns,
  type Key,
  refreshing,
  refreshRuns,
  resharingProtocols,
} from '../kit/lifecycle.ts'
import { dealPairings } from '../kit/pairings.ts'
import { nodes, vectorRandomness } from '../kit/protocol.ts'
import { dkgKey, keysharesOf } from '../kit/signing.ts'
import { judgeKeyshares, none, refreshed, roundsOf, type Show, type Stage } from './stage.ts'

/** The same key with other shares. */
function judgeNewShares(curve: Curve, old: Key, results: readonly Keyshare[]): string {
  const [before] = old.values()
  const isOther = results.some(
    ({ facts }) => before !== undefined && !equalBytes(facts.publicKey, before.facts.publicKey),
  )
  return isOther ? 'the key is another' : judgeKeyshares(curve, results)
}

export function refresh(curve: Curve): Stage {
  const begin = (session: string, key = keysharesOf(curve, dkgKey)): Show => {
    const [first] = key.values()
    const epoch = (first?.facts.epoch ?? 0) + 1
    const runs = refreshRuns(curve, key, epoch, session)
    return {
      deaths: [],
      protocols: new Map(
        [...key].map(([x, old]) => [x, refreshing(of(runs, x), old, epoch)] as const),
      ),
      isChosen: none,
      judge: (results) => judgeNewShares(curve, key, results as readonly Keyshare[]),
    }
  }
  return {
    name: 'refresh 2 of 3',
    curve,
    parties: [1, 2, 3].map(parseParty),
    corruptMax: 1,
    rounds: roundsOf(curve, 2, ['refresh', 'key confirm']),
    begin,
    foreign: () => begin('another epoch', keysharesOf(curve, refreshed)),
  }
}

/** Two of three deal to five, of whom three sign from then on. */
export function reshare(curve: Curve): Stage {
  const begin = (session: string, key = keysharesOf(curve, dkgKey)): Show => ({
    deaths: [],
    protocols: resharingProtocols(curve, key, {
      dealers: [1, 2],
      receivers: nodes(1, 2, 4, 5, 6),
      threshold: 3,
      name: session,
    }),
    isChosen: none,
    judge: (results) => judgeNewShares(curve, key, results as readonly Keyshare[]),
  })
  return {
    name: 'reshare 2 of 3 to 3 of 5',
    curve,
    parties: [1, 2, 4, 5, 6].map(parseParty),
    corruptMax: 1,
    rounds: roundsOf(curve, 3, ['reshare', 'key confirm']),
    begin,
    foreign: () => begin('another epoch', keysharesOf(curve, refreshed)),
  }
}

interface ExportPart {
  readonly part: Scalar
  readonly fragments: readonly Uint8Array[]
}

/** One part for a recipient, t exporters. */
function partLayout(curve: Curve, exporters: number): Layout<ExportPart> {
  return group<ExportPart>({
    part: scalar(curve),
    fragments: list<Uint8Array>(exporters - 1, point(curve) as Layout<Uint8Array>),
  })
}

export function partRound(curve: Curve, exporters: number): Round<ExportPart> {
  return roundOf(1, 'export part', partLayout(curve, exporters))
}

export function exporting(curve: Curve): Stage {
  const pairings = dealPairings([1, 2])
  const begin = (session: string, key = keysharesOf(curve, dkgKey)): Show => {
    const runs = exportRuns(curve, key, [1, 2], session)
    return {
      deaths: [],
      protocols: new Map(
        [...runs].map(([x, run]) => [x, exportAndOpen(run, key, pairings.get(x) ?? new Map())]),
      ),
      isChosen: none,
      judge: (results) => judgeSecrets(key, results as readonly Secret<Scalar>[]),
    }
  }
  return {
    name: 'export by 2 of 3',
    curve,
    parties: [1, 2].map(parseParty),
    corruptMax: 1,
    rounds: new Map<number, Round<unknown>>([[1, partRound(curve, 2)]]),
    begin,
    foreign: () => begin('another epoch', keysharesOf(curve, refreshed)),
  }
}

function* exportAndOpen(
  run: Run,
  key: Key,
  pairings: ReadonlyMap<Party, Pairing>,
): Protocol<Secret<Scalar>> {
  const { curve, self, participants } = run
  const keyshare = of(key, self.x)
  const layout = partLayout(curve, participants.length)
  const own = exportPart(run, { keyshare, pairings })
  const round = partRound(curve, participants.length)
  const theirs = yield* broadcast(round, peersOf(run), decodeAs(layout, own.bytes))
  const parts = new Map(
    participants.map(({ x }) => {
      const part = theirs.get(x)
      return [x, part === undefined ? own : new Secret(encodeAs(layout, part))]
    }),
  )
  return openExport(curve, keyshare, parts)
}

function judgeSecrets(key: Key, secrets: readonly Secret<Scalar>[]): string {
  const [keyshare] = key.values()
  const { points } = nobleCurve()
  const isKey = secrets.every(({ bytes }) =>
    points.equal(points.multiplyBase(bytes), keyshare?.facts.publicKey),
  )
  return isKey ? '' : 'what was exported is not the key'
}

/** An imported key has only its confirmation between nodes; another session imports another key. */
export function importing(curve: Curve): Stage {
  const participants = nodes(1, 2, 3)
  const holders = { keyId: KEY_ID, threshold: 2, participants }
  const begin = (session: string): Show => {
    const dealer = vectorRandomness(`import ${session}`, 0, curve)
    using key = new Secret(dealer.scalar('r'))
    const chainCode = dealer.bytes('cc', CHAIN_CODE_BYTES)
    const { dealing, shares } = dealImport(curve, dealer, holders, { key, chainCode })
    const commitments = importDigest(holders, dealing)
    const publicKey = requirePoint(dealing.coefficients[0])
    const terms = { ...holders, epoch: 1, approved: { publicKey, chainCode, commitments } }
    const runs = importRuns(curve, holders, commitments)
    const pending = [...runs].map(([x, run]) => {
      return [x, run, acceptImport(run, terms, dealing, of(shares, x))] as const
    })
    return {
      deaths: [],
      protocols: new Map(pending.map(([x, run, one]) => [x, confirmKey(run, one)])),
      isChosen: none,
      judge: (results) => judgeKeyshares(curve, results as readonly Keyshare[]),
    }
  }
  return {
    name: 'import 2 of 3',
    curve,
    parties: [1, 2, 3].map(parseParty),
    corruptMax: 1,
    rounds: new Map<number, Round<unknown>>([[1, confirmRound(curve, 1)]]),
    begin,
    foreign: () => begin('another epoch'),
  }
}

function of<T>(map: ReadonlyMap<Party, T>, x: Party): T {
  const value = map.get(x)
  if (value === undefined) throw new RangeError(`there is nothing of party ${x}`)
  return value
}
