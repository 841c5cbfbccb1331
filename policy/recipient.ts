// Recipient: who an intent's address belongs to, in the words of the policy. Either an own vault,
// whose address is derived from its key, or a destination record: one of a book in force, or one
// that the class's own service has signed. Whether money may go there is judged by `evaluate`.
// INVARIANT: no record speaks of the address of an own vault, and where any book in force knows an
// address, no attested record of it counts, so that removing it also removes what was attested.
// Addresses below a vault's own (paths other than `m`) are without number and in no row. An intent
// that pays one names its path, and everybody derives it; a record that names one cannot be told
// from a stranger's.
import { toUtf8 } from '../proto/crypto.ts'
import type { VaultId } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { open, type Signed } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { recordOf } from './book.ts'
import { addressAt } from './chain/address.ts'
import { type Destination, destinationShape, parseDestination } from './destination.ts'
import type { Named } from './display.ts'
import type { DestinationFacts } from './facts.ts'
import type { ActiveBook, InForce } from './in-force.ts'
import { type Intent, isCancel, movesNothing } from './intent.ts'
import type { DestinationClass } from './places.ts'
import { credentialAt, type Roster } from './roster.ts'
import { classOfBook, classOfVault, networkOf } from './rulebook.ts'
import type { VaultRow } from './view.ts'

/** What is shown for a recipient; it is believed only as far as it proves itself. */
export type Evidence =
  | { readonly kind: 'vault' }
  | { readonly kind: 'book'; readonly record: string }
  | { readonly kind: 'attested'; readonly record: Signed }

export interface Known {
  readonly inForce: InForce
  readonly vaults: readonly VaultRow[]
  /** Own vaults whose backups were proven: only into these may money come. */
  readonly shown: readonly VaultId[]
  /** When the intent was recorded: the attesting credential must have been valid. */
  readonly createdAt: number
  readonly witnessedAt: (seq: number) => number | undefined
}

export interface Recipient {
  readonly facts: DestinationFacts
  /** What people are shown. */
  readonly named: Named
}

export function recipientOf(intent: Intent, evidence: Evidence, known: Known): Recipient {
  if ((evidence.kind === 'vault') !== (intent.dest === '')) {
    return unknown('a record for an own vault, or none for another address')
  }
  switch (evidence.kind) {
    case 'vault':
      return ownVault(intent, known)
    case 'book':
      return listed(intent, evidence.record, known)
    case 'attested':
      return attested(intent, evidence.record, known)
  }
}

/** The attesting key must still speak for its service when the attempt is judged. */
export function requireAttester(evidence: Evidence, roster: Roster, atMs: number): void {
  if (evidence.kind !== 'attested') return
  const { credential } = evidence.record
  if (credentialAt(roster, credential, atMs) === undefined) {
    unknown(`a record under the credential ${credential}, which is not valid at the attempt`)
  }
}

function ownVault(intent: Intent, known: Known): Recipient {
  const own = movesNothing(intent.op) ? signerOf(intent, known) : vaultAt(intent, known)
  const of = own && classOfVault(known.inForce.rulebook, own.vault)
  if (own === undefined || of === undefined) return unknown('an address of no own vault')
  // Value sent to a key that signs no more, or that its dealer knows, would be lost.
  if (own.standing !== 'active') return unknown(`the vault ${own.vault}, whose key does not sign`)
  // Nor may money come in that one lost disk would keep for ever.
  if (!isCancel(intent.op) && !known.shown.includes(own.vault)) {
    return unknown(`the vault ${own.vault}, whose backups are not proven yet`)
  }
  return {
    facts: { kind: 'vault', class: of.id, vault: own.vault },
    named: ownNamed(of, own.vault, intent),
  }
}

/** What people are shown of an own vault. */
export function ownNamed(
  { id }: DestinationClass,
  vault: VaultId,
  { toPath }: Pick<Intent, 'toPath'>,
): Named {
  return { class: id, label: toPath === undefined ? vault : `${vault} ${toPath}` }
}

/** A declaration or a cancel names the address, at whatever path, whose key signs it. */
function signerOf({ network, vault, path, to }: Intent, { vaults }: Known): VaultRow | undefined {
  const own = vaults.find((row) => row.vault === vault)
  return own !== undefined && addressAt(network, own, path) === to ? own : undefined
}

/** The own vault whose address the intent pays, at the path that it names. */
function vaultAt({ network, to, toPath }: Intent, known: Known): VaultRow | undefined {
  return known.vaults.find(
    (row) =>
      networkOf(known.inForce.rulebook, row.vault)?.caip2 === network &&
      addressAt(network, row, toPath ?? 'm') === to,
  )
}

function listed(intent: Intent, text: string, known: Known): Recipient {
  const { record, class: of, book } = recordFor(intent, text, known)
  if (book === undefined || intent.dest === '' || !book.book.records.has(intent.dest)) {
    return unknown(`a record that the book ${record.book} in force does not hold`)
  }
  return recordedAs(of, record, known.witnessedAt(book.seq))
}

function attested(intent: Intent, signed: Signed, known: Known): Recipient {
  const { record, class: of } = recordFor(intent, signed.document, known)
  if (of.attestedBy === '') return unknown(`an attested record, but ${of.id} takes its book only`)
  const lister = known.inForce.books.find(
    ({ book }) => recordOf(book, record.network, record.address) !== undefined,
  )
  if (lister !== undefined) {
    return unknown(`an attested record of an address that the book ${lister.book.name} lists`)
  }
  const credential = credentialAt(known.inForce.roster, signed.credential, known.createdAt)
  if (credential?.person !== of.attestedBy) {
    return unknown(`a record that ${of.attestedBy} did not sign`)
  }
  const read = { shape: destinationShape, refuseWith: 'DEST_UNKNOWN' } as const
  open(tags.dest, signed, credential.publicKey, read)
  return recordedAs(of, record, undefined)
}

interface Found {
  readonly record: Destination
  readonly class: BookClass
  readonly book: ActiveBook | undefined
}

type BookClass = DestinationClass & { readonly kind: 'book' }

/** The record that the intent names by digest, of a class of the policy, for this very address. */
function recordFor(intent: Intent, text: string, known: Known): Found {
  const { inForce } = known
  const { digest, record } = parseDestination(toUtf8(text))
  if (digest !== intent.dest) unknown('another record than the intent names')
  for (const field of ['org', 'env', 'network'] as const) {
    if (record[field] !== intent[field]) unknown(`a record of another ${field}`)
  }
  if (record.address !== intent.to) unknown('a record of another address')
  const own = vaultAt(intent, known)
  if (own !== undefined) unknown(`a record of the own vault ${own.vault}`)
  const of = classOfBook(inForce.rulebook, record.book)
  if (of === undefined) return unknown(`a record of the unknown book ${record.book}`)
  const book = inForce.books.find((item) => item.book.name === record.book)
  return { record, class: of, book }
}

function recordedAs(
  { id }: BookClass,
  { status, activeFrom, label }: Destination,
  activatedAt: number | undefined,
): Recipient {
  return {
    facts: { kind: 'record', class: id, status, activeFrom, activatedAt },
    named: { class: id, label },
  }
}

function unknown(got: string): never {
  return refuse('DEST_UNKNOWN', `expected a destination in force, got ${got}`)
}
