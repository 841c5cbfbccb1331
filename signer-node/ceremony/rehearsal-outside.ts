// The outside of a rehearsal: everything before people go into the room and everything after they
// come out. Before: tokens, enrolment, the log of cold vaults, a request that people approved, a
// Plan that people approved, the Bundle in. After: the import, the lines, the transaction on the
// chain, and the verdict of a verifier that saw none of it.
// INVARIANT: what it asks for it asks by the programs that people use; nothing of the room is here.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parsePlan, type ReadPlan, type Scenario } from '../../policy/ceremony/plan.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import { type Json, type JsonObject, text } from '../../proto/jcs.ts'
import { Refused, refuse } from '../../proto/refusal.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import { buildFiles } from './build-files.ts'
import { arrived, coins } from './rehearsal-coins.ts'
import {
  type Enrolled,
  enrolled,
  newcomer,
  type RehearsalPorts,
  type RehearsalStation,
} from './rehearsal-enrolment.ts'
import { exceptionsIn, rowsOf } from './rehearsal-left.ts'
import { type Beside, type Online, online, storeMade } from './rehearsal-online.ts'
import {
  draftOf,
  house,
  newPlace,
  type RehearsalKind,
  requestOf,
  threshold,
} from './rehearsal-people.ts'
import { custody, nodeFlags, project, said } from './rehearsal-programs.ts'
import { type TokenMaker, tokenMaker } from './rehearsal-tokens.ts'

export interface OutsideWish {
  /** Empty, or not there yet. */
  readonly directory: string
  readonly stations: number
  /** What this machine has, where nothing is said. */
  readonly maker?: TokenMaker
  readonly beside?: Beside
}

export interface Prepared {
  readonly kind: RehearsalKind
  readonly plan: ReadPlan
  /** Of the sitting: plan, Bundles, what the room leaves. */
  readonly directory: string
  readonly planFile: string
  readonly bundleIn: string
  /** Where the room writes what is carried out. */
  readonly bundleOut: string
  readonly request: Digest
}

export interface Home {
  /** Types of the lines that the results became. */
  readonly lines: readonly string[]
  /** Empty where nothing was paid. */
  readonly txid: string
  readonly verdict: string
}

export interface SittingTerms {
  /** Of a drill. */
  readonly scenarios?: readonly Scenario[]
  /** To sign what somebody has asked for already; else one is asked for here. */
  readonly payment?: Digest | undefined
  /** Of the main log: file of its first root, and the directory of whoever reads it there. */
  readonly main?: { readonly root: string; readonly as: string } | undefined
}

interface OutsideParts {
  readonly directory: string
  readonly maker: TokenMaker
  readonly enrolled: Enrolled
  readonly online: Online
}

interface Proposed {
  readonly planFile: string
  readonly asked: Digest
}

interface PlanWish extends Pick<SittingTerms, 'main'> {
  readonly directory: string
  readonly request: Digest
  readonly table: Promise<Json>
  /** Over when it may be proposed. */
  readonly approved: Promise<void>
  /** From now on until the window begins. */
  readonly aheadMs: number
  readonly scenarios: readonly Scenario[]
}

const ops: Readonly<Record<RehearsalKind, string>> = {
  genesis: 'key.create',
  sign: 'payment',
  reshare: 'key.refresh',
  drill: 'key.prove',
}
/** In hundredths of a coin; each payment is one more, because the policy refuses the same twice. */
const firstPayment = 125n
const gift = 2n * 10n ** 18n
const pollMs = 250
const aheadMsMax = 240_000
const triesMax = 120

export class Outside implements Disposable {
  readonly enrolled: Enrolled
  readonly online: Online
  readonly #directory: string
  readonly #ports: RehearsalPorts
  readonly #maker: TokenMaker
  readonly #scope = new DisposableStack()
  #build: JsonObject
  #sittings = 1
  #payments: readonly bigint[] = []
  #root: string
  /** Who sit from now on, and who left with the root that is new. */
  #stations: readonly RehearsalStation[]
  #gone: readonly RehearsalStation[] = []

