// The coordinator of a log of cold vaults in one process: light witnesses that keep a real copy and
// cosign, a scripted chain, a clock that moves when told. Its stations are nowhere: what a room
// brings home is made by the test, which knows every key.

import { onlyCold } from '../../cli/dev-cold.ts'
import { devBook, devDirectory, devPolicy, devRoot } from '../../cli/dev-documents.ts'
import { devPeople, devService } from '../../cli/dev-rules.ts'
import { evmLedger } from '../../coordinator/chain-rpc/evm-kind.ts'
import {
  type Coordinator,
  type CoordinatorPorts,
  createCoordinator,
} from '../../coordinator/coordinator.ts'
import type { Event } from '../../coordinator/ports.ts'
import { readLines } from '../../coordinator/store/lines.ts'
import type { Store } from '../../coordinator/store/store.ts'
import { emptyHead, extend, type Head } from '../../policy/audit/chain.ts'
import {
  checkpointBody,
  cosignCheckpoint,
  formatNote,
  formatVkey,
  parseVkey,
  vkeyOf,
} from '../../policy/audit/checkpoint.ts'
import { type Entry, parseEntry } from '../../policy/audit/entry.ts'
import { rootOf } from '../../policy/audit/merkle.ts'
import { type Change, encodeChange } from '../../policy/change.ts'
import { type Destination, destinationJson } from '../../policy/destination.ts'
import { digestOfText } from '../../policy/document.ts'
import { parseRoot, type Root } from '../../policy/documents.ts'
import type { Intent } from '../../policy/intent.ts'
import { digestOf, ed25519Signer, toUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorFrame, CoordinatorPart } from '../../proto/frames.ts'
import {
  type Digest,
  parseDigest,
  parseHandle,
  parsePersonId,
  parseVaultId,
} from '../../proto/ids.ts'
import { encode } from '../../proto/jcs.ts'
import { isRefusal, type Refusal } from '../../proto/refusal.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { spoken } from '../../proto/versions.ts'
import { custodiansOf, staff, testPlan } from '../kit/planned.ts'
import {
  digestFor,
  expires,
  notBefore,
  people,
  publicKeyOf,
  seedOf,
  token,
  witnessKey,
} from '../policy/dev-fixture.ts'
import { as, decision, type ScriptedChain, scriptedChain } from './house.ts'
import { credentialOf, signIntent, type TestClock, testClock, testRandom } from './world.ts'

export const stations = [1, 2, 3].map((x) => `node-${x}`)
export const lights = ['light-a', 'light-b', 'light-c']
export const origin = 'log.acme.example/custody-dev-cold'
const org = 'acme-dev'
const key = { n: 3, t: 2, f: 1 }
const witness = { w: 3, f: 0, q: 2 }

export const warm: Destination = {
  ...{ org: parseHandle(org), env: 'dev', book: parseHandle('warm'), network: 'eip155:31337' },
  ...{ address: '0x7a16ff8270133f063aab6c9977183d9e72835428', label: 'vault warm of the main log' },
  ...{ status: 'active', activeFrom: notBefore, version: 1 },
}
const sitters = [...staff, ...custodiansOf(testPlan('sign'))].map(({ person }) => person)
/** Everybody of the development organisation, and who comes to ceremonies. */
export const directoryText = devDirectory({
  ...{ org, from: notBefore, to: expires },
  persons: [...new Set([...people, devService.handle, 'chen', ...sitters])].map((handle) => ({
    handle,
    owner: handle === devService.handle ? devService.owner : '',
    publicKey: publicKeyOf(handle),
    transport: digestFor(`tls/${handle}`),
  })),
})
export const bookText = devBook({ org, name: 'warm', records: [warm] })
const numbers = { org, notBefore, expires, people: devPeople, token, key, witness }
export const policyText = devPolicy({ ...numbers, origin, coldOrigin: origin, places: onlyCold })

export const vkey = vkeyOf(origin, 'log', publicKeyOf('cold-log'))
const member = (node: string) => ({
  node,
  identity: publicKeyOf(node),
  transport: digestFor(`tls/${node}`),
  witness: witnessKey(node),
})
type Members = Parameters<typeof devRoot>[0]['nodes']
/** With these stations, where a test has real ones. */
export const rootTextOf = (nodes: Members): string =>
  devRoot({
    ...{ org, key, witness, cold: true },
    log: { origin, vkey: formatVkey(vkey) },
    nodes,
    lights: lights.map(member),
    governance: { keys: ['jun', 'kat'].map((name) => publicKeyOf(`root/${name}`)), threshold: 2 },
    genesis: {
      policy: digestOfText(tags.policy, policyText),
      directory: digestOfText(tags.directory, directoryText),
      books: { warm: digestOfText(tags.book, bookText) },
    },
  })
