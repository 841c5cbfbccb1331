// Ceremonies of a test on the coordinator of a cold log, step by step: planned, prepared, and what a
// room brings home handed in.
import { takeResults } from '../../coordinator/ceremony/results.ts'
import { type BundleFiles, readBundle } from '../../policy/ceremony/bundle.ts'
import { readBundleIn } from '../../policy/ceremony/bundle-in.ts'
import { type CeremonyKind, encodePlan, type Plan, parsePlan } from '../../policy/ceremony/plan.ts'
import { termsOfPlan } from '../../policy/ceremony/planned.ts'
import { encodeResults, parseResults, type WrittenResults } from '../../policy/ceremony/results.ts'
import type { Change } from '../../policy/change.ts'
import type { Intent } from '../../policy/intent.ts'
import { parseWarrant } from '../../policy/warrant.ts'
import { type Digest, parseHandle } from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { plannedStation, testPlan } from '../kit/planned.ts'
import { people } from '../kit/room-story.ts'
import { askedOf, board, type ColdHouse, origin, release, stations } from './cold-house.ts'
import { keyBody, signatureLines, testedBody } from './cold-room.ts'
import { anyDigest } from './world.ts'

export const hour = 3_600_000

/** A plan of this log for these requests, from an hour from now on. */
export function planOf(
  house: ColdHouse,
  kind: Exclude<CeremonyKind, 'enrolment'>,
  requests: Plan['requests'],
  change: Partial<Plan> = {},
  own = stations.map((_, at) => plannedStation(at + 1)),
) {
  const begin = Math.floor(house.clock.now() / 1_000) * 1_000
  const bytes = encodePlan(
    testPlan(kind, {
      ...{ org: parseHandle('acme-dev'), env: 'dev', rehearsal: true },
      ...{ origin: parseHandle(origin), root: house.root.digest, requests },
      vaults: [...new Set(requests.map(({ vault }) => vault))],
      ...{ from: begin + hour, until: begin + 9 * hour, t: 2 },
      ...(kind === 'sign' ? { people } : {}),
      ...change,
      stations: own,
    }),
  )
  return { ...parsePlan(bytes), bytes }
}

export function planning(house: ColdHouse, read: ReturnType<typeof planOf>): Change {
  return { ...askedOf(house.clock, 'all'), op: 'ceremony.plan', terms: termsOfPlan(read) }
}

/** The key of the cold vault is asked for and approved; its ceremony is planned. */
export async function plannedGenesis(house: ColdHouse, more: Partial<Plan> = {}) {
  const create = await house.ask({ ...askedOf(house.clock, 'cold'), op: 'key.create', terms: {} })
  await house.approve(create, ...board)
  await house.until('allowed', async () => (await house.state(create)) === 'WAITING')
  const vault = askedOf(house.clock, 'cold').vault
  const requests: Plan['requests'] = [{ request: create, op: 'key.create', vault, callBack: false }]
  const plan = planOf(house, 'genesis', requests, more)
  const change = await house.ask(planning(house, plan), plan.bytes)
  await house.approve(change, ...board.slice(0, 2))
  await house.until('planned', async () => (await house.state(change)) === 'ACTIVE')
  return { create, plan, change }
}

export const typesAbout = async (house: ColdHouse, type: string) =>
  (await house.lines()).filter((line) => line.type === type)

/** Lines as a room brings them, taken by the coordinator. */
export async function take(house: ColdHouse, plan: Digest, lines: WrittenResults['lines']) {
  const { driver } = house.coordinator
  const bytes = encodeResults({
    ...{ plan, outcome: 'done', reason: '', addresses: [] },
    documents: [],
    lines,
  })
  const taken = await house.during(takeResults({ ...driver, origin }, parseResults(bytes)))
  if (isRefusal(taken)) throw new Error(`${taken.code}: ${taken.because}`)
  return taken
}

