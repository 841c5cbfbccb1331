// The end of a ban and the end of a key in a whole house: both asked for and approved by people,
// consented to by the nodes that will act on it, and in force by one line.
import { readdirSync, renameSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { parseNodeId, parseVaultId } from '../../proto/ids.ts'
import { Bans } from '../../signer-node/bans.ts'
import { Shield } from '../../signer-node/shield.ts'
import { type House, names } from '../kit/house.ts'
import { about, approved, ask, keyOf, pay, pays, sharesOf } from '../kit/house-changes.ts'
import { linesOf } from '../kit/house-checks.ts'
import { openHouse, ready } from '../kit/house-open.ts'

const [a, b] = [parseNodeId('signer-a'), parseNodeId('signer-b')]
let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'retire' })
})
afterAll(() => house.close())

const backupsOf = (name: string) => readdirSync(house.at(name).directory('backups'))

describe('a ban', () => {
  it('ends when people have approved it and the node that banned consents, and not before', async () => {
    const { store } = house.at(a)
    store.step(() => new Bans(store).ban(b, 'ot-check', house.time.now))
    await house.until('the log knows of it', async () => {
      return linesOf(await house.entries(), 'peer.banned').length > 0
    })
    const change = { ...about(house), vault: parseVaultId('all') }
    const terms = { node: a, peer: b }
    const open = await ask(house, { ...change, op: 'peer.readmit', terms })
    await house.pass(10_000)
    expect(house.at(a).node.status().banned).toEqual([b])
    expect(await house.state(open)).toBe('AWAITING_APPROVAL')
    const again = { ...about(house), vault: parseVaultId('all') }
    const id = await approved(house, { ...again, op: 'peer.readmit', terms })
    await house.untilState(id, 'ACTIVE')
    await house.until('it is lifted', () => house.at(a).node.status().banned.length === 0)
    await pays(house)
  })
})

describe('a key that is destroyed', () => {
  it('leaves no share and no backup anywhere, signs nothing, and stays so', async () => {
    await ready(house)
    const { epoch, keyState } = await keyOf(house)
    for (const name of names) expect(sharesOf(house, name)).toHaveLength(1)
    const volume = house.at(b).directory('backups')
    renameSync(volume, `${volume}.away`)
    const forgotten = vi.spyOn(Shield.prototype, 'forget')
    const terms = { epoch, keyState }
    const id = await approved(house, { ...about(house), op: 'key.destroy', terms })
    await house.untilState(id, 'ACTIVE')
    await house.until('nothing is left', () =>
      names.every((name) => sharesOf(house, name).length === 0),
    )
    expect(forgotten).toHaveBeenCalledTimes(names.length)
    forgotten.mockRestore()
    // A volume that is away is an alarm, once; its backup goes when it is back.
    await house.pass(5_000)
    const left = house.record.events.filter(({ name }) => name === 'keyshare-left')
    expect(left).toMatchObject([{ process: b, level: 'alarm' }])
    renameSync(`${volume}.away`, volume)
    await house.until('no backup is left', () =>
      names.every((name) => backupsOf(name).length === 0),
    )
    expect((await keyOf(house)).standing).toBe('disabled')
    const [line] = linesOf(await house.story(id), 'key.disabled')
    expect(line?.body.confirms.length).toBeGreaterThanOrEqual(2)
    const late = await pay(house)
    await house.pass(10_000)
    expect(await house.state(late)).toBe('WAITING')
    house.at(a).stop()
    await house.pass(1_000)
    house.at(a).start()
    await house.until('it is ready', () => house.at(a).node.status().state === 'ready')
    expect(house.at(a).node.status().vaults).toEqual([])
  })
})
