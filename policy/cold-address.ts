// Whose address it is, of a cold vault. Its stations are at no link and say nothing of today; the
// witnesses of its log know what is in force and hold no share. So the file has both. Every station
// of the root confirmed the key, after it had sealed its share and compared the key's words: fewer
// than t are corrupt, so an honest one stands for key and chain code, and the address follows.
// And q witnesses say, each from its own copy of the log, that this very key is in force today,
// proven, not frozen, and on which network: fewer than q are corrupt, so one of them is honest.
// INVARIANT: every signature is checked, and a single wrong one refuses all. All witnesses together
// make no address of theirs pass, because they cannot confirm a key; all stations together make no
// key pass that the log does not have.
// What it cannot say is what hot ones cannot say: that the key was not destroyed since.
import {
  type ColdAddressWord,
  coldAddressFileFormat,
  coldAddressFileShape,
  coldAddressKind,
} from '../proto/address-documents.ts'
import { equalBytes } from '../proto/crypto.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import { encode, type Json, type JsonObject } from '../proto/jcs.ts'
import type { KeyCertificate } from '../proto/key-documents.ts'
import { openBy } from '../proto/node-documents.ts'
import { refuse } from '../proto/refusal.ts'
import { type Signed, signedJson } from '../proto/signed.ts'
import {
  type Certified,
  certifiedBy,
  newestOf,
  type Reading,
  type RootText,
  requireDerived,
  requireOfRoot,
  requireSame,
} from './address-word.ts'
import { confirmMessage, requireAllNodes, requireSignatures } from './audit/key-confirm.ts'
import { cosignersOf, type Root } from './documents.ts'

/** `key`: a key certificate, as its line of the log has it. */
export function coldAddressFile(
  roots: readonly RootText[],
  key: JsonObject,
  words: readonly Signed[],
): Uint8Array {
  return encode({
    format: coldAddressFileFormat,
    roots: roots.map(({ root, signatures }) => ({ root, signatures })),
    key,
    words: words.map(signedJson),
  })
}

/** `file` as it was parsed; `pinned` as in `openAddress`. */
export function readColdAddress(file: Json, pinned: Digest, reading: Reading): Certified {
  const { roots, key, words } = coldAddressFileShape(file, '')
  return requireColdCertified(newestOf(roots, pinned), { key, words }, reading)
}

export interface ColdGiven {
  readonly key: KeyCertificate
  readonly words: readonly Signed[]
}

/** `root`: the one in force; it names the stations of the key, and the words name it. */
export function requireColdCertified(
  root: Root,
  { key, words }: ColdGiven,
  reading: Reading,
): Certified {
  if (!root.cold) {
    refuse('MALFORMED', `${root.log.origin} is no log of cold vaults: expected the words of nodes`)
  }
  const said = words.map((signed) => openWord(root, signed))
  const first = requireSame(said, reading)
  const needed = requireQuorum(root, first, said)
  const confirmedBy = requireConfirmed(root, key)
  requireKey(first, key)
  requireDerived(first)
  return certifiedBy(said, first, { needed, confirmedBy })
}

/** Of a witness of this root, by the identity that it pins. */
function openWord(root: Root, signed: Signed): ColdAddressWord {
  const named = cosignersOf(root).find(({ node }) => node === signed.credential)
  if (named === undefined) {
    return refuse('PARTICIPANTS', `${signed.credential} is no witness of root ${root.version}`)
  }
  const { value } = openBy(coldAddressKind, signed, named.identity)
  requireOfRoot(value, root)
  return value
}

/** As many as a line of the log needs to be in force. */
function requireQuorum(
  { witness: { q } }: Root,
  { vault }: ColdAddressWord,
  said: readonly ColdAddressWord[],
): number {
  if (said.length >= q) return q
  const by = said.map(({ node }) => node).join(', ')
  return refuse('PARTICIPANTS', `${vault}: expected ${q} witnesses, got ${said.length}: ${by}`)
}

/**
 * By all stations of the root in force, and no others. A root that came after the key and changed
 * them certifies nothing until the key is dealt to its stations: an older root would do for whoever
 * left, and for keys of those who left.
 */
function requireConfirmed(
  root: Root,
  { format: _, confirms, change, ...key }: KeyCertificate,
): readonly NodeId[] {
  requireAllNodes(key, root)
  const stations = key.participants.map(({ node }) => node)
  requireSignatures(confirms, stations, {
    root,
    message: (node) => confirmMessage(key, node, change),
  })
  return stations
}

/** The stations and the witnesses speak of one key, in one state. */
function requireKey(word: ColdAddressWord, key: KeyCertificate): void {
  if (word.vault !== key.vault || word.key !== key.key) {
    refuse('BYTES_FROM', `expected ${key.vault} ${key.key}, got ${word.vault} ${word.key}`)
  }
  if (word.epoch !== key.epoch || word.keyState !== key.keyState) {
    refuse('EPOCH', `${key.vault}: expected epoch ${word.epoch} as in force, got ${key.epoch}`)
  }
  const holders = key.participants.map(({ node }) => node)
  const isSame =
    equalBytes(word.publicKey, key.publicKey) &&
    equalBytes(word.chainCode, key.chainCode) &&
    word.threshold === key.t &&
    word.holders.join() === holders.join()
  if (!isSame) refuse('BYTES_FROM', `${key.vault}: expected the key that its stations confirmed`)
}