/** The key of the cold vault as all five stations confirm it under the order that went in. */
export async function madeKey(house: ColdHouse) {
  const { create, plan } = await plannedGenesis(house)
  await house.during(house.coordinator.ceremonies.prepare(plan.digest))
  const files = await house.coordinator.ceremonies.bundleIn(plan.digest)
  const [order] = readBundleIn(readBundle(files, 'in')).warrants
  const made = keyBody(create, order?.digest ?? plan.digest)
  const lines = [{ type: 'key.created', body: made } as const, ...stations.map(testedBody)]
  return { plan, create, lines, taken: await take(house, plan.digest, lines) }
}

export const conclude = async (house: ColdHouse, plan: Digest): Promise<void> => {
  const body = {
    ...{ plan, exceptions: 0, statements: anyDigest('statements') },
    ...{ record: { root: anyDigest('record'), size: 9 }, results: anyDigest('results') },
  }
  const line = { actor: 'coordinator', type: 'ceremony.concluded', body }
  const content = { receipts: [], lines: [line], documents: [] }
  const answer = await house.during(house.coordinator.sequencer.propose({ kind: 'lines', content }))
  if (isRefusal(answer)) throw new Error(answer.because)
}

/** A release that is reserved, and the plan of the ceremony that signs it. */
export async function plannedRelease(
  house: ColdHouse,
  validMs = 72 * hour,
  change: Partial<Intent> = {},
) {
  await conclude(house, (await madeKey(house)).plan.digest)
  const asked = release(house.clock, change)
  const request = await house.submit({ ...asked, notAfter: asked.created + validMs })
  await house.approve(request, ...board)
  await house.until('reserved', async () => (await house.state(request)) === 'RESERVED')
  return { request, plan: await plannedAgain(house, request) }
}

/** A ceremony for a payment that is reserved, or was tried at another one. */
export async function plannedAgain(house: ColdHouse, request: Digest, more: Partial<Plan> = {}) {
  const { vault } = askedOf(house.clock, 'cold')
  const asked = [{ request, op: 'payment', vault, callBack: false }] as const
  const plan = planOf(house, 'sign', asked, more)
  const change = await house.ask(planning(house, plan), plan.bytes)
  await house.approve(change, ...board.slice(0, 2))
  await house.until('planned', async () => (await house.state(change)) === 'ACTIVE')
  return plan
}

/** And prepared. */
export async function preparedRelease(house: ColdHouse) {
  const planned = await plannedRelease(house)
  const prepared = await house.during(house.coordinator.ceremonies.prepare(planned.plan.digest))
  if (isRefusal(prepared)) throw new Error(`${prepared.code}: ${prepared.because}`)
  return planned
}

/** What three of the stations signed, as it comes home. */
export async function signedLines(house: ColdHouse): Promise<WrittenResults['lines']> {
  const [started] = await typesAbout(house, 'session.started')
  if (started?.type !== 'session.started') throw new Error('no attempt')
  const files = await house.coordinator.ceremonies.bundleIn(await lastPlan(house))
  const [warrant] = readBundleIn(readBundle(files, 'in')).warrants
  const bytes = parseWarrant(warrant?.bytes ?? new Uint8Array(0)).warrant.bytes
  return signatureLines(started.body, bytes)
}

export const lastPlan = async (house: ColdHouse): Promise<Digest> => {
  const [newest] = await house.coordinator.ceremonies.list()
  return newest?.plan ?? anyDigest('none')
}

/** Who puts Bundles, by the name in the certificate. */
export const oper = parseHandle('operator')

/** The files as somebody puts them, in small parts. */
export async function put(house: ColdHouse, plan: Digest, files: BundleFiles) {
  const of = { plan, bundle: readBundle(files, 'out').digest, by: oper }
  for (const [name, whole] of files) {
    for (let offset = 0; offset < whole.length; offset += 20_000) {
      const content = whole.subarray(offset, offset + 20_000)
      await house.coordinator.ceremonies.put(of, { name, offset, content })
    }
  }
  return of
}
