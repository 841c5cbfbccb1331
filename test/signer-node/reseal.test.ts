import { describe, expect, it } from 'vitest'
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import { nodeKeyThing } from '../../proto/node-keys.ts'
import { parseSeal, type SealedThing } from '../../proto/seal-file.ts'
import { parseTokenCard, sealKeyOf } from '../../proto/token-card.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { type FileToReseal, ownThing, reseal } from '../../signer-node/reseal.ts'
import { type Opener, TokenWay } from '../../signer-node/way-in.ts'
import { refusal, refusedWith } from '../kit/refused.ts'
import { testCard } from '../kit/token-card.ts'
import { namedRandom, seedOf } from './world.ts'

const org = parseHandle('acme')
const node = parseHandle('node-1')
const owner = { org, env: 'test', node, x: 1 } as const
const home = { org, env: 'test' } as const
const wayTo = (name: string) =>
  new TokenWay([sealKeyOf(parseTokenCard(testCard(name)))], namedRandom(`way ${name}`))
const names = ['identity', 'witness', 'secret'] as const

function start() {
  const [from, to] = [wayTo('old'), wayTo('new')]
  const files: FileToReseal[] = names.map((name) => {
    using kept = new Secret(seedOf(name).slice())
    const bytes = from.seal(nodeKeyThing({ org, env: 'test', owner: node }, name), kept)
    return { name, path: `/${name}`, bytes }
  })
  const beside = new Map<string, Uint8Array>()
  const placed = new Map<string, Uint8Array>()
  const order: string[] = []
  const disk = {
    writeBeside: (path: string, bytes: Uint8Array) => {
      order.push(`write ${path}`)
      beside.set(path, bytes)
      return bytes
    },
    activate: (path: string) => {
      order.push(`place ${path}`)
      placed.set(path, beside.get(path)!)
      beside.delete(path)
    },
    drop: (path: string) => void beside.delete(path),
  }
  const run = (test: (bytes: Uint8Array) => Promise<Opener>) =>
    reseal(owner, files, { from: () => from, to, test }, disk)
  return { from, to, files, beside, placed, order, run }
}

describe('files that are sealed anew', () => {
  it('are all written and opened before the first is put in its place, and are what they were', async () => {
    const { to, files, placed, order, run } = start()
    expect(await run(async () => to)).toEqual(names)
    expect(order.map((line) => line.split(' ')[0])).toEqual([
      ...['write', 'write', 'write'],
      ...['place', 'place', 'place'],
    ])
    for (const { name, path, bytes } of files) {
      const anew = placed.get(path)!
      expect(parseSeal(anew).thing).toEqual(parseSeal(bytes).thing)
      expect(parseSeal(anew).mac).not.toEqual(parseSeal(bytes).mac)
      using opened = to.open(anew, parseSeal(anew).thing)
      expect(opened.bytes).toEqual(seedOf(name))
    }
  })

  it('are not put in place when one of them does not open, and none lies beside', async () => {
    const { to, beside, placed, run } = start()
    let tested = 0
    const failing = async (): Promise<Opener> => {
      tested += 1
      return tested < 3 ? to : wayTo('another')
    }
    expect(await refusal(run(failing))).toBe('SEAL: this file does not open here')
    expect([tested, placed.size, beside.size]).toEqual([3, 0, 0])
  })

  it('are not put in place when one of them opens to something else', async () => {
    const { placed, beside, run } = start()
    const lying = async (): Promise<Opener> => ({ open: () => new Secret(seedOf('other').slice()) })
    expect(await refusal(run(lying))).toBe('SEAL: identity: test opening failed')
    expect([placed.size, beside.size]).toEqual([0, 0])
  })

  it('are of this node: by name, by place in its keys, by kind', () => {
    const way = wayTo('old')
    const own = (thing: SealedThing) => {
      using kept = new Secret(seedOf('kept').slice())
      const bytes = way.seal(thing, kept)
      return refusedWith(() => ownThing(owner, 'file', bytes))
    }
    const share = {
      ...home,
      ...{ vault: parseHandle('hot'), key: `02${'ab'.repeat(32)}` },
      ...{ commitments: parseDigest('cd'.repeat(32)), epoch: 1, party: 1, threshold: 2 },
      ...{ parties: 3, made: parseDigest('ef'.repeat(32)) },
    } as const
    const invitation = {
      ...home,
      ...{ vault: parseHandle('hot'), key: parseHandle('k-hot'), node, x: 1 },
      ...{ to: 'ab'.repeat(32), size: 7 },
    } as const
    const credential = parseHandle('identity')
    const identity = { org, env: 'test', owner: node, credential } as const
    const other = parseHandle('node-2')
    const table: readonly (readonly [string, SealedThing])[] = [
      ['accepted', { kind: 'identity', context: identity }],
      ['accepted', { kind: 'keyshare', context: share }],
      ['accepted', { kind: 'restored', context: share }],
      ['accepted', { kind: 'invitation', context: invitation }],
      ['CONFIG', { kind: 'identity', context: { ...identity, owner: other } }],
      ['CONFIG', { kind: 'identity', context: { ...identity, env: 'dev' } }],
      ['CONFIG', { kind: 'identity', context: { ...identity, org: parseHandle('acme2') } }],
      ['CONFIG', { kind: 'keyshare', context: { ...share, party: 2 } }],
      ['CONFIG', { kind: 'restored', context: { ...share, party: 2 } }],
      ['CONFIG', { kind: 'invitation', context: { ...invitation, node: other } }],
    ]
    for (const [said, thing] of table) expect([thing, own(thing)]).toEqual([thing, said])
    expect(refusedWith(() => ownThing(owner, 'file', seedOf('no seal')))).toBe('SEAL')
  })
})