export const rootText = rootTextOf(stations.map(member))
export const root = parseRoot(rootText)

/** What a cold log is about, beside its people: by itself an EVM that a test scripts. */
export interface ColdWorld {
  readonly policyText: string
  readonly bookText: string
  readonly chains: CoordinatorPorts['chains']
  /** Lets answers come that come over a socket. */
  readonly breath: () => Promise<void>
  /** Attaches one light witness; by itself a scripted one. */
  readonly dial: (name: string, to: Pick<ColdHouse, 'coordinator' | 'clock' | 'watching'>) => void
}

export interface ColdHouse {
  readonly root: Root
  readonly coordinator: Coordinator
  readonly chain: ScriptedChain
  readonly clock: TestClock
  readonly events: Event[]
  readonly store: Store
  /** Whether the witnesses cosign. */
  readonly watching: { now: boolean }
  /** How long approvals hold: as long as a rule of this log, where nothing is said. */
  readonly approvals: { hours: number }
  submit(intent: Intent): Promise<Digest>
  /** With the plan that it is about, where it is one. */
  ask(change: Change, plan?: Uint8Array): Promise<Digest>
  approve(id: Digest, ...people: readonly (readonly [string, string])[]): Promise<void>
  state(id: Digest): Promise<string>
  lines(): Promise<readonly Entry[]>
  until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void>
  /** Lets time pass until the work is done. */
  during<T>(work: Promise<T>): Promise<T>
  pass(ms: number): Promise<void>
  /** Lets much time pass at once: the witnesses fall silent, and dial again. */
  jump(ms: number): Promise<void>
  stop(): Promise<void>
}

const stepMs = 100
/** Two directors and risk: whoever decides about cold keys, payments and ceremonies. */
export const board = [
  ['jun', 'director'],
  ['kat', 'director'],
  ['oli', 'risk'],
] as const

export async function coldHouse(
  store: Store,
  clock = testClock(),
  pinned = rootText,
  world: Partial<ColdWorld> = {},
): Promise<ColdHouse> {
  const chain = scriptedChain()
  const { chains = new Map([['eip155:31337', evmLedger(chain)]]) } = world
  const breath = world.breath ?? (() => new Promise((resolve) => setImmediate(resolve)))
  const events: Event[] = []
  const watching = { now: true }
  const approvals = { hours: 72 }
  const coordinator = createCoordinator({
    ...{ name: 'coordinator-cold', store, clock, random: testRandom, witnessGraceMs: 0 },
    report: (event) => events.push(event),
    log: { vkey, sign: ed25519Signer(seedOf('cold-log')) },
    governed: {
      root: pinned,
      policy: world.policyText ?? policyText,
      directory: directoryText,
      books: new Map([[parseHandle('warm'), world.bookText ?? bookText]]),
    },
    root: parseRoot(pinned).digest,
    chains,
  })
  await coordinator.open()
  const dial = (): void => {
    const attach = world.dial ?? attachLight
    for (const name of lights) attach(name, { coordinator, clock, watching })
  }
  dial()
  await coordinator.start()
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      clock.advance(stepMs)
      await breath()
      if (clock.now() % 1_000 < stepMs) await coordinator.tick()
    }
  }
  const jump = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await pass(2_000)
    dial()
    await pass(2_000)
  }
  const during = async <T>(work: Promise<T>): Promise<T> => {
    let isOver = false
    const over = (): void => {
      isOver = true
    }
    work.then(over, over)
    for (let tries = 0; tries < 1_000 && !isOver; tries += 1) await pass(stepMs)
    return work
  }
  const until: ColdHouse['until'] = async (what, isSo) => {
    for (let tries = 0; tries < 600; tries += 1) {
      if (await isSo()) return
      await pass(stepMs)
    }
    throw new Error(`never: ${what}; ${events.map((event) => `${event.name} ${event.because}`)}`)
  }
  const idOf = (submitted: Awaited<ReturnType<Coordinator['requests']['submit']>>): Digest => {
    if (isRefusal(submitted)) throw new Error(`${submitted.code}: ${submitted.because}`)
    return submitted.kind === 'request' ? submitted.shown.id : submitted.id
  }
  return {
    root: parseRoot(pinned),
    ...{ coordinator, chain, clock, events, store, watching, approvals, until, during, pass, jump },
    submit: async (intent) =>
      idOf(await during(coordinator.requests.submit(signIntent(intent), []))),
    ask: async (change, plan) => {
      const { initiator } = change
      const credential = credentialOf(initiator)
      const signer = ed25519Signer(seedOf(initiator))
      const signed = sign(tags.intent, encodeChange(change), credential, signer)
      return idOf(await during(coordinator.requests.submit(signed, [], undefined, plan)))
    },
    approve: async (id, ...people) => {
      for (const [person, role] of people) {
        const expires = clock.now() + approvals.hours * 3_600_000
        const changes = { ...as(person, role), expires }
        const signed = await decision({ coordinator, clock }, id, changes)
        const answer: unknown | Refusal = await during(coordinator.decisions.decide(signed))
        if (isRefusal(answer as object)) throw new Error((answer as Refusal).because)
      }
    },
    state: async (id) => {
      const shown = await coordinator.requests.find({ id })
      return isRefusal(shown) ? shown.code : shown.state
    },
    lines: async () => {
      const page = { from: 0, linesMax: 100_000, bytesMax: 100_000_000 }
      return (await readLines(store, origin, page)).map(parseEntry)
    },
    stop: async () => {
      await during(coordinator.stop())
    },
  }
}