  private constructor(parts: OutsideParts, build: JsonObject, ports: RehearsalPorts) {
    this.#directory = parts.directory
    this.enrolled = parts.enrolled
    this.online = parts.online
    this.#build = build
    this.#ports = ports
    this.#maker = parts.maker
    this.#root = this.online.at('shared', 'root.json')
    this.#stations = this.enrolled.stations
    this.#scope.use(this.enrolled)
  }

  get stations(): readonly RehearsalStation[] {
    return this.#stations
  }

  /** The next root names a newcomer in the place of the last station; directors sign it. */
  async replace(): Promise<void> {
    const staying = this.#stations.slice(0, -1)
    const [leaving] = this.#stations.slice(-1)
    if (leaving === undefined) throw new Error('a committee has stations')
    const place = newPlace(this.#stations.length)
    const [directory, stations] = [this.#directory, this.#stations.length]
    const wish = { directory, stations, maker: this.#maker, build: () => this.#build }
    const come = await newcomer({ ...wish, place, staying, leaving }, this.enrolled, this.#ports)
    this.#scope.use(come)
    const draft = join(directory, 'root')
    const { as } = this.online
    await as('operator', ['root', 'draft', draft, '--add', come.card, '--remove', leaving.node])
    for (const one of house.directors) await as(`people/${one}`, ['root', 'sign', draft, '--yes'])
    await as('operator', ['root', 'submit', draft, '--wait', '30'])
    this.#ports.say(`the next root names ${come.node}, and ${leaving.node} no more`)
    this.#root = join(draft, 'root.json')
    this.#stations = [...staying, come]
    this.#gone = [leaving]
  }

  /** The enrolment, and the log after it. */
  static async open(wish: OutsideWish, ports: RehearsalPorts): Promise<Outside> {
    const { directory, stations, maker = tokenMaker(), beside } = wish
    if (existsSync(directory) && readdirSync(directory).length > 0) {
      refuse('CONFIG', `${directory}: expected an empty directory`)
    }
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    if (maker === 'software') {
      ports.say('TWINS IN SOFTWARE PLAY THE TOKENS: SoftHSM (softhsm2) is not in use')
    }
    const store = storeMade(directory, ports)
    // Whoever waits for something else first hears of it later.
    store.catch(() => {})
    const { digest } = buildFiles(project, process.execPath)
    let build: JsonObject = {}
    const buildOf = (modules: readonly string[]): JsonObject => {
      const { node } = process.versions
      build = {
        program: digest,
        image: digest,
        modules: [...modules],
        node,
        flags: [...nodeFlags].sort(),
      }
      return build
    }
    using scope = new DisposableStack()
    const keys = scope.use(await enrolled({ directory, stations, maker, build: buildOf }, ports))
    const up = await online({ directory, enrolled: keys, store, beside }, ports)
    scope.move()
    return new Outside({ directory, maker, enrolled: keys, online: up }, build, ports)
  }

  /** `table`: how frames go in the room; cards where nothing is said. */
  async before(
    kind: RehearsalKind,
    table: Promise<Json> = Promise.resolve({ way: 'cards' }),
    { scenarios = [], payment, main }: SittingTerms = {},
  ): Promise<Prepared> {
    this.#sittings += 1
    const directory = join(this.#directory, `${this.#sittings}-${kind}`)
    mkdirSync(directory, { mode: 0o700 })
    const asking = performance.now()
    const request = payment ?? (await this.#request(kind))
    // In that time it is drafted, approved and proposed: `#proposed` knows when that was too short.
    const aheadMs = 750 + 2.5 * (performance.now() - asking)
    const approved = this.#approved(request, house.approvers)
    const wish = { directory, request, table, scenarios, main, approved, aheadMs }
    const { planFile, asked } = await this.#proposed(kind, wish)
    this.#ports.say(`${this.#op(kind)} was asked for by one and approved by three`)
    const plan = parsePlan(new Uint8Array(readFileSync(planFile)))
    await this.#approved(asked, house.approvers.slice(0, 2))
    const [bundleIn, bundleOut] = [join(directory, 'in'), join(directory, 'out')]
    const head = main === undefined ? [] : ['--main', main.as]
    await this.#ready(['ceremony', 'prepare', planFile, '--out', bundleIn, ...head])
    this.#ports.say('the plan was approved by two, and the Bundle in is written')
    const earlyMs = plan.plan.from - this.#ports.wallMs()
    if (earlyMs > 0) await new Promise((resolve) => setTimeout(resolve, earlyMs))
    return { kind, plan, directory, planFile, bundleIn, bundleOut, request }
  }

  /** Brought home, in the log, settled, and verified against the Bundle that went in. */
  async after({ kind, bundleIn, bundleOut, request }: Prepared): Promise<Home> {
    const [{ lines, txid }, verdict] = await Promise.all([
      this.#home({ kind, bundleOut, request }),
      this.#verified({ bundleIn, bundleOut }),
    ])
    this.#ports.say('verified by the Bundle in and the trust file alone')
    return { lines, txid, verdict }
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]()
  }

  async #home({
    kind,
    bundleOut,
    request,
  }: Pick<Prepared, 'kind' | 'bundleOut' | 'request'>): Promise<Omit<Home, 'verdict'>> {
    const exceptions = exceptionsIn(join(bundleOut, 'record.jsonl')).join(',')
    const words = ['ceremony', 'import', bundleOut, '--exceptions', exceptions]
    const { results } = await this.online.as('operator', words)
    const lines = rowsOf(results).map((row) => said(row, 'line'))
    this.#ports.say(`imported: ${lines.join(', ')}`)
    return { lines, txid: kind === 'sign' ? await this.#settled(request) : '' }
  }

  /** By nothing that the import made. */
  async #verified({
    bundleIn,
    bundleOut,
  }: Pick<Prepared, 'bundleIn' | 'bundleOut'>): Promise<string> {
    const trust = this.online.at('shared', 'trust.txt')
    const verdict = await this.#ports.programs.ask(custody, [
      ...['ceremony', 'verify', bundleOut, '--trust', trust, '--log', bundleIn],
    ])
    return said(verdict, 'word')
  }

