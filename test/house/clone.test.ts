// A copy of the present disk of a node, started beside it, each heard by a coordinator of its own: no
// head and no session shows the one what the other does. They hear of each other by what both ask.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseRoot } from '../../policy/documents.ts'
import { toHex } from '../../proto/crypto.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { verifyEvidence } from '../../signer-node/evidence.ts'
import { rootText } from '../coordinator/world.ts'
import { dealt } from '../kit/dealt-pairings.ts'
import type { House } from '../kit/house.ts'
import { approved, keyOf, pay, refreshOf } from '../kit/house-changes.ts'
import { openHouse, ready } from '../kit/house-open.ts'
import { doneTwice, Rollbacks, rulesBroken, stateOf, Watch } from '../kit/rollback.ts'

const name = 'signer-c'
const copy = `${name}#2`
const patient = 120_000
let house: House
let disks: Rollbacks
const lives = new Map<string, string>()
beforeAll(async () => {
  house = await openHouse({ seed: 'clone', coordinators: ['c1', 'c2'], runner: dealt })
  house.up = ({ node }, frame) => {
    if (frame.frame === 'hello') lives.set(node, toHex(frame.hello.incarnation))
    return frame
  }
  house.wires.cut({ node: name, coordinator: 'c1' })
  disks = new Rollbacks(house)
  house.wires.pull({ node: name, coordinator: 'c2' })
  house.wires.pull({ node: copy, coordinator: 'c1' })
  disks.spawn(copy, disks.take(name))
  await house.until('both stand', () =>
    [name, copy].every((one) => stateOf(house, one) === 'ready' && lives.has(one)),
  )
})
afterAll(() => house.close())

const settled = async () => house.untilState(await pay(house), 'SETTLED')
const said = (event: string) => house.record.events.filter((one) => one.name === event)

describe('a node that runs twice, and asks again every minute', { timeout: patient }, () => {
  it('lives in two incarnations, drawn by each process for itself', () => {
    expect(lives.get(name)).toHaveLength(32)
    expect(lives.get(copy)).toHaveLength(32)
    expect(lives.get(name)).not.toBe(lives.get(copy))
  })

  it('is fenced in both places within two minutes, by nothing but its own signatures', async () => {
    const areFenced = () => [name, copy].every((one) => stateOf(house, one) === 'fenced')
    await house.until('both are fenced', areFenced, 125_000)
    const twins = said('second-instance').filter(({ process }) => [name, copy].includes(process))
    expect(new Set(twins.map(({ process }) => process))).toEqual(new Set([name, copy]))
    expect(twins[0]?.because).toMatch(/was asked by life [0-9a-f]{8} of this node$/)
    const watches = [name, copy].map((one) => new Watch(house, one, 0))
    await settled()
    expect(watches.flatMap((watch) => watch.beforeRejoin())).toEqual([])
    expect(doneTwice(house)).toEqual([])
  })

  it('is told of by its peers, with evidence that convicts it before a stranger', () => {
    const evidence = house.at('signer-a').node.evidence()
    expect(evidence.map(({ peer }) => peer)).toContain(name)
    const root = parseRoot(rootText)
    const [document = ''] = evidence.map((one) => one.document)
    expect(verifyEvidence(document, root, nativeCurve())).toMatchObject({ accused: name })
  })

  it('begins its fence anew while the other runs, so that only a refresh after its end counts', async () => {
    const { epoch } = await keyOf(house)
    await disks.endCopy(copy)
    expect(stateOf(house, name)).toBe('fenced')
    await approved(house, await refreshOf(house))
    await house.until('it signs again', () => stateOf(house, name) === 'ready')
    expect((await keyOf(house)).epoch).toBeGreaterThan(epoch)
    await ready(house)
    await settled()
    expect(await rulesBroken(house)).toEqual([])
  })
})
