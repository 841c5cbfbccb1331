import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  Abort,
  type AbortReason,
  isAbortReason,
  type Remedy,
} from '../../signer-node/dkls23/abort.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'

const REMEDIES: readonly (readonly [Remedy, readonly AbortReason[]])[] = [
  ['retry', ['missing-message', 'view-mismatch', 'pairing-mismatch', 'pprf-check']],
  ['fault', ['unknown-sender', 'duplicate-message', 'wrong-round', 'wrong-size', 'malformed']],
  ['fault', ['commitment', 'proof', 'share', 'constant', 'identity-point']],
  ['ban', ['ot-check', 'rvole-check', 'gamma-check']],
  ['abort', ['public-key-sum', 'signature-invalid', 'degenerate']],
]

describe('Abort', () => {
  it.each(REMEDIES)('calls for %s exactly where the specification does: %s', (remedy, reasons) => {
    for (const reason of reasons) expect(new Abort(reason, 'because').remedy).toBe(remedy)
  })

  it('knows its reasons by name, and no other word', () => {
    const reasons = REMEDIES.flatMap(([, some]) => some)
    expect(reasons.every(isAbortReason)).toBe(true)
    expect(['', 'Share', 'toString', 'ban'].some(isAbortReason)).toBe(false)
  })

  it('names its culprit and carries the evidence against it', () => {
    const evidence = Uint8Array.of(1, 2)
    const abort = new Abort('share', 'not on the polynomial', { culprit: parseParty(7), evidence })
    expect(abort).toMatchObject({ culprit: 7, evidence, reason: 'share', name: 'Abort' })
    expect(abort.message).toBe('not on the polynomial')
  })

  it('never prints the evidence, which may be a share', () => {
    const evidence = Uint8Array.of(0xca, 0x9a, 0x12, 0x34)
    const abort = new Abort('share', 'not on the polynomial', { evidence })
    const printed = [
      inspect(abort, { depth: 9 }),
      inspect({ caught: new Error('outer', { cause: abort }) }, { depth: 9 }),
      JSON.stringify(abort),
      JSON.stringify({ ...abort }),
      `${abort}`,
    ].join()
    expect(printed).not.toMatch(/evidence|202/)
    const enumerable: string[] = []
    for (const name in abort) enumerable.push(name)
    expect(enumerable).toContain('reason')
    expect(enumerable).not.toContain('evidence')
    expect(abort.evidence).toEqual(evidence)
  })

  it('names nobody when nobody is named', () => {
    expect(new Abort('view-mismatch', 'two views').culprit).toBeUndefined()
  })
})
