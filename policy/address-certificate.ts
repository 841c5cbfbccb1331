// Whose address it is, for whoever is about to pay: t nodes of the pinned root have each derived it
// from the public facts of their own keyshare and signed that. Checked from the file and the pinned
// root alone, and derived once more here. Why t are enough: fewer than t nodes are corrupt, so one
// of t is honest, and that one says only what its own copy of the log and its own share say.
// The file of a cold vault is of another form, and read in `cold-address.ts`.
// INVARIANT: every word is checked, and a single wrong one refuses all: nothing is left out to
// reach t. What it cannot say: that the key was not destroyed since, which is why it grows old.
import {
  type AddressCertificate,
  addressFileFormat,
  addressFileShape,
  addressKind,
  isColdFile,
} from '../proto/address-documents.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import { encode, parse } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
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
import { readColdAddress } from './cold-address.ts'
import type { Root } from './documents.ts'

export function addressFile(
  roots: readonly RootText[],
  certificates: readonly Signed[],
): Uint8Array {
  return encode({
    format: addressFileFormat,
    roots: roots.map(({ root, signatures }) => ({ root, signatures })),
    certificates: certificates.map(signedJson),
  })
}

/** `pinned`: the digest of a root, as the reader was given it by another way than this file. */
export function openAddress(bytes: Uint8Array, pinned: Digest, reading: Reading): Certified {
  const file = parse(bytes, limits.addressFileBytesMax)
  if (isColdFile(file)) return readColdAddress(file, pinned, reading)
  const { roots, certificates } = addressFileShape(file, '')
  return requireCertified(newestOf(roots, pinned), certificates, reading)
}

/** `root`: the one in force; the words name it. */
export function requireCertified(
  root: Root,
  certificates: readonly Signed[],
  reading: Reading,
): Certified {
  if (root.cold) {
    refuse('MALFORMED', `${root.log.origin} is a log of cold vaults: expected their certificate`)
  }
  const said = certificates.map((signed) => openWord(root, signed))
  const first = requireSame(said, reading)
  const by = said.map(({ node }) => node)
  const needed = requireThreshold(root, first, by)
  requireDerived(first)
  return certifiedBy(said, first, { needed, confirmedBy: [] })
}

/** Of a node of this root, which has a share of the key that it speaks of. */
function openWord(root: Root, signed: Signed): AddressCertificate {
  const named = root.nodes.find(({ node }) => node === signed.credential)
  if (named === undefined) {
    return refuse('PARTICIPANTS', `${signed.credential} is no node of root ${root.version}`)
  }
  const { value } = openBy(addressKind, signed, named.identity)
  const { node, holders } = value
  requireOfRoot(value, root)
  if (!holders.includes(node)) refuse('PARTICIPANTS', `${node} has no share of ${value.vault}`)
  return value
}

/** By the pinned root: what a document says of its own threshold could only ask for more. */
function requireThreshold(
  { quorumCrypto }: Root,
  { threshold, vault }: AddressCertificate,
  by: readonly NodeId[],
): number {
  const needed = Math.max(quorumCrypto.t, threshold)
  if (by.length >= needed) return needed
  return refuse(
    'PARTICIPANTS',
    `${vault}: expected ${needed} nodes, got ${by.length}: ${by.join(', ')}`,
  )
}
