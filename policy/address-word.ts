// What is said of an address, and what every reader asks of such words, whoever says them: the same
// subject in all of them, each author once, none too old, and the address that the key really has.
// `address-certificate.ts` and `cold-address.ts` ask who may say it, and how many it takes.
import type { AddressCertificate, ColdAddressWord } from '../proto/address-documents.ts'
import { toHex } from '../proto/crypto.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { writeTime } from '../proto/shape.ts'
import { chainOf } from './chain/chains.ts'
import { derive } from './chain/derive.ts'
import { requireReceiving } from './deposit-path.ts'
import { parseRoot, type Root } from './documents.ts'
import { succeeded } from './succession.ts'
import type { VaultRow } from './view.ts'

export type Word = AddressCertificate | ColdAddressWord

/** What all of them said. */
export type Certified = Omit<AddressCertificate, 'format' | 'node' | 'issued' | 'size'> & {
  /** Who signed, in the order of the file. */
  readonly by: readonly NodeId[]
  /** So many were needed. */
  readonly needed: number
  /** Of a cold vault, every station of the root: all confirmed the key. Else nobody. */
  readonly confirmedBy: readonly NodeId[]
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

export interface Author {
  readonly node: string
  readonly issuedMs: number
  readonly size: number
}

/** The document that one node signs; refused for a path at which no money is taken. */
export function addressWord(asked: AddressAsked, own: Author): JsonObject {
  return { format: 'custody-address-certificate/v1', ...saidOf(asked, own) }
}

/** That of a witness of a cold log. */
export function coldAddressWord(asked: AddressAsked, own: Author): JsonObject {
  return { format: 'custody-cold-address-word/v1', ...saidOf(asked, own) }
}

function saidOf(
  { root: { org, env, digest }, row, network, path }: AddressAsked,
  own: Author,
): JsonObject {
  requireReceiving(path)
  const { vault, key, epoch, keyState, imported, exported } = row
  return {
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

/** From the pinned root to the last of the file. */
export function newestOf([first, ...later]: readonly RootText[], pinned: Digest): Root {
  const chain = [parseRoot(first?.root ?? '')]
  if (chain[0]?.digest !== pinned || first?.signatures !== '') {
    refuse('RULESET_VERSION', `root: expected ${pinned} as pinned, got ${chain[0]?.digest}`)
  }
  for (const step of later) chain.push(succeeded(chain, step).root)
  return chain.at(-1) ?? refuse('RULESET_VERSION', 'expected a root')
}

/** Of this house, under the root whose nodes are asked. */
export function requireOfRoot({ org, env, node, ...word }: Word, root: Root): void {
  if (org !== root.org || env !== root.env) {
    refuse('RULESET_SIG', `expected ${root.org} ${root.env}, got ${org} ${env}`)
  }
  if (word.root !== root.digest) {
    refuse('RULESET_VERSION', `${node}: expected root ${root.digest}, got ${word.root}`)
  }
}

/** The first of them: all say the same, each of another author, and none is old. */
export function requireSame<W extends Word>(said: readonly W[], { nowMs, ageMsMax }: Reading): W {
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
  return first
}

/** Whatever anybody says: derived here, from the key and the path. */
export function requireDerived({ path, network, address, ...key }: Word): void {
  requireReceiving(path)
  const derived = chainOf(network).address(derive(key, path).publicKey)
  if (derived !== address) {
    refuse('BYTES_FROM', `address: expected that of the key at ${path}, ${derived}, got ${address}`)
  }
}

export function certifiedBy(
  said: readonly Word[],
  first: Word,
  more: Pick<Certified, 'needed' | 'confirmedBy'>,
): Certified {
  const { format: _, node: __, size: ___, ...subject } = first
  const issued = Math.min(...said.map((word) => word.issued))
  return { ...subject, ...more, by: said.map(({ node }) => node), issued }
}

/** Everything that is not one node's own, as one text. */
export function subjectOf({ node: _, issued: __, size: ___, ...word }: Word): string {
  const [publicKey, chainCode] = [toHex(word.publicKey), toHex(word.chainCode)]
  return JSON.stringify({ ...word, publicKey, chainCode })
}
