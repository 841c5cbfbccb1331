// Whose address it is, of a cold vault: every station confirmed its key, and q witnesses say that
// it is in force. What is enough, and every way in which it is not.
import { describe, expect, it } from 'vitest'
import { addressFile, openAddress } from '../../policy/address-certificate.ts'
import type { Reading, RootText } from '../../policy/address-word.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { coldAddressFile } from '../../policy/cold-address.ts'
import { addressKind } from '../../proto/address-documents.ts'
import { concat, fromUtf8, toHex, toUtf8 } from '../../proto/crypto.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { encode, type JsonObject } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import type { Signed } from '../../proto/signed.ts'
import { issuedMs, word } from '../kit/addresses.ts'
import { digestNamed, vaultRow } from '../kit/audit-log.ts'
import {
  type ColdSaid,
  coldFile,
  coldWord,
  firstOnly,
  keyCertificate,
  row,
} from '../kit/cold-addresses.ts'
import { rootText as coldRootText, root } from '../kit/cold-log.ts'
import { refusedWith } from '../kit/refused.ts'
import {
  firstRoot as hotRoot,
  lightJson,
  nextRoot,
  nodeJson,
  node as nodes,
  signedBy,
} from '../kit/succession.ts'

const firstRoot = { root, text: coldRootText }
const pinned = root.digest
const reading: Reading = { nowMs: issuedMs + 60_000, ageMsMax: limits.addressAgeMsMax }
const two = (said: ColdSaid = {}): Signed[] => [
  coldWord('light-a', said),
  coldWord('light-b', said),
]
interface Given {
  readonly words?: readonly Signed[]
  readonly key?: JsonObject
  readonly roots?: readonly RootText[]
  readonly pin?: typeof pinned
  readonly nowMs?: number
}
const opened = ({
  words = two(),
  key = keyCertificate(),
  roots = firstOnly,
  ...given
}: Given = {}) =>
  openAddress(coldAddressFile(roots, key, words), given.pin ?? pinned, {
    ...reading,
    nowMs: given.nowMs ?? reading.nowMs,
  })
const outcome = (given?: Given) => refusedWith(() => opened(given))

const other = vaultRow('cold-two')
const stations = ['node-a', 'node-b', 'node-c']
const addressOf = (of = row, network = 'eip155:31337') => chainOf(network).address(of.publicKey)

