// The certificate of a cold vault's address, for the log of `cold-log.ts`: what its three stations
// confirmed of the key, and the words of its light witnesses, honest or bent in any field.
import { coldAddressWord } from '../../policy/address-word.ts'
import { confirmMessage } from '../../policy/audit/key-confirm.ts'
import { coldAddressFile } from '../../policy/cold-address.ts'
import type { Root } from '../../policy/documents.ts'
import type { KeyFacts, VaultRow } from '../../policy/view.ts'
import { coldAddressKind } from '../../proto/address-documents.ts'
import { toHex } from '../../proto/crypto.ts'
import { type Digest, parseHandle } from '../../proto/ids.ts'
import { encode, type JsonObject } from '../../proto/jcs.ts'
import { keyCertificateFormat } from '../../proto/key-documents.ts'
import { type Signed, sign } from '../../proto/signed.ts'
import { issuedMs } from './addresses.ts'
import * as house from './audit-documents.ts'
import { digestNamed, vaultRow } from './audit-log.ts'
import { root as firstRoot, rootText } from './cold-log.ts'

export const row = vaultRow('cold-eth')
export const network = 'eip155:31337'
export const firstOnly = [{ root: rootText, signatures: '' }]

export interface ColdSaid {
  readonly row?: VaultRow
  readonly network?: string
  readonly root?: Root
  readonly issuedMs?: number
  /** What the witness writes instead of what is so. */
  readonly patch?: JsonObject
  /** Whose key signs. */
  readonly by?: string
  readonly tag?: typeof coldAddressKind.tag
}

export function coldWord(light: string, said: ColdSaid = {}): Signed {
  const { root = firstRoot, patch = {}, by = `${light}-identity`, tag = coldAddressKind.tag } = said
  const asked = { root, row: said.row ?? row, network: said.network ?? network, path: 'm' }
  const own = { node: light, issuedMs: said.issuedMs ?? issuedMs, size: 41 }
  const document = { ...coldAddressWord(asked, own), ...patch }
  return sign(tag, encode(document), parseHandle(light), (message) => house.keyOf(by).sign(message))
}

export interface Confirming {
  readonly change?: Digest
  /** Of those who confirm, whose key signs. */
  readonly by?: (station: string) => string
  /** Stands in the file instead. */
  readonly patch?: JsonObject
}

/** By every holder that it names, as the line of the key has it. */
export function keyCertificate(
  key: KeyFacts = row,
  { change = digestNamed('create cold-eth'), by = (station) => station, patch }: Confirming = {},
): JsonObject {
  const { vault, epoch, keyState, t, participants, publicKey, chainCode } = key
  return {
    ...{ vault, key: key.key, epoch, keyState, t, change, format: keyCertificateFormat },
    participants: participants.map(({ node, x }) => ({ node, x })),
    ...{ publicKey: toHex(publicKey), chainCode: toHex(chainCode) },
    confirms: participants.map(({ node }) => {
      const signer = house.keyOf(`${by(node)}-identity`)
      return { node, signature: toHex(signer.sign(confirmMessage(key, node, change))) }
    }),
    ...patch,
  }
}

/** As an honest coordinator writes it, of two witnesses. */
export function coldFile(): Uint8Array {
  return coldAddressFile(firstOnly, keyCertificate(), [coldWord('light-a'), coldWord('light-b')])
}
