// A genesis as it should go: the log on which people asked for a key and planned its ceremony, what
// everybody says in the room, and the key, its Seals and its address as results.

import { readBundle } from '../../policy/ceremony/bundle.ts'
import { writeBundleIn } from '../../policy/ceremony/bundle-in.ts'
import { type PlannedStation, parsePlan } from '../../policy/ceremony/plan.ts'
import { addressReading } from '../../policy/ceremony/readings.ts'
import type { RecordType } from '../../policy/ceremony/record-bodies.ts'
import type { WrittenResults } from '../../policy/ceremony/results.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { parseOrder } from '../../policy/order.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { type Digest, parseHandle, parseNodeId, parsePersonId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import * as house from './audit-documents.ts'
import { digestNamed, testedBody } from './audit-log.ts'
import type { Asked } from './change-log.ts'
import { allowed, Ceremony, cold, coldAsks, coldLog } from './cold-log.ts'
import { Room, type Story, type Uttered } from './performed.ts'
import { plannedStation } from './planned.ts'
import { coldNote, people } from './room-story.ts'

const minute = 60_000
const custodians = ['amy', 'ben', 'cleo']
const stations = house.nodeNames.map((node, at) =>
  plannedStation(at + 1, {
    node: parseNodeId(node),
    custodian: parsePersonId(custodians[at] ?? ''),
  }),
)
/** Ana is the second witness, from outside. */
const others = people.filter(({ role }) => role !== 'custodian')
const everybody = [
  ...others,
  { person: parsePersonId('ana'), role: 'witness', how: 'document', outside: true } as const,
  ...custodians.map((one) => {
    return { person: parsePersonId(one), role: 'custodian', how: 'known', outside: false } as const
  }),
]

export class GenesisStory implements Story {
  readonly log = coldLog()
  readonly asked: Asked
  readonly ceremony: Ceremony
  readonly bundleIn
  readonly bundle: Digest

  constructor() {
    this.asked = allowed(this.log, { ...coldAsks.create, id: parseHandle('create-cold') })
    this.ceremony = new Ceremony(this.log, 'genesis', {
      kind: 'genesis',
      requests: [this.asked.digest],
      plan: {
        ...{ people: everybody, stations },
        ...{ from: this.log.t + 125 * minute, until: this.log.t + 300 * minute },
      },
    }).planned()
    const note = toUtf8(coldNote(this.log))
    const { order } = this.asked
    const documents = [...new Set(this.log.enclosures)]
    const page = { from: 0, lines: this.log.lines, documents, checkpoint: note }
    this.bundleIn = writeBundleIn({
      ...{ plan: this.plan, pages: [page], head: note, heads: [] },
      warrants: [{ kind: 'order', digest: parseOrder(order).digest, bytes: order }],
    })
    this.bundle = readBundle(this.bundleIn, 'in').digest
  }

  get plan() {
    const bytes = toUtf8(this.ceremony.document)
    return { ...parsePlan(bytes), bytes }
  }
}

export class Genesis extends Room<GenesisStory> {
  readonly address = chainOf('eip155:31337').address(cold.publicKey)
  readonly keyLine: JsonObject
  results: WrittenResults

  constructor(story: GenesisStory) {
    super(story)
    this.keyLine = story.asked.keyLine(cold)
    const tested = house.nodeNames.map((node) => {
      const body = testedBody(cold, node, { backup: sealOf(node), recovery: 'spare' })
      return { type: 'key.backup-tested', body } as const
    })
    this.results = {
      ...{ plan: this.digest, outcome: 'done', reason: '', documents: [] },
      lines: [{ type: 'key.created', body: this.keyLine }, ...tested],
      addresses: [{ address: this.address, vault: cold.vault }],
    }
  }

  own(): Uttered[] {
    const { keyState } = cold
    const request = this.story.asked.digest
    const session = digestNamed('session of genesis')
    const done = { confirmed: ['bo'], noted: [] }
    const administrator = 'administrator/ada'
    return [
      this.read('G-1', administrator, 'plan', this.digest),
      this.read('G-2', 'recorder/rita', 'roster', this.plan.root),
      ...this.each('message.sent', 'G-4', ({ node }) => {
        const to = this.stations.filter((one) => one.node !== node).map((one) => one.node)
        return { digest: digestNamed('commit'), length: 64, round: 1, session, to }
      }),
      ...this.each('session.done', 'G-4', () => ({ request, result: keyState, session })),
      this.read('G-5', 'custodian/ben', 'key', keyState),
      ...this.each('share.sealed', 'G-6', (one) => sealed(one)),
      ...this.each('seal.tested', 'G-6', (one) => opened(one, 'daily')),
      ...this.each('step.done', 'G-7', () => done),
      ...this.each('seal.tested', 'G-8', (one) => opened(one, 'spare')).map((one) => {
        return { ...one, token: String(one.body['token']) }
      }),
      this.read('G-9', 'auditor/bo', 'address', addressReading([this.address])),
      { by: administrator, type: 'step.done', step: 'G-10', body: done },
    ]
  }

  each(
    type: RecordType,
    step: string,
    body: (station: PlannedStation) => JsonObject,
  ): readonly Uttered[] {
    return this.stations.map((one) => {
      return { by: `custodian/${one.custodian}`, type, step, body: body(one) }
    })
  }
}

const share = { epoch: cold.epoch, keyState: cold.keyState, vault: cold.vault }

export const sealOf = (node: string): Digest => digestNamed(`seal of ${node}`)

function sealed({ node, tokens }: PlannedStation): JsonObject {
  const serials = [tokens?.daily.serial ?? '', tokens?.spare.serial ?? '']
  return { ...share, medium: 'a', seal: sealOf(node), tokens: serials }
}

function opened({ node, tokens }: PlannedStation, which: 'daily' | 'spare'): JsonObject {
  const medium = which === 'daily' ? 'a' : 'b'
  return { ...share, medium, seal: sealOf(node), token: tokens?.[which].serial ?? '' }
}
