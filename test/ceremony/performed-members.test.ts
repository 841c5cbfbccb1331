// A cold key whose custodians change: the root names another Station, the old ones deal new shares to
// it and to themselves, the new committee proves the key and pays, and who left holds nothing of use.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { submitRoot } from '../../coordinator/successions.ts'
import type { Plan, PlannedStation } from '../../policy/ceremony/plan.ts'
import { stationMember } from '../../policy/ceremony/station-card.ts'
import { parseRoot } from '../../policy/documents.ts'
import { rootMessage, rootSignaturesText } from '../../policy/succession.ts'
import { ed25519Signer } from '../../proto/crypto.ts'
import { parseHandle, parseNodeId, parsePersonId } from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { sharesOn } from '../../signer-node/ceremony/medium.ts'
import type { Asked } from '../../signer-node/ceremony/station-acts.ts'
import { origin } from '../coordinator/cold-house.ts'
import { about, inForce, lastOf, proof, sitting } from '../kit/key-sittings.ts'
import {
  imported,
  judged,
  nowReigns,
  plannedRelease,
  play,
  stage,
  staged,
  theHouse,
  theRoot,
  theStations,
} from '../kit/room-played.ts'
import { type Enrolled, enrolStation } from '../kit/room-stage.ts'
import { people } from '../kit/room-story.ts'
import { publicKeyOf, seedOf } from '../policy/dev-fixture.ts'

staged()

const owner = { org: parseHandle('acme-dev'), env: 'dev', origin: parseHandle(origin) } as const
const [jun, kat] = ['root/jun', 'root/kat'] as const

/** In the place of the third, at the same site, with tokens and media of its own. */
function newcomer(): Promise<Enrolled> {
  const place = { x: 3, site: parseHandle('west') }
  return enrolStation(join(stage.path, 's-4'), 4, owner, theHouse().clock.now(), place)
}

/** The next root, signed by these. */
function rootWith(stations: readonly Enrolled[], by: readonly string[]) {
  const before = parseRoot(theRoot())
  const root = text({
    ...(JSON.parse(theRoot()) as JsonObject),
    nodes: stations.map(({ card }) => stationMember(card)),
    ...{ previous: before.digest, version: before.version + 1 },
  })
  const { org, env, digest } = parseRoot(root)
  const signatures = by.map((name) => ({
    key: publicKeyOf(name),
    signature: ed25519Signer(seedOf(name))(rootMessage(root)),
  }))
  const signed = rootSignaturesText({ org, env, root: digest, signatures })
  return { root, signatures: signed, documents: [] }
}

const part = (one: Enrolled, its: PlannedStation['part']): PlannedStation => {
  return { ...one.planned, part: its }
}

/** Those who come have their custodians in the room. */
function peopleOf(stations: readonly Enrolled[], outside = 'gus'): Plan['people'] {
  const custodians = stations.map(({ planned: { custodian: person } }) => {
    return { person, role: 'custodian', how: 'known', outside: false } as const
  })
  const witness = { person: parsePersonId(outside), role: 'witness', how: 'known' } as const
  const others = people.filter(({ role }) => role !== 'custodian')
  return [...others, { ...witness, outside: true }, ...custodians]
}

describe('a cold key whose custodians change', () => {
  it('is made by the first committee', async () => {
    await sitting('genesis', { ...about(), op: 'key.create', terms: {} })
    expect(await lastOf('key.created')).toMatchObject({ epoch: 1 })
  }, 180_000)

  it('is dealt to the one who comes, and not to the one who goes', async () => {
    const [first, second, third] = theStations()
    if (first === undefined || second === undefined || third === undefined) throw new Error('three')
    const fourth = await newcomer()
    const after = [first, second, fourth]
    const house = theHouse()
    const unsigned = await house.during(submitRoot(house.coordinator, rootWith(after, [jun])))
    expect(isRefusal(unsigned) && unsigned.code).toBe('GOV_QUORUM')
    const next = rootWith(after, [jun, kat])
    const taken = await house.during(submitRoot(house.coordinator, next))
    if (isRefusal(taken)) throw new Error(taken.because)
    nowReigns(next.root, after)
    const before = await inForce('key.created')
    const terms = {
      ...{ from: before.epoch, keyState: before.keyState, t: 2 },
      dealers: ['node-1', 'node-2'].map(parseNodeId),
      participants: after.map(({ planned: { node, x } }) => ({ node, x })),
    }
    const seats = [...after.slice(0, 2).map((one) => part(one, 'stays')), part(third, 'leaves')]
    const { seats: sat, said } = await sitting(
      'reshare',
      { ...about(), op: 'key.reshare', terms },
      { called: after.map(({ planned: { node } }) => node), tBefore: 2, people: peopleOf(after) },
      [...seats, part(fourth, 'joins')],
    )
    expect([...sat.keys()]).toEqual(['node-1', 'node-2', 'node-4'])
    const reshared = await lastOf('key.reshared')
    expect(reshared).toMatchObject({ epoch: 2 })
    expect(reshared['participants']).toMatchObject(terms.participants)
    const shares = [third, fourth].map(({ home }) => sharesOn(`${home}/b`).map((one) => one.epoch))
    expect(shares).toEqual([[1], [2]])
    const wordsIn = (screen: readonly string[], head: string) =>
      screen.find((one) => one.startsWith(`${head}\n`))?.slice(head.length)
    const own = wordsIn(sat.get('node-4')?.said ?? [], 'words of the token')
    expect(own).toMatch(/^\n {2}\S+/)
    expect(wordsIn(said, 'words of the token in the plan')).toBe(own)
  }, 180_000)

  it('is proved by the new committee, which destroys what is over', async () => {
    const now = await inForce('key.reshared')
    await sitting('drill', proof(now), { scenarios: [], people: peopleOf(theStations()) })
    expect(await lastOf('key.proved')).toMatchObject({ epoch: 2 })
    for (const { home } of theStations()) {
      expect(sharesOn(`${home}/a`).map(({ epoch }) => epoch)).toEqual([2])
    }
  }, 180_000)

  it('pays with the one who came, and never with the one who left', async () => {
    const plan = await plannedRelease({ people: peopleOf(theStations()) })
    const typed = (node: string) => (what: Asked) => {
      return node === 'node-1' && what === 'tail' ? '000000' : undefined
    }
    const { done, said } = await play(plan, typed)
    expect(done.outcome, said.slice(-20).join('\n')).toBe('done')
    const { findings, exceptions } = await judged(plan, done.files)
    expect(findings).toEqual([])
    await imported(
      plan,
      done.files,
      exceptions.map(({ line }) => line),
    )
    const signed = await lastOf('sign.completed')
    expect(signed['intent']).toBe(plan.plan.requests[0]?.request)
  }, 180_000)
})
