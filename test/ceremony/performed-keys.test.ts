// A key of a cold vault through its life, each sitting from the plan to the log: made, proved,
// dealt anew to the same holders, proved again, and the Seals of the epoch that is over destroyed.
import { describe, expect, it } from 'vitest'

import type { Change } from '../../policy/change.ts'
import type { Digest } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { sharesOn } from '../../signer-node/ceremony/medium.ts'
import type { Asked } from '../../signer-node/ceremony/station-acts.ts'
import { askedOf, board } from '../coordinator/cold-house.ts'
import {
  imported,
  judged,
  planned,
  play,
  staged,
  theHouse,
  theStations,
} from '../kit/room-played.ts'

staged()

type Kind = Parameters<typeof planned>[0]
type KeyOp = 'key.create' | 'key.refresh' | 'key.reshare' | 'key.prove'

async function asked(change: Change): Promise<Digest> {
  const house = theHouse()
  const request = await house.ask(change)
  await house.approve(request, ...board)
  await house.until('allowed', async () => (await house.state(request)) === 'WAITING')
  return request
}

/** Played to its end, found good, imported. */
async function sitting(
  kind: Kind,
  change: Change & { readonly op: KeyOp },
  more: Parameters<typeof planned>[2] = {},
) {
  const { vault } = askedOf(theHouse().clock, 'cold')
  const request = await asked(change)
  const plan = await planned(kind, [{ request, op: change.op, vault, callBack: false }], more)
  const typed = (node: string) => (what: Asked, question: string) => {
    return node === 'room' && what === 'go' && question.startsWith('D-13') ? 'yes' : undefined
  }
  const played = await play(plan, typed)
  const screens = [...played.said, ...[...played.seats.values()].flatMap((one) => one.said)]
  expect(played.done.outcome, screens.slice(-60).join('\n')).toBe('done')
  const { findings, exceptions } = await judged(plan, played.done.files)
  expect(findings, screens.slice(-60).join('\n')).toEqual([])
  expect(exceptions).toEqual([])
  await imported(plan, played.done.files)
  return { ...played, request, plan }
}

async function lastOf(type: string): Promise<JsonObject> {
  const line = (await theHouse().lines()).findLast((one) => one.type === type)
  if (line === undefined) throw new Error(`no ${type}`)
  return line.body as unknown as JsonObject
}

const about = () => askedOf(theHouse().clock, 'cold')

async function inForce(type: string) {
  const { epoch, keyState } = await lastOf(type)
  return { epoch, keyState } as { readonly epoch: number; readonly keyState: Digest }
}

function proof(now: Awaited<ReturnType<typeof inForce>>) {
  const terms = { ...now, path: 'm', audience: 'the board', challenge: new Uint8Array(32).fill(7) }
  return { ...about(), op: 'key.prove', terms } as const
}

const epochs = (medium: 'a' | 'b'): readonly (readonly number[])[] =>
  theStations().map(({ home }) => sharesOn(`${home}/${medium}`).map(({ epoch }) => epoch))

describe('a key of a cold vault', () => {
  it('is made, and proved in a drill of a sitting of its own', async () => {
    await sitting('genesis', { ...about(), op: 'key.create', terms: {} })
    const now = await inForce('key.created')
    const { request } = await sitting('drill', proof(now), { scenarios: [] })
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
    expect(await lastOf('key.refreshed')).toMatchObject({ epoch: 2 })
  }, 180_000)

  it('loses the Seals of the epoch that is over at the drill after it, and proves itself', async () => {
    const now = await inForce('key.refreshed')
    const { seats } = await sitting('drill', proof(now), { scenarios: [] })
    expect([epochs('a'), epochs('b')]).toEqual([
      [[2], [2], [2]],
      [[2], [2], [2]],
    ])
    const screen = [...seats.values()].flatMap(({ said }) => said).join('\n')
    expect(screen).toContain('confirmed, open, epoch 2')
    expect(await lastOf('key.proved')).toMatchObject({ epoch: 2 })
  }, 180_000)
})
