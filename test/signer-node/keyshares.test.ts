// What a node does with its share of a key that is no longer its own: nothing before the line that
// says so is witnessed, and then every file up to that epoch goes, and what waits above it stays.
import { describe, expect, it } from 'vitest'
import { put, tables } from '../../policy/audit/tables.ts'
import { madeHere } from '../../policy/key-standing.ts'
import type { VaultRow } from '../../policy/view.ts'
import { refuse } from '../../proto/refusal.ts'
import { Keyshares, type KeysharesNeeds } from '../../signer-node/keyshares.ts'
import { vaultRow } from '../coordinator/world.ts'
import { TestClock, testPorts } from './world.ts'

const hot: VaultRow = { ...vaultRow('hot'), ...madeHere }

function kept(row: VaultRow, node: string, destroy: (through: number) => number = () => 1) {
  const ports = testPorts('keyshares', new TestClock())
  const asked: number[] = []
  let isCovered = false
  const { key, value } = put(tables.vault, row.vault, row) as { key: string; value: string }
  const needs = {
    self: { node },
    rows: { answer: () => [{ key, value }] },
    copy: { size: () => 10, keyLine: () => 9, head: () => ({ t: 0 }) },
    witness: { coverage: () => ({ isCovered }) },
    keystore: {
      pending: () => [],
      destroy: (_vault: string, through: number) => {
        asked.push(through)
        return destroy(through)
      },
    },
    ports,
    superseded: () => {},
  } as unknown as KeysharesNeeds
  const keyshares = new Keyshares(needs)
  const witnessed = (): void => {
    isCovered = true
  }
  return { keyshares, asked, witnessed, names: () => ports.events.map(({ name }) => name) }
}

describe('the share of a node that holds the key no more', () => {
  it('goes when the line is witnessed and not before, up to that epoch, once', () => {
    const row = hot
    const { keyshares, asked, witnessed, names } = kept(row, 'signer-z')
    expect([keyshares.review(), asked]).toEqual([false, []])
    witnessed()
    expect([keyshares.review(), asked]).toEqual([true, [row.epoch]])
    expect([keyshares.review(), asked]).toEqual([false, [row.epoch]])
    expect(names()).toEqual(['keyshare-destroyed'])
  })

  it('goes with everything that waits when the key was destroyed', () => {
    const row: VaultRow = { ...hot, standing: 'disabled' }
    const { keyshares, asked, witnessed } = kept(row, 'signer-a')
    witnessed()
    expect([keyshares.review(), asked]).toEqual([true, [Number.POSITIVE_INFINITY]])
  })

  it('that cannot be deleted is an alarm, said once, and is tried again', () => {
    const gone = () => refuse('BACKUP', 'the volume is read-only')
    const { keyshares, asked, witnessed, names } = kept(hot, 'signer-z', gone)
    witnessed()
    expect([keyshares.review(), keyshares.review()]).toEqual([false, false])
    expect(asked).toHaveLength(2)
    expect(names()).toEqual(['keyshare-left'])
  })
})
