// The sitting before there is a log: three stations, two tokens each, their cards, as they should be
// made and told. What a judge of an enrolment says OK to.
import { p256 } from '@noble/curves/nist.js'
import { vkeyOf } from '../../policy/audit/checkpoint.ts'
import { type Judged, judgeCeremony } from '../../policy/ceremony/judge.ts'
import { encodePlan, type PlannedStation, parsePlan } from '../../policy/ceremony/plan.ts'
import { cardsReading } from '../../policy/ceremony/readings.ts'
import { documentDigest, type WrittenResults } from '../../policy/ceremony/results.ts'
import type { SignedStatement, Statement } from '../../policy/ceremony/statement.ts'
import { statementMessage, statementText } from '../../policy/ceremony/statement.ts'
import { stationCardDocument } from '../../policy/ceremony/station-card.ts'
import { parseRoster } from '../../policy/roster.ts'
import {
  ed25519PublicKey,
  ed25519Signer,
  fromUtf8,
  sha256,
  toHex,
  toUtf8,
} from '../../proto/crypto.ts'
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { cardMessage, parseTokenCard, tokenCardDocument } from '../../proto/token-card.ts'
import * as house from './audit-documents.ts'
import { digestNamed } from './audit-log.ts'
import { Room, type Story, type Uttered } from './performed.ts'
import { plannedStation, plannedToken, someDigest, testPlan, tokenSecret } from './planned.ts'
import { people } from './room-story.ts'
import { cardFields } from './token-card.ts'

export type Place = 'daily' | 'spare'
const places: readonly Place[] = ['daily', 'spare']
export const serialAt = (x: number, place: Place): string => `${place === 'daily' ? 'D' : 'S'}-${x}`

const bare = (x: number): PlannedStation => {
  const { tokens: _, ...station } = plannedStation(x)
  return { ...station, part: 'joins' }
}

const stations = [1, 2, 3].map(bare)
const bytes = encodePlan(
  testPlan('enrolment', {
    ...{ org: parseHandle(house.org), env: 'dev', rehearsal: true, t: 2, stations, people },
  }),
)
const story = { plan: { ...parsePlan(bytes), bytes } } as unknown as Story
const secretOf = (name: string): Uint8Array => sha256(toUtf8(`enrolled ${name}`))

export type CardChange = (x: number, place: Place) => JsonObject

export class Enrolment extends Room<Story> {
  results: WrittenResults
  /** By x: the documents of its two tokens. */
  readonly tokens: ReadonlyMap<number, Readonly<Record<Place, Uint8Array>>>

