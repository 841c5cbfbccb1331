// A signing ceremony as it should go, line by line, on the story of a cold payment: what everybody
// says, signed by their tokens, closed, with everybody's Statement, as a Bundle out. A test takes
// the list of what is said, bends one thing, and hears the judge.
import { createPrivateKey, sign } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'
import { emptyFrontier, push, rootOf } from '../../policy/audit/merkle.ts'
import { type BundleFiles, manifestOf } from '../../policy/ceremony/bundle.ts'
import { bundleOutFiles, writeBundleOut } from '../../policy/ceremony/bundle-out.ts'
import { type Judged, judgeCeremony } from '../../policy/ceremony/judge.ts'
import { type LogView, viewOfBundle } from '../../policy/ceremony/log-view.ts'
import type { Plan, PlannedStation, ReadPlan } from '../../policy/ceremony/plan.ts'
import { printedScripts } from '../../policy/ceremony/printed.ts'
import { signatureReading } from '../../policy/ceremony/readings.ts'
import {
  keyName,
  parseRecordLine,
  recordLeaf,
  signedLine,
  unsignedLine,
} from '../../policy/ceremony/record.ts'
import type { RecordType } from '../../policy/ceremony/record-bodies.ts'
import { encodeResults, parseResults, type WrittenResults } from '../../policy/ceremony/results.ts'
import {
  encodeStatements,
  type SignedStatement,
  type Statement,
  statementMessage,
  statementText,
} from '../../policy/ceremony/statement.ts'
import { digestOf, fromHex, toHex } from '../../proto/crypto.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { tags } from '../../proto/tags.ts'
import { lowS } from '../../signer-node/hsm/low-s.ts'
import * as house from './audit-documents.ts'
import { digestNamed, type TestLog } from './audit-log.ts'
import { tokenSecret } from './planned.ts'
import { actor, fileOf } from './record.ts'
import { type RoomStory, trust } from './room-story.ts'

export interface Uttered {
  readonly by: string
  readonly type: RecordType
  readonly step: string
  readonly body: JsonObject
  /** Serial of the token that signs, where it is another than the right one. */
  readonly token?: string
}

const points = new Map<string, Uint8Array>()
function point(serial: string): Uint8Array {
  const known = points.get(serial) ?? p256.getPublicKey(tokenSecret(serial), false)
  points.set(serial, known)
  return known
}

