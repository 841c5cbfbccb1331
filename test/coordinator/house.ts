// A coordinator with scripted nodes and a scripted chain in one process: frames in memory, a clock
// that moves when the test moves it.
import { evmLedger } from '../../coordinator/chain-rpc/evm-kind.ts'
import type { ChainRpc, MinedAt, Moved, SendAnswer } from '../../coordinator/chain-rpc/rpc.ts'
import { type Coordinator, createCoordinator } from '../../coordinator/coordinator.ts'
import { bindingsFor, lookAt } from '../../coordinator/desk/request.ts'
import type { Chains } from '../../coordinator/driver.ts'
import type { Event } from '../../coordinator/ports.ts'
import { readLinesOf } from '../../coordinator/store/lines.ts'
import type { Store } from '../../coordinator/store/store.ts'
import type { Approval } from '../../policy/approval.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import type { Intent } from '../../policy/intent.ts'
import type { Trust } from '../../policy/trust.ts'
import { keccak256, toHex } from '../../proto/crypto.ts'
import {
  type Handle,
  type PersonId,
  parseDigest,
  parseHandle,
  parsePersonId,
} from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import type { Signed } from '../../proto/signed.ts'
import { type ScriptedNode, scriptedNode } from './scripted-node.ts'
import {
  credentialOf,
  governed,
  keyLine,
  logSigner,
  nodes,
  nonce,
  root,
  signDecision,
  signIntent,
  type TestClock,
  testClock,
  testRandom,
} from './world.ts'

/** Mines what it takes, when told to. */
export interface ScriptedChain extends ChainRpc {
  readonly sent: string[]
  /** Blocks on top of everything that was taken; -1: nothing is mined. */
  depth: number
  prices_: { base: bigint; tip: bigint }
  answer: SendAnswer
  reverts: boolean
  moved: readonly Moved[] | undefined
  consumedSlots: Set<string>
  forget(): void
}

export function scriptedChain(): ScriptedChain {
  const taken = new Set<string>()
  return {
    sent: [],
    depth: -1,
    prices_: { base: 100n, tip: 10n },
    answer: { kind: 'taken' },
    reverts: false,
    moved: undefined,
    consumedSlots: new Set(),
    forget() {
      taken.clear()
    },
    async prices() {
      return this.prices_
    },
    async gas() {
      return this.reverts ? { kind: 'reverts', because: 'paused' } : { kind: 'gas', gas: 60_000n }
    },
    async send(raw) {
      const txid = `0x${toHex(keccak256(raw))}`
      this.sent.push(txid)
      if (this.answer.kind === 'taken') taken.add(txid)
      return this.answer
    },
    async minedAt(txid): Promise<MinedAt | undefined> {
      if (!taken.has(txid) || this.depth < 0) return undefined
      return {
        height: 7n,
        final: this.depth > 0,
        succeeded: true,
        ...(this.moved ? { moved: this.moved } : {}),
      }
    },
    async consumed(_from, slot) {
      return this.consumedSlots.has(String(slot))
    },
    async consumedAmong(places) {
      return places.map(({ slot }) => this.consumedSlots.has(String(slot)))
    },
    async used() {
      return 0n
    },
    async signedAt() {
      return undefined
    },
  }
}

export interface House {
  readonly coordinator: Coordinator
  readonly nodes: readonly ScriptedNode[]
  readonly chain: ScriptedChain
  readonly clock: TestClock
  readonly events: Event[]
  readonly store: Store
  submit(intent: Intent, records?: readonly Signed[]): Promise<string>
  state(id: string): Promise<string>
  /** Lets time pass until it is so. */
  until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void>
  untilState(id: string, state: string): Promise<void>
  /** Lets time pass. */
  pass(ms: number): Promise<void>
  /** Lets much time pass, in steps that no stream takes for silence. */
  jump(ms: number): Promise<void>
  stop(): Promise<void>
}

export interface HouseOptions {
  readonly clock?: TestClock
  readonly nodes?: readonly ScriptedNode[]
  readonly chain?: ScriptedChain
  /** Instead of the scripted one. */
  readonly chains?: Chains
  readonly keys?: readonly string[]
  readonly witnessGraceMs?: number
  readonly coldTrust?: Trust
  readonly alarmOnly?: ReadonlySet<string>
}

const stepMs = 100
const jumpMs = 30_000

