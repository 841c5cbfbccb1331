// A key that leaves a whole house: asked for, approved by people, consented to by t holders, in the
// log before anything else; then each exporter's sealed part, gathered by the coordinator, and the
// key in the hands of its recipient alone.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../../proto/crypto.ts'
import type { NodeFrame } from '../../proto/frames.ts'
import type { Digest } from '../../proto/ids.ts'
import { type House, names } from '../kit/house.ts'
import {
  about,
  approved,
  ask,
  keyOf,
  pay,
  pays,
  refreshOf,
  sharesOf,
} from '../kit/house-changes.ts'
import { breaches, linesOf } from '../kit/house-checks.ts'
import { contentsOf, exportOf, open, openedPublicKey, parcelOf } from '../kit/house-exports.ts'
import { openHouse, ready } from '../kit/house-open.ts'

let house: House
let first: Digest
beforeAll(async () => {
  house = await openHouse({ seed: 'export' })
})
afterAll(() => house.close())

const publicKey = async () => toHex((await keyOf(house)).publicKey)

describe('a key that people let go', () => {
  it('comes whole to its recipient after its line, and signs no more', async () => {
    await pays(house)
    const parts: { readonly frame: NodeFrame; readonly lines: number }[] = []
    house.up = ({ node }, frame) => {
      const { size } = house.at(node).node.status()
      if (frame.frame === 'exportPart') parts.push({ frame, lines: size })
      return frame
    }
    first = await approved(house, await exportOf(house))
    await house.untilState(first, 'ACTIVE')
    const parcel = await parcelOf(house)
    expect(openedPublicKey(parcel)).toBe(await publicKey())
    const [line] = linesOf(await house.story(first), 'key.exported')
    expect(parts).toHaveLength(2)
    for (const { lines } of parts) expect(lines).toBeGreaterThan(line!.seq)
    expect(await keyOf(house)).toMatchObject({ standing: 'exported', exported: true })
    const late = await pay(house)
    await house.pass(5_000)
    expect(await house.state(late)).toBe('WAITING')
    expect(house.record.sharesOf(late)).toEqual([])
    expect(await breaches(house)).toEqual([])
  })

  it('is neither refreshed nor reshared, and says so to whoever asks', async () => {
    expect(await house.state(await ask(house, await refreshOf(house)))).toBe('DENIED')
    const { epoch: from, keyState, participants, t } = await keyOf(house)
    const dealers = participants.map(({ node }) => node)
    const terms = { from, keyState, dealers, participants, t }
    const id = await ask(house, { ...about(house), op: 'key.reshare', terms })
    expect(await house.state(id)).toBe('DENIED')
    const again = await ask(house, await exportOf(house))
    expect(await house.state(again)).toBe('AWAITING_APPROVAL')
  })

  it('counts on nobody who lost its share, whatever its coordinator hears of it', async () => {
    const [a] = names as [string]
    const directory = house.at(a).directory('keyshares')
    house.at(a).stop()
    await house.pass(1_000)
    renameSync(directory, `${directory}.away`)
    mkdirSync(directory)
    house.at(a).start()
    // As a liar would say it for the node: it holds the key.
    const keys = [{ vault: 'hot', key: 'k-hot', epoch: (await keyOf(house)).epoch }]
    house.up = ({ node }, frame) => {
      if (node !== a) return frame
      if (frame.frame === 'state') return { ...frame, state: { ...frame.state, keys } }
      if (frame.frame !== 'hello') return frame
      return { ...frame, hello: { ...frame.hello, state: { ...frame.hello.state, keys } } }
    }
    await ready(house)
    const id = await approved(house, await exportOf(house))
    await house.untilState(id, 'ACTIVE')
    const [line] = linesOf(await house.story(id), 'key.exported')
    expect(line?.body.confirms.map(({ node }) => node)).toEqual(names.slice(1))
    const said = house.record.refused.filter(({ node }) => node === a)
    expect(said.at(-1)?.value).toMatchObject({ code: 'EPOCH', warrant: expect.any(String) })
    house.up = (_place, frame) => frame
    house.at(a).stop()
    await house.pass(1_000)
    rmdirSync(directory)
    renameSync(`${directory}.away`, directory)
    house.at(a).start()
    await ready(house)
  })

  it('is marked in the file of every holder, and stays so over a restart', async () => {
    const marked = () => house.record.events.filter(({ name }) => name === 'keyshare-exported')
    expect(
      marked()
        .map(({ process }) => process)
        .sort(),
    ).toEqual([...names])
    for (const name of names) house.at(name).stop()
    await house.pass(1_000)
    for (const name of names) house.at(name).start()
    await house.until('they hold it', () =>
      names.every((name) => house.at(name).node.status().vaults.includes('hot')),
    )
    expect(marked()).toHaveLength(names.length)
    for (const name of names) expect(sharesOf(house, name)).toHaveLength(1)
  })

  it('goes to another recipient by another approved change, and not to the first again', async () => {
    const id = await approved(house, await exportOf(house, 'sam'))
    await house.untilState(id, 'ACTIVE')
    const parcel = await parcelOf(house)
    expect(() => open(parcel, 'rita')).toThrow('to another recipient')
    expect(openedPublicKey(parcel, 'sam')).toBe(await publicKey())
    const send = (change: Digest) => {
      for (const node of names) {
        const requestPart = { ticket: new Uint8Array(16), change, anew: false }
        house.someCoordinator.links.send(node, { frame: 'requestPart', requestPart })
      }
    }
    const said: string[] = []
    house.up = (_place, frame) => {
      said.push(frame.frame)
      return frame
    }
    send(first)
    await house.pass(2_000)
    expect(said.filter((kind) => kind === 'refused')).toHaveLength(names.length)
    expect(said).not.toContain('exportPart')
    send(id)
    await house.pass(2_000)
    expect(said.filter((kind) => kind === 'exportPart')).toHaveLength(2)
  })

  it('stands in no file, no event and no database, nor does any part of it', async () => {
    const secrets = contentsOf(await parcelOf(house), 'sam')
    expect(secrets).toHaveLength(3)
    const places = [...filesIn(house.home), Buffer.from(JSON.stringify(house.record.events))]
    const { rows } = await everything(house)
    const found = (needle: Uint8Array, hay: readonly Buffer[]) =>
      hay.some((bytes) => bytes.includes(Buffer.from(needle)) || bytes.includes(toHex(needle)))
    for (const secret of secrets) expect(found(secret, [...places, rows])).toBe(false)
    // What is looked for is found where it is.
    const planted = Buffer.concat([Buffer.from('x'), Buffer.from(toHex(secrets[0]!))])
    expect(found(secrets[0]!, [planted])).toBe(true)
    expect(found(Buffer.from((await keyOf(house)).publicKey), [rows])).toBe(true)
  })

  it('does not leave a house that is frozen', async () => {
    const size = linesOf(await house.entries(), 'key.exported').length
    expect(await house.freeze('oli', 'hot')).toBe('recorded')
    const id = await approved(house, await exportOf(house))
    await house.pass(10_000)
    expect(await house.state(id)).toBe('WAITING')
    expect(linesOf(await house.entries(), 'key.exported')).toHaveLength(size)
  })
})

function filesIn(directory: string): readonly Buffer[] {
  const all = readdirSync(directory, { recursive: true, withFileTypes: true })
  return all
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
}

/** Every row of every table of the coordinator, as text. */
async function everything({ store }: House): Promise<{ readonly rows: Buffer }> {
  const tables = await store.query(
    "select table_name from information_schema.tables where table_schema = 'public'",
  )
  const texts: string[] = []
  for (const { table_name: table } of tables) {
    const rows = await store.query(`select row_to_json(one)::text as row from "${table}" as one`)
    texts.push(...rows.map(({ row }) => String(row)))
  }
  return { rows: Buffer.from(texts.join('\n')) }
}
