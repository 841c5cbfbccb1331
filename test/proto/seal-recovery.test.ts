// Backups: sealed to recovery keys, opened by any one of them and by nothing else.
import { x25519 } from '@noble/curves/ed25519.js'
import { describe, expect, it } from 'vitest'
import {
  aesGcmSeal,
  hkdfSha256,
  sha256,
  tagged,
  toHex,
  toUtf8,
  x25519PublicKey,
} from '../../proto/crypto.ts'
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { parseRecoveryKey, recoveryKeyDocument, recoveryThing } from '../../proto/recovery-key.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { openWithPassphrase } from '../../proto/seal.ts'
import { type KeyshareContext, parseSeal, type SealedThing } from '../../proto/seal-file.ts'
import { openWithRecovery, sealToRecovery } from '../../proto/seal-recovery.ts'
import { refusedWith } from '../kit/refused.ts'

const h = (name: string): Uint8Array => sha256(toUtf8(`test-seed/${name}`))
const context: KeyshareContext = {
  org: parseHandle('acme'),
  env: 'prod',
  vault: parseHandle('hot-eth'),
  key: `02${'ab'.repeat(32)}`,
  commitments: parseDigest('cd'.repeat(32)),
  epoch: 1,
  party: 2,
  threshold: 2,
  parties: 3,
  made: parseDigest('ef'.repeat(32)),
}
const backup: SealedThing = { kind: 'backup', context }
const share = toUtf8('keyshare')
const [first, second] = [h('recovery 1'), h('recovery 2')]
const keys = [first, second].map((secret) => x25519PublicKey(secret))
const random = { dek: h('dek'), ephemerals: [h('eph 1'), h('eph 2')] }
const file = sealToRecovery(backup, share, keys, random)
const opens = (bytes: Uint8Array, expected: SealedThing = backup, secret = first): string =>
  refusedWith(() => openWithRecovery(bytes, expected, secret))

