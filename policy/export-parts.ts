// The parts of an exported key, as whoever carries or receives them can check them without opening
// one: each is signed by its exporter, is of exactly this line, and all were made over the same
// pairings, so that they add up. And the line itself: signed by its t exporters, in the witnessed
// tree of the pinned root.
// Says nothing about what is inside a part: that is the recipient's (`signer-node/export-open.ts`).
import { equalBytes, plainDigest } from '../proto/crypto.ts'
import { type ExportPart, exportPartKind } from '../proto/export-documents.ts'
import type { Digest, NodeId, VaultId } from '../proto/ids.ts'
import { openBy } from '../proto/node-documents.ts'
import { refuse } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import { cosignatures, parseNote, signedByLog } from './audit/checkpoint.ts'
import { type EntryOf, parseEntry } from './audit/entry.ts'
import { consentMessage, requireSignatures } from './audit/key-confirm.ts'
import { verifyInclusion } from './audit/merkle.ts'
import { type Root, witnessesOf } from './documents.ts'

/** What the line says, in the words of the fold. */
export interface ExportLine {
  readonly seq: number
  readonly vault: VaultId
  readonly change: Digest
  readonly keyState: Digest
  readonly recipient: Uint8Array
  /** Who gives a part, in the order of their x. */
  readonly nodes: readonly NodeId[]
}

/** As it travels, unread. */
export interface SealedPart {
  readonly statement: Signed
  readonly sealed: Uint8Array
}

/** One part whose node signed that it is of exactly this export. */
export function openPart(
  { statement, sealed }: SealedPart,
  line: ExportLine,
  root: Root,
): ExportPart {
  const node = root.nodes.find((one) => one.node === statement.credential)
  if (node === undefined || !line.nodes.includes(node.node)) {
    return refuse('PARTICIPANTS', `${statement.credential} is none of the exporters`)
  }
  const { value } = openBy(exportPartKind, statement, node.identity)
  const wrong = (what: string): never => refuse('EVIDENCE', `the part of ${node.node}: ${what}`)
  if (value.org !== root.org || value.env !== root.env) wrong('of another organisation')
  if (value.x !== node.x) wrong(`expected place ${node.x}, got ${value.x}`)
  for (const field of ['vault', 'change', 'keyState', 'seq'] as const) {
    if (value[field] !== line[field]) wrong(`expected ${field} ${line[field]}, got ${value[field]}`)
  }
  if (!equalBytes(value.recipient, line.recipient)) wrong('for another recipient')
  if (value.exporters.join() !== line.nodes.join()) wrong('among other exporters')
  if (value.sealed !== plainDigest(sealed)) wrong('the file is not the one that it signed')
  return value
}

/** All of them, and no two tell another pairing of each other. */
export function requireWhole(line: ExportLine, parts: readonly ExportPart[]): void {
  const given = new Map(parts.map((part) => [part.node, part]))
  const missing = line.nodes.filter((node) => !given.has(node))
  if (missing.length > 0) {
    refuse(
      'NOT_ENOUGH_SIGNERS',
      `expected ${line.nodes.length} parts, not there: ${missing.join(', ')}; fewer open nothing`,
    )
  }
  for (const one of parts) {
    for (const other of parts) {
      if (one.node >= other.node) continue
      const [ours, theirs] = [one.pairings.get(other.node), other.pairings.get(one.node)]
      if (ours !== undefined && ours === theirs) continue
      refuse('VIEW', `the parts of ${one.node} and ${other.node} were made over other pairings`)
    }
  }
}

export interface ProvedLine {
  /** Canonical bytes of the line. */
  readonly line: Uint8Array
  readonly proof: readonly Uint8Array[]
  readonly checkpoint: Uint8Array
}

/** Of a root whose nodes consented and whose witnesses saw the line; nothing else is believed. */
export function requireExportLine({ line, proof, checkpoint }: ProvedLine, root: Root): ExportLine {
  const entry = parseEntry(line)
  if (entry.type !== 'key.exported') {
    return refuse('LINE_MISSING', `expected the line of an export, got ${entry.type}`)
  }
  const said = lineOf(entry)
  const message = (node: string) => consentMessage(said.change, node)
  requireSignatures(entry.body.confirms, said.nodes, { root, message })
  const note = parseNote(checkpoint)
  const { size, root: tree } = note.checkpoint
  if (!signedByLog(note, root.log.vkey))
    refuse('LOG_MALFORMED', 'checkpoint: not signed by the log')
  const given = cosignatures(note, witnessesOf(root)).length
  if (given < root.witness.q) {
    refuse('NOT_ENOUGH_WITNESSES', `expected ${root.witness.q} witnesses of the root, got ${given}`)
  }
  const place = { leaf: entry.leaf, index: entry.seq, size, root: tree, proof }
  if (size <= entry.seq || !verifyInclusion(place)) {
    refuse('LINE_MISSING', `line ${entry.seq}: the proof does not lead to the witnessed root`)
  }
  return said
}

export function lineOf({ seq, body }: EntryOf<'key.exported'>): ExportLine {
  const { vault, change, keyState, recipient, confirms } = body
  return { seq, vault, change, keyState, recipient, nodes: confirms.map(({ node }) => node) }
}
