// An enrolment by what people have for it: tokens that are initialised and get their keys, stations
// whose keys are sealed to both, media that each token opens. The tokens themselves sign the lines
// of a Record and the recorder's Statement, the real chain follows it, and the judge says OK to what
// goes home. Who conducts is the test: programs that play an enrolment as a room are not built.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeBundleOut } from '../../policy/ceremony/bundle-out.ts'
import { encodePlan, type PlannedToken, parsePlan } from '../../policy/ceremony/plan.ts'
import { printedScripts } from '../../policy/ceremony/printed.ts'
import { cardsReading } from '../../policy/ceremony/readings.ts'
import { keyName, recordLeaf, signedLine, unsignedLine } from '../../policy/ceremony/record.ts'
import { beginRecord, follow } from '../../policy/ceremony/record-chain.ts'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { documentDigest, type WrittenResults } from '../../policy/ceremony/results.ts'
import {
  encodeStatements,
  statementMessage,
  statementText,
} from '../../policy/ceremony/statement.ts'
import { parseStationCard } from '../../policy/ceremony/station-card.ts'
import { fromUtf8, toHex } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { parseTokenCard, type TokenCard } from '../../proto/token-card.ts'
import { type MadeStation, makeStation, writeMedium } from '../../signer-node/ceremony/enrolment.ts'
import { openMedium } from '../../signer-node/ceremony/medium.ts'
import { makeToken } from '../../signer-node/ceremony/rehearsal-tokens.ts'
import { StationToken } from '../../signer-node/ceremony/tokens.ts'
import { Hsm } from '../../signer-node/hsm/hsm.ts'
import * as house from '../kit/audit-documents.ts'
import { Enrolment, serialAt } from '../kit/enrolment-room.ts'
import type { Uttered } from '../kit/performed.ts'
import { plannedStation, plannedToken, testPlan } from '../kit/planned.ts'
import { actor } from '../kit/record.ts'
import { people } from '../kit/room-story.ts'
import { ports, random } from '../kit/tokens.ts'

interface Token {
  readonly document: Uint8Array
  readonly card: TokenCard
  readonly hsm: Hsm
}

const home = mkdtempSync(join(tmpdir(), 'custody-enrolled-'))
const scope = new AsyncDisposableStack()
afterAll(async () => {
  await scope.disposeAsync()
  rmSync(home, { recursive: true, force: true })
})

const places = ['daily', 'spare'] as const
const xs = [1, 2, 3]
/** By the serial that the story on paper gives it. */
const tokens = new Map<string, Token>()
const stations: MadeStation[] = []
const paper = new Enrolment()
const room = new Enrolment()

async function token(name: string, node: string, which: string): Promise<void> {
  const directory = join(home, node)
  const org = house.org
  const wish = {
    maker: 'software',
    directory,
    which,
    node,
    org,
    label: `${node} ${which}`,
  } as const
  const { card: document, pin } = await makeToken(wish, random)
  scope.use(pin)
  const card = parseTokenCard(document)
  const slot = { module: `software:${join(directory, which)}`, parameters: '', digest: '' }
  const hsm = scope.use(await Hsm.open({ ...slot, serial: card.serial }, ports))
  await hsm.login(pin, false)
  await hsm.use(card)
  tokens.set(name, { document, card, hsm })
}

const named = (name: string): Token => {
  const found = tokens.get(name)
  if (found === undefined) throw new Error(`no token ${name}`)
  return found
}
const planned = ({ card: { serial, identity, gaps } }: Token): PlannedToken => {
  return { serial, identity, gaps: [...gaps] }
}

beforeAll(async () => {
  await token('R-0', 'record', 'record')
  for (const x of xs) {
    for (const place of places) await token(serialAt(x, place), `node-${x}`, place)
  }
  const bare = xs.map((x) => {
    const { tokens: _, ...station } = plannedStation(x)
    return { ...station, part: 'joins' } as const
  })
  const build = { ...paper.plan.build, modules: [named('R-0').card.module] }
  const bytes = encodePlan(
    testPlan('enrolment', {
      ...{ org: parseHandle(house.org), env: 'dev', rehearsal: true, t: 2, people, build },
      ...{ stations: bare, recordToken: planned(named('R-0')) },
    }),
  )
  const read = { ...parsePlan(bytes), bytes }
  for (const station of bare) {
    const [daily, spare] = places.map((place) => named(serialAt(station.x, place)))
    if (daily === undefined || spare === undefined) throw new Error('a station has two tokens')
    const documents = { daily: daily.document, spare: spare.document }
    const made = makeStation({ plan: read.plan, station, ...documents }, { random, nowMs: 0 })
    const card = parseStationCard(made.card)
    for (const medium of ['a', 'b'] as const) {
      const at = join(home, station.node, medium)
      // E-3: both tokens open every Seal of what was written.
      const written = await writeMedium(at, made, medium, async (one) => {
        using _ = await new StationToken(daily.hsm, 'daily', card).open(one, random)
      })
      using _ = await new StationToken(spare.hsm, 'spare', card).open(
        openMedium(written.directory),
        random,
      )
    }
    stations.push(made)
  }
  const documents = stations.map(({ card }) => {
    return { kind: 'stationCard', text: fromUtf8(card) ?? '' } as const
  })
  const results: WrittenResults = { ...room.results, plan: read.digest, documents }
  const story = { ...room.story, plan: read }
  const { plan, digest } = read
  Object.assign(room, { story, plan, digest, results, scripts: printedScripts(read) })
}, 120_000)

