// Whose address it is, for whoever is about to pay: t nodes of the pinned root have each derived it
// from the public facts of their own keyshare and signed that. Checked from the file and the pinned
// root alone, and derived once more here. Why t are enough: fewer than t nodes are corrupt, so one
// of t is honest, and that one says only what its own copy of the log and its own share say.
// INVARIANT: every word is checked, and a single wrong one refuses all: nothing is left out to
// reach t. What it cannot say: that the key was not destroyed since, which is why it grows old.
import {
  type AddressCertificate,
  addressFileFormat,
  addressFileShape,
  addressKind,
} from '../proto/address-documents.ts'
import { toHex } from '../proto/crypto.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import { encode, type JsonObject, parse } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { openBy } from '../proto/node-documents.ts'
import { refuse } from '../proto/refusal.ts'
import { writeTime } from '../proto/shape.ts'
import { type Signed, signedJson } from '../proto/signed.ts'
import { chainOf } from './chain/chains.ts'
import { derive } from './chain/derive.ts'
import { requireReceiving } from './deposit-path.ts'
import { parseRoot, type Root } from './documents.ts'
import { succeeded } from './succession.ts'
import type { VaultRow } from './view.ts'

/** What all of them said. */
export type Certified = Omit<AddressCertificate, 'format' | 'node' | 'issued' | 'size'> & {
  /** Who signed, in the order of the file. */
  readonly by: readonly NodeId[]
  /** Of the oldest word. */
  readonly issued: number
}

/** A root as it travels; the first one has no signatures: it is pinned. */
export interface RootText {
  readonly root: string
  readonly signatures: string
}

export interface Reading {
  readonly nowMs: number
  /** Older words count for nothing. */
  readonly ageMsMax: number
}

/** What is said of the address at this path, by whoever knows the key as `row` says. */
export interface AddressAsked {
  readonly root: Pick<Root, 'org' | 'env' | 'digest'>
  readonly row: VaultRow
  /** CAIP-2 name of the vault's chain. */
  readonly network: string
  readonly path: string
}

/** The document that one node signs; refused for a path at which no money is taken. */
export function addressWord(
  { root: { org, env, digest }, row, network, path }: AddressAsked,
  own: { readonly node: string; readonly issuedMs: number; readonly size: number },
): JsonObject {
  requireReceiving(path)
  const { vault, key, epoch, keyState, imported, exported } = row
  return {
    format: 'custody-address-certificate/v1',
    ...{ org, env, vault, network, path, key, epoch, keyState, imported, exported },
    address: chainOf(network).address(derive(row, path).publicKey),
    publicKey: toHex(row.publicKey),
    chainCode: toHex(row.chainCode),
    threshold: row.t,
    holders: row.participants.map(({ node }) => node),
    root: digest,
    node: own.node,
    issued: writeTime(own.issuedMs),
    size: own.size,
  }
}

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
  const { roots, certificates } = addressFileShape(parse(bytes, limits.addressFileBytesMax), '')
  return requireCertified(newestOf(roots, pinned), certificates, reading)
}

/** `root`: the one in force; the words name it. */
export function requireCertified(
  root: Root,
  certificates: readonly Signed[],
  { nowMs, ageMsMax }: Reading,
): Certified {
  const said = certificates.map((signed) => openWord(root, signed))
  const [first] = said
  if (first === undefined) return refuse('PARTICIPANTS', 'expected certificates, got none')
  const by = said.map(({ node }) => node)
  if (new Set(by).size !== by.length) {
    refuse('PARTICIPANTS', `expected each node once, got ${by.join(', ')}`)
  }
  const same = said.every((word) => subjectOf(word) === subjectOf(first))
  if (!same) refuse('VIEW', 'the nodes do not say the same of this address')
  for (const { node, issued } of said) {
    const age = nowMs - issued
    if (age > ageMsMax || age < -limits.clockSkewMs) {
      refuse('LIFETIME', `${node} said so at ${writeTime(issued)}: expected a newer certificate`)
    }
  }
  requireThreshold(root, first, by)
  requireDerived(first)
  const { format: _, node: __, size: ___, ...subject } = first
  return { ...subject, by, issued: Math.min(...said.map(({ issued }) => issued)) }
}

function newestOf([first, ...later]: readonly RootText[], pinned: Digest): Root {
  const chain = [parseRoot(first?.root ?? '')]
  if (chain[0]?.digest !== pinned || first?.signatures !== '') {
    refuse('RULESET_VERSION', `root: expected ${pinned} as pinned, got ${chain[0]?.digest}`)
  }
  for (const step of later) chain.push(succeeded(chain, step).root)
  return chain.at(-1) ?? refuse('RULESET_VERSION', 'expected a root')
}

/** Of a node of this root, which has a share of the key that it speaks of. */
function openWord(root: Root, signed: Signed): AddressCertificate {
  const named = root.nodes.find(({ node }) => node === signed.credential)
  if (named === undefined) {
    return refuse('PARTICIPANTS', `${signed.credential} is no node of root ${root.version}`)
  }
  const { value } = openBy(addressKind, signed, named.identity)
  const { org, env, node, holders } = value
  if (org !== root.org || env !== root.env) {
    refuse('RULESET_SIG', `expected ${root.org} ${root.env}, got ${org} ${env}`)
  }
  if (value.root !== root.digest) {
    refuse('RULESET_VERSION', `${node}: expected root ${root.digest}, got ${value.root}`)
  }
  if (!holders.includes(node)) refuse('PARTICIPANTS', `${node} has no share of ${value.vault}`)
  return value
}

/** By the pinned root: what a document says of its own threshold could only ask for more. */
function requireThreshold(
  { quorumCrypto }: Root,
  { threshold, vault }: AddressCertificate,
  by: readonly NodeId[],
): void {
  const needed = Math.max(quorumCrypto.t, threshold)
  if (by.length >= needed) return
  refuse('PARTICIPANTS', `${vault}: expected ${needed} nodes, got ${by.length}: ${by.join(', ')}`)
}

function requireDerived({ path, network, address, ...key }: AddressCertificate): void {
  requireReceiving(path)
  const derived = chainOf(network).address(derive(key, path).publicKey)
  if (derived !== address) {
    refuse('BYTES_FROM', `address: expected that of the key at ${path}, ${derived}, got ${address}`)
  }
}

/** Everything that is not one node's own, as one text. */
export function subjectOf({ node: _, issued: __, size: ___, ...word }: AddressCertificate): string {
  const [publicKey, chainCode] = [toHex(word.publicKey), toHex(word.chainCode)]
  return JSON.stringify({ ...word, publicKey, chainCode })
}
