// "Effective": a line is in the log and enough witnesses say so. Held against the trust file alone:
// the line says exactly what we signed, lies in the tree under its number, and the tree's head is
// signed by the log and cosigned by q witnesses of its root. A decision counts only after the line
// that created its request, so that line is proved too. Anything less is "recorded", which a
// coordinator can say of what it then withholds.
// Source: README D26, policy design 3.9.
import { parseNote, signedByLog } from '../policy/audit/checkpoint.ts'
import { type Entry, type EntryOf, parseEntry } from '../policy/audit/entry.ts'
import { verifyInclusion } from '../policy/audit/merkle.ts'
import type { Reigns } from '../policy/audit/reigns.ts'
import type { Asked } from '../policy/check-people.ts'
import type { Trust } from '../policy/trust.ts'
import type { Digest } from '../proto/ids.ts'
import type { WireClient } from '../proto/io/channel-client.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { Unavailable } from '../proto/unavailable.ts'
import { cosignersOf } from './roots.ts'
import { must, type World } from './verb.ts'

/** What a decision or a freeze is answered with. */
export interface Recorded {
  readonly seq: number
  readonly checkpoint: Uint8Array
  readonly proof: readonly Uint8Array[]
  readonly entry: Uint8Array
}

/** The trust file, and the roots that were proved from it. */
export interface Judging {
  readonly trust: Trust
  readonly reigns: Reigns
}

export interface Effective {
  readonly size: number
  /** Of the witnessed tree, 32 bytes. */
  readonly root: Uint8Array
  readonly witnesses: readonly string[]
}

const pollMs = 500
const linesPerRead = 500

/** Asks again until the proof is there; throws `Unavailable` when it is not after `waitMs`. */
export async function waitEffective(
  recorded: Recorded,
  isOurs: (entry: Entry) => boolean,
  from: Judging & { readonly client: WireClient; readonly world: World },
  waitMs: number,
): Promise<Effective> {
  const { client, world } = from
  const until = world.nowMs() + waitMs
  const entry = requireOurs(recorded, isOurs)
  let { checkpoint, proof } = recorded
  for (;;) {
    const found = checkpoint.length === 0 ? undefined : prove(entry, checkpoint, proof, from)
    if (found !== undefined) return found
    if (world.nowMs() >= until) {
      throw new Unavailable(`line ${entry.seq} is recorded, but not yet witnessed`)
    }
    await world.pause(pollMs)
    ;({ checkpoint, proof } = await ask(client, entry))
  }
}

/** Undefined while q witnesses have not cosigned a head that contains the line. */
export function prove(
  entry: Entry,
  checkpoint: Uint8Array,
  proof: readonly Uint8Array[],
  judging: Judging,
): Effective | undefined {
  const note = parseNote(checkpoint)
  const { log } = judging.trust
  if (!signedByLog(note, log.vkey)) {
    refuse('LOG_MALFORMED', `checkpoint: not signed by ${log.origin}`)
  }
  const { size, root } = note.checkpoint
  const witnesses = cosignersOf(note, judging, entry.seq)
  if (witnesses === undefined || size <= entry.seq) return undefined
  if (!verifyInclusion({ leaf: entry.leaf, index: entry.seq, size, root, proof })) {
    refuse('LINE_MISSING', `line ${entry.seq}: the proof does not lead to the witnessed root`)
  }
  return { size, root, witnesses }
}

/** In the same witnessed tree, before line `seq`: else the fold knows no request to decide on. */
export async function requireCreated(
  client: WireClient,
  seq: number,
  { size, root }: Effective,
  { digest, asked: intent }: { readonly digest: Digest; readonly asked: Asked },
): Promise<void> {
  const line = await findCreated(client, seq, digest, intent.created - limits.clockSkewMs)
  for (const field of ['id', 'initiator', 'vault', 'op', 'notAfter'] as const) {
    if (line.body[field] !== intent[field]) {
      refuse('LINE_VOID', `line ${line.seq}: ${field} is not that of the intent`)
    }
  }
  const { proof } = must(await client.AuditService.GetProof({ seq: line.seq, oldSize: 0, size }))
  if (!verifyInclusion({ leaf: line.leaf, index: line.seq, size, root, proof })) {
    refuse('LINE_MISSING', `line ${line.seq}: the proof does not lead to the witnessed root`)
  }
}

/** What the confirmation of a verb says of it. */
export function effectiveJson({ size, witnesses }: Effective): JsonObject {
  return { size, witnesses: [...witnesses] }
}

function requireOurs({ seq, entry }: Recorded, isOurs: (entry: Entry) => boolean): Entry {
  const line = parseEntry(entry)
  if (line.seq !== seq || !isOurs(line)) {
    refuse('LINE_MISSING', `line ${seq}: expected the one about this document, got ${line.type}`)
  }
  return line
}

async function ask(
  client: WireClient,
  { seq }: Entry,
): Promise<Pick<Recorded, 'checkpoint' | 'proof'>> {
  const { checkpoint } = must(await client.AuditService.GetCheckpoint({}))
  const { size } = parseNote(checkpoint).checkpoint
  if (size <= seq) return { checkpoint, proof: [] }
  const { proof } = must(await client.AuditService.GetProof({ seq, oldSize: 0, size }))
  return { checkpoint, proof }
}

/** Backwards from the decision, and no further than the request can be old. */
async function findCreated(
  client: WireClient,
  before: number,
  intent: Digest,
  earliestMs: number,
): Promise<EntryOf<'intent.created'>> {
  for (let to = before; to > 0; ) {
    const from = Math.max(0, to - linesPerRead)
    const lines = await readRange(client, from, to)
    for (const line of lines) {
      if (line.type === 'intent.created' && line.body.intent === intent) return line
    }
    if ((lines[0]?.t ?? 0) < earliestMs) break
    to = from
  }
  return refuse('LINE_MISSING', `line ${before}: no line before it created the request`)
}

/** An answer may hold fewer lines than asked for, and must hold the next one. */
async function readRange(client: WireClient, from: number, to: number): Promise<readonly Entry[]> {
  const lines: Entry[] = []
  while (from + lines.length < to) {
    const fromSeq = from + lines.length
    const page = { fromSeq, countMax: to - fromSeq }
    const { entries } = must(await client.AuditService.ReadEntries(page))
    const [next, ...more] = entries.slice(0, page.countMax).map((bytes) => parseEntry(bytes))
    if (next?.seq !== fromSeq) refuse('LINE_MISSING', `line ${fromSeq} was not shown`)
    else lines.push(next, ...more)
  }
  return lines
}