  /** `change`: of the card of a token, before the token signs it. */
  constructor(change: CardChange = () => ({}), station: (x: number) => object = () => ({})) {
    super(story)
    this.tokens = new Map(
      stations.map(({ x }) => {
        const two = places.map((place) => this.#tokenCard(x, place, change(x, place)))
        return [x, { daily: two[0] ?? bytes, spare: two[1] ?? bytes }]
      }),
    )
    const documents = stations.map((one) => {
      const document = this.#stationCard(one, station(one.x))
      return { kind: 'stationCard', text: fromUtf8(document) ?? '' } as const
    })
    const none = { lines: [], addresses: [], reason: '', outcome: 'done' } as const
    this.results = { ...none, plan: this.digest, documents }
  }

  override opening(): Uttered[] {
    const { plan, digest } = this
    const by = 'recorder/rita'
    const bag = { intact: true, kind: 'bag', number: 'B-1', photo: '' }
    const checkpoint = { root: '', size: 0 }
    const body = { bundle: '', checkpoint, env: plan.env, kind: plan.kind, plan: digest }
    const present = plan.people.filter(({ role }) => role !== 'courier')
    return [
      { by, type: 'record.genesis', step: 'O-1', body },
      ...present.map(({ person, role, how }): Uttered => {
        return { by, type: 'person.present', step: 'O-2', body: { person, role, how } }
      }),
      { by: 'controller/jun', type: 'item.checked', step: 'O-3', body: bag },
      { by: 'auditor/bo', type: 'item.checked', step: 'O-4', body: { ...bag, kind: 'boot' } },
      ...this.stations.map((one) => this.ready(one, 'O-5', { token: 'R-0' })),
      this.read('O-6', 'auditor/bo', 'build', plan.build.program),
    ]
  }

  override closing(): Uttered[] {
    // No card carried a round.
    return super.closing().filter(({ step }) => step !== 'C-1')
  }

  own(): Uttered[] {
    const done = { confirmed: ['bo'], noted: [] }
    const cards = this.results.documents.map(documentDigest)
    return [
      this.read('E-1', 'administrator/ada', 'plan', this.digest),
      ...this.stations.flatMap((one) => places.flatMap((place) => this.enrols(one, place))),
      ...this.stations.flatMap((one) =>
        places.map((place): Uttered => {
          const token = serialAt(one.x, place)
          return { ...this.ready(one, 'E-3', { token }), token }
        }),
      ),
      this.read('E-4', 'recorder/rita', 'roster', cardsReading(cards)),
      { by: 'administrator/ada', type: 'step.done', step: 'E-5', body: done },
    ]
  }

  /** E-2 of one token: out of its bag by what signs until then, and from there on by itself. */
  enrols({ node, x, custodian }: PlannedStation, place: Place): Uttered[] {
    const [serial, by] = [serialAt(x, place), `custodian/${custodian}`]
    const { identity } = plannedToken(serial)
    const document = this.tokens.get(x)?.[place] ?? bytes
    const card = parseTokenCard(document).digest
    const item = { intact: true, kind: 'token', number: serial, photo: '' }
    const enrolled = { card, identity: toHex(identity), node, place, serial }
    const read = { ...this.read('E-2', by, 'token', card), token: serial }
    const confirmed = custodian === 'ana' ? ['chen', 'ben'] : ['chen', 'ana']
    return [
      {
        by,
        type: 'item.checked',
        step: 'E-2',
        body: item,
        token: place === 'daily' ? 'R-0' : serialAt(x, 'daily'),
      },
      { by: 'recorder/rita', type: 'token.enrolled', step: 'E-2', body: enrolled },
      { ...read, body: { ...read.body, confirmed } },
    ]
  }

  override sign(statement: Statement): SignedStatement {
    const { role, person } = statement.actor
    if (role === 'recorder') return super.sign(statement)
    const document = statementText(statement)
    const signature = house.keyOf(person).sign(statementMessage(document))
    return { by: 'credential', name: `${person}-1`, document, signature }
  }

  /** By the words of its plan and the directory: there is no log. */
  judged(files = this.carriedOut(), plan = this.digest): Judged {
    const roster = parseRoster(house.coldDirectoryText)
    return judgeCeremony({ files, log: undefined, plan, roster })
  }

  #tokenCard(x: number, place: Place, change: JsonObject): Uint8Array {
    const serial = serialAt(x, place)
    const fields = cardFields(`${x} ${place}`, {
      ...{ org: house.org, env: 'dev', node: `node-${x}`, id: place, serial },
      ...{ module: someDigest('module'), identity: toHex(plannedToken(serial).identity) },
      ...change,
    })
    return tokenCardDocument(fields, p256.sign(cardMessage(fields), tokenSecret(serial)))
  }

  #stationCard({ node, x, custodian, site, color }: PlannedStation, change: object): Uint8Array {
    const two = this.tokens.get(x)
    const [identity, witness] = [secretOf(`${node} identity`), secretOf(`${node} witness`)]
    const card = {
      ...{ org: parseHandle(house.org), env: 'dev' as const, node, x, custodian, site, color },
      identity: ed25519PublicKey(identity),
      witness: vkeyOf(`acme/${node}`, 'witness', ed25519PublicKey(witness)),
      transport: parseDigest(digestNamed(`tls ${node}`)),
      certificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
      ...{ daily: two?.daily ?? bytes, spare: two?.spare ?? bytes },
      ...change,
    }
    return stationCardDocument(card, ed25519Signer(identity))
  }
}
