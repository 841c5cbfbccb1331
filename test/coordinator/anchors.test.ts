// Anchors at the main log's coordinator: a head of the cold log counts by the signatures of that log,
// and only a larger one becomes a line.
import { afterEach, describe, expect, it } from 'vitest'
import {
  checkpointBody,
  cosignCheckpoint,
  formatNote,
  parseVkey,
  signCheckpoint,
} from '../../policy/audit/checkpoint.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { witnessesOf } from '../../policy/documents.ts'
import { ed25519Signer, sha256, toUtf8 } from '../../proto/crypto.ts'
import { seedOf, witnessKey } from '../policy/dev-fixture.ts'
import { root as cold, lights, origin, vkey } from './cold-house.ts'
import { type House, houseOn } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { start } from './world.ts'

const engine = pgliteEngine()
const houses: House[] = []
afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

const { digest, log, witness } = cold
const coldTrust = { root: digest, log, witnesses: witnessesOf(cold), q: witness.q }

interface Bent {
  readonly of?: string
  readonly by?: readonly string[]
  readonly name?: string
}

/** A head of the cold log; its tree is of no matter here. */
function head(size: number, { of = origin, by = lights, name = 'tree' }: Bent = {}): Uint8Array {
  const body = checkpointBody({ origin: of, size, root: sha256(toUtf8(`${name} of ${size}`)) })
  const key = ed25519Signer(seedOf('cold-log'))
  const given = by.map((node) => {
    const signer = ed25519Signer(seedOf(`${node}-witness`))
    return cosignCheckpoint(body, parseVkey(witnessKey(node)), start, signer)
  })
  return toUtf8(formatNote(body, [signCheckpoint(body, vkey, key), ...given]))
}

describe('a head of the cold log', () => {
  it('becomes a line where it is cosigned and larger than the last', async () => {
    const house = await houseOn(await engine.fresh(), { coldTrust, keys: [] })
    houses.push(house)
    const { anchors, proofs } = house.coordinator
    const first = await anchors.take(head(5))
    expect(first).toMatchObject({ size: 5 })
    expect(await anchors.take(head(5))).toEqual(first)
    const next = await anchors.take(head(9))
    expect(next).toMatchObject({ size: 9 })
    expect(await anchors.take(head(5))).toEqual(next)
    const lines = (await proofs.lines(0, 1_000)).map(parseEntry)
    const anchored = lines.filter(({ type }) => type === 'cold.anchored')
    expect(anchored.map(({ body }) => body)).toMatchObject([{ origin, size: 5 }, { size: 9 }])
    expect(await anchors.take(head(9, { name: 'other' }))).toMatchObject({ code: 'LOG_FORK' })
  })

  it('counts for nothing without its witnesses, of another log, or where none is pinned', async () => {
    const house = await houseOn(await engine.fresh(), { coldTrust, keys: [] })
    houses.push(house)
    const { anchors } = house.coordinator
    expect(await anchors.take(head(5, { by: ['light-a'] }))).toMatchObject({ code: 'COSIGN' })
    expect(await anchors.take(head(5, { of: 'another' }))).toMatchObject({ code: 'LOG_MALFORMED' })
    const alone = await houseOn(await engine.fresh(), { keys: [] })
    houses.push(alone)
    expect(await alone.coordinator.anchors.take(head(5))).toMatchObject({ code: 'CONFIG' })
  })
})
