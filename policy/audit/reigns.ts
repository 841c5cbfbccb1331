// Reigns: which root was in force at which line, read from the log itself. A line is judged by the
// witnesses of the root in force before it, so the line that brings a new root is still judged by
// the old one's; a head is judged as its last line is.
// INVARIANT: nothing after a switch counts as covered before q of the OLD witnesses have cosigned
// the line of the switch, so that of two logs that part there, one never gets its quorum.
import type { Digest } from '../../proto/ids.ts'
import { parseRoot, type Root, witnessesOf } from '../documents.ts'
import type { Vkey } from './checkpoint.ts'
import type { Reading } from './rows.ts'
import { below, get, tables } from './tables.ts'

export interface Reign {
  readonly root: Root
  /** The line that brought the root. */
  readonly from: number
}

/** Ascending; empty before the first root. */
export type Reigns = readonly Reign[]

export interface Coverage {
  readonly q: number
  /** Witnesses of the line's root that have cosigned a head with the line in it. */
  readonly seen: number
  /** Enough of them, and of those before each switch. */
  readonly isCovered: boolean
}

export function* readReigns(rootOf: (digest: Digest) => Reading<Root> = readRoot): Reading<Reigns> {
  const rows = yield* below(tables.root)
  const reigns: Reign[] = []
  for (const { root, seq } of rows) reigns.push({ root: yield* rootOf(root), from: seq })
  return reigns
}

/** Whose witnesses judge this line. */
export function reignOver(reigns: Reigns, seq: number): Reign {
  const reign = reigns.findLast(({ from }) => from < seq) ?? reigns[0]
  if (reign === undefined) throw new Error('no root is in force')
  return reign
}

/** Whose witnesses judge a head of this size: those of its last line. */
export function reignOverHead(reigns: Reigns, size: number): Reign {
  return reignOver(reigns, size - 1)
}

/** `sizeOf`: the largest head that the witness of this name has cosigned; 0 for none. */
export function coverage(
  reigns: Reigns,
  seq: number,
  sizeOf: (witness: string) => number,
): Coverage {
  const reign = reignOver(reigns, seq)
  const { q } = reign.root.witness
  const seen = seenBy(reign, seq, sizeOf)
  const before = reigns.slice(1, reigns.indexOf(reign) + 1)
  const sealed = before.every(({ from }) => {
    const old = reignOver(reigns, from)
    return seenBy(old, from, sizeOf) >= old.root.witness.q
  })
  return { q, seen, isCovered: seen >= q && sealed }
}

/** Of all roots, each once: names belong to one key for ever. */
export function everyWitness(reigns: Reigns): readonly Vkey[] {
  const byName = new Map(
    reigns.flatMap(({ root }) => witnessesOf(root)).map((key) => [key.name, key]),
  )
  return [...byName.values()]
}

/** Of any root: ids and their keys never change hands. */
export function identityIn(reigns: Reigns, node: string): Uint8Array | undefined {
  const nodes = reigns.flatMap(({ root }) => root.nodes)
  return nodes.find((item) => item.node === node)?.identity
}

function seenBy({ root }: Reign, seq: number, sizeOf: (witness: string) => number): number {
  return witnessesOf(root).filter(({ name }) => sizeOf(name) > seq).length
}

function* readRoot(digest: Digest): Reading<Root> {
  const row = yield* get(tables.document, digest)
  if (row === undefined) throw new Error(`root ${digest} was in force and is not kept`)
  return parseRoot(row.text)
}
