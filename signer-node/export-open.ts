// The recipient's side of an export, on a machine of its own and without a network: the parcel is
// checked against the pinned root, each part is opened with the recipient's key, and they add up to
// the key of the line, or whoever spoiled it is named, with what shows it to others.
// INVARIANT: nothing is given out that is not the private key of the public key that the log names.
// Of a spoiled part, and of it alone, the evidence shows the content: one part less tells nothing
// of the key. Opens no file itself.

import { parseRoot, type Root } from '../policy/documents.ts'
import {
  type ExportLine,
  openPart,
  requireExportLine,
  requireWhole,
  type SealedPart,
} from '../policy/export-parts.ts'
import { equalBytes, fromHex, toHex, toUtf8, x25519PublicKey } from '../proto/crypto.ts'
import {
  type ExportPart,
  type Parcel,
  type ProvedExport,
  parseSpoiled,
  partThing,
  spoiledDocument,
} from '../proto/export-documents.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { openWithDek, unwrapDek } from '../proto/seal-recovery.ts'
import { Abort } from './dkls23/abort.ts'
import { Malformed, Reader } from './dkls23/bytes.ts'
import type { Curve, Scalar } from './dkls23/curve.ts'
import { openExport, requireHonestPart } from './dkls23/exporting.ts'
import { type KeyFacts, requireKeyState } from './dkls23/keyshare.ts'
import { readFacts } from './dkls23/keyshare-format.ts'
import { type Party, parseParty } from './dkls23/party.ts'
import { Secret } from './dkls23/secret.ts'

export interface OpenedKey {
  readonly kind: 'opened'
  /** The caller disposes of it. */
  readonly key: Secret<Scalar>
  readonly facts: KeyFacts
  readonly line: ExportLine
}

export interface Spoiled {
  readonly kind: 'spoiled'
  /** Whom it names; nobody where two tell different things of each other. */
  readonly node: NodeId | undefined
  readonly because: string
  /** For the operators; none where nobody is named. */
  readonly evidence: Uint8Array | undefined
}

interface Own {
  readonly curve: Curve
  /** X25519. */
  readonly secret: Secret
  /** Digest of the root, from another place than the parcel. */
  readonly root: Digest
}

export function openParcel(parcel: Parcel, own: Own): OpenedKey | Spoiled {
  const { line, root } = provedBy(parcel, own.root)
  if (!equalBytes(line.recipient, x25519PublicKey(own.secret.bytes))) {
    refuse('SEAL', 'the key was exported to another recipient')
  }
  const given = parcel.parts.map(bytesOf)
  const said = given.map((part) => openPart(part, line, root))
  requireWhole(line, said)
  using wiped = new DisposableStack()
  const parts = new Map<Party, Secret>()
  let facts: KeyFacts | undefined
  for (const [at, one] of said.entries()) {
    const part = given[at] ?? refuse('PARTICIPANTS', `no part of ${one.node}`)
    const about = { parcel, part, node: one.node, dek: new Uint8Array(0) }
    const told = attempt(() => factsOf(own.curve, one))
    if (isRefusal(told)) return spoiled({ ...about, because: told.because })
    facts = told
    const opened = attempt(() => wiped.use(opening(one, part, told, own.secret)))
    // Only the recipient can see that: the evidence shows what the node signed, and no more.
    if (isRefusal(opened)) return spoiled({ ...about, because: 'the sealed part does not open' })
    parts.set(parseParty(one.x), opened)
  }
  if (facts === undefined) return refuse('NOT_ENOUGH_SIGNERS', 'expected parts, got none')
  const inOrder = placesOf(facts, line).flatMap((x) => {
    const part = parts.get(x)
    return part === undefined ? [] : [[x, part] as const]
  })
  return added(parcel, own, { line, said, given, parts: new Map(inOrder), facts })
}

