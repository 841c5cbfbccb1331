// Making a key: all nodes, one new epoch a try, and a line only when all n confirmed the same key.
import { afterEach, describe, expect, it } from 'vitest'
import { confirmDocument } from '../../policy/audit/key-confirm.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { ed25519Signer } from '../../proto/crypto.ts'
import { writeSigned } from '../../proto/frames.ts'
import { parseHandle, parseVaultId } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { seedOf } from '../policy/dev-fixture.ts'
import { type House, type HouseOptions, houseOn } from './house.ts'
import { scriptedNode } from './scripted-node.ts'
import { pgliteEngine } from './store-kit.ts'
import { nodes, testClock, vaultRow } from './world.ts'

const engine = pgliteEngine()
const houses: House[] = []

afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

async function built(options: HouseOptions = {}): Promise<House> {
  const house = await houseOn(await engine.fresh(), { keys: [], ...options })
  houses.push(house)
  return house
}

async function create(house: House, vault = 'hot') {
  let result: Awaited<ReturnType<House['coordinator']['keys']['create']>> | undefined
  house.coordinator.keys.create(parseVaultId(vault)).then((made) => {
    result = made
  })
  await house.until('an answer', () => result !== undefined)
  return result
}

const keygens = (house: House) =>
  house.nodes[0]!.received.flatMap((frame) =>
    frame.frame === 'prepare' ? [new TextDecoder().decode(frame.prepare.keygen)] : [],
  )

describe('the key of a vault', () => {
  it('is in force when every node has confirmed it', async () => {
    const house = await built()
    expect(await create(house)).toMatchObject({ vault: 'hot', t: 2, epoch: 1 })
    const row = await house.coordinator.driver.copy.read(get(tables.vault, 'hot'))
    expect(row?.participants.map(({ node }) => node)).toEqual(nodes)
    expect(await create(house)).toMatchObject({ code: 'KEY_EXISTS' })
  })

  it('is made for vaults of the policy only, and for cold ones at a ceremony', async () => {
    const house = await built()
    expect(await create(house, 'lost')).toMatchObject({ code: 'VAULT_NOT_FOUND' })
    expect(await create(house, 'cold')).toMatchObject({ code: 'NOT_SUPPORTED' })
  })

  it('needs every node, and says who is missing', async () => {
    const clock = testClock()
    const two = nodes.slice(0, 2).map((name) => scriptedNode(name, clock))
    const house = await built({ clock, nodes: two })
    const refused = await create(house)
    expect(refused).toMatchObject({ code: 'NOT_ENOUGH_SIGNERS' })
    expect(isRefusal(refused) && refused.because).toContain('signer-c')
  })

  it('is tried again under a higher epoch when a node had prepared this one', async () => {
    const house = await built()
    house.nodes[1]!.script.refuseWith = 'EPOCH'
    const making = create(house)
    await house.until('a second try', () => keygens(house).length === 2)
    house.nodes[1]!.script.refuseWith = undefined
    expect(await making).toMatchObject({ vault: 'hot' })
    const epochs = keygens(house).map((text) => /"epoch":(\d+)/.exec(text)?.[1])
    expect(new Set(epochs).size).toBe(epochs.length)
  })

  it('is given up after a few tries, with what the nodes said', async () => {
    const house = await built()
    for (const node of house.nodes) node.script.refuseWith = 'BUSY'
    const refused = await create(house)
    expect(refused).toMatchObject({ kind: 'refused', code: 'REFUSED' })
    expect(isRefusal(refused) && refused.because).toContain('BUSY')
    expect(keygens(house).length).toBeLessThanOrEqual(4)
    for (const node of house.nodes) {
      node.script.refuseWith = undefined
      node.script.stopWith = { reason: 'VIEW' }
    }
    expect(await create(house)).toMatchObject({ code: 'VIEW' })
  })

  it('is made once at a time', async () => {
    const house = await built()
    for (const node of house.nodes) node.script.silent = true
    const first = create(house)
    const second = await house.coordinator.keys.create(parseVaultId('hot'))
    expect(second).toMatchObject({ code: 'BUSY' })
    for (const node of house.nodes) node.script.silent = false
    expect(await first).toMatchObject({ vault: 'hot' })
  })

  it('comes into force by confirmations that come late, and not by those that differ', async () => {
    const house = await built()
    const confirm = (name: string, row = { ...vaultRow('hot'), epoch: 3 }, by = name) => {
      const key = ed25519Signer(seedOf(by))
      const signed = sign(tags.confirm, confirmDocument(row, name), parseHandle(by), key)
      const node = house.nodes.find((one) => one.name === by)
      node?.send({
        frame: 'keyConfirm',
        keyConfirm: { sid: new Uint8Array(32), confirm: writeSigned(signed) },
      })
    }
    confirm('signer-a')
    confirm('signer-b')
    confirm('signer-b')
    confirm('signer-c', { ...vaultRow('hot'), epoch: 4 })
    confirm('signer-c', { ...vaultRow('hot'), epoch: 3 }, 'signer-a')
    await house.pass(500)
    const row = () => house.coordinator.driver.copy.read(get(tables.vault, 'hot'))
    expect(await row()).toBeUndefined()
    expect(house.events.some(({ name }) => name === 'node.answer')).toBe(true)
    confirm('signer-c')
    await house.until('the key', async () => (await row()) !== undefined)
    expect((await row())?.epoch).toBe(3)
  })
})