/** Keeps a copy, and cosigns what it has taken. */
function attachLight(
  name: string,
  to: Pick<ColdHouse, 'coordinator' | 'clock' | 'watching'>,
): void {
  let head: Head = emptyHead
  const take = (page: CoordinatorPart<'lines'>): void => {
    if (page.from > head.size) {
      end.receive({ frame: 'behind', behind: { origin, size: head.size } })
      return
    }
    head = extend(head, page.lines.slice(head.size - page.from)).head
    if (to.watching.now) cosign()
  }
  const cosign = (): void => {
    const treeRoot = rootOf(head.frontier)
    const body = checkpointBody({ origin, size: head.size, root: treeRoot })
    const signer = ed25519Signer(seedOf(`${name}-witness`))
    const line = cosignCheckpoint(body, parseVkey(witnessKey(name)), to.clock.now(), signer)
    const note = toUtf8(formatNote(body, [line]))
    end.receive({ frame: 'cosigned', cosigned: { origin, size: head.size, root: treeRoot, note } })
  }
  const hear = (frame: CoordinatorFrame): void => {
    if (frame.frame === 'heartbeat') end.receive({ frame: 'heartbeat', heartbeat: {} })
    if (frame.frame === 'lines') take(frame.lines)
  }
  const end = to.coordinator.attach(name, (frame) => void Promise.resolve().then(() => hear(frame)))
  const incarnation = Buffer.from(digestFor(`incarnation of ${name}`), 'hex').subarray(0, 16)
  const state = {
    state: 'ready',
    origin,
    size: 0,
    root: rootOf(head.frontier),
    keys: [],
    pairings: [],
  }
  end.receive({ frame: 'hello', hello: { node: name, incarnation, versions: [...spoken], state } })
}

let asked = 0
/** What every request of a test says. */
export function askedOf(clock: TestClock, vault: string) {
  asked += 1
  const created = Math.floor(clock.now() / 1_000) * 1_000
  return {
    ...{ org: parseHandle(org), env: 'dev' as const, id: parseHandle(`cold-${asked}`), created },
    ...{ notAfter: created + 72 * 3_600_000, initiator: parsePersonId('eli') },
    ...{ vault: parseVaultId(vault), purpose: 'a test of ceremonies' },
  }
}

/** A release of USDT from the cold vault to the warm one. */
export function release(clock: TestClock, changes: Partial<Intent> = {}): Intent {
  return {
    ...askedOf(clock, 'cold'),
    ...{ path: 'm', network: 'eip155:31337', op: 'erc20.transfer', asset: parseHandle('usdt') },
    ...{ contract: token, to: warm.address, amount: 1_000_000_000n, maxFee: 10n ** 16n },
    dest: parseDigest(digestOf(tags.dest, encode(destinationJson(warm)))),
    ...changes,
  }
}
