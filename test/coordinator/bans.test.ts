// Bans that nodes state: in the log once, and only in the words of the node that says it. And
// sessions whose pairings are made in them, as nodes ask for.
import { afterAll, expect, it } from 'vitest'
import { readLines } from '../../coordinator/store/lines.ts'
import { banDocument } from '../../policy/audit/ban-statement.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { ed25519Signer } from '../../proto/crypto.ts'
import { writeSigned } from '../../proto/frames.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { seedOf } from '../policy/dev-fixture.ts'
import { type House, houseOn, story } from './house.ts'
import { pgliteEngine } from './store-kit.ts'
import { origin, payout, root } from './world.ts'

const engine = pgliteEngine()
const houses: House[] = []
afterAll(async () => {
  for (const house of houses) await house.stop()
})
async function built(): Promise<House> {
  const house = await houseOn(await engine.fresh(), {})
  houses.push(house)
  return house
}

const page = (from: number) => ({ from, linesMax: 9, bytesMax: 1_000_000 })
const statement = (number: number, by = 'signer-a', peer = 'signer-b', owner = root) => {
  const said = { node: by, peer, number, reason: 'PEER_BANNED' }
  const document = banDocument(owner, said)
  return writeSigned(sign(tags.ban, document, parseNodeId(by), ed25519Signer(seedOf(by))))
}

it('a ban that a node states becomes one line, and only in its own words', async () => {
  const house = await built()
  const { tree } = house.coordinator
  const before = tree.size
  const state = (...bans: ReturnType<typeof statement>[]): void =>
    house.nodes[0]!.send({ frame: 'bans', bans: { bans } })
  const forged = { ...statement(1), signature: new Uint8Array(64) }
  state(statement(1, 'signer-b', 'signer-a'), forged, statement(1), statement(1))
  await house.until('it is recorded', () => tree.size === before + 1)
  state(statement(1))
  await house.pass(1_000)
  expect(tree.size).toBe(before + 1)
  expect(house.events.filter(({ name }) => name === 'node.ban')).toHaveLength(2)
  expect(house.events.filter(({ name }) => name === 'peer.banned')).toMatchObject([
    { level: 'alarm', node: 'signer-b' },
  ])
  const [line] = (await readLines(house.store, origin, page(before))).map(parseEntry)
  expect(line).toMatchObject({
    type: 'peer.banned',
    body: { node: 'signer-a', number: 1, peer: 'signer-b', reason: 'PEER_BANNED' },
  })
  // No more than there are nodes are read of one frame.
  state(...Array.from({ length: limits.nodesMax }, () => forged), statement(2))
  await house.pass(1_000)
  expect(tree.size).toBe(before + 1)
})

it('a vault of which one signer wants new pairings is prepared so for all', async () => {
  const house = await built()
  const asked = () =>
    house.nodes.flatMap(({ received }) =>
      received.flatMap((frame) => (frame.frame === 'prepare' ? [frame.prepare.fresh] : [])),
    )
  const first = await house.submit(payout())
  await house.untilState(first, 'BROADCAST')
  expect(new Set(asked())).toEqual(new Set([false]))
  for (const node of house.nodes) node.script.fresh = ['hot']
  for (const node of house.nodes) node.say('ready')
  const second = await house.submit(payout({ amount: 200_000_000n }))
  await house.untilState(second, 'BROADCAST')
  expect(asked().toSorted()).toEqual([false, false, true, true])
  expect(await story(house, second)).toContain('sign.completed')
})
