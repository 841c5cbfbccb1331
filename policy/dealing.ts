// Whether a dealing is the one that the terms of an import name, as far as anybody sees without the
// mathematics of the protocol: owner, vault, public key, chain code, and the digest that it gives
// itself. For whoever asks or carries; that the digest is true is judged by every node.
import { toHex } from '../proto/crypto.ts'
import { type Dealing, dealtKey } from '../proto/import-documents.ts'
import { refuse } from '../proto/refusal.ts'
import type { ChangeOf } from './change.ts'

/** The terms that ask for this dealing. */
export function termsOfDealing(dealing: Dealing): ChangeOf<'key.import'>['terms'] {
  const { chainCode, commitments } = dealing
  return { publicKey: dealtKey(dealing), chainCode, commitments }
}

export function requireDealingOf(change: ChangeOf<'key.import'>, dealing: Dealing): void {
  for (const field of ['org', 'env', 'vault'] as const) {
    if (dealing[field] !== change[field]) {
      refuse('DEALING', `${field}: expected ${change[field]}, got ${dealing[field]}`)
    }
  }
  const got = termsOfDealing(dealing)
  const { publicKey, chainCode, commitments } = change.terms
  const same =
    toHex(got.publicKey) === toHex(publicKey) && toHex(got.chainCode) === toHex(chainCode)
  if (!same || got.commitments !== commitments) {
    refuse('DEALING', 'expected the dealing that the terms name, got another one')
  }
}
