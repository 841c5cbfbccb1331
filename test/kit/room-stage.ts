// Real Stations for a room in one process: each with its two tokens (twins in software) and a socket
// that takes one of them, its media A and B, its card; and a token for the Record station. The
// people are here too: they read what they are asked and type what a person would.
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BundleIn } from '../../policy/ceremony/bundle-in.ts'
import type { PlannedStation, PlannedToken, ReadPlan } from '../../policy/ceremony/plan.ts'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { parseStationCard, type StationCard } from '../../policy/ceremony/station-card.ts'
import { ed25519PublicKey, ed25519Signer, toUtf8 } from '../../proto/crypto.ts'
import { type Digest, type Handle, parseHandle, parseNodeId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { refuse } from '../../proto/refusal.ts'
import { parseTokenCard } from '../../proto/token-card.ts'
import { dice } from '../../signer-node/ceremony/dice.ts'
import { makeStation, writeMedium } from '../../signer-node/ceremony/enrolment.ts'
import { mixRandom } from '../../signer-node/ceremony/entropy.ts'
import type { Hub } from '../../signer-node/ceremony/hub.ts'
import { mediumPaths, openMedium } from '../../signer-node/ceremony/medium.ts'
import { noBackups } from '../../signer-node/ceremony/no-backups.ts'
import { Performer } from '../../signer-node/ceremony/performer.ts'
import { lastTryWords } from '../../signer-node/ceremony/pin-step.ts'
import { RecordCopy } from '../../signer-node/ceremony/record-copy.ts'
import { SessionWatch } from '../../signer-node/ceremony/session-watch.ts'
import { NamedRecord } from '../../signer-node/ceremony/sitting-record.ts'
import { Station } from '../../signer-node/ceremony/station.ts'
import { type Asked, type Desk, StationActs } from '../../signer-node/ceremony/station-acts.ts'
import { CertificateFiles, SessionFiles } from '../../signer-node/ceremony/station-files.ts'
import { StationSeals } from '../../signer-node/ceremony/station-seals.ts'
import { rememberedBy } from '../../signer-node/ceremony/station-self.ts'
import {
  type OpenedStation,
  openStationToken,
  type StationToken,
  type Which,
} from '../../signer-node/ceremony/tokens.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { FloorFile } from '../../signer-node/floor-file.ts'
import { here } from '../../signer-node/here.ts'
import { enrolToken } from '../../signer-node/hsm/enrol.ts'
import { Hsm } from '../../signer-node/hsm/hsm.ts'
import { Keystore } from '../../signer-node/keystore.ts'
import { PinTries } from '../../signer-node/pin-tries.ts'
import type { Clock, Event } from '../../signer-node/ports.ts'
import { Room as Disk } from '../../signer-node/room.ts'
import { tablePatience } from '../../signer-node/sitting.ts'
import { Store } from '../../signer-node/store.ts'
import { bentStream, framePair, type Tamper } from './frame-pair.ts'
import { plannedStation } from './planned.ts'
import { mortal } from './table-cupboard.ts'
import { random, secretPin } from './tokens.ts'

export const curve = nativeCurve()
/** Of no word that a screen has, not even in its half. */
export const stagePin = 'Pq7-Zr2Kx9-Wv4Lm'
const officer = '87654321'

export interface Owner {
  readonly org: Handle
  readonly env: 'dev'
  readonly origin: Handle
}

/** One token socket: a directory that a twin in software stands in, or not. */
export class Socket {
  readonly #home: string
  #inside: string | undefined

  constructor(home: string) {
    mkdirSync(home, { recursive: true })
    this.#home = home
  }

  get slot() {
    return { module: `software:${join(this.#home, 'in')}`, parameters: '', digest: '' }
  }

  plug(which: string | undefined): void {
    const at = (name: string): string => join(this.#home, name)
    if (this.#inside !== undefined) renameSync(at('in'), at(this.#inside))
    if (which !== undefined) renameSync(at(which), at('in'))
    this.#inside = which
  }

  async make(which: string, node: string, { org, env }: Owner): Promise<Uint8Array> {
    mkdirSync(join(this.#home, which))
    this.plug(which)
    using so = secretPin(officer)
    using user = secretPin(stagePin)
    const label = `${node} ${which}`
    const { serial } = await Hsm.init({ ...this.slot, serial: '' }, { so, user }, label, { random })
    await using hsm = await Hsm.open({ ...this.slot, serial }, { random })
    using pin = secretPin(stagePin)
    await hsm.login(pin, false)
    const owner = { org, env, node: parseNodeId(node) }
    return await enrolToken(
      hsm,
      { ...owner, id: parseHandle(`${node}-${which}`), gaps: [] },
      random,
    )
  }
}

export interface Enrolled {
  readonly planned: PlannedStation
  readonly card: StationCard
  readonly socket: Pick<Socket, 'slot' | 'plug'>
  readonly home: string
  /** Where they are not `a` and `b` of its home. */
  readonly media?: { readonly a: string; readonly b: string }
  /** Where it is not the one of the stage: of each token. */
  readonly pins?: Readonly<Record<string, Secret>>
}

/** Tokens, keys, media: what an enrolment leaves. */
export async function enrolStation(
  home: string,
  x: number,
  owner: Owner,
  nowMs: number,
  change: Partial<PlannedStation> = {},
): Promise<Enrolled> {
  const { tokens: _, ...station } = { ...plannedStation(x), ...change }
  const socket = new Socket(join(home, 'socket'))
  const daily = await socket.make('daily', station.node, owner)
  const spare = await socket.make('spare', station.node, owner)
  const made = makeStation({ plan: owner, station, daily, spare }, { random, nowMs })
  for (const medium of ['a', 'b'] as const) {
    await writeMedium(join(home, medium), made, medium, async () => {})
  }
  const card = parseStationCard(made.card)
  const token = (bytes: Uint8Array): PlannedToken => {
    const { serial, identity } = parseTokenCard(bytes)
    return { serial, identity, gaps: [] }
  }
  const tokens = { daily: token(daily), spare: token(spare) }
  return { planned: { ...station, tokens }, card, socket, home }
}

/** What is typed where nobody has another idea. */
export type People = (
  what: Asked,
  question: string,
) => string | undefined | Promise<string | undefined>

export interface SeatedStation {
  readonly performer: Performer
  readonly station: Station
  readonly record: RecordCopy
  readonly said: string[]
  close(): void
  /** Its link dies; it dials anew. */
  cut(): void
  /** As at SIGKILL: nothing is said, nothing is cleaned up, and nobody answers it any more. */
  kill(): void
}

export interface Sitting {
  readonly plan: ReadPlan
  readonly bundle: BundleIn
  readonly digest: Digest
  readonly root: Digest
  /** Of now: the Record station may be started again. */
  readonly hub: Hub
  readonly clock: Clock
  readonly tamper?: () => Tamper
  /** Whether the PIN that is typed now is a wrong one. */
  readonly isMistyped?: (node: string) => boolean
  readonly people: (node: string) => People
  /** Over a network, where silence means something. */
  readonly isNetwork?: boolean
  /** Whose dials end at once. */
  readonly isCutOff?: (node: string) => boolean
}

/** As the program of a Station does it: token, keys, log, table, script. */
export async function seat(enrolled: Enrolled, sitting: Sitting): Promise<SeatedStation> {
  const { card, home, socket, planned, media = sides(home) } = enrolled
  const { plan, bundle, digest, clock, tamper = () => ({}), isNetwork = false } = sitting
  const { node } = planned
  const said: string[] = []
  const people = sitting.people(node)
  const life = { isOver: false }
  const desk: Desk = {
    say: (text) => void said.push(text),
    ask: async (what, question) => {
      said.push(question)
      if (what === 'spare-in' || what === 'daily-in') {
        hand.plug(what === 'spare-in' ? 'spare' : 'daily')
      }
      const typed = (await people(what, question)) ?? usual(what, said)
      return life.isOver ? await new Promise<string>(() => {}) : typed
    },
  }
  const hand = new Hand(enrolled, desk, () => sitting.isMistyped?.(node) === true)
  hand.plug('daily')
  await hand.again('daily')
  const opened = await hand.now.open(openMedium(media.a), random)
  const self = selfOf(card, opened)
  const store = new Store(join(made(home, 'data'), 'node.db'), { busyTimeoutMs: 50 })
  const report = (event: Event): void => {
    if (event.level !== 'info') said.push(`${event.name}: ${event.because ?? event.reason ?? ''}`)
  }
  const later = (work: () => void): void => {
    setImmediate(() => {
      if (!life.isOver) work()
    })
  }
  const watch = new SessionWatch(new SessionFiles(made(home, 'sessions')))
  let performer: Performer | undefined
  let closeStream = (): void => {}
  const record = new RecordCopy(
    join(home, `record-${plan.digest.slice(0, 8)}.jsonl`),
    seatsOf(plan, digest),
  )
  const mixed = await mixRandom(
    { os: random, token: (length) => hand.now.hsm.random(length) },
    { plan: plan.digest, party: planned.x },
  )
  const station = new Station(
    {
      ...{ self, origin: card.org && sitting.bundle.plan.plan.origin, rootDigest: sitting.root },
      sitting: {
        ...{ plan: plan.digest, patience: tablePatience({ roundS: 30, sessionS: 60 }) },
        record: new NamedRecord(plan.plan, record),
      },
    },
    {
      store,
      keystore: new Keystore(mediumPaths(media.a).keyshares, self, {
        ...{ way: opened.way, random, curve, backups: noBackups },
      }),
      place: new FloorFile(made(home, 'floor'), node),
      room: new Disk({ volumes: [], clock, report }),
      certificates: new CertificateFiles(made(home, 'certificates')),
    },
    { clock, random: mixed.random, defer: later, pause: later, report, runner: here },
    { ...watch.ears, paper: (paper) => performer?.hear(paper) },
  )
  await station.open(bundle, rememberedBy(await hand.now.hsm.floors(), record.closedRoot))
  const ready = async (): Promise<JsonObject> => ({
    ...{ build: plan.plan.build.program, checks: 41, clock: 0, interfaces: ['lo'], module: '' },
    token: hand.now.card.serial,
  })
  const needs = {
    plan,
    own: planned,
    bundle,
    digest,
    station,
    watch,
    record,
    desk,
    token: hand,
    way: opened.way,
  }
  const rolls = async () => new Secret(toUtf8('123456'.repeat(20)))
  const throwing = () => dice({ say: (text) => void said.push(text), secret: rolls }, mixed)
  const all = { ...needs, media, curve, random, clock, ready, dice: throwing }
  await new StationSeals(all).restAll()
  const bench = new StationActs(all)
  performer = new Performer({ plan, own: planned, station, record, bench, clock, report })
  station.sit(
    watch.around({
      ...{ isCarried: !isNetwork, tick: () => {}, close: () => {} },
      dial: () => {
        const { node: end, coordinator } = framePair()
        closeStream = () => end.close()
        if (sitting.isCutOff?.(node) === true) end.close()
        queueMicrotask(() => performer?.greet())
        sitting.hub.seats.seated(node, bentStream(node, coordinator, tamper), !isNetwork)
        return mortal(end, life)
      },
    }),
  )
  const ticking = setInterval(() => {
    station.tick()
    performer?.tick()
  }, 5)
  const kill = (): void => {
    if (life.isOver) return
    clearInterval(ticking)
    life.isOver = true
    // The system closes what a dead process had open.
    closeStream()
    store.close()
    void hand.close()
  }
  const close = (): void => {
    if (life.isOver) return
    clearInterval(ticking)
    life.isOver = true
    station[Symbol.dispose]()
    store.close()
    opened[Symbol.dispose]()
    mixed[Symbol.dispose]()
    void hand.close()
    socket.plug(undefined)
  }
  return { performer, station, record, said, close, kill, cut: () => closeStream() }
}

function selfOf({ org, env, node, x }: StationCard, { keys }: OpenedStation) {
  const { identity, witness, secret } = keys
  return {
    ...{ org, env, node: parseNodeId(node), x, curve },
    sign: ed25519Signer(identity.bytes),
    identity: ed25519PublicKey(identity.bytes),
    witness: { publicKey: ed25519PublicKey(witness.bytes), sign: ed25519Signer(witness.bytes) },
    secret: new Secret(secret.bytes.slice()),
  }
}

/** Logs in with whatever stands in the socket. */
class Hand {
  readonly #enrolled: Enrolled
  readonly #desk: Desk
  readonly #isMistyped: () => boolean
  #token: StationToken | undefined
  #inside: Which = 'daily'

  constructor(enrolled: Enrolled, desk: Desk, isMistyped: () => boolean) {
    this.#enrolled = enrolled
    this.#desk = desk
    this.#isMistyped = isMistyped
  }

  plug(which: Which): void {
    this.#inside = which
    this.#enrolled.socket.plug(which)
  }

  get now(): StationToken {
    return this.#token ?? refuse('TOKEN_ABSENT', 'no token is in')
  }

  async again(which: Which | 'any'): Promise<StationToken> {
    const { card, socket, home, pins } = this.#enrolled
    await this.close()
    const pin = pins?.[this.#inside]
    const pad = {
      say: (text: string) => this.#desk.say(text),
      line: async () => lastTryWords,
      secret: async () => {
        if (this.#isMistyped()) return secretPin('PIN-mistyped')
        return pin ? new Secret(pin.bytes.slice()) : secretPin(stagePin)
      },
    }
    const asked = { pad, tries: new PinTries(made(home, 'tries')), exception: () => {} }
    this.#token = await openStationToken(socket.slot, card, which, { random, pin: asked })
    return this.#token
  }

  async close(): Promise<void> {
    await this.#token?.[Symbol.asyncDispose]()
    this.#token = undefined
  }
}

/** Reads it off the screen, as a person at a station does. */
function usual(what: Asked, said: readonly string[]): string {
  const screen = said.join('\n')
  const last = (form: RegExp): string => [...screen.matchAll(form)].at(-1)?.[1] ?? ''
  switch (what) {
    case 'tail':
      return last(/^TO\s+(\S+)$/gm).slice(-6)
    case 'amount':
      return last(/^TRANSFER\s+(\S+)/gm)
    case 'confirmed':
      return 'ana, ben'
    case 'item':
      return 'T-1, M-1'
    case 'word':
      return last(/words of the request\n\s+(\S+)/g)
    case 'agree':
      return 'agree'
    case 'vault':
      return last(/VAULT (\S+)/g)
    default:
      return ''
  }
}

const sides = (home: string) => ({ a: join(home, 'a'), b: join(home, 'b') })

export function made(home: string, name: string): string {
  const path = join(home, name)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  return path
}

export class StageHome {
  readonly path = mkdtempSync(join(tmpdir(), 'custody-stage-'));
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
