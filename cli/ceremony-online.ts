// ceremony list, prepare, export, abort: what an operator of a cold log does before a sitting and
// when there is none. The coordinator is believed in nothing: a Bundle is read here as every
// station will read it, and its Words are computed here, for the second channel.
import { readFileSync } from 'node:fs'
import { readBundle } from '../policy/ceremony/bundle.ts'
import { type BundleIn, readBundleIn } from '../policy/ceremony/bundle-in.ts'
import { readBundleOut } from '../policy/ceremony/bundle-out.ts'
import { takeLines } from '../policy/ceremony/judge-lines.ts'
import { parsePlan, type ReadPlan } from '../policy/ceremony/plan.ts'
import { recordHead } from '../policy/ceremony/record-chain.ts'
import type { Digest } from '../proto/ids.ts'
import { readBundleFiles, writeBundleFiles } from '../proto/io/bundle-files.ts'
import type { WireClient } from '../proto/io/channel-client.ts'
import type { ReplyOf } from '../proto/io/wire.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { hexGroups, wordLines } from '../proto/words.ts'
import { onLine } from './desk.ts'
import { mainHead, sizesOf } from './main-head.ts'
import { profileOptions } from './profile.ts'
import {
  type Answer,
  type Args,
  done,
  flag,
  must,
  required,
  UsageError,
  type Verb,
  type World,
  word,
} from './verb.ts'

const anyone = ['operator', 'approver', 'caller'] as const

export const ceremonyList: Verb = {
  about: 'every ceremony of a cold log, and where it stands',
  usage: '[--as DIR]',
  words: { min: 0, max: 0 },
  options: profileOptions,
  run: (args, world) =>
    onLine(args, world, anyone, async ({ client }) => {
      const { ceremonies } = must(await client.CeremonyService.ListCeremonies({}))
      const text = ceremonies.map(lineOf).join('')
      return done(text || 'no ceremony was planned\n', { ceremonies: ceremonies.map(jsonOf) })
    }),
}

export const ceremonyPrepare: Verb = {
  about: 'start what a plan names, and write the Bundle that goes into the room',
  usage: 'PLAN --out DIR [--main DIR [--seen SIZE,..]] [--as DIR]',
  words: { min: 1, max: 1 },
  options: {
    ...profileOptions,
    ...{ out: { type: 'string' }, main: { type: 'string' }, seen: { type: 'string' } },
  },
  run: (args, world) =>
    onLine(args, world, ['operator'], async ({ client }) => {
      const plan = planAt(args)
      const main = await mainFor(client, plan, args, world)
      must(await client.CeremonyService.PrepareCeremony({ plan: plan.digest, main }))
      return writeOut(client, plan, required(args, 'out'))
    }),
}

/** Of the main log that the plan names; what was prepared before keeps the head that it has. */
async function mainFor(
  client: WireClient,
  { digest, plan }: ReadPlan,
  args: Args,
  world: World,
): Promise<Uint8Array> {
  const as = flag(args, 'main')
  const { ceremonies } = must(await client.CeremonyService.ListCeremonies({}))
  const isPrepared = ceremonies.some((one) => one.plan === digest && one.bundle !== '')
  if (isPrepared || (plan.mainRoot === undefined && as === undefined)) return new Uint8Array(0)
  if (as === undefined) throw new UsageError('the plan names the main log: expected --main DIR')
  const sizes = ceremonies.map(({ mainSize }) => mainSize).filter((size) => size > 0)
  return mainHead({ as, plan, seen: [...sizesOf(flag(args, 'seen')), ...sizes] }, world)
}

export const ceremonyExport: Verb = {
  about: 'write the Bundle in once more: the same files, the same words',
  usage: 'PLAN --out DIR [--as DIR]',
  words: { min: 1, max: 1 },
  options: { ...profileOptions, out: { type: 'string' } },
  run: (args, world) =>
    onLine(args, world, ['operator'], async ({ client }) =>
      writeOut(client, planAt(args), required(args, 'out')),
    ),
}