describe('the certificate of a cold vault', () => {
  it('says whose address it is when every station confirmed the key and q witnesses say so', () => {
    expect(opened()).toMatchObject({
      ...{ org: root.org, env: root.env, vault: 'cold-eth', network: 'eip155:31337', path: 'm' },
      address: addressOf(),
      by: ['light-a', 'light-b'],
      needed: 2,
      confirmedBy: stations,
      ...{ epoch: 1, imported: false, exported: false, threshold: 2, issued: issuedMs },
    })
    expect(opened({ words: [...two(), coldWord('light-c')] }).by).toHaveLength(3)
    const network = 'tron:0x2b6653dc'
    expect(opened({ words: two({ network }) }).address).toBe(addressOf(row, network))
    expect(openAddress(coldFile(), pinned, reading).address).toBe(addressOf())
  })

  it('needs the confirmation of every station, by the identity that the root pins', () => {
    const whole = keyCertificate()['confirms'] as JsonObject[]
    const confirmed = (confirms: readonly JsonObject[]) =>
      outcome({ key: keyCertificate(row, { patch: { confirms: [...confirms] } }) })
    for (const [at] of stations.entries()) {
      expect(confirmed(whole.filter((_, each) => each !== at)), `without ${at}`).toBe(
        'PARTICIPANTS',
      )
      const bent = whole.map((one, each) =>
        each === at ? { ...one, ...whole[(at + 1) % 3] } : one,
      )
      expect(confirmed(bent), `twice ${at}`).toBe('PARTICIPANTS')
      const strange = { by: (name: string) => (name === stations[at] ? 'node-d' : name) }
      expect(outcome({ key: keyCertificate(row, strange) }), `forged ${at}`).toBe('PARTICIPANTS')
    }
    expect(confirmed(whole.toReversed())).toBe('PARTICIPANTS')
    expect(confirmed([...whole, ...whole.slice(0, 1)])).toBe('PARTICIPANTS')
    // A witness is no station, and stands for no key.
    const lights = { by: (name: string) => name.replace('node', 'light') }
    expect(outcome({ key: keyCertificate(row, lights) })).toBe('PARTICIPANTS')
    // Confirmed under another change than stands in the file.
    const change = { patch: { change: digestNamed('another change') } }
    expect(outcome({ key: keyCertificate(row, change) })).toBe('PARTICIPANTS')
  })

  it('is of exactly the stations of the root in force, with its t', () => {
    const fewer = { ...row, participants: row.participants.slice(0, 2) }
    expect(outcome({ key: keyCertificate(fewer), words: two({ row: fewer }) })).toBe('PARTICIPANTS')
    const moved = row.participants.map(({ node }, at) => ({ node, x: at + 2 }))
    const elsewhere = { ...row, participants: moved }
    expect(outcome({ key: keyCertificate(elsewhere) })).toBe('PARTICIPANTS')
    const lower = { ...row, t: 1 }
    expect(outcome({ key: keyCertificate(lower), words: two({ row: lower }) })).toBe('PARTICIPANTS')
    const strange = row.participants.map((one) =>
      one.x === 3 ? { ...one, node: parseNodeId('node-d') } : one,
    )
    const foreign = { ...row, participants: strange }
    expect(outcome({ key: keyCertificate(foreign), words: two({ row: foreign }) })).toBe(
      'PARTICIPANTS',
    )
  })

  it('needs q different witnesses: not one fewer, none twice, nobody else', () => {
    expect(outcome({ words: [coldWord('light-a')] })).toBe('PARTICIPANTS')
    const again = coldWord('light-a', { issuedMs: issuedMs + 1_000 })
    expect(outcome({ words: [coldWord('light-a'), again] })).toBe('PARTICIPANTS')
    expect(outcome({ words: [coldWord('light-a'), coldWord('light-d')] })).toBe('PARTICIPANTS')
    // Stations see the log in the room only, and nothing of today.
    expect(outcome({ words: [coldWord('light-a'), coldWord('node-b')] })).toBe('PARTICIPANTS')
    expect(outcome({ words: stations.map((name) => coldWord(name)) })).toBe('PARTICIPANTS')
  })

  const bent: Readonly<Record<string, JsonObject>> = {
    address: { address: addressOf(other) },
    network: { network: 'tron:0x2b6653dc' },
    'another EVM network': { network: 'eip155:1' },
    'public key': { publicKey: toHex(other.publicKey) },
    'chain code': { chainCode: toHex(other.chainCode) },
    vault: { vault: 'cold-two' },
    key: { key: 'k-cold-two' },
    epoch: { epoch: 2 },
    'key state': { keyState: digestNamed('another') },
    imported: { imported: true },
    exported: { exported: true },
    threshold: { threshold: 3 },
    holders: { holders: ['node-a', 'node-b'] },
  }

  it('is refused whole when fewer than q witnesses lie about any of it', () => {
    for (const [name, patch] of Object.entries(bent)) {
      const liar = coldWord('light-b', { patch })
      expect(outcome({ words: [coldWord('light-a'), liar] }), name).toBe('VIEW')
      expect(outcome({ words: [liar, coldWord('light-a')] }), name).toBe('VIEW')
      expect(outcome({ words: [...two(), coldWord('light-c', { patch })] }), name).toBe('VIEW')
    }
  })

  it('names no key of theirs, even when all witnesses lie together', () => {
    const all = (patch: JsonObject) =>
      outcome({ words: ['light-a', 'light-b', 'light-c'].map((name) => coldWord(name, { patch })) })
    const facts = ['public key', 'chain code', 'vault', 'key', 'threshold', 'holders', 'address']
    for (const name of facts) expect(all(bent[name] ?? {}), name).toBe('BYTES_FROM')
    for (const name of ['epoch', 'key state']) expect(all(bent[name] ?? {}), name).toBe('EPOCH')
    const whole = { ...bent['public key'], ...bent['address'] }
    expect(all(whole)).toBe('BYTES_FROM')
    // A whole key of theirs, which no station confirmed.
    const words = two({ row: { ...row, publicKey: other.publicKey } })
    const theirs = { ...row, publicKey: other.publicKey }
    expect(outcome({ words, key: keyCertificate(theirs, { by: () => 'light-a' }) })).toBe(
      'PARTICIPANTS',
    )
  })

  it('names no key that the log does not have in force, even when all stations confirmed it', () => {
    const { publicKey, chainCode } = other
    expect(outcome({ key: keyCertificate({ ...row, publicKey, chainCode }) })).toBe('BYTES_FROM')
    // An epoch before, or one that a failed ceremony left behind.
    for (const epoch of [0, 2]) {
      const key = keyCertificate({ ...row, epoch, keyState: digestNamed(`key-state ${epoch}`) })
      expect(outcome({ key }), String(epoch)).toBe('EPOCH')
    }
    expect(outcome({ key: keyCertificate({ ...row, keyState: digestNamed('left') }) })).toBe(
      'EPOCH',
    )
    expect(outcome({ key: keyCertificate(other) })).toBe('BYTES_FROM')
  })

  it('is refused when anybody but the witness changed or signed a word', () => {
    const [first, second] = two() as [Signed, Signed]
    const document = first.document.replace('"size":41', '"size":42')
    expect(outcome({ words: [{ ...first, document }, second] })).toBe('VIEW')
    const forged = coldWord('light-a', { by: 'light-c-identity' })
    expect(outcome({ words: [forged, second] })).toBe('VIEW')
    // The key of its cosignatures says nothing of addresses.
    expect(outcome({ words: [coldWord('light-a', { by: 'light-a-witness' }), second] })).toBe(
      'VIEW',
    )
    expect(outcome({ words: [{ ...first, credential: second.credential }, second] })).toBe('VIEW')
    // Nor does a word under the tag of those of nodes.
    const retagged = coldWord('light-a', { tag: addressKind.tag as never })
    expect(outcome({ words: [retagged, second] })).toBe('VIEW')
  })

  it('is of one organisation, environment and root, and of nothing but the own address', () => {
    expect(outcome({ words: two({ patch: { org: 'other' } }) })).toBe('RULESET_SIG')
    expect(outcome({ words: two({ patch: { env: 'prod' } }) })).toBe('RULESET_SIG')
    const elsewhere = digestNamed('another root')
    expect(outcome({ words: two({ patch: { root: elsewhere } }) })).toBe('RULESET_VERSION')
    expect(outcome({ pin: elsewhere })).toBe('RULESET_VERSION')
    for (const path of ['m/1/0', 'm/0', '']) {
      expect(outcome({ words: two({ patch: { path } }) }), path).toBe('MALFORMED')
    }
  })

  it('grows old, and does not come from tomorrow', () => {
    const at = (nowMs: number) => outcome({ nowMs })
    expect(at(issuedMs + limits.addressAgeMsMax)).toBe('accepted')
    expect(at(issuedMs + limits.addressAgeMsMax + 1)).toBe('LIFETIME')
    expect(at(issuedMs - limits.clockSkewMs - 1_000)).toBe('LIFETIME')
    const old = coldWord('light-b', { issuedMs: issuedMs - limits.addressAgeMsMax })
    expect(outcome({ words: [coldWord('light-a'), old] })).toBe('LIFETIME')
  })

  it('is never taken for that of a hot one, nor the other way round', () => {
    const hot = [{ root: hotRoot.text, signatures: '' }]
    // The form of a cold one under the root of a hot log.
    expect(outcome({ roots: hot, pin: hotRoot.root.digest })).toBe('MALFORMED')
    // The form of a hot one under the root of a cold log: whoever signs, stations have no word.
    const words = stations.slice(0, 2).map((name) => word(name, { root, row, path: 'm' }))
    const open = () => openAddress(addressFile(firstOnly, words), pinned, reading)
    expect(refusedWith(open)).toBe('MALFORMED')
    // Words of one kind in the file of the other.
    const nodesWords = [word('light-a', { root, row, path: 'm' }), coldWord('light-b')]
    expect(outcome({ words: nodesWords })).toBe('VIEW')
  })
})

