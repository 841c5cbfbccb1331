// The acts of a script on a Station's machine, a function for each that its steps name: what is
// shown and asked, which part of the Station does it, and which lines of the Record it drafts.
// INVARIANT: a request is permitted to the Station only by `confirm-request`, after its
// recipient and amount were typed, its PIN was given again, and its share was opened and
// compared with its public point. No act takes or gives a secret.
// Source: `policy/ceremony/steps.ts`; the ceremony's design, 4.11.
import { parseManifest } from '../../policy/ceremony/bundle.ts'
import type { BundleIn } from '../../policy/ceremony/bundle-in.ts'
import { screenFoot } from '../../policy/ceremony/foot.ts'
import type { PlannedRequest, PlannedStation, ReadPlan } from '../../policy/ceremony/plan.ts'
import { labelOf } from '../../policy/ceremony/plan.ts'
import { signatureReading, tokenReading } from '../../policy/ceremony/readings.ts'
import { keyName, signedLine, unsignedLine } from '../../policy/ceremony/record.ts'
import { recordHead } from '../../policy/ceremony/record-chain.ts'
import type { Turn } from '../../policy/ceremony/script.ts'
import { statementMessage, statementText } from '../../policy/ceremony/statement.ts'
import type { Act } from '../../policy/ceremony/steps.ts'
import { personId } from '../../policy/document.ts'
import { digestOf, plainDigest, toHex, toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import { tags } from '../../proto/tags.ts'
import { wordLines, wordsOf } from '../../proto/words.ts'
import type { Curve } from '../dkls23/curve.ts'
import type { Clock, Random } from '../ports.ts'
import type { TokenWay } from '../way-in.ts'
import { itemBody, itemHint } from './item-checked.ts'
import { sharesOn } from './medium.ts'
import type { Bench, Heard, Played } from './performer.ts'
import type { RecordCopy } from './record-copy.ts'
import type { SessionWatch } from './session-watch.ts'
import { type ShownRequest, showRequest } from './shown-request.ts'
import { spoken } from './spoken-for.ts'
import type { Station } from './station.ts'
import { headsOf, StationSeals } from './station-seals.ts'
import { asking } from './token-asked.ts'
import { withToken } from './token-back.ts'
import type { StationToken, Which } from './tokens.ts'
import type { Draft } from './turn-papers.ts'

/** Who is at the Station. `what` says what is asked for, so that a program can answer in a test. */
export interface Desk {
  say(text: string): void
  ask(what: Asked, question: string): Promise<string>
}

export type Asked =
  | 'item'
  | 'tail'
  | 'amount'
  | 'sentence'
  | 'daily-in'
  | 'spare-in'
  | 'agree'
  | 'because'
  | 'go'
  /** Whether a station that could not is asked once more. */
  | 'again'
  | 'present'
  | 'confirmed'
  | 'number'
  | 'word'
  | 'vault'
  | 'drawn'

/** The Token that is in, and its owner's PIN whenever it is asked for again. */
export interface TokenHand {
  readonly now: StationToken
  /** Logs out, and in again with what is in then. */
  again(which: Which | 'any'): Promise<StationToken>
}

export interface ActsNeeds {
  readonly plan: ReadPlan
  readonly own: PlannedStation
  readonly bundle: BundleIn
  readonly digest: Digest
  readonly station: Station
  readonly watch: SessionWatch
  readonly record: RecordCopy
  readonly desk: Desk
  readonly token: TokenHand
  /** Into the Seals of medium A. */
  readonly way: TokenWay
  /** Directories of medium A and medium B. */
  readonly media: { readonly a: string; readonly b: string }
  readonly curve: Curve
  readonly random: Random
  readonly clock: Clock
  /** Rolls, typed twice and unseen; which sources are mixed then. */
  readonly dice: () => Promise<readonly string[]>
  /** of this machine, as a line says them. */
  readonly ready: () => Promise<JsonObject>
}

type Doing = (heard: Heard) => Promise<Played>

const none: Played = { drafts: [] }
const triesMax = 2

export class StationActs implements Bench {
  readonly #needs: ActsNeeds
  readonly #seals: StationSeals
  readonly #shown = new Map<Digest, ShownRequest>()
  readonly #acts: Partial<Readonly<Record<Act, Doing>>> = {
    doctor: async () => ({ drafts: [await this.#ready()] }),
    'open-bundle': async () => this.#words('Bundle', this.#needs.digest, 16),
    'check-log': () => this.#checkLog(),
    'show-roster': async () => this.#showRoster(),
    dice: () => this.#dice(),
    keygen: (heard) => this.#deal(heard),
    reshare: (heard) => this.#deal(heard),
    seal: (heard) => this.#seals.seal(heard),
    'test-daily': (heard) => this.#seals.test(heard),
    'test-spare': (heard) => this.#seals.testSpare(heard),
    finish: (heard) => this.#seals.wipe(heard),
    'show-addresses': async () => none,
    'show-request': async (heard) => this.#show(heard),
    'draw-signers': async (heard) => this.#drawn(heard),
    'confirm-request': (heard) => this.#confirm(heard),
    sign: (heard) => this.#sign(heard),
    prove: (heard) => this.#sign(heard),
    'check-signature': async (heard) => this.#check(heard),
    wipe: (heard) => this.#seals.wipe(heard),
    'destroy-seal': async (heard) => this.#seals.destroy(heard),
    'close-record': async (heard) => this.#closed(heard),
    statement: (heard) => this.#statement(heard),
  }

  constructor(needs: ActsNeeds) {
    this.#needs = { ...needs, token: asking(needs) }
    this.#seals = new StationSeals(this.#needs)
  }

  async play(heard: Heard): Promise<Played> {
    const { desk, own, plan } = this.#needs
    const { step } = heard.turn
    const head = `${step.id}  ${labelOf(own)}  ${screenFoot(plan)}`
    desk.say([head, step.do, step.witness].join('\n  '))
    if (step.acts.length === 0) return { drafts: await this.#items(heard) }
    const drafts: Draft[] = []
    const brought: JsonObject[] = []
    for (const act of step.acts) {
      const doing = this.#acts[act]
      if (doing === undefined) refuse('NOT_SUPPORTED', `${act}: not an act of a station here`)
      else {
        const played = await withToken(this.#needs, () => doing(heard))
        drafts.push(...played.drafts)
        brought.push(...(played.brought ?? []))
      }
    }
    return { drafts, brought }
  }

  async signLine(...[line, place, requireMay]: Parameters<Bench['signLine']>): Promise<Uint8Array> {
    return await withToken(this.#needs, async () => {
      const identity = this.#identity()
      requireMay(identity)
      const unsigned = unsignedLine(line, place, identity)
      return signedLine(unsigned, await this.#needs.token.now.hsm.sign(unsigned.message))
    })
  }

  say(text: string): void {
    this.#needs.desk.say(text)
  }

  #identity(): Uint8Array {
    const { tokens } = this.#needs.own
    const { which } = this.#needs.token.now
    return tokens?.[which].identity ?? refuse('PLAN', 'the plan names no token of this station')
  }

  /** Where people act alone: what they read is typed here. */
  async #items({ turn: { step } }: Heard): Promise<readonly Draft[]> {
    if (step.words?.what === 'token') return [await this.#tokenRead(step.id)]
    if (!step.records.includes('item.checked')) return []
    const question = `numbers of token and medium, ${itemHint}`
    const items = await this.#listed('item', question, (one) => itemBody(one, 'token'))
    return items.map((body) => ({ type: 'item.checked', body }))
  }

  /** Asked again where what was typed makes no line. */
  async #listed<T>(
    what: Asked,
    question: string,
    read: (typed: string) => T,
  ): Promise<readonly T[]> {
    const { desk } = this.#needs
    for (let tries = 1; ; tries += 1) {
      const typed = (await desk.ask(what, question)).split(',').map((one) => one.trim())
      const listed = attempt(() => typed.map(read))
      if (!isRefusal(listed)) return listed
      if (tries === triesMax) return refuse(listed.code, listed.because)
      desk.say(listed.because)
    }
  }

  /** Of the Token that is in; the Plan's is shown at the Record station. */
  async #tokenRead(step: string): Promise<Draft> {
    const { own, token } = this.#needs
    const digest = tokenReading(token.now.card.identity)
    this.#words('token', digest, 8)
    const question = `${step}: read by ${own.custodian}; confirmed by: `
    const confirmed = await this.#listed('confirmed', question, (name) => personId(name, 'name'))
    const body = { by: own.custodian, confirmed: [...confirmed], digest, what: 'token' }
    return { type: 'words.read', body }
  }

  async #ready(more: JsonObject = {}): Promise<Draft> {
    return { type: 'station.ready', body: { ...(await this.#needs.ready()), ...more } }
  }

  #words(what: string, digest: Digest, count: 8 | 16): Played {
    this.#needs.desk.say([`words of the ${what}`, ...wordLines(digest, count)].join('\n  '))
    return none
  }

  async #checkLog(): Promise<Played> {
    const { log, main } = headsOf(this.#needs)
    this.#words('log', log.root, 8)
    if (main !== undefined) this.#words(`main-log: ${main.size} lines`, main.root, 16)
    return { drafts: [await this.#ready({ log: { ...log }, ...(main && { main: { ...main } }) })] }
  }

  #showRoster(): Played {
    const { desk, plan } = this.#needs
    for (const station of plan.plan.stations) {
      const { node, site, custodian, tokens } = station
      const serials = `${tokens?.daily.serial ?? ''} ${tokens?.spare.serial ?? ''}`
      desk.say(`  ${labelOf(station)}  ${node}  ${site}  ${custodian}  ${serials}`)
    }
    if (plan.plan.root !== '') return this.#words('root', plan.plan.root, 16)
    return none
  }

  /** What they came to stays behind the screen; the line counts the sources. */
  async #dice(): Promise<Played> {
    const { desk, dice, own } = this.#needs
    const noted = [...(await dice())]
    desk.say(`  ${noted.length} sources of randomness: ${noted.join(', ')}`)
    return { drafts: [{ type: 'step.done', body: { confirmed: [own.custodian], noted } }] }
  }

  /** Everybody at once; the Hub has asked already, or asks next. */
  async #deal({ turn, isEnded, isOver }: Heard): Promise<Played> {
    const { station, watch, plan } = this.#needs
    const request = dealtIn(plan.plan.requests, turn.vault)
    if (isEnded) return this.#dealt(turn, watch.left(request))
    await this.#vaultTyped(turn.vault ?? '')
    await this.#seals.wakeOld(turn.vault)
    if (isOver()) refuse('CEREMONY', 'the turn is over')
    watch.begin(request)
    station.permit(request)
    return this.#dealt(turn, await watch.ended(request, isOver))
  }

  #dealt({ vault }: Turn, { result, drafts }: ReturnType<SessionWatch['left']>): Played {
    this.#words(`key of ${vault}`, result, 16)
    return { drafts }
  }

  #show({ turn }: Heard): Played {
    const { station, bundle, plan, desk } = this.#needs
    const request = requestOf(turn.request)
    const at = plan.plan.requests.findIndex((one) => one.request === request.request)
    const warrant = bundle.warrants[at] ?? refuse('BUNDLE', 'the Bundle lacks this request', 'X-7')
    const shown = showRequest(station.own, request, warrant)
    this.#shown.set(request.request, shown)
    desk.say(`${shown.text}${shown.beside}`)
    this.#words('request', request.request, 8)
    const body = { display: shown.display, request: request.request }
    return { drafts: [{ type: 'request.shown', body }] }
  }

  async #confirm(heard: Heard): Promise<Played> {
    const { station, token, watch } = this.#needs
    const request = requestOf(heard.turn.request)
    // Anew: what was true an hour ago is asked of the log again.
    this.#show(heard)
    const shown = this.#shown.get(request.request) ?? refuse('VIEW', 'it was not shown here')
    await this.#typed(shown)
    this.#seals.announce(request.vault)
    await token.again('any')
    const proved = await this.#seals.proved('a', request.vault)
    this.#needs.desk.say(`confirmed, open, epoch ${proved[0]?.epoch}`)
    await this.#seals.wake(request.vault)
    if (heard.isOver()) refuse('CEREMONY', 'the turn is over')
    watch.begin(request.request)
    station.permit(request.request)
    const { display, typed } = shown
    const more: JsonObject = typed === undefined ? {} : { amount: typed.amount, tail: typed.tail }
    const body = { display, request: request.request, ...more }
    return { drafts: [{ type: 'request.confirmed', body }] }
  }

  /** No key is made, and none dealt anew, by the table's word alone. */
  async #vaultTyped(vault: string): Promise<void> {
    const { desk } = this.#needs
    desk.say(`  VAULT ${vault}`)
    for (let tries = 0; tries < triesMax; tries += 1) {
      const typed = await desk.ask('vault', 'name of the vault, as the plan has it: ')
      if (typed.trim() === vault) return
      desk.say('that is not the vault of this step')
    }
    refuse('CEREMONY', 'the name of the vault was typed wrong twice', 'X-13')
  }

  /** The fields are empty; nothing is filled in. */
  async #typed({ typed, request }: ShownRequest): Promise<void> {
    const { desk } = this.#needs
    for (let tries = 0; tries < triesMax; tries += 1) {
      if (typed === undefined) {
        const [wanted] = wordsOf(request, 8)
        const said = await desk.ask('word', 'first of the 8 words of this request: ')
        if (said.trim() === wanted) return
      } else {
        const tail = await desk.ask('tail', 'last six characters of the recipient: ')
        const amount = await desk.ask('amount', 'amount, as it was read: ')
        if (tail.trim() === typed.tail && amount.trim() === typed.written) return
      }
      desk.say('that is not what this station shows')
    }
    refuse('CEREMONY', 'recipient or amount were typed wrong twice', 'X-13')
  }

  /** S-7: who was not drawn signs nothing of what they confirmed, and holds no share of it. */
  #drawn({ turn, signers }: Heard): Played {
    const { own, desk, station } = this.#needs
    desk.say(`  by lot: ${signers.join(', ')}`)
    if (signers.includes(own.node)) return none
    station.withdraw()
    this.#seals.rest(requestOf(turn.request).vault)
    desk.say('  not drawn: wiped')
    return none
  }

  async #sign({ turn, signers, isEnded, isOver }: Heard): Promise<Played> {
    const { own, watch } = this.#needs
    if (!signers.includes(own.node)) return none
    const { request } = requestOf(turn.request)
    const left = isEnded ? watch.left(request) : await watch.ended(request, isOver)
    if (!left.holds) refuse('VIEW', 'the signature is wrong')
    return { drafts: left.drafts }
  }

  #check({ turn, signers }: Heard): Played {
    const { own, watch } = this.#needs
    if (!signers.includes(own.node)) return none
    const { request } = requestOf(turn.request)
    const { digest, signature } = watch.found(request)
    this.#words('signature', signatureReading(signature), 8)
    const body = { digest, request, signature: toHex(signature) }
    return { drafts: [{ type: 'signature.made', body }] }
  }

  /** What is carried out holds the very Record that this Station kept. */
  #closed({ manifest }: Heard): Played {
    const { record } = this.#needs
    const named = parseManifest(toUtf8(manifest)).files.find(({ name }) => name === 'record.jsonl')
    const own = plainDigest(record.bytes)
    if (record.state.closed === undefined || named?.sha256 !== own) {
      refuse('RECORD', 'what is carried out holds another Record than this copy', 'X-14')
    }
    return this.#words('Bundle', digestOf(tags.bundle, toUtf8(manifest)), 16)
  }

  async #statement(heard: Heard): Promise<Played> {
    const { desk, own, plan, record, token } = this.#needs
    if (heard.turn.person?.person !== own.custodian) return none
    this.#closed(heard)
    const typed = await desk.ask('agree', 'do you agree? (agree, or do-not-agree): ')
    const verdict = typed.trim() === 'agree' ? 'agree' : 'do-not-agree'
    const because = verdict === 'agree' ? '' : await desk.ask('because', 'why not: ')
    const document = statementText({
      ...spoken(plan, record, heard.manifest, `custodian/${own.custodian}`),
      actor: { role: 'custodian', person: own.custodian },
      ...{ verdict, because: because.trim() },
    })
    const signature = await token.now.hsm.sign(statementMessage(document))
    const name = keyName(this.#identity())
    for (const vault of plan.plan.vaults) {
      if (sharesOn(this.#needs.media.a).some((one) => one.vault === vault)) {
        await this.#seals.floor(vault, recordHead(record.state).root)
      }
    }
    const signed = { by: 'token', name, document, signature: toHex(signature) }
    return { drafts: [], brought: [signed] }
  }
}

function dealtIn(requests: readonly PlannedRequest[], vault: string | undefined): Digest {
  const found = requests.find((one) => one.vault === vault && one.op.startsWith('key.'))
  return found?.request ?? refuse('PLAN', `no request makes the key of ${vault}`)
}

function requestOf(request: PlannedRequest | undefined): PlannedRequest {
  return request ?? refuse('PLAN', 'this step is of no request')
}