export async function houseOn(store: Store, options: HouseOptions = {}): Promise<House> {
  const {
    clock = testClock(),
    chain = scriptedChain(),
    keys = ['hot'],
    witnessGraceMs = 0,
  } = options
  const all = options.nodes ?? nodes.map((name) => scriptedNode(name, clock))
  const events: Event[] = []
  const coordinator = createCoordinator({
    name: 'coordinator-1',
    store,
    clock,
    random: testRandom,
    report: (event) => events.push(event),
    log: logSigner,
    governed,
    root: root.digest,
    chains: options.chains ?? new Map([['eip155:31337', evmLedger(chain)]]),
    witnessGraceMs,
    ...(options.alarmOnly === undefined ? {} : { alarmOnly: options.alarmOnly }),
    ...(options.coldTrust === undefined ? {} : { coldTrust: options.coldTrust }),
  })
  await coordinator.open()
  const detach = all.map((node) => node.attach(coordinator))
  await coordinator.start()
  for (const vault of keys) {
    const content = { receipts: [], lines: [keyLine(vault)], documents: [] }
    await coordinator.sequencer.propose({
      kind: 'lines',
      content: JSON.parse(JSON.stringify(content)),
    })
  }
  const house: House = {
    coordinator,
    nodes: all,
    chain,
    clock,
    events,
    store,
    submit: async (intent, records = []) => {
      const submitted = await coordinator.requests.submit(signIntent(intent), records)
      if (isRefusal(submitted)) throw new Error(`${submitted.code}: ${submitted.because}`)
      return submitted.kind === 'request' ? submitted.shown.id : submitted.id
    },
    state: async (id) => {
      const shown = await coordinator.requests.find({ id })
      return isRefusal(shown) ? shown.code : shown.state
    },
    until: async (what, isSo) => {
      for (let tries = 0; tries < 600; tries += 1) {
        if (await isSo()) return
        await pass(coordinator, clock, stepMs)
      }
      throw new Error(`never: ${what}; ${events.map((event) => `${event.name} ${event.because}`)}`)
    },
    untilState: (id, state) => house.until(state, async () => (await house.state(id)) === state),
    pass: (ms) => pass(coordinator, clock, ms),
    jump: async (ms) => {
      for (let passed = 0; passed < ms; passed += jumpMs) {
        clock.advance(jumpMs)
        await settled()
        await coordinator.tick().catch(() => undefined)
        await settled()
      }
    },
    stop: async () => {
      for (const end of detach) end()
      let stopped = false
      const stopping = coordinator.stop().then(() => {
        stopped = true
      })
      // Running attempts end by their patience, which only the clock ends.
      while (!stopped) {
        clock.advance(jumpMs)
        await new Promise((resolve) => setImmediate(resolve))
      }
      await stopping
    },
  }
  return house
}

/** Lets the database and everybody who waits for it come to rest. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 25; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

async function pass(coordinator: Coordinator, clock: TestClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.advance(stepMs)
    await new Promise((resolve) => setImmediate(resolve))
    if (clock.now() % 1_000 < stepMs) await coordinator.tick().catch(() => undefined)
  }
}

/** A decision as a person would sign it on their own machine. */
export async function decision(
  { coordinator, clock }: Pick<House, 'coordinator'> & { readonly clock: Pick<TestClock, 'now'> },
  id: string,
  changes: Partial<Approval> & { readonly person: PersonId; readonly as: Handle },
): Promise<Signed> {
  const { copy, memory } = coordinator.driver
  const looked = await lookAt(copy, memory, parseDigest(id), clock.now())
  const { the, rule } = looked
  if (rule === undefined) throw new Error('no rule')
  const bound = bindingsFor(looked, rule, { recordedAt: clock.now(), t: clock.now() })
  const { rulebook, roster } = the.inForce
  return signDecision({
    org: root.org,
    env: root.env,
    decision: 'approve',
    intent: the.row.intent,
    policy: rulebook.digest,
    directory: roster.digest,
    rule: rule.id,
    credential: credentialOf(changes.person),
    display: bound?.display ?? the.row.intent,
    issued: clock.now(),
    expires: clock.now() + 3 * 3_600_000,
    nonce: nonce(`${id} ${changes.person}`),
    ...changes,
  })
}

export const as = (person: string, role: string) => ({
  person: parsePersonId(person),
  as: parseHandle(role),
})

/** Types of all lines about a request, in order. */
export async function story(house: House, id: string): Promise<string[]> {
  const lines = await readLinesOf(house.store, root.log.origin, parseDigest(id))
  return lines.map((line) => parseEntry(line).type)
}
