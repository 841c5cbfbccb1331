// A rehearsal from nothing to a payment on a chain: outside it real programs, as people start them;
// the room in this process, with the tokens in software and the media that the enrolment left.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openKey } from '../../cli/approver-key.ts'
import { openProfile } from '../../cli/profile.ts'
import { stationOf } from '../../policy/ceremony/plan.ts'
import { keyName } from '../../policy/ceremony/record.ts'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { statementMessage } from '../../policy/ceremony/statement.ts'
import { parseStationCard } from '../../policy/ceremony/station-card.ts'
import { parseRoot } from '../../policy/documents.ts'
import { parseHandle, parseNodeId } from '../../proto/ids.ts'
import { readBundleFiles, writeBundleFiles } from '../../proto/io/bundle-files.ts'
import { parseTokenCard } from '../../proto/token-card.ts'
import { Conductor } from '../../signer-node/ceremony/conductor.ts'
import { Hub } from '../../signer-node/ceremony/hub.ts'
import { RecordCopy } from '../../signer-node/ceremony/record-copy.ts'
import type { RehearsalStation } from '../../signer-node/ceremony/rehearsal-enrolment.ts'
import { Outside, type Prepared } from '../../signer-node/ceremony/rehearsal-outside.ts'
import { Programs } from '../../signer-node/ceremony/rehearsal-programs.ts'
import { RoomLog } from '../../signer-node/ceremony/room-log.ts'
import { RoomResults } from '../../signer-node/ceremony/room-results.ts'
import type { Asked } from '../../signer-node/ceremony/station-acts.ts'
import { framesOf } from '../../signer-node/ceremony/station-log.ts'
import { Hsm } from '../../signer-node/hsm/hsm.ts'
import { tablePatience } from '../../signer-node/sitting.ts'
import { anvilInstalled } from '../kit/anvil.ts'
import { testWorld } from '../kit/cluster.ts'
import { type Enrolled, type SeatedStation, seat } from '../kit/room-stage.ts'
import { random } from '../kit/tokens.ts'

const place = mkdtempSync(join(tmpdir(), 'custody-rehearsal-'))
afterAll(() => rmSync(place, { recursive: true }))
const clock = { wallMs: Date.now, monotonicMs: () => performance.now() }

function usual(what: Asked): string {
  if (what === 'present') return 'yes'
  if (what === 'confirmed') return 'lev, bo'
  if (what === 'agree') return 'agree'
  if (what === 'item') return 'B-1, B-2'
  return 'no'
}

function seated({ plan }: Prepared, one: RehearsalStation): Enrolled {
  const planned = stationOf(plan.plan, parseNodeId(one.node))
  if (planned === undefined) throw new Error(`${one.node} is not in the plan`)
  const home = join(one.socket.directory, '..')
  return {
    ...{ planned, socket: one.socket, home, media: { a: one.mediumA, b: one.mediumB } },
    card: parseStationCard(readFileSync(one.card)),
    pins: one.pins,
  }
}

async function room(outside: Outside, prepared: Prepared): Promise<string> {
  const { plan, bundleIn, bundleOut, directory } = prepared
  const { record, stations } = outside.enrolled
  const log = new RoomLog(readBundleFiles(bundleIn))
  const hub = new Hub({
    ...{ root: log.root, pages: framesOf(log.bundle, parseHandle(plan.plan.origin)) },
    ...{ called: plan.plan.called, patience: tablePatience({ roundS: 30, sessionS: 60 }) },
    ...{ clock, random, report: () => {} },
  })
  const ticking = setInterval(() => hub.tick(), 5)
  const { serial, identity } = plan.plan.recordToken
  await using token = await Hsm.open({ ...record.socket.slot, serial }, { random })
  await token.login(record.pins['record']!, false)
  await token.use(parseTokenCard(readFileSync(record.card)))
  const seats: SeatedStation[] = []
  const root = parseRoot(readFileSync(outside.online.at('shared/root.json'), 'utf8')).digest
  const said: string[] = []
  const conductor = new Conductor({
    ...{ log, hub, random, clock, scripts: new Map(), write: () => {} },
    desk: {
      say: (text: string) => void said.push(text),
      ask: async (what: Asked) => usual(what),
    },
    record: new RecordCopy(join(directory, 'record.jsonl'), seatsOf(plan, log.digest)),
    results: new RoomResults(join(directory, 'results'), plan.digest),
    recorder: { identity, sign: (message: Uint8Array) => token.sign(message) },
    speak: async ({ role, person }, document) => {
      const message = statementMessage(document)
      if (role === 'recorder') {
        const signature = await token.sign(message)
        return { by: 'token', name: keyName(identity), document, signature }
      }
      const args = { words: [], flags: { as: outside.online.at('people', person) } }
      const key = await openKey(openProfile(args, testWorld()), args, testWorld())
      return { by: 'credential', name: key.credential, document, signature: key.sign(message) }
    },
  })
  const sitting = {
    ...{ plan, bundle: log.bundle, digest: log.digest, root, hub, clock },
    people: () => () => undefined,
  }
  try {
    for (const one of stations) seats.push(await seat(seated(prepared, one), sitting))
    const done = await conductor.run()
    mkdirSync(bundleOut, { recursive: true })
    rmSync(bundleOut, { recursive: true })
    writeBundleFiles(bundleOut, done.files)
    return `${done.outcome} ${done.exceptions} ${said.slice(-8).join('|')}`
  } finally {
    clearInterval(ticking)
    for (const one of seats) one.close()
  }
}

describe('a rehearsal', () => {
  it('has a chain here, or has said that it has not', () => {
    expect(anvilInstalled || process.env['CI'] !== 'true').toBe(true)
  })
  if (!anvilInstalled) return

  it('makes a key, and pays with it, from nothing to a settled payment that a stranger verifies', async () => {
    await using programs = new Programs(join(place, 'logs'))
    const begun = performance.now()
    const say = (line: string) => {
      if (process.env['REHEARSAL_SAYS'] === '1') {
        process.stderr.write(`${((performance.now() - begun) / 1000).toFixed(1)} ${line}\n`)
      }
    }
    const ports = { programs, random, wallMs: Date.now, say }
    const wish = { directory: join(place, 'house'), stations: 3, maker: 'software' } as const
    using outside = await Outside.open(wish, ports)
    const genesis = await outside.before('genesis')
    say(await room(outside, genesis))
    const made = await outside.after(genesis)
    expect(made).toMatchObject({ verdict: 'OK', txid: '' })
    expect(made.lines.filter((line) => line === 'key.backup-tested')).toHaveLength(3)
    const sign = await outside.before('sign')
    say(await room(outside, sign))
    const paid = await outside.after(sign)
    expect(paid).toMatchObject({ verdict: 'OK', lines: ['sign.completed'] })
    expect(paid.txid).toMatch(/^(?:0x)?[0-9a-f]{64}$/)
  }, 300_000)
})
