// Whose address it is, from the file and the pinned root alone: what is enough, and every way in
// which it is not.
import { describe, expect, it } from 'vitest'
import { addressFile, openAddress } from '../../policy/address-certificate.ts'
import type { Reading, RootText } from '../../policy/address-word.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { derive } from '../../policy/chain/derive.ts'
import { concat, fromUtf8, toHex, toUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import type { Signed } from '../../proto/signed.ts'
import { issuedMs, type Said, word } from '../kit/addresses.ts'
import * as house from '../kit/audit-documents.ts'
import { digestNamed, vaultRow } from '../kit/audit-log.ts'
import { refusedWith } from '../kit/refused.ts'
import { firstRoot, nextRoot, node, signedBy } from '../kit/succession.ts'

const pinned = firstRoot.root.digest
const reading: Reading = { nowMs: issuedMs + 60_000, ageMsMax: limits.addressAgeMsMax }
const firstOnly: readonly RootText[] = [{ root: firstRoot.text, signatures: '' }]
const two = (said: Said = {}): Signed[] => [word('node-a', said), word('node-b', said)]
const opened = (certificates: readonly Signed[], roots = firstOnly, read = reading, pin = pinned) =>
  openAddress(addressFile(roots, certificates), pin, read)
const outcome = (...about: Parameters<typeof opened>) => refusedWith(() => opened(...about))

const row = vaultRow('hot-eth')
const other = vaultRow('warm-eth')
const addressAt = (path: string, of = row, network = 'eip155:31337') =>
  chainOf(network).address(derive(of, path).publicKey)

describe('the certificate of an address', () => {
  it('says whose it is when t nodes of the pinned root derived it', () => {
    expect(opened(two())).toMatchObject({
      org: house.org,
      env: house.env,
      vault: 'hot-eth',
      network: 'eip155:31337',
      path: 'm/1/7',
      address: addressAt('m/1/7'),
      by: ['node-a', 'node-b'],
      epoch: 1,
      imported: false,
      exported: false,
      issued: issuedMs,
    })
    expect(opened([word('node-c'), word('node-a')]).by).toEqual(['node-c', 'node-a'])
    expect(opened([...two(), word('node-c')]).by).toHaveLength(3)
    expect(opened(two({ path: 'm' })).address).toBe(addressAt('m'))
  })

  it('is of a Tron address as well', () => {
    const tron = { row: vaultRow('hot-tron'), network: 'tron:0x2b6653dc' }
    const { address } = opened(two(tron))
    expect(address).toBe(addressAt('m/1/7', tron.row, tron.network))
    expect(address).toMatch(/^T/)
  })

  it('needs t different nodes: not one fewer, and no node twice', () => {
    expect(outcome([word('node-a')])).toBe('PARTICIPANTS')
    expect(outcome([word('node-a'), word('node-a')])).toBe('PARTICIPANTS')
    expect(outcome([word('node-a'), word('node-a', { issuedMs: issuedMs + 1_000 })])).toBe(
      'PARTICIPANTS',
    )
    // Whatever its document says of the threshold: the root's counts, and a higher one too.
    expect(outcome([word('node-a', { patch: { threshold: 1 } })])).toBe('PARTICIPANTS')
    expect(outcome(two({ row: { ...row, t: 3 } }))).toBe('PARTICIPANTS')
    expect(
      outcome([...two({ row: { ...row, t: 3 } }), word('node-c', { row: { ...row, t: 3 } })]),
    ).toBe('accepted')
  })

  const bent: Readonly<Record<string, JsonObject>> = {
    address: { address: addressAt('m/1/8') },
    path: { path: 'm/1/8' },
    network: { network: 'tron:0x2b6653dc' },
    'another EVM network': { network: 'eip155:1' },
    'public key': { publicKey: toHex(other.publicKey) },
    'chain code': { chainCode: toHex(other.chainCode) },
    vault: { vault: 'warm-eth' },
    epoch: { epoch: 2 },
    'key state': { keyState: digestNamed('another') },
    imported: { imported: true },
    holders: { holders: ['node-a', 'node-b', 'node-c', 'node-d'] },
  }

  it('is refused whole when fewer than t nodes lie about any of it', () => {
    for (const [name, patch] of Object.entries(bent)) {
      expect(outcome([word('node-a'), word('node-b', { patch })]), name).toBe('VIEW')
      expect(outcome([word('node-b', { patch }), word('node-a')]), name).toBe('VIEW')
      expect(outcome([...two(), word('node-c', { patch })]), name).toBe('VIEW')
    }
  })

  it('is derived anew by whoever reads it: even t nodes do not pass another address off', () => {
    for (const name of ['address', 'path', 'network', 'public key', 'chain code']) {
      expect(outcome(two({ patch: bent[name] ?? {} })), name).toBe('BYTES_FROM')
    }
  })

  it('is refused when anybody but the node changed or signed a word', () => {
    const [first, second] = two() as [Signed, Signed]
    for (const name of ['m/1/8', 'm/1/6']) {
      const document = first.document.replace('m/1/7', name)
      expect(outcome([{ ...first, document }, second]), name).toBe('VIEW')
    }
    expect(outcome([word('node-a', { by: 'node-c' }), second])).toBe('VIEW')
    expect(outcome([{ ...first, credential: second.credential }, second])).toBe('VIEW')
    expect(outcome([first, { ...second, signature: first.signature }])).toBe('VIEW')
  })

  it('counts no node but those of the root, and of these only holders of the key', () => {
    expect(outcome([word('node-a'), word('node-d')])).toBe('PARTICIPANTS')
    const holders = row.participants.slice(1)
    expect(outcome(two({ row: { ...row, participants: holders } }))).toBe('PARTICIPANTS')
    const others = [word('node-b'), word('node-c')]
    expect(outcome(others)).toBe('accepted')
  })

  it('is of one organisation, one environment and one root', () => {
    expect(outcome(two({ patch: { org: 'other' } }))).toBe('RULESET_SIG')
    expect(outcome(two({ patch: { env: 'prod' } }))).toBe('RULESET_SIG')
    expect(outcome(two({ patch: { root: digestNamed('another root') } }))).toBe('RULESET_VERSION')
    const elsewhere = digestNamed('another root')
    expect(outcome(two(), firstOnly, reading, elsewhere)).toBe('RULESET_VERSION')
  })

  it('is of no two epochs, and of nothing but what takes money', () => {
    const later = { ...row, epoch: 2, keyState: digestNamed('key-state 2') }
    expect(outcome([word('node-a'), word('node-b', { row: later })])).toBe('VIEW')
    expect(outcome(two({ row: later }))).toBe('accepted')
    for (const path of ['m/0/7', 'm/1', 'm/1/7/0', `m/1/${limits.depositIndexMax}`]) {
      const address = addressAt(path)
      expect(outcome(two({ patch: { path, address } })), path).toBe('MALFORMED')
    }
    expect(outcome(two({ patch: { network: 'eip155:031337' } }))).not.toBe('accepted')
  })

  it('grows old, and does not come from tomorrow', () => {
    const at = (nowMs: number) => outcome(two(), firstOnly, { ...reading, nowMs })
    expect(at(issuedMs + limits.addressAgeMsMax)).toBe('accepted')
    expect(at(issuedMs + limits.addressAgeMsMax + 1)).toBe('LIFETIME')
    expect(at(issuedMs - limits.clockSkewMs)).toBe('accepted')
    expect(at(issuedMs - limits.clockSkewMs - 1_000)).toBe('LIFETIME')
    const mixed = [word('node-a'), word('node-b', { issuedMs: issuedMs + 50_000 })]
    expect(opened(mixed).issued).toBe(issuedMs)
  })
})

describe('the roots in a certificate', () => {
  const next = nextRoot({ nodes: [node.a, node.b, node.d], witness: { w: 3, f: 0, q: 3 } })
  const steps = (signatures: string): readonly RootText[] => [
    { root: firstRoot.text, signatures: '' },
    { root: next.text, signatures },
  ]
  const chain = steps(signedBy(next))
  const said = (name: string) => {
    const participants = ['node-a', 'node-b', 'node-d'].map((one, at) => {
      return { ...row.participants[at]!, node: one as never }
    })
    return word(name, { root: next.root, row: { ...row, epoch: 2, participants } })
  }

  it('lead from the pinned one to the one whose nodes sign', () => {
    expect(opened([said('node-a'), said('node-d')], chain).by).toEqual(['node-a', 'node-d'])
    // Whoever pins the new one needs no older.
    const alone = [{ root: next.text, signatures: '' }]
    expect(outcome([said('node-a'), said('node-d')], alone, reading, next.root.digest)).toBe(
      'accepted',
    )
    // And hears nobody who left before it, nor a word under an older root.
    expect(outcome(two(), firstOnly, reading, next.root.digest)).toBe('RULESET_VERSION')
    expect(outcome([said('node-a'), word('node-c')], chain)).toBe('PARTICIPANTS')
    expect(outcome(two(), chain)).toBe('RULESET_VERSION')
  })

  it('count by the signatures of the quorum before them', () => {
    const words = [said('node-a'), said('node-d')]
    expect(outcome(words, steps(signedBy(next, ['node-d-identity'])))).toBe('GOV_QUORUM')
    expect(outcome(words, steps(signedBy(nextRoot())))).toBe('RULESET_SIG')
    expect(outcome(words, chain.toReversed())).toBe('RULESET_VERSION')
    expect(outcome(words, chain.slice(1))).toBe('RULESET_VERSION')
    expect(outcome(two(), [{ root: firstRoot.text, signatures: signedBy(next) }])).toBe(
      'RULESET_VERSION',
    )
  })
})

describe('the file of a certificate', () => {
  const bytes = addressFile(firstOnly, two())
  const read = (written: Uint8Array) => refusedWith(() => openAddress(written, pinned, reading))

  it('is strict: one form, nothing beside it, and bounded', () => {
    expect(read(bytes)).toBe('accepted')
    expect(read(concat(bytes, toUtf8('\n')))).toBe('MALFORMED')
    const json = JSON.parse(fromUtf8(bytes)!) as JsonObject
    for (const change of [{ format: 'custody-address/v2' }, { more: 1 }, { certificates: [] }]) {
      expect(read(toUtf8(JSON.stringify({ ...json, ...change })))).toBe('MALFORMED')
    }
    expect(read(new Uint8Array(limits.addressFileBytesMax + 1))).toBe('TOO_LARGE')
  })
})