  async #request(kind: RehearsalKind): Promise<Digest> {
    const { vault, initiator } = house
    const purpose = ['--purpose', `rehearsal of ${kind}`]
    const by = (words: readonly string[]) => this.online.as(`people/${initiator}`, words)
    const answer =
      kind === 'genesis'
        ? await by(['vault', 'create', vault, ...purpose])
        : kind === 'reshare'
          ? await by([...this.#dealing(), ...purpose])
          : kind === 'drill'
            ? await by(['vault', 'prove', vault, '--audience', 'the rehearsal', ...purpose])
            : await by([...(await this.#payment()), ...purpose])
    return parseDigest(said(answer, 'id'))
  }

  /** To the same holders, or to those of the root by those of them who held it before. */
  #dealing(): readonly string[] {
    const { vault } = house
    if (this.#gone.length === 0) return ['vault', 'refresh', vault]
    const dealers = this.#stations.slice(0, threshold(this.#stations.length))
    return ['vault', 'reshare', vault, '--dealers', dealers.map(({ node }) => node).join(',')]
  }

  #op(kind: RehearsalKind): string {
    return kind === 'reshare' && this.#gone.length > 0 ? 'key.reshare' : ops[kind]
  }

  /** As a draft names them: at a reshare with what becomes of each. */
  #committee(kind: RehearsalKind): readonly (string | JsonObject)[] {
    if (kind !== 'reshare') return this.#stations.map(({ card }) => card)
    const known = new Set(this.enrolled.stations.map(({ node }) => node))
    return [
      ...this.#stations.map(({ card, node }) => {
        return { card, part: known.has(node) ? 'stays' : 'joins' }
      }),
      ...this.#gone.map(({ card }) => ({ card, part: 'leaves' })),
    ]
  }

