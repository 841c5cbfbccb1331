// ceremony import: brings home what came out of a room. The Bundle is judged here first, as an
// auditor would, against an Export of the log under the trust file; whoever imports reads every
// exception and confirms each by typing its number; only then it goes to the coordinator, which
// judges it again.
// Source: the import checks I1 to I10, docs/ceremony.md. Sent again, the same Bundle changes
// nothing.
import type { Files } from '../policy/audit/export.ts'
import { manifestName } from '../policy/ceremony/bundle.ts'
import { type Judged, judgeCeremony } from '../policy/ceremony/judge.ts'
import { checks, type ToldException } from '../policy/ceremony/judgement.ts'
import { viewOfExport } from '../policy/ceremony/log-view.ts'
import type { Digest } from '../proto/ids.ts'
import { parseDigest } from '../proto/ids.ts'
import { readBundleFiles } from '../proto/io/bundle-files.ts'
import type { WireClient } from '../proto/io/channel-client.ts'
import type { ReplyOf } from '../proto/io/wire.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { wordLines } from '../proto/words.ts'
import { jsonOf, lineOf } from './ceremony-online.ts'
import { type Line, onLine } from './desk.ts'
import { profileOptions } from './profile.ts'
import {
  type Answer,
  type Args,
  done,
  flag,
  Mistyped,
  must,
  typed,
  type Verb,
  type World,
  word,
} from './verb.ts'

const partBytes = 49_152

export const ceremonyImport: Verb = {
  about: 'bring home what came out of the room: judged here, and again by the coordinator',
  usage: 'DIR [--exceptions DIGEST,..] [--as DIR]',
  words: { min: 1, max: 1 },
  options: { ...profileOptions, exceptions: { type: 'string' } },
  run: (args, world) =>
    onLine(args, world, ['operator'], async (line) => {
      const files = readBundleFiles(word(args, 0))
      const judged = await judgedHere(files, line)
      if (judged.word !== 'OK' || judged.bundle === undefined || judged.out === undefined) {
        return notGood(judged)
      }
      const { bundle, exceptions } = judged
      const plan = judged.out.plan.digest
      world.say(told(judged))
      const confirmed = await confirmedBy(args, world, exceptions)
      await putAll(line.client, { plan, bundle }, files)
      const asked = { plan, bundle, exceptions: [...confirmed] }
      return imported(must(await line.client.CeremonyService.ImportCeremony(asked)))
    }),
}

async function judgedHere(
  files: ReadonlyMap<string, Uint8Array>,
  { client, trust }: Line,
): Promise<Judged> {
  return judgeCeremony({ files, log: viewOfExport(await exportOf(client), trust) })
}

async function exportOf(client: WireClient): Promise<Files> {
  const parts = new Map<string, Uint8Array[]>()
  let bytes = 0
  for await (const { path, content } of client.AuditService.Export({})) {
    bytes += content.length
    if (bytes > limits.exportBytesMax) refuse('TOO_LARGE', 'export: more than fits here')
    parts.set(path, [...(parts.get(path) ?? []), content])
  }
  return new Map([...parts].map(([path, list]) => [path, new Uint8Array(Buffer.concat(list))]))
}

function told({ bundle, record, exceptions }: Judged): string {
  return [
    'I1 to I8 hold: the record is whole, signed and of this log, and its results prove themselves',
    ...(bundle === undefined ? [] : ['W-out', ...wordLines(bundle, 16).map((row) => `  ${row}`)]),
    `record ${record?.size} lines, root ${record?.root}`,
    `${exceptions.length} exceptions`,
    '',
  ].join('\n')
}

/** Typed one by one; without a terminal each is named by the digest of its line. */
async function confirmedBy(
  args: Args,
  world: World,
  exceptions: readonly ToldException[],
): Promise<readonly Digest[]> {
  const given = flag(args, 'exceptions')
  if (given !== undefined) {
    const named = given.split(',').filter((one) => one !== '')
    return named.map((one) => parseDigest(one, 'exceptions'))
  }
  for (const { number, step, expected, happened, decided, by } of exceptions) {
    const story = [`expected  ${expected}`, `happened  ${happened}`, `decided   ${decided} (${by})`]
    world.say(`exception ${number} at ${step}\n${story.map((row) => `  ${row}\n`).join('')}`)
    if ((await typed(world, `Type ${number} when you have read it`)) !== String(number)) {
      throw new Mistyped(`exception ${number} was not confirmed: nothing was imported`)
    }
  }
  return exceptions.map(({ line }) => line)
}

/** The manifest last, so that what is there without it is nothing yet. */
async function putAll(
  client: WireClient,
  of: { readonly plan: Digest; readonly bundle: Digest },
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const last = (name: string): number => (name === manifestName ? 1 : 0)
  for (const [name, whole] of [...files].sort(([a], [b]) => last(a) - last(b))) {
    for (let offset = 0; offset < whole.length; offset += partBytes) {
      const content = whole.subarray(offset, offset + partBytes)
      must(await client.CeremonyService.PutBundlePart({ ...of, name, offset, content }))
    }
  }
}

function notGood({ word: said, exit, findings, results }: Judged): Answer {
  const lines = findings.map(({ check, word: kind, because, line }) => {
    const where = line === undefined ? '' : ` at line ${line}`
    return `${kind} ${check} ${checks[check]}${where}: ${because}`
  })
  return {
    exit: exit === 0 ? 1 : exit,
    text: `${said}: nothing was imported\n${lines.map((row) => `  ${row}\n`).join('')}`,
    json: { word: said, results: { ...results }, findings: findings.map((one) => ({ ...one })) },
  }
}

function imported(reply: ReplyOf<'CeremonyService', 'ImportCeremony'>): Answer {
  const { ceremony, results } = reply
  if (!ceremony) return refuse('CEREMONY', 'expected a ceremony, got nothing')
  const rows = results.map(({ line, about, seq, kept }) => {
    const held = kept === '' ? '' : `\n    held back, not sent while this stands: ${kept}`
    return `  line ${seq} ${line} ${about}${held}\n`
  })
  const json: JsonObject = {
    ceremony: jsonOf(ceremony),
    results: results.map((one) => ({ ...one })),
  }
  return done(`${lineOf(ceremony)}${rows.join('')}`, json)
}