/** Whether the evidence of a recipient shows what it says, to anybody who has the root. */
export function judgeSpoiled(curve: Curve, bytes: Uint8Array, pinned: Digest): Spoiled {
  const evidence = parseSpoiled(bytes)
  const { line, root } = provedBy(evidence, pinned)
  const part = bytesOf(evidence.part)
  const said = openPart(part, line, root)
  const guilty = (because: string): Spoiled => {
    return { kind: 'spoiled', node: said.node, because, evidence: bytes }
  }
  const facts = attempt(() => factsOf(curve, said))
  if (isRefusal(facts)) return guilty(facts.because)
  const thing = partThing(said, toHex(facts.publicKey))
  using content = new Secret(openWithDek(part.sealed, thing, evidence.dek))
  const places = placesOf(facts, line)
  const keyState = fromHex(line.keyState) ?? new Uint8Array()
  try {
    requireHonestPart(curve, { facts, keyState }, places, { x: parseParty(said.x), part: content })
  } catch (error) {
    if (error instanceof Abort) return guilty(error.message)
    throw error
  }
  return refuse('EVIDENCE', `the part of ${said.node} is as it should be`)
}

interface Opened {
  readonly line: ExportLine
  readonly said: readonly ExportPart[]
  readonly given: readonly SealedPart[]
  readonly parts: ReadonlyMap<Party, Secret>
  readonly facts: KeyFacts
}

function added(
  parcel: Parcel,
  { curve, secret }: Own,
  { line, said, given, parts, facts }: Opened,
): OpenedKey | Spoiled {
  const keyState = fromHex(line.keyState) ?? new Uint8Array()
  try {
    return { kind: 'opened', key: openExport(curve, { facts, keyState }, parts), facts, line }
  } catch (error) {
    if (!(error instanceof Abort)) throw error
    const because = error.message
    const at = said.findIndex(({ x }) => x === error.culprit)
    const [one, part] = [said[at], given[at]]
    if (one === undefined || part === undefined) {
      return { kind: 'spoiled', node: undefined, because, evidence: undefined }
    }
    using dek = new Secret(
      unwrapDek(part.sealed, partThing(one, toHex(facts.publicKey)), secret.bytes),
    )
    return spoiled({ parcel, part, node: one.node, because, dek: dek.bytes })
  }
}

function provedBy(
  { root: text, line, checkpoint, proof }: ProvedExport,
  pinned: Digest,
): { readonly line: ExportLine; readonly root: Root } {
  const root = parseRoot(text)
  if (root.digest !== pinned) {
    refuse('RULESET_VERSION', `root: expected ${pinned} as pinned, got ${root.digest}`)
  }
  const written = { line: toUtf8(line), checkpoint: toUtf8(checkpoint), proof }
  return { line: requireExportLine(written, root), root }
}

/** What the node says the key is: what the log calls by its key state, or a lie that it signed. */
function factsOf(curve: Curve, { facts, keyState }: ExportPart): KeyFacts {
  try {
    const reader = new Reader(fromHex(facts) ?? new Uint8Array())
    const told = readFacts(curve, reader)
    reader.end()
    requireKeyState(curve, told, fromHex(keyState) ?? new Uint8Array())
    return told
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return refuse('EVIDENCE', `the facts of the key: ${error.message}`)
  }
}

function opening(said: ExportPart, { sealed }: SealedPart, facts: KeyFacts, by: Secret): Secret {
  const thing = partThing(said, toHex(facts.publicKey))
  using dek = new Secret(unwrapDek(sealed, thing, by.bytes))
  return new Secret(openWithDek(sealed, thing, dek.bytes))
}

interface Showing {
  readonly parcel: Parcel
  readonly part: SealedPart
  readonly node: NodeId
  readonly because: string
  readonly dek: Uint8Array
}

function spoiled({ parcel, part, node, because, dek }: Showing): Spoiled {
  const { parts: _, format: __, ...proved } = parcel
  const { statement, sealed } = part
  const written = { statement, sealed: new TextDecoder().decode(sealed) }
  return {
    kind: 'spoiled',
    node,
    because,
    evidence: spoiledDocument({ ...proved, part: written, dek }),
  }
}

function bytesOf({ statement, sealed }: Parcel['parts'][number]): SealedPart {
  return { statement, sealed: toUtf8(sealed) }
}

/** Of the exporters that the line names: exactly t holders of the key. */
function placesOf({ participants, threshold }: KeyFacts, { nodes }: ExportLine): readonly Party[] {
  const places = nodes.flatMap((node) => {
    const name = toUtf8(node)
    return participants.filter(({ nodeId }) => equalBytes(nodeId, name)).map(({ x }) => x)
  })
  if (places.length !== nodes.length || places.length !== threshold) {
    refuse('PARTICIPANTS', `expected ${threshold} holders of the key, got ${nodes.join(', ')}`)
  }
  return places
}