export const ceremonyAbort: Verb = {
  about: 'end a planned ceremony that brought nothing, or a Record that nobody may import',
  usage: 'PLAN [--record OUT] [--reason CODE] [--as DIR]',
  words: { min: 1, max: 1 },
  options: { ...profileOptions, reason: { type: 'string' }, record: { type: 'string' } },
  run: (args, world) =>
    onLine(args, world, ['operator'], async ({ client }) => {
      const { digest: plan } = planAt(args)
      const reason = flag(args, 'reason') ?? 'CEREMONY'
      const { size: recordSize, root: recordRoot } = recordAt(flag(args, 'record'), plan)
      const asked = { plan, reason, recordSize, recordRoot }
      const { ceremony } = must(await client.CeremonyService.AbortCeremony(asked))
      if (!ceremony) return refuse('CEREMONY', 'expected a ceremony, got nothing')
      return done(lineOf(ceremony), jsonOf(ceremony))
    }),
}

/** Stations that signed it go on from no log that does not name it, good or bad. */
function recordAt(directory: string | undefined, plan: Digest) {
  if (directory === undefined) return { size: 0, root: '' as const }
  const out = readBundleOut(readBundle(readBundleFiles(directory), 'out'))
  if (out.plan.digest !== plan) refuse('BUNDLE', `expected what came out of the plan ${plan}`)
  const { state, findings } = takeLines(out)
  const [first] = findings
  if (state === undefined || first !== undefined) {
    return refuse('RECORD', first?.because ?? 'no record', first?.check)
  }
  return recordHead(state)
}

export function planAt(args: Args): ReadPlan & { readonly bytes: Uint8Array } {
  const bytes = new Uint8Array(readFileSync(word(args, 0)))
  return { ...parsePlan(bytes), bytes }
}

export type Ceremony = NonNullable<ReplyOf<'CeremonyService', 'PrepareCeremony'>['ceremony']>

export function lineOf({ plan, kind, state, from, until, vaults, requests }: Ceremony): string {
  const about = `${vaults.join(', ')}, ${requests.length} requests, ${from} to ${until}`
  return `${state.padEnd(10)} ${kind.padEnd(8)} ${plan}\n  ${about}\n`
}

export function jsonOf({ vaults, requests, mainSize, ...rest }: Ceremony): JsonObject {
  const main = mainSize === 0 ? {} : { mainSize }
  return { ...rest, vaults: [...vaults], requests: [...requests], ...main }
}

/** Read as a station reads it before anything is written. */
async function writeOut(client: WireClient, plan: ReadPlan, directory: string): Promise<Answer> {
  const files = await gather(client, plan.digest)
  const bundle = readBundle(files, 'in')
  const read = readBundleIn(bundle)
  if (read.plan.digest !== plan.digest) refuse('BUNDLE', 'expected the Bundle of this plan')
  writeBundleFiles(directory, files)
  const lines = read.pages.reduce((sum, page) => sum + page.lines.length, 0)
  const text = [
    `${files.size} files in ${directory}: ${lines} lines of the log, ${warrantsOf(read)}`,
    ...(read.main ? [`main log: ${read.main.size} lines of ${read.main.origin}`] : []),
    'W-in',
    ...wordLines(bundle.digest, 16).map((line) => `  ${line}`),
    `  ${hexGroups(bundle.digest, 16)}`,
    'tell these words to the auditor and the administrator by another way than this medium',
  ]
  const words = wordLines(bundle.digest, 16).join(' ')
  return done(`${text.join('\n')}\n`, {
    ...{ plan: plan.digest, bundle: bundle.digest, directory },
    ...{ files: files.size, lines, words: words.replaceAll('  ', ' ') },
    ...(read.main ? { main: { size: read.main.size, root: read.main.root } } : {}),
  })
}

function warrantsOf({ warrants }: BundleIn): string {
  const payments = warrants.filter(({ kind }) => kind === 'warrant').length
  return `${payments} payments, ${warrants.length - payments} changes`
}

async function gather(client: WireClient, plan: Digest): Promise<ReadonlyMap<string, Uint8Array>> {
  const parts = new Map<string, Uint8Array[]>()
  let bytes = 0
  for await (const { name, content } of client.CeremonyService.GetBundle({ plan })) {
    bytes += content.length
    if (bytes > limits.bundleBytesMax || parts.size > 2 * limits.bundleFilesMax) {
      refuse('TOO_LARGE', `bundle: expected at most ${limits.bundleBytesMax} bytes`)
    }
    parts.set(name, [...(parts.get(name) ?? []), content])
  }
  return new Map([...parts].map(([name, list]) => [name, new Uint8Array(Buffer.concat(list))]))
}
