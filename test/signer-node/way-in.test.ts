import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { toHex, toUtf8 } from '../../proto/crypto.ts'
import { parseDigest, parseHandle, parseVaultId } from '../../proto/ids.ts'
import type { InTurns } from '../../proto/in-turns.ts'
import { refuse } from '../../proto/refusal.ts'
import { atOnce } from '../../proto/seal.ts'
import { parseSeal, type SealedThing } from '../../proto/seal-file.ts'
import { openWithDek } from '../../proto/seal-token.ts'
import { parseTokenCard, sealKeyOf } from '../../proto/token-card.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { expectedOf, Keystore } from '../../signer-node/keystore.ts'
import { PassphraseWay, TokenWay } from '../../signer-node/way-in.ts'
import { makeKey } from '../kit/keys.ts'
import { testBackups } from '../kit/recovery.ts'
import { refusedWith } from '../kit/refused.ts'
import { dekBy, testCard } from '../kit/token-card.ts'
import { namedRandom, seedOf } from './world.ts'

const thing: SealedThing = {
  kind: 'identity',
  context: {
    org: parseHandle('acme'),
    env: 'test',
    owner: parseHandle('node-1'),
    credential: parseHandle('secret'),
  },
}
const other: SealedThing = { ...thing, context: { ...thing.context, owner: parseHandle('node-2') } }
const cards = ['T1', 'T2'].map((name) => parseTokenCard(testCard(name, { id: name.toLowerCase() })))
const keys = cards.map((card) => sealKeyOf(card))
const plaintext = () => new Secret(seedOf('kept').slice())

describe('the way in by tokens', () => {
  it('seals for every token with none at hand, and opens again what it sealed', () => {
    using way = new TokenWay(keys, namedRandom('way'))
    using kept = plaintext()
    const bytes = way.seal(thing, kept)
    using opened = way.open(bytes, thing)
    expect(opened.equals(kept)).toBe(true)
    for (const name of ['T1', 'T2']) {
      expect(openWithDek(bytes, thing, dekBy(name, bytes))).toEqual(seedOf('kept'))
    }
    expect(refusedWith(() => way.open(bytes, other))).toBe('SEAL')
  })

  it('opens nothing that no token let it into', () => {
    using first = new TokenWay(keys, namedRandom('first'))
    using kept = plaintext()
    const bytes = first.seal(thing, kept)
    using way = new TokenWay(keys, namedRandom('second'))
    expect(refusedWith(() => way.open(bytes, thing))).toBe('SEAL')
    using dek = new Secret(dekBy('T1', bytes))
    way.learn(bytes, dek)
    using opened = way.open(bytes, thing)
    expect(opened.equals(kept)).toBe(true)
    using wrong = new Secret(seedOf('wrong').slice())
    way.learn(bytes, wrong)
    expect(refusedWith(() => way.open(bytes, thing))).toBe('SEAL')
  })

  it('overwrites what it knew of a file when a token gives it again, and when it is forgotten', () => {
    using way = new TokenWay(keys, namedRandom('way'))
    using kept = plaintext()
    const bytes = way.seal(thing, kept)
    const forget = vi.spyOn(way.shield, 'forget')
    using dek = new Secret(dekBy('T1', bytes))
    way.learn(bytes, dek)
    expect(forget).toHaveBeenCalledTimes(1)
    using opened = way.open(bytes, thing)
    expect(opened.equals(kept)).toBe(true)
    way.forget(bytes)
    expect(forget).toHaveBeenCalledTimes(2)
  })

  it('forgets the key of a file that is no more, and only that', () => {
    using way = new TokenWay(keys, namedRandom('way'))
    using kept = plaintext()
    const [one, two] = [way.seal(thing, kept), way.seal(thing, kept)]
    way.forget(one)
    way.forget(toUtf8('no seal'))
    expect(refusedWith(() => way.open(one, thing))).toBe('SEAL')
    using opened = way.open(two, thing)
    expect(opened.equals(kept)).toBe(true)
  })

  it('draws a fresh key and fresh ephemerals for every file', () => {
    using way = new TokenWay(keys, namedRandom('way'))
    using kept = plaintext()
    const [one, two] = [way.seal(thing, kept), way.seal(thing, kept)].map((bytes) => {
      const { mac, body, stanzas } = parseSeal(bytes)
      const wrapped = stanzas.flatMap((s) => ['eph' in s ? toHex(s.eph) : '', toHex(s.wrapped)])
      return [toHex(mac), toHex(body), ...wrapped]
    })
    expect(new Set([...one!, ...two!]).size).toBe(12)
  })

  it('is for one token at least, and says when a file is sealed to a passphrase', () => {
    expect(() => new TokenWay([], namedRandom('way'))).toThrow('one token at least')
    using passphrase = new Secret(toUtf8('a passphrase of this node'))
    using by = new PassphraseWay(passphrase, { n: 2 ** 15, r: 8, p: 1 }, namedRandom('p'))
    using kept = plaintext()
    const bytes = by.seal(thing, kept)
    by.forget()
    using opened = by.open(bytes, thing)
    expect(opened.equals(kept)).toBe(true)
    using way = new TokenWay(keys, namedRandom('way'))
    expect(refusedWith(() => way.open(bytes, thing))).toBe('NOT_SUPPORTED')
    expect(refusedWith(() => way.open(toUtf8('no seal'), thing))).toBe('SEAL')
    expect(refusedWith(() => by.open(way.seal(thing, kept), thing))).toBe('NOT_SUPPORTED')
  })

  it('opens nothing after its end', () => {
    const way = new TokenWay(keys, namedRandom('way'))
    using kept = plaintext()
    const bytes = way.seal(thing, kept)
    way[Symbol.dispose]()
    expect(refusedWith(() => way.open(bytes, thing))).toBe('SEAL')
    expect(() => way.seal(thing, kept)).toThrow('after it was wiped')
  })
})

