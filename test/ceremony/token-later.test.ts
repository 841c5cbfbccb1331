// A token that comes in while its station sits remembers as the first one does, and perhaps more:
// it is asked before it opens a share.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseDigest } from '../../proto/ids.ts'
import { floorAbout, type TokenFloor } from '../../proto/token-floor.ts'
import { sharesOn } from '../../signer-node/ceremony/medium.ts'
import { openStationToken } from '../../signer-node/ceremony/tokens.ts'
import { PinTries } from '../../signer-node/pin-tries.ts'
import { about, sitting } from '../kit/key-sittings.ts'
import {
  broughtHome,
  judged,
  plannedRelease,
  type Read,
  sit,
  staged,
  theStations,
} from '../kit/room-played.ts'
import { made, stagePin } from '../kit/room-stage.ts'
import { random, secretPin } from '../kit/tokens.ts'

staged()
let isMade = false

const digest = (byte: string) => parseDigest(byte.repeat(32))

/** What the spare of the first station saw at a sitting of which the daily one knows nothing. */
async function spareSaw(seen: Partial<TokenFloor>): Promise<void> {
  const { card, home, socket } = theStations()[0]!
  const [share] = sharesOn(join(home, 'a'))
  if (share === undefined) throw new Error('no share')
  const { vault, epoch, seal } = share
  socket.plug('spare')
  const pad = { say: () => {}, line: async () => '', secret: async () => secretPin(stagePin) }
  const pin = { pad, tries: new PinTries(made(home, 'tries')), exception: () => {} }
  await using token = await openStationToken(socket.slot, card, 'spare', { random, pin })
  const [last] = await token.hsm.floors()
  const { org, env } = card
  const floor = last ?? {
    about: floorAbout({ org, env, origin: 'log.acme.example/custody-dev-cold', vault }),
    ...{ env, epoch, seal, record: '' as const, count: 0 },
    ...{ cold: { size: 0, root: '' as const }, main: { size: 0, root: '' as const } },
  }
  await token.hsm.keepFloor({ ...floor, ...seen, count: floor.count + 1 })
  socket.plug('daily')
}

/** The first station's custodian puts the spare in where the daily one was asked for last. */
async function swapped(plan: Read) {
  const typed = (node: string) => (what: string) => {
    if (node === 'node-1' && what === 'amount') theStations()[0]?.socket.plug('spare')
    return undefined
  }
  const sat = await sit(plan, { typed })
  const conductor = sat.lead()
  await sat.come()
  const done = await conductor.run()
  const said = [...(sat.seats.get('node-1')?.said ?? [])]
  for (const one of sat.seats.values()) one.close()
  return { done, said }
}

describe('a token that is put in after the log was read', () => {
  it.each<readonly [string, Partial<TokenFloor>, RegExp]>([
    [
      'more of this log',
      { cold: { size: 100_000, root: digest('aa') } },
      /^node-1: TOKEN_FLOOR: expected 100000 lines or more/,
    ],
    [
      'another main log',
      { main: { size: 100_000, root: digest('aa') } },
      /^node-1: TOKEN_FLOOR: the main log had 100000/,
    ],
  ])(
    'opens no share where it has seen %s, and the others sign',
    async (_, seen, happened) => {
      if (!isMade) await sitting('genesis', { ...about(), op: 'key.create', terms: {} })
      isMade = true
      await spareSaw(seen)
      const plan = await plannedRelease()
      const { done, said } = await swapped(plan)
      expect(said.join('\n')).not.toContain('confirmed, open, epoch')
      const { findings, exceptions } = await judged(plan, done.files)
      expect([done.outcome, findings]).toEqual(['done', []])
      expect(exceptions).toMatchObject([{ step: 'S-6', happened: expect.stringMatching(happened) }])
      await broughtHome(plan, done.files)
    },
    300_000,
  )
})