describe('a backup', () => {
  it('opens with any one of its recovery keys, to exactly what was sealed', () => {
    expect(openWithRecovery(file, backup, first)).toEqual(share)
    expect(openWithRecovery(file, backup, second)).toEqual(share)
    expect(toHex(sha256(file))).toBe(
      'd8ddcafa7bc47d03e5e14b78f1b446cbe90cf5e9c06e104e6e7ce3608f56e3e3',
    )
  })

  it('wraps the key of the file as the format says, by another library too', () => {
    const eph = x25519.getPublicKey(h('eph 2'))
    const z = x25519.getSharedSecret(second, eph)
    const info = tagged('custody/v1/seal-wrap', sha256(encode(context)))
    const key = hkdfSha256(z, sha256(eph, keys[1]!), info, 32)
    const wrapped = aesGcmSeal(key, new Uint8Array(12), random.dek)
    expect(parseSeal(file).stanzas[1]).toEqual({ how: 'x25519', to: keys[1], eph, wrapped })
  })

  it('does not open with another key, and never says why', () => {
    expect(opens(file, backup, h('stranger'))).toBe('SEAL')
    expect(() => openWithRecovery(file, backup, h('stranger'))).toThrow(
      'SEAL: this file does not open here',
    )
    expect(refusedWith(() => openWithPassphrase(file, backup, share))).toBe('SEAL')
  })

  it('does not open as what it is not, in the expectation or forged in the file as well', () => {
    const other: JsonObject = {
      org: 'acme2',
      env: 'test',
      vault: 'warm-eth',
      key: `03${'ab'.repeat(32)}`,
      commitments: 'ce'.repeat(32),
      epoch: 2,
      party: 1,
      threshold: 3,
      parties: 5,
      made: 'ee'.repeat(32),
    }
    for (const [name, value] of Object.entries(other)) {
      const expected = { ...backup, context: { ...context, [name]: value } } as SealedThing
      expect(opens(file, expected), name).toBe('SEAL')
      const forged = encode({
        ...(parse(file) as JsonObject),
        context: { ...context, [name]: value },
      })
      expect(opens(forged, expected), name).toBe('SEAL')
    }
    expect(opens(file, { kind: 'keyshare', context })).toBe('SEAL')
    expect(opens(file, { kind: 'restored', context })).toBe('SEAL')
  })

  it('is refused after the change of any one bit', () => {
    expect(opens(file)).toBe('accepted')
    let parsed = 0
    for (let bit = 0; bit < file.length * 8; bit += 1) {
      const bytes = file.with(bit >> 3, file[bit >> 3]! ^ (1 << (bit & 7)))
      if (!isRefusal(attempt(() => parseSeal(bytes)))) parsed += 1
      // Both keys: a change in one stanza must not leave the other a way in.
      expect(opens(bytes)).toBe('SEAL')
      expect(opens(bytes, backup, second)).toBe('SEAL')
    }
    expect(parsed).toBeGreaterThan(100)
  })

  it('is refused when a stanza is removed, swapped or moved from another file', () => {
    const { stanzas, ...rest } = parse(file) as { stanzas: [JsonObject, JsonObject] } & JsonObject
    const [one, two] = stanzas
    const other = parse(
      sealToRecovery(backup, share, keys, { ...random, dek: h('other dek') }),
    ) as { stanzas: [JsonObject, JsonObject] } & JsonObject
    const bent = [[one], [two, one], [other.stanzas[0], two]] as const
    for (const list of bent) expect(opens(encode({ ...rest, stanzas: [...list] }))).toBe('SEAL')
    expect(opens(encode({ ...rest, stanzas: [one, two] }))).toBe('accepted')
  })

  it('is not made for a key of low order, nor without recovery keys', () => {
    const low = new Uint8Array(32)
    const one = { dek: random.dek, ephemerals: [h('eph')] }
    expect(refusedWith(() => sealToRecovery(backup, share, [low], one))).toBe('CONFIG')
    expect(refusedWith(() => sealToRecovery(backup, share, [], one))).toBe('MALFORMED')
    expect(() => sealToRecovery(backup, share, keys, one)).toThrow('has 32 bytes')
    const twice = [keys[0]!, keys[0]!]
    expect(refusedWith(() => sealToRecovery(backup, share, twice, random))).toBe('MALFORMED')
    const thing: SealedThing = { kind: 'keyshare', context }
    expect(refusedWith(() => sealToRecovery(thing, share, keys, random))).toBe('MALFORMED')
  })

  it('whose ephemeral key has low order does not open', () => {
    const written = parse(file) as { stanzas: [JsonObject, JsonObject] } & JsonObject
    const stanzas = [{ ...written.stanzas[0], eph: '00'.repeat(32) }, written.stanzas[1]]
    expect(opens(encode({ ...written, stanzas }))).toBe('SEAL')
  })
})

describe('a recovery key', () => {
  const fields = {
    org: 'acme',
    env: 'prod',
    node: 'node-1',
    id: 'r-1',
    seal: toHex(keys[0]!),
    sign: '01'.repeat(32),
  }

  it('is read as it was written, and its digest is of all of it', () => {
    const document = recoveryKeyDocument(fields)
    const read = parseRecoveryKey(document)
    expect(read).toMatchObject({ org: 'acme', node: 'node-1', id: 'r-1', seal: keys[0] })
    const others = { org: 'b', env: 'dev', node: 'n', id: 'r', seal: '02'.repeat(32) }
    for (const [name, value] of Object.entries({ ...others, sign: '03'.repeat(32) })) {
      const { digest } = parseRecoveryKey(recoveryKeyDocument({ ...fields, [name]: value }))
      expect(digest, name).not.toBe(read.digest)
    }
  })

  it('has exactly its fields', () => {
    expect(refusedWith(() => recoveryKeyDocument({ ...fields, note: '' }))).toBe('MALFORMED')
    expect(refusedWith(() => recoveryKeyDocument({ ...fields, seal: '01' }))).toBe('MALFORMED')
    expect(refusedWith(() => recoveryKeyDocument({ ...fields, env: 'x' }))).toBe('MALFORMED')
  })

  it('is never taken for a key of its node', () => {
    const owner = { org: parseHandle('acme'), env: 'prod', owner: parseHandle('node-1') } as const
    expect(recoveryThing(owner, parseHandle('identity')).context).toMatchObject({
      credential: 'recovery/identity',
    })
  })
})