  /** Out of the vault, which gets coins first, as soon as witnesses vouch for its address. */
  async #payment(): Promise<readonly string[]> {
    const { vault } = house
    const address = said(await this.#ready(['address', 'show', vault]), 'address')
    await this.online.chain.fund(address, gift)
    const hundredths = firstPayment + BigInt(this.#payments.length)
    this.#payments = [...this.#payments, hundredths]
    const amount = coins(hundredths)
    const what = ['--vault', vault, '--asset', 'eth-native', '--amount', amount]
    return ['submit', ...what, '--to', this.online.recipient]
  }

  async #approved(request: Digest, by: readonly string[]): Promise<void> {
    await Promise.all(
      by.map((person) => this.online.as(`people/${person}`, ['approve', request, '--yes'])),
    )
  }

  /** A window begins after its plan was proposed: on a machine that took longer, a later one. */
  async #proposed(kind: RehearsalKind, wish: PlanWish): Promise<Proposed> {
    const [planFile] = await Promise.all([this.#planned(kind, wish), wish.approved])
    const words = ['ceremony', 'propose', planFile, '--purpose', `rehearsal of ${kind}`]
    try {
      const asked = await this.online.as(`people/${house.initiator}`, words)
      return { planFile, asked: parseDigest(said(asked, 'id')) }
    } catch (error) {
      const isLate = error instanceof Refused && error.refusal.code === 'INVALID_INTENT'
      const aheadMs = 2 * wish.aheadMs
      if (!isLate || aheadMs > aheadMsMax) throw error
      this.#ports.say('the window began before its plan was proposed: once more, with a later one')
      rmSync(planFile)
      return await this.#proposed(kind, { ...wish, aheadMs })
    }
  }

  async #planned(kind: RehearsalKind, wish: PlanWish): Promise<string> {
    const { directory, request, table, scenarios, main, aheadMs } = wish
    const { record } = this.enrolled
    const roster = this.online.at('shared', 'directory.json')
    const t = threshold(this.#stations.length)
    const draft = {
      ...draftOf({
        ...{ number: this.#sittings, t, beginsMs: this.#ports.wallMs() + aheadMs },
        ...{ stations: this.#committee(kind), recordToken: record.card },
        ...{ build: this.#build, purpose: `rehearsal of ${kind}` },
      }),
      ...{ root: this.#root, table: await table, requests: [requestOf(request, this.#op(kind))] },
      called: this.#stations.map(({ node }) => node),
      ...(kind === 'reshare' ? { tBefore: t } : {}),
      ...(main === undefined ? {} : { mainRoot: main.root }),
      ...(scenarios.length === 0 ? {} : { scenarios: [...scenarios] }),
    }
    const [file, out] = [join(directory, 'draft.json'), join(directory, 'plan.json')]
    writeFileSync(file, text(draft))
    const beside = ['--root', this.#root, '--directory', roster]
    await this.#ports.programs.ask(custody, [
      ...['ceremony', 'plan', kind, file, '--out', out, ...beside],
    ])
    return out
  }

  /** The line that carries an approved plan out comes a moment after the last approval. */
  async #ready(words: readonly string[]): Promise<JsonObject> {
    let answer: JsonObject = {}
    await this.#until(async () => {
      try {
        answer = await this.online.as('operator', words)
        return true
      } catch (error) {
        if (error instanceof Refused && early.includes(error.refusal.code)) return false
        throw error
      }
    })
    return answer
  }

  /** In the log; and what was asked for here, on the chain. */
  async #settled(request: Digest): Promise<string> {
    let txid = ''
    await this.#until(async () => {
      const words = ['status', request]
      const { state, txid: found } = await this.online.as(`people/${house.initiator}`, words)
      if (typeof found === 'string') txid = found
      return state === 'SETTLED'
    })
    const paid = this.#payments.reduce((sum, one) => sum + one, 0n)
    if (this.online.isAlone) this.#ports.say(await arrived(this.online, paid))
    this.#ports.say(`settled: ${txid}`)
    return txid
  }

  async #until(isSo: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < triesMax; tries += 1) {
      if (await isSo()) return
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
    throw new Unavailable('the coordinator did not come to it in time')
  }
}

const early = ['CEREMONY', 'LOG_BEHIND', 'NOT_ENOUGH_SIGNERS', 'REQUEST_NOT_FOUND']
