// How far the main log had come, as a Bundle carries it into the room of cold vaults: its newest
// witnessed head, the roots from the one that the Plan names to the one of that head, and for every
// head that was carried before the proof that this one only grew from it. A Station remembers the
// head in its Token, so that whoever cuts or rewrites the main log is noticed at the next sitting.
// INVARIANT: nothing is believed of whoever made the file. Roots follow each other by signatures of
// the quorum before and by lines in the tree of the head, and q witnesses of the last cosigned it.
// Source: the ceremony's design, 4.3, 4.8, X-8; RFC 9162, 2.1.3 and 2.1.4.
import { fromHex, toHex, toUtf8 } from '../../proto/crypto.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import { encode, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { hex, integer, list, literal, object, text } from '../../proto/shape.ts'
import {
  type Checkpoint,
  cosignatures,
  noteBytesMax,
  parseNote,
  signedByLog,
} from '../audit/checkpoint.ts'
import { parseEntry } from '../audit/entry.ts'
import { verifyConsistency, verifyInclusion } from '../audit/merkle.ts'
import { type Reign, reignOverHead } from '../audit/reigns.ts'
import { parseRoot, witnessesOf } from '../documents.ts'
import { succeeded } from '../succession.ts'
import type { Plan } from './plan.ts'

/** A head that somebody saw: so many lines, and the root of their tree. */
export interface SeenMain {
  readonly size: number
  readonly root: Digest | ''
}

export interface MainHead {
  readonly origin: string
  readonly size: number
  readonly root: Digest
  /** By the size of an earlier head: that its lines are the first of these. */
  readonly steps: ReadonlyMap<number, readonly Uint8Array[]>
}

/** A root after the first: text, signatures, the line that brought it, and where that lies. */
export interface LaterRoot {
  readonly root: string
  readonly signatures: string
  readonly entry: string
  readonly proof: readonly Uint8Array[]
}

export interface MainHeadParts {
  readonly head: string
  readonly first: string
  readonly later: readonly LaterRoot[]
  readonly steps: MainHead['steps']
}

/** A tree of 2^64 lines has no longer path. */
const proof = list(hex(32), 0, 64)
const lines = integer(1, Number.MAX_SAFE_INTEGER)
const shape = object({
  format: literal('custody-main-head/v1'),
  head: text(noteBytesMax),
  first: text(limits.documentBytesMax),
  later: list(
    object({
      entry: text(limits.entryBytesMax),
      proof,
      root: text(limits.documentBytesMax),
      signatures: text(limits.documentBytesMax),
    }),
    0,
    limits.rootsMax,
  ),
  steps: list(object({ from: lines, proof }), 0, limits.mainStepsMax),
})

export function encodeMainHead({ head, first, later, steps }: MainHeadParts): Uint8Array {
  const named = [...steps].sort(([a], [b]) => a - b)
  return encode({
    ...{ format: 'custody-main-head/v1', head, first },
    later: later.map(({ proof: path, ...root }) => ({ ...root, proof: path.map(toHex) })),
    steps: named.map(([from, path]) => ({ from, proof: path.map(toHex) })),
  })
}

/** Refused where it is not a witnessed head of the log whose first root the Plan names. */
export function readMainHead(
  bytes: Uint8Array,
  { mainRoot, org, env, origin }: Pick<Plan, 'mainRoot' | 'org' | 'env' | 'origin'>,
): MainHead {
  const read = shape(parse(bytes, limits.mainHeadBytesMax), 'main')
  const root = parseRoot(read.first)
  if (root.digest !== mainRoot) {
    wrong('RULESET_VERSION', `first root: expected ${mainRoot ?? 'none'}, got ${root.digest}`)
  }
  if (root.org !== org || root.env !== env) {
    refuse('BUNDLE', `main log: expected ${org} ${env}, got ${root.org} ${root.env}`, 'X-6')
  }
  if (root.cold || root.log.origin === origin) {
    wrong('CONFIG', `expected another log than ${origin}, of vaults that are not cold`)
  }
  const note = parseNote(toUtf8(read.head))
  const head = note.checkpoint
  if (head.origin !== root.log.origin || !signedByLog(note, root.log.vkey)) {
    wrong('LOG_MALFORMED', `expected a head signed by ${root.log.origin}`)
  }
  const reigns: Reign[] = [{ root, from: 1 }]
  for (const step of read.later) reigns.push(followed(reigns, step, head))
  const judges = reignOverHead(reigns, head.size).root
  const given = cosignatures(note, witnessesOf(judges)).length
  const { q } = judges.witness
  if (given < q) wrong('COSIGN', `expected ${q} witnesses of the main log, got ${given}`)
  const steps = read.steps.map(({ from, proof: path }) => [from, path] as const)
  const { origin: name, size } = head
  return { origin: name, size, root: parseDigest(toHex(head.root)), steps: new Map(steps) }
}

/** Why this is not the log that was seen, grown or as it was; nothing where it is. */
export function mainFault(main: MainHead | undefined, seen: SeenMain): string | undefined {
  const { size: from, root } = seen
  if (from === 0) return undefined
  if (main === undefined)
    return `${from} lines of the main log were seen, and no head of it is here`
  const { size, steps } = main
  if (size < from) return `the main log had ${from} lines, now it has ${size}`
  const path = from === size ? [] : steps.get(from)
  if (path === undefined) return `no proof that the main log grew from its first ${from} lines`
  const [fromRoot, toRoot] = [root, main.root].map((one) => fromHex(one) ?? new Uint8Array(0))
  if (fromRoot === undefined || toRoot === undefined) throw new Error('expected two roots')
  const isSame = verifyConsistency({ from, fromRoot, to: size, toRoot, proof: path })
  return isSame ? undefined : `another main log: it differs within its first ${from} lines`
}

interface WrittenStep extends Omit<LaterRoot, 'proof'> {
  readonly proof: readonly Uint8Array[]
}

/** By the quorum before it, and by its line in the tree of the head. */
function followed(
  reigns: readonly Reign[],
  { root: written, signatures: signed, entry, proof: path }: WrittenStep,
  { size, root: tree }: Checkpoint,
): Reign {
  const chain = reigns.map(({ root }) => root)
  const { root, signatures } = succeeded(chain, { root: written, signatures: signed })
  const line = parseEntry(toUtf8(entry))
  const isIts =
    line.type === 'root.activated' &&
    line.body.root === root.digest &&
    line.body.signatures === signatures
  const { seq, leaf } = line
  const isLater = seq > (reigns.at(-1)?.from ?? 0)
  if (!isIts || !isLater || !verifyInclusion({ leaf, index: seq, size, root: tree, proof: path })) {
    wrong('LINE_MISSING', `root ${root.version}: expected the line of the main log that brought it`)
  }
  return { root, from: seq }
}

function wrong(code: Parameters<typeof refuse>[0], because: string): never {
  return refuse(code, `main log: ${because}`, 'X-8')
}
