// Whether the key of a vault may sign. A key that was made here signs; one that was imported only
// after a refresh, because until then its dealer knows every share; one that was exported or
// destroyed never again. The tags stay for ever, through every refresh and reshare.
// Which line moves the standing is the fold's to say.
import { refuse } from '../proto/refusal.ts'
import type { KeyStanding, VaultRow } from './view.ts'

/** Of a key that all nodes made together. */
export const madeHere = { standing: 'active', imported: false, exported: false } as const

/** Of a key that somebody dealt. */
export const dealt = { standing: 'unrefreshed', imported: true, exported: false } as const

const words: { readonly [K in KeyStanding]: string } = {
  active: 'signs',
  unrefreshed: 'was imported and not refreshed yet',
  exported: 'was exported',
  disabled: 'was destroyed',
}

export function requireSigns(row: Pick<VaultRow, 'vault' | 'standing'>): void {
  requireStanding(row, ['active'])
}

export function requireStanding(
  { vault, standing }: Pick<VaultRow, 'vault' | 'standing'>,
  lawful: readonly KeyStanding[],
): void {
  if (!lawful.includes(standing)) {
    refuse('KEY_DISABLED', `the key of ${vault} ${words[standing]}`)
  }
}