describe('the roots in the certificate of a cold vault', () => {
  const steps = (next: ReturnType<typeof nextRoot>, by?: string[]): readonly RootText[] => [
    ...firstOnly,
    { root: next.text, signatures: signedBy(next, by) },
  ]
  const lights = ['light-a', 'light-b', 'light-d'].map(lightJson)
  const witnesses = nextRoot({ witnesses: lights, witness: { w: 3, f: 0, q: 3 } }, firstRoot)

  it('lead from the pinned one to the one whose witnesses speak', () => {
    const roots = steps(witnesses)
    const said = { root: witnesses.root }
    const words = ['light-a', 'light-b', 'light-d'].map((name) => coldWord(name, said))
    expect(opened({ roots, words })).toMatchObject({ needed: 3, confirmedBy: stations })
    // Its q, and nobody who left before it, and no word under the root before.
    expect(outcome({ roots, words: words.slice(0, 2) })).toBe('PARTICIPANTS')
    expect(outcome({ roots, words: [...words, coldWord('light-c', said)] })).toBe('PARTICIPANTS')
    expect(outcome({ roots })).toBe('RULESET_VERSION')
    const alone = [{ root: witnesses.text, signatures: '' }]
    expect(outcome({ roots: alone, words, pin: witnesses.root.digest })).toBe('accepted')
    expect(outcome({ pin: witnesses.root.digest })).toBe('RULESET_VERSION')
  })

  it('count by the signatures of the quorum before them', () => {
    const words = ['light-a', 'light-b', 'light-d'].map((name) => {
      return coldWord(name, { root: witnesses.root })
    })
    expect(outcome({ roots: steps(witnesses, ['node-d-identity']), words })).toBe('GOV_QUORUM')
  })

  it('that changed the stations certify nothing before the key is dealt to them', () => {
    const next = nextRoot({ nodes: [nodes.a, nodes.b, nodes.d] }, firstRoot)
    const replaced = nextRoot({ nodes: [nodes.a, nodes.b, nodeJson('node-e', 4)] }, firstRoot)
    for (const after of [next, replaced]) {
      // Who left confirmed the key once: under this root that counts for nothing.
      expect(outcome({ roots: steps(after), words: two({ root: after.root }) })).toBe(
        'PARTICIPANTS',
      )
    }
    const holders = ['node-a', 'node-b', 'node-d'].map((node, at) => {
      return { ...row.participants[at]!, node: parseNodeId(node) }
    })
    const dealt = { ...row, epoch: 2, keyState: digestNamed('dealt'), participants: holders }
    const words = two({ root: next.root, row: dealt })
    const said = opened({ roots: steps(next), words, key: keyCertificate(dealt) })
    expect(said).toMatchObject({
      address: addressOf(),
      confirmedBy: ['node-a', 'node-b', 'node-d'],
    })
    // The line of the epoch before, by whoever held it then.
    expect(outcome({ roots: steps(next), words })).toBe('PARTICIPANTS')
  })
})

