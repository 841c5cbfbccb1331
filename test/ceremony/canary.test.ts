// Every secret of three Stations, looked for in all that a key, a payment, and a new dealing leave:
// cards, media, logs, frames of the table both ways, screens, Records, results, Statements, and the
// Bundles that cross the air gap. The Seals are where they are made to be; nothing else holds one.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { fileSinks, found, type Sinks } from '../faults/canary.ts'
import { about, inForce, plannedKey } from '../kit/key-sittings.ts'
import {
  imported,
  judged,
  plannedRelease,
  type Read,
  sit,
  stage,
  staged,
  theHouse,
  theStations,
} from '../kit/room-played.ts'
import { stagePin } from '../kit/room-stage.ts'
import { secretsOnMedium } from '../kit/station-secrets.ts'

staged()

const sinks = new Map<string, Uint8Array>()
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** All bytes and texts of a frame. */
function bytesIn(value: unknown): readonly Uint8Array[] {
  if (value instanceof Uint8Array) return [value.slice()]
  if (typeof value === 'string') return [bytesOf(value)]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(bytesIn)
}

async function heard(name: string, plan: Read): Promise<void> {
  let frames = 0
  const keep = <F>(node: string, frame: F): F[] => {
    for (const bytes of bytesIn(frame)) {
      frames += 1
      sinks.set(`${name}: frame ${frames} of ${node}`, bytes)
    }
    return [frame]
  }
  const typed = (node: string) => (what: string, question: string) => {
    // Dice are a secret too: whoever knows them knows a third of a seed.
    return node === 'room' && what === 'go' && question.startsWith('G-3') ? 'yes' : undefined
  }
  const sat = await sit(plan, { typed, tamper: () => ({ up: keep, down: keep }) })
  const conductor = sat.lead()
  await sat.come()
  const done = await conductor.run()
  for (const one of sat.seats.values()) one.close()
  const screens = [...sat.said, ...[...sat.seats.values()].flatMap(({ said }) => said)]
  sinks.set(`${name}: screens`, bytesOf(screens.join('\n')))
  for (const [file, bytes] of done.files) sinks.set(`${name}: out ${file}`, bytes)
  const carried = await theHouse().coordinator.ceremonies.bundleIn(plan.digest)
  for (const [file, bytes] of carried) sinks.set(`${name}: in ${file}`, bytes)
  expect((await judged(plan, done.files)).findings).toEqual([])
  await imported(plan, done.files)
}

async function secrets(): Promise<Map<string, Uint8Array>> {
  const all = new Map<string, Uint8Array>([
    ['PIN', bytesOf(stagePin)],
    ['dice', bytesOf('123456'.repeat(4))],
  ])
  const home = join(stage.path, 'canary')
  mkdirSync(home)
  for (const { socket, card, home: own } of theStations()) {
    socket.plug('daily')
    const pin = (): Secret => new Secret(bytesOf(stagePin))
    const of = { slot: socket.slot, card, pin, home }
    for (const [name, secret] of await secretsOnMedium(of, join(own, 'a'))) all.set(name, secret)
    socket.plug(undefined)
  }
  return all
}

describe('what sittings leave', () => {
  it('holds no share, no key of a Seal, no key of a Station, no PIN and no dice', async () => {
    await heard('genesis', await plannedKey('genesis', { ...about(), op: 'key.create', terms: {} }))
    await heard('sign', await plannedRelease())
    const change = { ...about(), op: 'key.refresh', terms: await inForce('key.created') } as const
    await heard('reshare', await plannedKey('reshare', change, { tBefore: 2 }))
    const kept = await secrets()
    // Of each Station four keys and shares of two epochs, each with the key of its Seal.
    expect(kept.size).toBe(2 + 3 * 2 * (4 + 2))
    const all: Sinks = new Map([...sinks, ...fileSinks(stage.path)])
    expect([...all.keys()].filter((name) => name.endsWith('.keyshare')).length).toBe(12)
    expect([...all.keys()].filter((name) => name.includes(': frame ')).length).toBeGreaterThan(500)
    expect(found(kept, all)).toEqual([])
    // What is looked for is found where it is.
    for (const [name, secret] of kept) {
      const planted = new Map([['planted', Buffer.concat([Buffer.alloc(5), secret])]])
      expect(found(new Map([[name, secret]]), planted)).not.toEqual([])
    }
  }, 600_000)
})