describe('a keyshare sealed to tokens', () => {
  const curve = nativeCurve()
  const vault = parseVaultId('hot-eth')
  const made = parseDigest('ab'.repeat(32))
  let home: string
  let shares: ReadonlyMap<number, Keyshare>
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'custody-way-'))
    shares = makeKey(curve, 2, [1, 2, 3])
  })
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  function keystore(directory: string, way: TokenWay, env: 'test' | 'dev' = 'test', x = 1) {
    const owner = { org: parseHandle('acme'), env, node: parseHandle(`node-${x}`), x } as const
    const random = namedRandom(directory)
    const backups = testBackups(`${directory}-backups-${x}-${env}`, owner, random)
    return new Keystore(directory, owner, { way, random, curve, backups })
  }

  it('goes from pending to active while the token is far away, and its key with it', () => {
    const directory = join(home, 'a')
    mkdirSync(directory)
    const way = new TokenWay(keys, namedRandom('a'))
    using store = keystore(directory, way)
    const share = shares.get(1)!
    store.keepPending(vault, share, made)
    const file = readFileSync(join(directory, 'hot-eth.1.pending.keyshare'))
    expect(parseSeal(file).stanzas.map(({ how }) => how)).toEqual(['p256-ecdh', 'p256-ecdh'])
    store.activate(vault, 1)
    const expected = expectedOf(vault, share)
    using opened = store.open(expected, 'active')
    expect(opened.secretShare.equals(share.secretShare)).toBe(true)
    expect(store.destroy(vault, 1)).toBe(2)
    expect(refusedWith(() => way.open(file, parseSeal(file).thing))).toBe('SEAL')
  })

  it('leaves no key behind when it is refused, marked, or bent on the disk before it goes', () => {
    const directory = join(home, 'c')
    // What somebody made beside the files is none.
    mkdirSync(join(directory, 'lost+found'), { recursive: true })
    const way = new TokenWay(keys, namedRandom('c'))
    const sealed = vi.spyOn(way, 'seal')
    using store = keystore(directory, way)
    const share = shares.get(1)!
    const opens = (file: Uint8Array) =>
      refusedWith(() => way.open(file, parseSeal(file).thing)[Symbol.dispose]())
    // biome-ignore lint/correctness/useYield: it refuses at once
    function* again(): InTurns {
      refuse('EPOCH', 'unlawful meanwhile')
    }
    const refused = refusedWith(() =>
      atOnce(store.keeping({ vault, keyshare: share, made, again })),
    )
    expect([refused, opens(sealed.mock.results[0]!.value)]).toEqual(['EPOCH', 'SEAL'])

    store.keepPending(vault, share, made)
    store.activate(vault, 1)
    const active = join(directory, 'hot-eth.1.keyshare')
    const before = readFileSync(active)
    expect(opens(before)).toBe('accepted')
    atOnce(store.marking(expectedOf(vault, share)))[Symbol.dispose]()
    expect(opens(before)).toBe('SEAL')

    const marked = readFileSync(active)
    expect(opens(marked)).toBe('accepted')
    writeFileSync(active, 'bent')
    expect(store.destroy(vault, 1)).toBe(2)
    expect(opens(marked)).toBe('SEAL')
  })

  it('does not open for another node, vault, epoch or environment, whatever is moved where', () => {
    const directory = join(home, 'b')
    mkdirSync(directory)
    const way = new TokenWay(keys, namedRandom('b'))
    const store = keystore(directory, way)
    const share = shares.get(1)!
    store.keepPending(vault, share, made)
    const expected = expectedOf(vault, share)
    const path = join(directory, 'hot-eth.1.pending.keyshare')
    const moved = (name: string, of: Keystore, about: typeof expected) => {
      writeFileSync(join(directory, name), readFileSync(path))
      return refusedWith(() => of.open(about, 'pending')[Symbol.dispose]())
    }
    expect(moved('hot-eth.1.pending.keyshare', store, expected)).toBe('accepted')
    const cold = parseVaultId('cold-eth')
    expect(moved('cold-eth.1.pending.keyshare', store, { ...expected, vault: cold })).toBe('SEAL')
    expect(moved('hot-eth.2.pending.keyshare', store, { ...expected, epoch: 2 })).toBe('SEAL')
    expect(moved('hot-eth.1.pending.keyshare', keystore(directory, way, 'test', 2), expected)).toBe(
      'SEAL',
    )
    expect(moved('hot-eth.1.pending.keyshare', keystore(directory, way, 'dev'), expected)).toBe(
      'SEAL',
    )
  })
})