describe('the file of a cold vault', () => {
  const bytes = coldFile()
  const read = (written: Uint8Array) => refusedWith(() => openAddress(written, pinned, reading))

  it('is strict: one form, nothing beside it, and bounded', () => {
    expect(read(bytes)).toBe('accepted')
    expect(read(concat(bytes, toUtf8('\n')))).toBe('MALFORMED')
    const json = JSON.parse(fromUtf8(bytes)!) as JsonObject
    const words = json['words'] as readonly JsonObject[]
    const many = Array.from({ length: limits.witnessesMax + 1 }, () => words[0] ?? {})
    const changes = [
      { format: 'custody-address/v1' },
      { format: 'custody-cold-address/v2' },
      { more: 1 },
      { words: [] },
      { words: many },
      { key: {} },
      { key: { ...(json['key'] as JsonObject), more: 1 } },
      { roots: [] },
    ]
    for (const change of changes) {
      const written = encode({ ...json, ...change })
      expect(read(written), JSON.stringify(change).slice(0, 60)).toBe('MALFORMED')
    }
    const { words: _, ...lacking } = json
    expect(read(encode(lacking))).toBe('MALFORMED')
    expect(read(new Uint8Array(limits.addressFileBytesMax + 1))).toBe('TOO_LARGE')
  })

  it('is of a key that is a point of the curve', () => {
    const none = { ...row, publicKey: new Uint8Array(33).fill(5) }
    const key = keyCertificate(none)
    expect(outcome({ key, words: two({ patch: { publicKey: key['publicKey'] ?? '' } }) })).toBe(
      'MALFORMED',
    )
  })
})
