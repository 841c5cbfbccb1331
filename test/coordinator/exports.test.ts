// The coordinator and the parts of an exported key: what it keeps and what it does not, when it
// asks whom, and what it answers. Nodes are scripted; what stands in for a part is as real as its
// signature, which is all that a coordinator can see of one.
import { afterEach, describe, expect, it } from 'vitest'
import { handlersFor } from '../../coordinator/service.ts'
import { readParts } from '../../coordinator/store/export-parts.ts'
import { writeHistory } from '../../coordinator/store/history.ts'
import { put, tables } from '../../policy/audit/tables.ts'
import { ed25519Signer, plainDigest, toHex, toUtf8 } from '../../proto/crypto.ts'
import { exportPartKind } from '../../proto/export-documents.ts'
import { writeSigned } from '../../proto/frames.ts'
import { parseHandle, parseNodeId, parseVaultId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { kinds, signBy } from '../../proto/node-documents.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { digestFor, seedOf } from '../policy/dev-fixture.ts'
import { type House, houseOn } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { anyDigest, nodes, origin, root, vaultRow } from './world.ts'

const engine = pgliteEngine()
const houses: House[] = []
afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

const [a, b, c] = nodes as [string, string, string]
const change = anyDigest('the export')
const hot = vaultRow('hot')
const vault = parseVaultId('hot')
const recipient = new Uint8Array(32).fill(5)
const exporters = [a, b].map(parseNodeId)
const line = { seq: 1, t: 1, change, keyState: hot.keyState, nodes: exporters, recipient, vault }
const caller = { role: 'operator', id: parseHandle('ops'), pin: digestFor('tls/ops') } as const

/** As a lawful line leaves the rows. */
async function exported(house: House): Promise<void> {
  const standing = { standing: 'exported', imported: false, exported: true } as const
  await writeHistory(house.store, origin, [
    put(tables.exported, 'hot', line),
    put(tables.vault, 'hot', { ...hot, ...standing }),
  ])
}

async function built(): Promise<House> {
  const house = await houseOn(await engine.fresh())
  houses.push(house)
  await exported(house)
  return house
}

function partOf(name: string, change_: JsonObject = {}, file = `sealed by ${name}`) {
  const [node, sealed] = [parseNodeId(name), toUtf8(file)]
  const document = {
    ...{ format: 'custody-export-part/v1', org: root.org, env: root.env, node: name },
    ...{ x: nodes.indexOf(name) + 1, vault: 'hot', key: hot.key, epoch: hot.epoch },
    ...{ keyState: hot.keyState, change, seq: 1, recipient: toHex(recipient) },
    exporters: [...exporters],
    pairings: { [name === a ? b : a]: digestFor('the pairing') },
    facts: '',
    sealed: plainDigest(sealed),
    ...change_,
  }
  const signed = signBy(exportPartKind, document, { node, sign: ed25519Signer(seedOf(name)) })
  const statement = writeSigned(signed)
  return {
    frame: 'exportPart',
    exportPart: { ticket: new Uint8Array(16), statement, sealed },
  } as const
}

const give = (house: House, by: string, part = partOf(by)) =>
  house.nodes.find(({ name }) => name === by)?.send(part)
const kept = async (house: House) =>
  (await readParts(house.store, change)).map(({ statement }) => statement.credential)
const askedOf = (house: House, name: string) =>
  house.nodes
    .find((node) => node.name === name)!
    .received.flatMap((frame) => (frame.frame === 'requestPart' ? [frame.requestPart] : []))
const fetch = async (house: House) =>
  handlersFor(house.coordinator).VaultService.GetExport({ vault: 'hot' }, caller)

describe('parts of an exported key', () => {
  it('are asked of the exporters of the line, and kept until they are fetched', async () => {
    const house = await built()
    await house.until('both were asked', () =>
      [a, b].every((name) => askedOf(house, name).length > 0),
    )
    expect(askedOf(house, a)[0]).toMatchObject({ change, anew: false })
    expect(askedOf(house, c)).toEqual([])
    give(house, a)
    await house.until('one is kept', async () => (await kept(house)).length === 1)
    const early = await fetch(house)
    expect(isRefusal(early) && early.because).toContain(`not there: ${b}`)
    give(house, b)
    await house.until('both are kept', async () => (await kept(house)).length === 2)
    const found = await fetch(house)
    if (isRefusal(found)) throw new Error(found.because)
    expect(found.parts.map(({ sealed }) => Buffer.from(sealed).toString())).toEqual([
      `sealed by ${a}`,
      `sealed by ${b}`,
    ])
    await house.pass(2_000)
    const so = askedOf(house, a).length
    await house.jump(120_000)
    expect(askedOf(house, a)).toHaveLength(so)
  })

  it('that do not fit are asked for anew, of all, and the newer one takes the place', async () => {
    const house = await built()
    give(house, a)
    give(house, b, partOf(b, { pairings: { [a]: digestFor('another pairing') } }))
    await house.until('both are kept', async () => (await kept(house)).length === 2)
    await house.until('anew', () =>
      [a, b].every((name) => askedOf(house, name).some(({ anew }) => anew)),
    )
    const apart = await fetch(house)
    expect(isRefusal(apart) && apart.code).toBe('VIEW')
    give(house, b)
    await house.until('they fit', async () => !isRefusal(await fetch(house)))
    expect(await kept(house)).toHaveLength(2)
  })

  it('that were whole are asked for anew when one is replaced by one that does not fit', async () => {
    const house = await built()
    give(house, a)
    give(house, b)
    await house.until('they are whole', () =>
      house.events.some(({ name }) => name === 'export.whole'),
    )
    expect(askedOf(house, a).some(({ anew }) => anew)).toBe(false)
    give(house, b, partOf(b, { pairings: { [a]: digestFor('another pairing') } }))
    await house.until('anew', () =>
      [a, b].every((name) => askedOf(house, name).some(({ anew }) => anew)),
    )
    give(house, b)
    await house.until('they fit', async () => !isRefusal(await fetch(house)))
  })

  it('are asked for no more often by an exporter that keeps sending what does not fit', async () => {
    const house = await built()
    give(house, a)
    await house.until('one is kept', async () => (await kept(house)).length === 1)
    for (let at = 0; at < 40; at += 1) {
      give(house, b, partOf(b, { pairings: { [a]: digestFor(`pairing ${at}`) } }))
      await house.pass(500)
    }
    // 20 s: after 1, 2, 4 and 8 s.
    expect(askedOf(house, a).length).toBeLessThanOrEqual(7)
    give(house, b)
    await house.until('they fit', async () => !isRefusal(await fetch(house)))
  })

  it('are asked for again by a coordinator that starts later, with what was kept', async () => {
    const store = await engine.fresh()
    const first = await houseOn(store)
    await exported(first)
    give(first, a)
    await first.until('one is kept', async () => (await kept(first)).length === 1)
    await first.stop()
    const house = await houseOn(store, { keys: [] })
    houses.push(house)
    await house.until('the other one was asked', () => askedOf(house, b).length > 0)
    expect(askedOf(house, a)).toEqual([])
  })

  it('of a key that was destroyed since are asked of nobody', async () => {
    const house = await built()
    const gone = { standing: 'disabled', imported: false, exported: true } as const
    await writeHistory(house.store, origin, [put(tables.vault, 'hot', { ...hot, ...gone })])
    const before = nodes.map((name) => askedOf(house, name).length)
    await house.pass(5_000)
    expect(nodes.map((name) => askedOf(house, name).length)).toEqual(before)
  })

  it.each<[string, string, () => ReturnType<typeof partOf>]>([
    ['of another change', 'expected change', () => partOf(a, { change: anyDigest('other') })],
    ['of a node that exports nothing', 'none of the exporters', () => partOf(c)],
    ['with another file', 'is not the one', () => partOf(a, { sealed: anyDigest('other') })],
    ['of a vault that was not exported', 'was not exported', () => partOf(a, { vault: 'warm' })],
    [
      'that is too long',
      'too long',
      () => partOf(a, {}, 'x'.repeat(limits.sealedPartBytesMax + 1)),
    ],
  ])('are not kept when one is %s', async (_, because, part) => {
    const house = await built()
    const said = part()
    const { credential } = said.exportPart.statement
    give(house, credential, said)
    await house.until('it is reported', () =>
      house.events.some((event) => event.because?.includes(because) === true),
    )
    expect(await kept(house)).toEqual([])
    give(house, a)
    await house.until('the right one is kept', async () => (await kept(house)).length === 1)
  })

  it('are not kept under the name of another node', async () => {
    const house = await built()
    give(house, b, partOf(a))
    await house.until('it is reported', () =>
      house.events.some(({ because = '' }) => because.includes('the part of another')),
    )
    expect(await kept(house)).toEqual([])
  })

  it('that a node refuses are missing in its own words', async () => {
    const house = await built()
    await house.until('it was asked', () => askedOf(house, a).length > 0)
    const refusal = {
      ...{ format: 'custody-refusal/v1', org: root.org, env: root.env, node: a },
      ...{ intent: change, attempt: 0, warrant: '', check: 'session', code: 'FROZEN' },
      ...{ expected: 'frozen by the operator', got: '', size: 1, root: anyDigest('root') },
    }
    const by = { node: parseNodeId(a), sign: ed25519Signer(seedOf(a)) }
    const { ticket } = askedOf(house, a).at(-1)!
    const refused = { ticket, refusal: writeSigned(signBy(kinds.refusal, refusal, by)) }
    house.nodes[0]!.send({ frame: 'refused', refused })
    await house.until('it is told', async () => {
      const found = await fetch(house)
      return isRefusal(found) && found.because.includes(`${a} FROZEN: frozen by the operator`)
    })
  })

  it('of a key that was never exported are a plain no', async () => {
    const house = await houseOn(await engine.fresh())
    houses.push(house)
    const found = await fetch(house)
    expect(isRefusal(found) && found.code).toBe('LINE_MISSING')
  })
})
