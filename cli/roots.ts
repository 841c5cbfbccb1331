// The roots of the log as this machine can prove them: the first by the digest in the trust file,
// each later one by the signatures of the quorum before it and by its line in the witnessed tree.
// INVARIANT: a coordinator can show an older root than the one in force, never another one. What it
// gains by that is nothing: documents of an older root are refused by every node, and an old quorum
// shares an honest witness with the new one (`policy/succession.ts`).
import { type Checkpoint, cosignatures, parseNote } from '../policy/audit/checkpoint.ts'
import { parseEntry } from '../policy/audit/entry.ts'
import { type Judges, witnessesFor } from '../policy/audit/heads.ts'
import { verifyInclusion } from '../policy/audit/merkle.ts'
import { type Reign, type Reigns, reignOver, reignOverHead } from '../policy/audit/reigns.ts'
import { parseRoot } from '../policy/documents.ts'
import { succeeded } from '../policy/succession.ts'
import type { Trust } from '../policy/trust.ts'
import { fromUtf8 } from '../proto/crypto.ts'
import type { WireClient } from '../proto/io/channel-client.ts'
import type { ReplyOf } from '../proto/io/wire.ts'
import { refuse } from '../proto/refusal.ts'
import { must } from './verb.ts'

export type Sent = ReplyOf<'PolicyService', 'GetRuleset'>
type Step = Sent['roots'][number]

/** Asks for them; for verbs that need no document in force. */
export async function openRoots(client: WireClient, trust: Trust): Promise<Reigns> {
  return proveRoots(client, trust, must(await client.PolicyService.GetRuleset({})))
}

export async function proveRoots(client: WireClient, trust: Trust, sent: Sent): Promise<Reigns> {
  const [first, ...later] = sent.roots
  const root = parseRoot(written(first?.root ?? sent.root, 'root'))
  if (root.digest !== trust.root) {
    refuse('RULESET_VERSION', `root: expected ${trust.root} as pinned, got ${root.digest}`)
  }
  const reigns: Reign[] = [{ root, from: 1 }]
  for (const step of later) reigns.push(followed(reigns, step))
  if (later.length > 0) await requireLogged(client, trust, reigns, later)
  return reigns
}

/**
 * Whether the witnesses of the line's root, or of the head's, have cosigned this head. Quorums
 * share an honest witness with those of the root before theirs and with no older ones: two switches
 * after the line, its own quorum may have seen another log, and go on in it.
 */
export function cosignersOf(
  note: ReturnType<typeof parseNote>,
  { trust, reigns }: { readonly trust: Trust; readonly reigns: Reigns },
  seq: number,
): readonly string[] | undefined {
  const { size } = note.checkpoint
  const [own, newest] = [reignOver(reigns, seq), reignOverHead(reigns, size)]
  const isNear = reigns.indexOf(newest) <= reigns.indexOf(own) + 1
  const sizes = isNear ? [size, seq + 1] : [seq + 1]
  const judges: Judges[] = sizes.map((at) => witnessesFor(at, trust, reigns))
  for (const { witnesses, q } of judges) {
    const given = cosignatures(note, witnesses)
    if (given.length >= q) return given.map(({ witness }) => witness.name)
  }
  return undefined
}

export function written(bytes: Uint8Array, what: string): string {
  return fromUtf8(bytes) ?? refuse('MALFORMED', `${what}: expected well-formed utf-8`)
}

function followed(reigns: readonly Reign[], step: Step): Reign {
  const { root, signatures } = succeeded(
    reigns.map((reign) => reign.root),
    { root: written(step.root, 'root'), signatures: written(step.signatures, 'signatures') },
  )
  const line = parseEntry(step.entry)
  const isIts =
    line.type === 'root.activated' &&
    line.body.root === root.digest &&
    line.body.signatures === signatures
  if (!isIts || line.seq <= (reigns.at(-1)?.from ?? 0)) {
    refuse('LINE_MISSING', `root ${root.version}: expected the line that brought it`)
  }
  return { root, from: line.seq }
}

/** The lines that brought them lie in a tree that enough witnesses have cosigned. */
async function requireLogged(
  client: WireClient,
  trust: Trust,
  reigns: Reigns,
  steps: readonly Step[],
): Promise<void> {
  const { checkpoint } = must(await client.AuditService.GetCheckpoint({}))
  const note = parseNote(checkpoint)
  if (cosignersOf(note, { trust, reigns }, reigns.at(-1)?.from ?? 0) === undefined) {
    refuse('NOT_ENOUGH_WITNESSES', 'the newest root is not witnessed yet')
  }
  for (const { entry } of steps) await requireInclusion(client, entry, note.checkpoint)
}

async function requireInclusion(
  client: WireClient,
  line: Uint8Array,
  { size, root }: Checkpoint,
): Promise<void> {
  const { leaf, seq } = parseEntry(line)
  const asked =
    size > seq ? must(await client.AuditService.GetProof({ seq, oldSize: 0, size })) : undefined
  const proof = asked?.proof ?? []
  if (asked === undefined || !verifyInclusion({ leaf, index: seq, size, root, proof })) {
    refuse('LINE_MISSING', `line ${seq}: the proof does not lead to the witnessed root`)
  }
}
