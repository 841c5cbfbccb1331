// "Effective": a line is in the log and enough witnesses say so. Held against the trust file alone:
// the line names our document, lies in the tree under its number, and the tree's head is signed by
// the log and cosigned by q pinned witnesses. Anything less is "recorded", which a coordinator can
// say of what it then withholds.
// Source: README D26, policy design 3.9.
import { cosignatures, parseNote, signedByLog } from '../policy/audit/checkpoint.ts'
import { type Entry, parseEntry } from '../policy/audit/entry.ts'
import { verifyInclusion } from '../policy/audit/merkle.ts'
import type { Trust } from '../policy/trust.ts'
import type { WireClient } from '../proto/io/channel-client.ts'
import { refuse } from '../proto/refusal.ts'
import { Unavailable } from '../proto/unavailable.ts'
import { must, type World } from './verb.ts'

/** What a decision or a freeze is answered with. */
export interface Recorded {
  readonly seq: number
  readonly checkpoint: Uint8Array
  readonly proof: readonly Uint8Array[]
  readonly entry: Uint8Array
}

export interface Effective {
  readonly size: number
  readonly witnesses: readonly string[]
}

const pollMs = 500

/** Asks again until the proof is there; throws `Unavailable` when it is not after `waitMs`. */
export async function waitEffective(
  recorded: Recorded,
  isOurs: (entry: Entry) => boolean,
  from: { readonly client: WireClient; readonly trust: Trust; readonly world: World },
  waitMs: number,
): Promise<Effective> {
  const { client, trust, world } = from
  const until = world.nowMs() + waitMs
  const entry = requireOurs(recorded, isOurs)
  let { checkpoint, proof } = recorded
  for (;;) {
    const found = checkpoint.length === 0 ? undefined : prove(entry, checkpoint, proof, trust)
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
  trust: Trust,
): Effective | undefined {
  const note = parseNote(checkpoint)
  if (!signedByLog(note, trust.log.vkey)) {
    refuse('LOG_MALFORMED', `checkpoint: not signed by ${trust.log.origin}`)
  }
  const { size, root } = note.checkpoint
  const given = cosignatures(note, trust.witnesses)
  if (given.length < trust.q || size <= entry.seq) return undefined
  if (!verifyInclusion({ leaf: entry.leaf, index: entry.seq, size, root, proof })) {
    refuse('LINE_MISSING', `line ${entry.seq}: the proof does not lead to the witnessed root`)
  }
  return { size, witnesses: given.map(({ witness }) => witness.name) }
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
