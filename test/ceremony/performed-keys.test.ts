// A key of a cold vault through its life, each sitting from the plan to the log: made, proved,
// dealt anew to the same holders, proved again, and the Seals of the epoch that is over destroyed.
import { describe, expect, it } from 'vitest'
import { sharesOn } from '../../signer-node/ceremony/medium.ts'
import { about, inForce, lastOf, proof, sitting } from '../kit/key-sittings.ts'
import { staged, theStations } from '../kit/room-played.ts'

staged()

/** Of each station, on the medium that no keystore works on. */
const names = (): readonly (readonly string[])[] =>
  theStations().map(({ home }) => sharesOn(`${home}/b`).map(({ name }) => name))
const epochs = (medium: 'a' | 'b'): readonly (readonly number[])[] =>
  theStations().map(({ home }) => sharesOn(`${home}/${medium}`).map(({ epoch }) => epoch))

describe('a key of a cold vault', () => {
  it('is made, and proved in a drill of a sitting of its own', async () => {
    await sitting('genesis', { ...about(), op: 'key.create', terms: {} })
    const now = await inForce('key.created')
    const bowl = { scenarios: ['theft', 'custodian'] } as const
    const lost = 'custodian ben'
    const { request, seats } = await sitting('drill', proof(now), bowl, undefined, lost)
    const said = seats.get('node-2')?.said.join('\n') ?? ''
    expect(said).not.toContain('D-4')
    expect(said).toContain('C-4')
    expect(await lastOf('key.proved')).toMatchObject({ change: request, epoch: 1 })
  }, 180_000)

  it('is dealt anew, and until the log says so nothing of the old epoch goes', async () => {
    const before = await inForce('key.created')
    const change = { ...about(), op: 'key.refresh', terms: before } as const
    const { said } = await sitting('reshare', change, { tBefore: 2 })
    expect(epochs('b'), said.join('\n')).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ])
    expect(names()).toEqual(Array(3).fill(['cold.1.keyshare', 'cold.2.pending.keyshare']))
    expect(await lastOf('key.refreshed')).toMatchObject({ epoch: 2 })
  }, 180_000)

  it('loses the Seals of the epoch that is over at the drill after it, and proves itself', async () => {
    const now = await inForce('key.refreshed')
    // What slept at one site is gone: that station goes on by its spare token alone.
    const bowl = { scenarios: ['site'] } as const
    const { seats } = await sitting('drill', proof(now), bowl, undefined, 'site south')
    expect([epochs('a'), epochs('b')]).toEqual([
      [[2], [2], [2]],
      [[2], [2], [2]],
    ])
    const screen = [...seats.values()].flatMap(({ said }) => said).join('\n')
    expect(screen).toContain('confirmed, open, epoch 2')
    expect(names()).toEqual(Array(3).fill(['cold.2.keyshare']))
    expect(
      screen.split('medium b: epoch 2 of cold is in force, and goes by its name'),
    ).toHaveLength(4)
    expect(await lastOf('key.proved')).toMatchObject({ epoch: 2 })
  }, 180_000)
})
