/** What a judge of a ceremony reads, file by file, and the judge itself over all of them. */

import { type BundleFiles, parseManifest, writeBundle } from '../../policy/ceremony/bundle.ts'
import { judgeCeremony } from '../../policy/ceremony/judge.ts'
import { viewOfBundle } from '../../policy/ceremony/log-view.ts'
import { mainFault, readMainHead } from '../../policy/ceremony/main-head.ts'
import { parseRecordLine } from '../../policy/ceremony/record.ts'
import { parseResults } from '../../policy/ceremony/results.ts'
import { parseStatement, parseStatements } from '../../policy/ceremony/statement.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { type JsonObject, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { mainPlan } from '../kit/main-heads.ts'
import { RoomStory, trust } from '../kit/room-story.ts'
import { seedsOf } from './corpus.ts'
import { jsonTarget, type Target } from './target.ts'

const story = new RoomStory()
const view = viewOfBundle(story.bundleIn, trust)
const of = {
  direction: 'out',
  org: story.plan.plan.org,
  env: story.plan.plan.env,
  plan: story.plan.digest,
} as const

/** Under a true manifest, so that what comes is judged for what it says. */
function filesIn(bytes: Uint8Array): BundleFiles {
  const written = parse(bytes, limits.documentBytesMax) as JsonObject
  const files = Object.entries(written).map(([name, content]) => {
    return [name, toUtf8(typeof content === 'string' ? content : '')] as const
  })
  const statements = new Map(files).get('statements.json')
  return writeBundle(new Map(files.filter(([name]) => name !== 'statements.json')), of, statements)
}

const [seed] = seedsOf('ceremony')
const honest = (parse(seed) as JsonObject)['record.jsonl']

/** A Record that was changed anywhere is never OK. */
function judged(bytes: Uint8Array): void {
  const files = filesIn(bytes)
  const { word } = judgeCeremony({ files, log: view })
  const record = Buffer.from(files.get('record.jsonl') ?? []).toString()
  if (word === 'OK' && record !== honest) throw new Error('a changed record is OK')
}

const plan = mainPlan()
const main = seedsOf('main-head').map((bytes) => readMainHead(bytes, plan))

/** Whatever is taken is a head that the main log has signed, and did not grow from a later one. */
function mainRead(bytes: Uint8Array): void {
  const read = readMainHead(bytes, plan)
  if (!main.some(({ size, root }) => size === read.size && root === read.root)) {
    throw new Error('a head that nobody signed')
  }
  const later = main.filter(({ size }) => size > read.size)
  if (later.some((seen) => mainFault(read, seen) === undefined)) {
    throw new Error('a log grew backwards')
  }
}

export function ceremonyTargets(): readonly Target[] {
  const json = (name: string, run: (bytes: Uint8Array, text: string) => void, share = 0.1) =>
    jsonTarget(name, seedsOf(name), run, { share })
  return [
    json('record-line', (bytes) => parseRecordLine(bytes)),
    json('manifest', (bytes) => parseManifest(bytes)),
    json('statement', (_, text) => parseStatement(text)),
    json('statements', (bytes) => parseStatements(bytes)),
    json('results', (bytes) => parseResults(bytes)),
    json('main-head', mainRead),
    json('ceremony', judged, 0.005),
  ]
}
