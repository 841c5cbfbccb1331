/**
 * Golden transcripts: the digest of every message of every protocol under the fixed randomness of
 * the vectors, so that a change of the wire is seen wherever it is made. Message by message:
 * run, round, sender, receiver, size, SHA-256.
 */

import { ascii } from '../../signer-node/dkls23/bytes.ts'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { importLayout } from '../../signer-node/dkls23/importing.ts'
import { encodeAs } from '../../signer-node/dkls23/layout.ts'
import { setUpPairing } from '../../signer-node/dkls23/pair-setup.ts'
import type { Pairing } from '../../signer-node/dkls23/pairing.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import { hashToScalar, sha256 } from '../../signer-node/dkls23/transcript.ts'
import { makeKey } from './keys.ts'
import { dealingOf, exportParts, importKey, type Key, refreshKey, reshareKey } from './lifecycle.ts'
import { pairRuns } from './pairings.ts'
import { driveAll, nodes, type Tamper, vectorRandomness } from './protocol.ts'
import { prepareSigning, signingProtocols } from './signing.ts'
import { freshSign } from './stepped.ts'
import { hex } from './vectors.ts'

/** By run, in the order in which the messages were sent. */
export type Transcripts = Readonly<Record<string, readonly string[]>>

const receivers = nodes(1, 2, 4, 5, 6)

export function transcripts(curve: Curve): Transcripts {
  const runs = new Map<string, string[]>()
  const listenTo = (run: string): Tamper => {
    const lines: string[] = []
    runs.set(run, lines)
    return (round, from, to, bytes) => {
      lines.push(`${round} ${from} to ${to}: ${named(bytes)}`)
      return bytes
    }
  }
  const pairings = pairAll(curve, listenTo)
  const made = makeKey(curve, 2, [1, 2, 3], listenTo('dkg'))
  const refreshed = refreshKey(curve, made, 'refresh', listenTo('refresh'))
  const setup = { dealers: [1, 3], receivers, threshold: 3 }
  reshareKey(curve, refreshed, setup, listenTo('reshare'))
  const signing = { curve, name: 'sign', signers: [1, 2], keyshares: made, pairings }
  const shares = driveAll(signingProtocols(signing), listenTo('sign'))
  runs.get('sign')?.push(...[...shares].map(([x, { u, w }]) => `3 ${x}: ${named(u, w)}`))
  driveAll(freshSigning(curve, made), listenTo('fresh'))

  const secret = hashToScalar(curve, 'gadget', 'imported')
  const chainCode = sha256(ascii('mpc1 vector imported chain code'))
  const source = { threshold: 2, participants: nodes(1, 2, 3), secret, chainCode }
  importKey(curve, source, listenTo('import'))
  const { dealing, shares: dealt } = dealingOf(curve, source)
  runs
    .get('import')
    ?.unshift(
      `dealing: ${named(encodeAs(importLayout(curve, 2), dealing))}`,
      ...[...dealt].map(([x, { bytes }]) => `share of ${x}: ${named(bytes)}`),
    )
  const parts = exportParts(curve, made, [1, 2], pairings)
  runs.set(
    'export',
    [...parts].map(([x, { bytes }]) => `part of ${x}: ${named(bytes)}`),
  )
  return Object.fromEntries(runs)
}

function pairAll(
  curve: Curve,
  listenTo: (run: string) => Tamper,
): ReadonlyMap<Party, ReadonlyMap<Party, Pairing>> {
  const runs = pairRuns(curve, [1, 2])
  const setups = [...runs].map(([x, run]) => [x, setUpPairing(run, () => {})] as const)
  const made = driveAll<Pairing>(new Map(setups), listenTo('pair-1-2'))
  return new Map([...made].map(([x, pairing]) => [x, new Map([[pairing.peer.x, pairing]])]))
}

function freshSigning(curve: Curve, keyshares: Key) {
  const setup = { curve, name: 'fresh', signers: [1, 2], keyshares, pairings: new Map() }
  return new Map(
    [...prepareSigning(setup)].map(([x, { run, job }]) => {
      const peer = parseParty(3 - x)
      const randomness = new Map([[peer, vectorRandomness(`fresh with ${peer}`, x, curve)]])
      return [x, freshSign(run, { ...job, randomness, recordDeath: () => {} })] as const
    }),
  )
}

function named(...parts: readonly Uint8Array[]): string {
  const bytes = Buffer.concat(parts)
  return `${bytes.length} bytes ${hex(sha256(bytes))}`
}