/** As a token signs: by another library, with a low s. */
function tokenSign(serial: string, message: Uint8Array): Uint8Array {
  const at = (from: number) =>
    Buffer.from(point(serial).subarray(from, from + 32)).toString('base64url')
  const d = Buffer.from(tokenSecret(serial)).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', x: at(1), y: at(33), d }
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  return lowS(new Uint8Array(sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' })))
}

/** What a room is called for: a log, a plan that was approved there, the Bundle that went in. */
export interface Story {
  readonly log: TestLog
  readonly plan: ReadPlan & { readonly bytes: Uint8Array }
  readonly bundle: Digest
  readonly bundleIn: BundleFiles
}

/** Everybody comes, opens and closes; what happens in between is of a kind of ceremony. */
export abstract class Room<S extends Story> {
  readonly story: S
  readonly plan: Plan
  readonly digest: Digest
  abstract results: WrittenResults
  scripts: BundleFiles
  /** Of the token with this serial. */
  signWith = tokenSign

  constructor(story: S) {
    this.story = story
    const { plan, digest } = story.plan
    this.plan = plan
    this.digest = digest
    this.scripts = printedScripts(story.plan)
  }

  /** What is done between opening and closing. */
  abstract own(): Uttered[]

  get stations(): readonly PlannedStation[] {
    return this.plan.stations
  }

  /** Everything that is said, in order. */
  said(): Uttered[] {
    return [...this.opening(), ...this.own(), ...this.closing()]
  }

  opening(): Uttered[] {
    const { story, plan, digest } = this
    const { size, frontier } = story.log.head
    const head = { root: toHex(rootOf(frontier)), size }
    const by = 'recorder/rita'
    const body = {
      bundle: story.bundle,
      checkpoint: head,
      env: plan.env,
      kind: plan.kind,
      plan: digest,
    }
    const present = plan.people.filter(({ role }) => role !== 'courier')
    const bag = { intact: true, kind: 'bag', number: 'B-1', photo: '' }
    return [
      { by, type: 'record.genesis', step: 'O-1', body },
      ...present.map(({ person, role, how }): Uttered => {
        return { by, type: 'person.present', step: 'O-2', body: { person, role, how } }
      }),
      { by: 'controller/jun', type: 'item.checked', step: 'O-3', body: bag },
      { by: 'auditor/bo', type: 'item.checked', step: 'O-4', body: { ...bag, kind: 'boot' } },
      ...this.stations.map((one) => this.ready(one, 'O-5')),
      this.read('O-6', 'auditor/bo', 'build', plan.build.program),
      this.read('O-7', 'auditor/bo', 'bundle', story.bundle),
      ...this.stations.map((one) => this.ready(one, 'O-8', { log: head })),
    ]
  }

  closing(exceptions = 0): Uttered[] {
    const card = { kind: 'card', method: 'shredded', number: 'K-1' }
    const bag = { intact: true, kind: 'bag', number: 'B-2', photo: '' }
    const done = { confirmed: ['bo', 'chen'], noted: [] }
    return [
      { by: 'recorder/rita', type: 'medium.destroyed', step: 'C-1', body: card },
      { by: 'controller/oli', type: 'item.checked', step: 'C-2', body: bag },
      { by: 'administrator/ada', type: 'step.done', step: 'C-3', body: done },
      this.closed(exceptions),
    ]
  }

  closed(exceptions: number): Uttered {
    const results = parseResults(encodeResults(this.results)).digest
    return {
      by: 'recorder/rita',
      type: 'record.closed',
      step: 'C-4',
      body: { exceptions, results },
    }
  }

  exception(number: number, step: string): Uttered {
    const body = { by: 'ada', decided: 'go on', expected: 'this', happened: 'that', number }
    return { by: 'recorder/rita', type: 'exception', step, body }
  }

  ready({ custodian, tokens }: PlannedStation, step: string, more: JsonObject = {}): Uttered {
    const { build } = this.plan
    const body = {
      ...{ build: build.program, checks: 41, clock: 0, interfaces: ['lo'] },
      ...{ module: build.modules[0] ?? '', token: tokens?.daily.serial ?? '', ...more },
    }
    return { by: `custodian/${custodian}`, type: 'station.ready', step, body }
  }

  read(step: string, by: string, what: string, digest: string): Uttered {
    const body = { by: by.replace(/^.*\//, ''), confirmed: ['chen', 'ana'], digest, what }
    return { by, type: 'words.read', step, body }
  }

  /**
   * The lines of a Record, each signed by its author's daily token; nothing is judged here. A
   * session that names no head was begun right before its first line.
   */
  lines(said: readonly Uttered[] = this.said()): Uint8Array[] {
    const lines: Uint8Array[] = []
    const begun = new Map<unknown, JsonObject>()
    let [prev, frontier] = [this.digest, emptyFrontier]
    for (const [seq, one] of said.entries()) {
      const { by, type, step } = one
      const session = one.body['session']
      const here = { root: toHex(rootOf(frontier)), size: seq }
      begun.set(session, begun.get(session) ?? here)
      const head = type === 'session.done' ? { head: begun.get(session) ?? here } : {}
      const body = { ...head, ...one.body }
      const serial = one.token ?? this.tokenOf(by)
      const draft = { actor: actor(by), type, step, body, t: this.plan.from + 1_000 * seq }
      const unsigned = unsignedLine(draft, { seq, prev }, point(serial))
      const bytes = signedLine(unsigned, this.signWith(serial, unsigned.message))
      const line = parseRecordLine(bytes)
      prev = recordLeaf(line)
      frontier = push(frontier, line.leaf)
      lines.push(bytes)
    }
    return lines
  }

  tokenOf(by: string): string {
    const station = this.stations.find(({ custodian }) => by === `custodian/${custodian}`)
    return station?.tokens?.daily.serial ?? this.plan.recordToken.serial
  }

  /** What is carried out, without Statements. */
  out(lines: readonly Uint8Array[]) {
    const results = encodeResults(this.results)
    return { plan: this.story.plan, record: fileOf(lines), results, scripts: this.scripts }
  }

  carriedOut(
    lines: readonly Uint8Array[] = this.lines(),
    say: (statement: Statement) => Statement | undefined = (one) => one,
  ): BundleFiles {
    const out = this.out(lines)
    const statements = this.spoken(lines).flatMap((one) => say(one) ?? [])
    return writeBundleOut(out, encodeStatements(statements.map((one) => this.sign(one))))
  }

  /** Of everybody who was present. */
  spoken(lines: readonly Uint8Array[]): Statement[] {
    const { org, env } = this.plan
    const files = bundleOutFiles(this.out(lines))
    const of = { direction: 'out', org, env, plan: this.digest } as const
    const bundle = digestOf(tags.bundle, manifestOf(files, of))
    const read = lines.map(parseRecordLine)
    const frontier = read.reduce((sum, { leaf }) => push(sum, leaf), emptyFrontier)
    const root = parseDigest(toHex(rootOf(frontier)))
    const met = new Set(
      read.flatMap(({ type, body }) =>
        type === 'person.present' ? [`${body.role}/${body.person}`] : [],
      ),
    )
    const exceptions = read.filter(({ type }) => type === 'exception').length
    return [...met].map((named) => ({
      ...{ actor: actor(named), because: '', bundle, org, env, exceptions, plan: this.digest },
      ...{ record: { root, size: lines.length }, verdict: 'agree' as const },
      ...{ from: this.plan.from, until: this.plan.from + 1_000 * lines.length },
    }))
  }

  /** By token where they have one, else by credential. */
  sign(statement: Statement): SignedStatement {
    const document = statementText(statement)
    const message = statementMessage(document)
    const { role, person } = statement.actor
    if (role !== 'custodian' && role !== 'recorder') {
      const signature = house.keyOf(person).sign(message)
      return { by: 'credential', name: `${person}-1`, document, signature }
    }
    const serial = this.tokenOf(`${role}/${person}`)
    const signature = this.signWith(serial, message)
    return { by: 'token', name: keyName(point(serial)), document, signature }
  }

  view(): LogView {
    return viewOfBundle(this.story.bundleIn, trust)
  }

  judge(files: BundleFiles = this.carriedOut(), log: LogView | undefined = this.view()): Judged {
    return judgeCeremony({ files, log })
  }
}

/** A payment, signed by the first two of three stations. */
export class Performance extends Room<RoomStory> {
  readonly receipts: readonly string[]
  readonly completed: JsonObject
  results: WrittenResults

  constructor(story: RoomStory) {
    super(story)
    this.receipts = story.receipts()
    this.completed = story.completed(this.receipts)
    this.results = {
      ...{ plan: this.digest, outcome: 'done', reason: '', addresses: [] },
      lines: [{ type: 'sign.completed', body: this.completed }],
      documents: this.receipts.map((text) => ({ kind: 'shareReceipt', text }) as const),
    }
  }

  get signature(): string {
    return String(this.completed['signature'])
  }

  own(): Uttered[] {
    const { request, intent } = this.story
    const [first, second] = this.stations
    const signers = [first, second].filter((one) => one !== undefined)
    const about = { request, display: digestNamed('display') }
    const typed = { amount: `${intent.amount}`, tail: intent.to.slice(-6) }
    const { sid } = this.story
    const each = (type: RecordType, step: string, body: JsonObject, of = this.stations) =>
      of.map((one): Uttered => ({ by: `custodian/${one.custodian}`, type, step, body }))
    const sent = (round: number) =>
      signers.map((one, at): Uttered => {
        const to = [signers[1 - at]?.node ?? '']
        const body = { digest: digestNamed(`round ${round}`), length: 64, round, session: sid, to }
        return { by: `custodian/${one.custodian}`, type: 'message.sent', step: 'S-8', body }
      })
    const done = { confirmed: ['bo'], noted: signers.map(({ node }) => node) }
    const signed = { digest: this.sighash, request, signature: this.signature }
    const reading = signatureReading(fromHex(this.signature) ?? new Uint8Array(0))
    return [
      ...each('item.checked', 'S-1', { intact: true, kind: 'token', number: 'D-1', photo: '' }),
      { by: 'administrator/ada', type: 'step.done', step: 'S-2', body: done },
      ...each('request.shown', 'S-3', about),
      this.read('S-4', 'administrator/ada', 'request', request),
      ...each('request.confirmed', 'S-6', { ...about, ...typed }),
      { by: 'administrator/ada', type: 'step.done', step: 'S-7', body: done },
      ...[1, 2, 3].flatMap(sent),
      ...each(
        'session.done',
        'S-8',
        { request, result: digestNamed('signed'), session: sid },
        signers,
      ),
      ...each('signature.made', 'S-9', signed, signers),
      this.read('S-10', 'auditor/bo', 'signature', reading),
      ...each('step.done', 'S-11', { confirmed: ['bo'], noted: [] }, signers),
    ]
  }

  get sighash(): string {
    return String(attemptOf(this.story)['digest'])
  }
}

function attemptOf({ log }: RoomStory): JsonObject {
  const bodies = log.lines.map((line) => JSON.parse(Buffer.from(line).toString()))
  return bodies.find(({ type }) => type === 'session.started').body
}