/** The story on paper, told of these tokens. */
function said(): Uttered[] {
  const cardOf = ({ results }: Enrolment) => cardsReading(results.documents.map(documentDigest))
  const swaps: (readonly [string, string])[] = [
    [paper.digest, room.digest],
    [cardOf(paper), cardOf(room)],
    [paper.plan.build.modules[0] ?? '', room.plan.build.modules[0] ?? ''],
  ]
  for (const [name, { card }] of tokens) {
    swaps.push([toHex(plannedToken(name).identity), toHex(card.identity)])
    swaps.push([`"${name}"`, `"${card.serial}"`])
  }
  for (const x of xs) {
    for (const place of places) {
      const onPaper = paper.tokens.get(x)?.[place] ?? new Uint8Array(0)
      swaps.push([parseTokenCard(onPaper).digest, named(serialAt(x, place)).card.digest])
    }
  }
  return paper.said().map((one) => {
    if (one.type === 'record.closed') return room.closed(0)
    const text = swaps.reduce(
      (all, [from, to]) => all.replaceAll(from, to),
      JSON.stringify(one.body),
    )
    return { ...one, body: JSON.parse(text) }
  })
}

/** Each line by the token itself, where the chain stands. */
async function recorded(all: readonly Uttered[]): Promise<Uint8Array[]> {
  let state = beginRecord(seatsOf({ digest: room.digest, plan: room.plan }, ''))
  const lines: Uint8Array[] = []
  for (const { by, type, step, body, token: name = 'R-0' } of all) {
    const { hsm, card } = named(name)
    const draft = { actor: actor(by), type, step, body, t: room.plan.from + 1_000 * lines.length }
    const unsigned = unsignedLine(draft, { seq: state.size, prev: state.prev }, card.identity)
    const bytes = signedLine(unsigned, await hsm.sign(unsigned.message))
    const next = follow(state, bytes)
    expect(next.state.prev).toBe(recordLeaf(next.line))
    state = next.state
    lines.push(bytes)
  }
  return lines
}

async function carriedOut(lines: readonly Uint8Array[]) {
  const statements = room.spoken(lines).map(async (statement) => {
    if (statement.actor.role !== 'recorder') return room.sign(statement)
    const { hsm, card } = named('R-0')
    const document = statementText(statement)
    const signature = await hsm.sign(statementMessage(document))
    return { by: 'token', name: keyName(card.identity), document, signature } as const
  })
  return writeBundleOut(room.out(lines), encodeStatements(await Promise.all(statements)))
}

describe('an enrolment by real tokens', () => {
  it('makes cards that its own Record vouches for, and the judge says OK', async () => {
    const {
      word,
      findings,
      tokens: spoke = [],
    } = room.judged(await carriedOut(await recorded(said())))
    expect([word, findings]).toEqual(['OK', []])
    const told = spoke.map(({ node, place, serial }) => `${node} ${place} ${serial}`)
    const all = xs.flatMap((x) =>
      places.map((place) => `node-${x} ${place} ${named(serialAt(x, place)).card.serial}`),
    )
    expect(told.sort()).toEqual(all.sort())
  })

  it('takes no line of a token before it is enrolled, nor of another custodian’s after it', async () => {
    const all = said()
    const first = all.findIndex(({ type }) => type === 'token.enrolled')
    const early = all.map((one, at) => (at === first - 1 ? { ...one, token: 'D-1' } : one))
    await expect(recorded(early)).rejects.toThrow('is not one of custodian/ana')
    const swapped = all.map((one) =>
      one.type === 'words.read' && one.token === 'D-1' ? { ...one, token: 'D-2' } : one,
    )
    await expect(recorded(swapped)).rejects.toThrow('is not one of custodian/ana')
  })

  it('finds a station whose card has a token that was never in the room', async () => {
    await token('X-1', 'node-1', 'third')
    const { plan } = room
    const [station] = plan.stations
    if (station === undefined) return expect.fail('no station')
    const documents = { daily: named('D-1').document, spare: named('X-1').document }
    const mixed = makeStation({ plan, station, ...documents }, { random, nowMs: 0 })
    const { results } = room
    const [, ...others] = results.documents
    const card = { kind: 'stationCard', text: fromUtf8(mixed.card) ?? '' } as const
    room.results = { ...results, documents: [card, ...others] }
    const found = room.judged(await carriedOut(await recorded(said())))
    room.results = results
    expect(found.results.I8).toBe('VIOLATION')
    expect(found.findings.map(({ because }) => because)).toContainEqual(
      'the card of node-1 has other tokens than were enrolled',
    )
  })
})
