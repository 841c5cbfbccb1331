// The closing of a room at the Record station: the last line of the Record, the manifest of
// what is carried out, the Statements of everybody who was there, and the Bundle out on its
// media. Also what Stations bring home on the way: statements of spare tokens, which become
// results.
// INVARIANT: Statements are made over the manifest that is written; nobody's is made here but
// the recorder's, by the token of this station.
// Source: the ceremony's design, 4.8, 4.9, 5.0.
import { type BundleFiles, manifestOf } from '../../policy/ceremony/bundle.ts'
import { bundleOutFiles, writeBundleOut } from '../../policy/ceremony/bundle-out.ts'
import { said } from '../../policy/ceremony/judgement.ts'
import { calledStations } from '../../policy/ceremony/plan.ts'
import { printedScripts } from '../../policy/ceremony/printed.ts'
import { actorText } from '../../policy/ceremony/record.ts'
import { parseResults } from '../../policy/ceremony/results.ts'
import type { Turn } from '../../policy/ceremony/script.ts'
import {
  encodeStatements,
  openStatement,
  parseStatement,
  statementText,
} from '../../policy/ceremony/statement.ts'
import { fromHex, fromUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { attempt, isRefusal, Refused, refuse } from '../../proto/refusal.ts'
import type { ConductorNeeds } from './conductor.ts'
import { actorOf, type DeskLine } from './room-desk.ts'
import { startedAgain, type Told } from './room-voice.ts'
import { spoken } from './spoken-for.ts'

export interface Concluded {
  readonly outcome: 'done' | 'aborted'
  readonly lines: number
  readonly exceptions: number
  readonly files: BundleFiles
}

type Tell = (node: string) => Promise<readonly Told[]>
const triesMax = 3

export interface ClosingNeeds extends ConductorNeeds {
  readonly writeLine: (line: DeskLine, step: string) => Promise<void>
}

type Kept = Pick<ConductorNeeds, 'log' | 'record' | 'results'>

/** From what a card keeps: the same files every time, of one closed Record and its Statements. */
export function carriedOut(kept: Kept): BundleFiles {
  return writeBundleOut(outOf(kept), encodeStatements(kept.results.statements))
}

function outOf({ log, record, results }: Kept) {
  const { plan } = log.bundle
  const scripts = printedScripts(plan)
  return { plan, record: record.bytes, results: results.encode(), scripts }
}

export class RoomClosing {
  readonly #needs: ClosingNeeds
  #manifest = ''

  /** Of a Record that is closed already there is one manifest, and it is made again. */
  constructor(needs: ClosingNeeds) {
    this.#needs = needs
    if (needs.record.state.closed !== undefined) this.#list()
  }

  /** Empty before the Record is closed. */
  get manifest(): string {
    return this.#manifest
  }

  /** The last line, and what is carried out: `reason` where the ceremony was stopped. */
  async close(turn: Turn, reason: string): Promise<string> {
    const { record, results, log } = this.#needs
    if (record.state.closed === undefined) {
      if (reason !== '') results.dropKeys()
      results.end(reason)
      const encoded = results.encode()
      const body = {
        exceptions: record.state.exceptions,
        results: parseResults(encoded).digest,
      }
      const actor = actorOf(log.bundle.plan.plan, turn)
      await this.#needs.writeLine({ actor, type: 'record.closed', body }, turn.step.id)
    }
    return this.#list()
  }

  #list(): string {
    const { plan } = this.#needs.log.bundle
    const of = {
      direction: 'out',
      org: plan.plan.org,
      env: plan.plan.env,
      plan: plan.digest,
    } as const
    const manifest = manifestOf(bundleOutFiles(outOf(this.#needs)), of)
    this.#manifest = fromUtf8(manifest) ?? ''
    return this.#manifest
  }

  /** At the Record station; of a custodian at the own one, by `tell`. */
  async statement({ person }: Turn, tell: Tell): Promise<undefined> {
    const { log, record, desk, speak, results } = this.#needs
    if (person === undefined) return undefined
    const named = `${person.role}/${person.person}`
    if (!record.state.met.has(named)) return undefined
    const isSaid = results.statements.some(({ document }) => {
      return actorText(parseStatement(document).actor) === named
    })
    if (isSaid) return undefined
    const station = calledStations(log.bundle.plan.plan).find(
      ({ custodian }) => person.role === 'custodian' && custodian === person.person,
    )
    if (station !== undefined) return await this.#atStation(station.node, tell)
    const typed = await desk.ask('agree', `${named}: do you agree? (agree, or do-not-agree): `)
    const verdict = typed.trim() === 'agree' ? 'agree' : 'do-not-agree'
    const because = verdict === 'agree' ? '' : await desk.ask('because', `${named}: why not: `)
    const actor = { role: person.role, person: person.person }
    const document = statementText({
      ...spoken(log.bundle.plan, record, this.#manifest, named),
      ...{ actor, verdict, because: because.trim() },
    })
    results.state(await speak(actor, document))
    return undefined
  }

  /** Who was started again in the middle is asked again, and else whom people ask once more. */
  async #atStation(node: string, tell: Tell): Promise<undefined> {
    for (let tries = 1; tries <= triesMax; tries += 1) {
      const [told] = await tell(node)
      const because = told?.kind === 'done' ? this.bring(node, told.brought) : told?.because
      if (because === '') return
      const question = `${node}: no statement: ${because}; once more? (yes or no): `
      if (because === startedAgain) this.#needs.desk.say(`${node}: no statement: ${because}`)
      else if ((await this.#needs.desk.ask('again', question)).trim() !== 'yes') return
    }
  }

  write(): BundleFiles {
    const files = carriedOut(this.#needs)
    this.#needs.write(files)
    return files
  }

  /** Lines of results, and the Statement of its own custodian; or why none of it is taken. */
  bring(node: string, brought: readonly JsonObject[]): string {
    const done = attempt(() => {
      for (const one of brought) this.#take(node, one)
    })
    if (!isRefusal(done)) return ''
    if (done.code === 'DISK_FULL') throw new Refused(done)
    return `${done.code}: ${said(done)}`
  }

  #take(node: string, { type, body, by, name, document, signature }: JsonObject): void {
    const { results, record, log } = this.#needs
    if (type === 'key.backup-tested') {
      results.add({ lines: [{ type, body: body as JsonObject }], documents: [] })
      return
    }
    if (by !== 'token') refuse('MALFORMED', `${node}: brings what is no result`)
    const bytes = fromHex(String(signature)) ?? refuse('MALFORMED', 'statement: signature')
    const written = { name: String(name), document: String(document) }
    const signed = { by: 'token', ...written, signature: bytes } as const
    const { actor } = openStatement(signed, { seats: record.state.seats, roster: undefined })
    const own = log.bundle.plan.plan.stations.find((one) => one.node === node)?.custodian
    if (actor.role !== 'custodian' || actor.person !== own) {
      refuse('CEREMONY', `${node}: speaks for ${actorText(actor)}`, 'I6')
    }
    results.state(signed)
  }
}
