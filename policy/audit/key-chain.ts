// The chain of a key's lines: how it was made, and everything that happened to it since, each line
// signed by the nodes that the root names. Whoever holds the root can prove by it which address a
// vault has, whatever a coordinator says; and takes every fact about the key from here.
// What is proved is what nodes signed. That no later line exists is not: a coordinator can leave
// lines out, and then whatever is asked for the older state is void.
import { toHex } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { keyCertificateFormat } from '../../proto/key-documents.ts'
import { refuse } from '../../proto/refusal.ts'
import { pointBytes } from '../chain/derive.ts'
import { requireSameKey } from '../change-fit.ts'
import { refreshNamed } from '../covered-refresh.ts'
import type { Root } from '../documents.ts'
import { dealt, madeHere } from '../key-standing.ts'
import type { KeyFacts, VaultRow } from '../view.ts'
import type { Entry, EntryOf } from './entry.ts'
import { isKeyLine, requireKeyOf } from './fold-keys.ts'
import {
  confirmMessage,
  requireAllNodes,
  requireSameCommittee,
  requireSignatures,
  requireWord,
} from './key-confirm.ts'

type NewKey = EntryOf<'key.created' | 'key.imported' | 'key.refreshed' | 'key.reshared'>
type Retired = EntryOf<'key.exported' | 'key.disabled'>

export interface KeyAt {
  readonly row: VaultRow
  /** In force at the line, by whose nodes it is signed. */
  readonly root: Root
}

/** The key as the lines leave it. Refused when one of them is not signed or does not follow. */
export function keyOf(lines: readonly Entry[], rootAt: (seq: number) => Root): VaultRow {
  return keyStates(lines, rootAt).at(-1)?.row ?? refuse('VAULT_NOT_FOUND', 'expected a line')
}

/** The key after each of the lines. */
export function keyStates(
  lines: readonly Entry[],
  rootAt: (seq: number) => Root,
): readonly KeyAt[] {
  const states: KeyAt[] = []
  for (const line of lines) {
    const [before, root] = [states.at(-1)?.row, rootAt(line.seq)]
    const row = before === undefined ? begun(line, root) : next(before, line, root, lines[0])
    states.push({ row, root })
  }
  return states
}

function begun(line: Entry, root: Root): VaultRow {
  switch (line.type) {
    case 'key.generated':
      return { ...requireKeyOf(root, line), ...madeHere }
    case 'key.created':
      return { ...signedByAll(line, root), ...madeHere }
    case 'key.imported':
      return { ...signedByAll(line, root), ...dealt }
    default:
      return refuse('BYTES_FROM', `expected a line that makes a key, got ${line.type}`)
  }
}

function next(row: VaultRow, line: Entry, root: Root, first: Entry | undefined): VaultRow {
  switch (line.type) {
    case 'key.refreshed':
    case 'key.reshared': {
      const isReshared = line.type === 'key.reshared'
      const key = isReshared ? signedByAll(line, root) : signedKey(line, root, nameOf(line, first))
      // Fewer signers than holders would be the word of whoever lies.
      if (!isReshared) requireSameCommittee(row, key)
      requireSameKey(row, key)
      if (key.vault !== row.vault || key.key !== row.key || key.epoch <= row.epoch) {
        refuse('EPOCH', `expected a later epoch of ${row.vault} than ${row.epoch}`)
      }
      return { ...row, ...key, standing: 'active' }
    }
    case 'key.exported':
      requireEnd(line, row, root)
      return { ...row, standing: 'exported', exported: true }
    case 'key.disabled':
      requireEnd(line, row, root)
      return { ...row, standing: 'disabled' }
    default:
      return refuse('BYTES_FROM', `expected a line about the key, got ${line.type}`)
  }
}

/** As `signedKey`, and the holders are all nodes of the root. */
function signedByAll(line: NewKey, root: Root): KeyFacts {
  const key = signedKey(line, root)
  requireAllNodes(key, root)
  return key
}

/** What its holders confirmed it under: the change, or the refresh that the import carries. */
function nameOf({ body, type }: NewKey, first: Entry | undefined): Digest {
  const isCovered =
    type === 'key.refreshed' && first?.type === 'key.imported' && first.body.change === body.change
  return isCovered ? refreshNamed(body.change) : body.change
}

/** Every holder that it names signed this very key, under this name. */
function signedKey(
  { body }: Pick<NewKey, 'body'>,
  root: Root,
  named: Digest = body.change,
): KeyFacts {
  const { chainCode, epoch, key, keyState, participants, publicKey, t, vault } = body
  const stated: KeyFacts = { chainCode, epoch, key, keyState, participants, publicKey, t, vault }
  pointBytes(publicKey)
  const message = (node: string) => confirmMessage(stated, node, named)
  const nodes = participants.map(({ node }) => node)
  requireSignatures(body.confirms, nodes, { root, message })
  return stated
}

/** The confirmations of this epoch, with what they were given under, as a payer checks them. */
export function keyCertificateOf(
  lines: readonly Entry[],
  { vault, epoch }: Pick<VaultRow, 'vault' | 'epoch'>,
): JsonObject {
  const own = lines.filter(isNewKey).filter(({ body }) => body.vault === vault)
  const line = own.find(({ body }) => body.epoch === epoch)
  if (line === undefined) {
    return refuse('LINE_MISSING', `expected the line of ${vault}, epoch ${epoch}`)
  }
  const { key, keyState, participants, publicKey, chainCode, t, confirms } = line.body
  return {
    ...{ vault, key, epoch, keyState, t, change: nameOf(line, own[0]) },
    participants: participants.map(({ node, x }) => ({ node, x })),
    publicKey: toHex(publicKey),
    chainCode: toHex(chainCode),
    confirms: confirms.map(({ node, signature }) => ({ node, signature: toHex(signature) })),
    format: keyCertificateFormat,
  }
}

function isNewKey(entry: Entry): entry is NewKey {
  return isKeyLine(entry) && entry.type !== 'key.generated'
}

function requireEnd(line: Retired, row: VaultRow, root: Root): void {
  if (line.body.vault !== row.vault || line.body.keyState !== row.keyState) {
    refuse('EPOCH', `expected the end of ${row.vault} at epoch ${row.epoch}`)
  }
  requireWord(line, row, root)
}
