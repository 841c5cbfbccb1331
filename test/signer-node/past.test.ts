// What a share says of its key against what the log says: only the same story opens a share.
import { describe, expect, it } from 'vitest'
import { dealt, madeHere } from '../../policy/key-standing.ts'
import type { VaultRow } from '../../policy/view.ts'
import type { KeyFacts, KeyPast } from '../../signer-node/dkls23/keyshare.ts'
import { isRefreshed, requireSamePast } from '../../signer-node/past.ts'
import { vaultRow } from '../coordinator/world.ts'
import { refusedWith } from '../kit/refused.ts'

const made: KeyPast = { origin: 'made', isExported: false, standing: 'active' }
const imported: KeyPast = { ...made, origin: 'imported' }
const unrefreshed: KeyPast = { ...imported, standing: 'unrefreshed' }
const row: VaultRow = { ...vaultRow('hot'), ...madeHere }
const says = (past: KeyPast, change: Partial<VaultRow>): string =>
  refusedWith(() => requireSamePast({ past } as KeyFacts, { ...row, ...change }))

describe('a node', () => {
  it('opens only a share whose past is what the log says', () => {
    expect(says(made, {})).toBe('accepted')
    expect(says(imported, { imported: true })).toBe('accepted')
    expect(says(unrefreshed, dealt)).toBe('accepted')
    expect(says(made, { imported: true })).toBe('SEAL')
    expect(says(imported, {})).toBe('SEAL')
    expect(says(unrefreshed, { imported: true, standing: 'active' })).toBe('SEAL')
    expect(says(imported, dealt)).toBe('SEAL')
    expect(says({ ...made, isExported: true }, {})).toBe('SEAL')
    // Its holder need not have heard of the export.
    expect(says(made, { standing: 'exported', exported: true })).toBe('accepted')
    expect(says(unrefreshed, { imported: true, standing: 'disabled' })).toBe('accepted')
  })

  it('signs with no share that its dealer knows, whatever else is true of it', () => {
    expect(isRefreshed({ past: unrefreshed } as KeyFacts)).toBe(false)
    expect(isRefreshed({ past: imported } as KeyFacts)).toBe(true)
    expect(isRefreshed({ past: made } as KeyFacts)).toBe(true)
  })
})
