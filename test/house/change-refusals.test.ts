// What a node refuses when it is asked to carry out a change: a coordinator that bends the order or
// the document gets a signed no, and the same change without the lie goes through.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ed25519Signer, fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import {
  type CoordinatorFrame,
  type CoordinatorPart,
  type WireSigned,
  writeSigned,
} from '../../proto/frames.ts'
import { type Digest, parseHandle, parseNodeId } from '../../proto/ids.ts'
import { encode, type JsonObject } from '../../proto/jcs.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { Bans } from '../../signer-node/bans.ts'
import type { House } from '../kit/house.ts'
import { about, approved, inForce, keyOf, pays, refreshOf } from '../kit/house-changes.ts'
import { openHouse } from '../kit/house-open.ts'
import { seedOf } from '../policy/dev-fixture.ts'
import { lift } from '../signer-node/three-nodes.ts'

type Prepare = CoordinatorPart<'prepare'>
const [a, b] = ['signer-a', 'signer-b'] as const
let house: House
let id: Digest
beforeAll(async () => {
  house = await openHouse({ seed: 'change refusals' })
  house.down = (_place, frame) => (frame.frame === 'prepare' ? undefined : frame)
  id = await approved(house, await refreshOf(house))
})
afterAll(() => house.close())

/** The document of a run with one thing changed. */
function bent(part: Prepare, change: JsonObject): Prepare {
  const document = JSON.parse(fromUtf8(part.keygen) ?? '') as JsonObject
  return { ...part, keygen: encode({ ...document, ...change }) }
}

/** Signed anew by the node that lies. */
function bentFacts(node: string, { document }: WireSigned): WireSigned {
  const said = JSON.parse(fromUtf8(document) ?? '') as { readonly facts: string } & JsonObject
  const facts = `${said.facts.slice(0, -2)}${said.facts.endsWith('00') ? '01' : '00'}`
  const bytes = encode({ ...said, facts })
  return writeSigned(sign(tags.acceptance, bytes, parseHandle(node), ed25519Signer(seedOf(node))))
}

/** How node a answers when its Prepares are bent. */
async function answer(bend: (part: Prepare) => Prepare): Promise<string> {
  const said: string[] = []
  house.down = ({ node }, frame): CoordinatorFrame => {
    const isAsked = node === a && frame.frame === 'prepare' && frame.prepare.keygen.length > 0
    return isAsked ? { ...frame, prepare: bend(frame.prepare) } : frame
  }
  house.up = ({ node }, frame) => {
    if (node === a && frame.frame === 'refused') {
      said.push(JSON.parse(fromUtf8(frame.refused.refusal.document) ?? '').code)
    }
    return frame
  }
  await house.until('an answer', () => said.length > 0, 300_000)
  house.up = (_place, frame) => frame
  house.down = (_place, frame) => (frame.frame === 'prepare' ? undefined : frame)
  return said[0] ?? ''
}

describe('a node that is asked to carry out a change', () => {
  const lies: readonly (readonly [string, string, (part: Prepare) => Prepare])[] = [
    [
      'another order than the document names',
      'WARRANT',
      (part) => bent(part, { order: 'ab'.repeat(32) }),
    ],
    ['an order that is none', 'WARRANT', (part) => ({ ...part, order: toUtf8('{}') })],
    [
      'a request that it has no line of',
      'LINE_MISSING',
      (part) => bent(part, { change: 'ab'.repeat(32) }),
    ],
    ['no order at all', 'MALFORMED', (part) => ({ ...part, order: new Uint8Array(0) })],
    ['a document with more in it', 'MALFORMED', (part) => bent(part, { extra: '' })],
    ['an epoch that is in force', 'EPOCH', (part) => bent(part, { epoch: 0 })],
  ]
  for (const [what, code, bend] of lies) {
    it(`refuses ${what}`, async () => {
      expect(await answer(bend)).toBe(code)
    })
  }

  it('refuses to deal with a peer that it has banned', async () => {
    const { store } = house.at(a)
    store.step(() => new Bans(store).ban(parseNodeId(b), 'ot-check', house.time.now))
    expect(await answer((part) => part)).toBe('PEER_BANNED')
    store.step(() => lift(store))
  })

  it('carries it out when nothing is bent', async () => {
    const { epoch } = await keyOf(house)
    house.down = (_place, frame) => frame
    await house.untilState(id, 'ACTIVE', 300_000)
    await inForce(house, epoch + 1)
  })

  it('stops a reshare whose dealers tell other facts of the old key, and blames nobody', async () => {
    const { epoch: from, keyState, participants, t } = await keyOf(house)
    const dealers = [parseNodeId(a), parseNodeId(b)]
    const terms = { from, keyState, dealers, participants, t }
    const stopped: string[] = []
    let liars: readonly string[] = [b]
    house.up = ({ node }, frame) => {
      if (frame.frame === 'stopped' && node === 'signer-c') stopped.push(frame.stopped.reason)
      if (frame.frame !== 'accepted' || !liars.includes(node)) return frame
      const { acceptance } = frame.accepted
      const lie = { ...frame.accepted, acceptance: bentFacts(node, acceptance) }
      return { ...frame, accepted: lie }
    }
    const moved = await approved(house, { ...about(house), op: 'key.reshare', terms })
    await house.until('one lie is seen', () => stopped.length > 0)
    liars = [a, b]
    const known = stopped.length
    await house.until('a common lie is seen', () => stopped.length > known + 1)
    expect(new Set(stopped)).toEqual(new Set(['VIEW']))
    house.up = (_place, frame) => frame
    await house.untilState(moved, 'ACTIVE', 300_000)
    await inForce(house, (await keyOf(house)).epoch)
    for (const name of [a, b]) expect(house.at(name).node.status().strikes).toEqual({})
    await pays(house)
  })
})
