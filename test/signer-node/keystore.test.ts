import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseDigest, parseHandle, parseVaultId } from '../../proto/ids.ts'
import type { InTurns } from '../../proto/in-turns.ts'
import { nodeKeyThing } from '../../proto/node-keys.ts'
import { refuse } from '../../proto/refusal.ts'
import {
  type Deriving,
  giveUp,
  type ScryptJob,
  scryptOf,
  sealToPassphrase,
} from '../../proto/seal.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { expectedOf, Keystore } from '../../signer-node/keystore.ts'
import { openNodeKey } from '../../signer-node/own-keys.ts'
import { PassphraseWay } from '../../signer-node/way-in.ts'
import { makeKey } from '../kit/keys.ts'
import { refreshKey } from '../kit/lifecycle.ts'
import { testBackups } from '../kit/recovery.ts'
import { refusedWith } from '../kit/refused.ts'
import { namedRandom, seedOf } from './world.ts'

const curve = nativeCurve()
const cost = { n: 2 ** 15, r: 8, p: 1 }
const vault = parseVaultId('hot-eth')
const made = parseDigest('ab'.repeat(32))
const passphrase = () => new Secret(Buffer.from('correct horse battery staple'))

let home: string
let shares: ReadonlyMap<number, Keyshare>
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'custody-keystore-'))
  shares = makeKey(curve, 2, [1, 2, 3])
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

let count = 0
function freshDirectory(): string {
  count += 1
  const directory = join(home, `keys-${count}`)
  mkdirSync(directory)
  return directory
}

function keystore(directory: string, x = 1, secret = passphrase()): Keystore {
  const owner = {
    org: parseHandle('acme'),
    env: 'test',
    node: parseHandle(`node-${x}`),
    x,
  } as const
  const random = namedRandom(`${directory}/${x}`)
  const backups = testBackups(`${directory}-backups`, owner, random)
  return new Keystore(directory, owner, { passphrase: secret, random, cost, curve, backups })
}

function share(x: number): Keyshare {
  const found = shares.get(x)
  if (found === undefined) throw new Error('expected a share')
  return found
}

describe('a keyshare at rest', () => {
  it('is restored beside other epochs in any order, over none, and below no active one', () => {
    const later = refreshKey(curve, shares as never).get(1 as never)!
    const both = [share(1), later]
    for (const order of [both, [...both].reverse()]) {
      const store = keystore(freshDirectory())
      for (const one of order) store.keepRestored(vault, one, made)
      expect(store.held(vault)).toMatchObject([
        { epoch: 1, state: 'restored' },
        { epoch: 2, state: 'restored' },
      ])
      expect(refusedWith(() => store.keepRestored(vault, later, made))).toBe('KEY_EXISTS')
    }
    // The one in force was lost, and a pending one lies there, which may not be moved away.
    const pending = keystore(freshDirectory())
    pending.keepPending(vault, later, made)
    expect(refusedWith(() => pending.keepRestored(vault, later, made))).toBe('KEY_EXISTS')
    pending.keepRestored(vault, share(1), made)
    expect(pending.held(vault).map(({ state }) => state)).toEqual(['restored', 'pending'])
    const active = keystore(freshDirectory())
    active.keepPending(vault, later, made)
    active.activate(vault, 2)
    expect(refusedWith(() => active.keepRestored(vault, share(1), made))).toBe('KEY_EXISTS')
  })

  it('is pending until it is activated, and opens only in the state it is in', () => {
    const directory = freshDirectory()
    const store = keystore(directory)
    const expected = expectedOf(vault, share(1))
    store.keepPending(vault, share(1), made)
    expect(store.held(vault)).toEqual([{ vault, epoch: 1, state: 'pending' }])
    expect(() => store.open(expected, 'active')).toThrow('ENOENT')

    store.activate(vault, 1)
    store.activate(vault, 1)
    expect(store.held(vault)).toEqual([{ vault, epoch: 1, state: 'active' }])
    using opened = keystore(directory).open(expected, 'active')
    expect(opened.secretShare.equals(share(1).secretShare)).toBe(true)
  })

  it('leaves no other file behind and is readable by its owner only', () => {
    const directory = freshDirectory()
    keystore(directory).keepPending(vault, share(1), made)
    const [name, ...more] = readdirSync(directory)
    expect([name, more]).toEqual(['hot-eth.1.pending.keyshare', []])
    expect(statSync(join(directory, String(name))).mode & 0o777).toBe(0o600)
  })

  it('does not open at another node', () => {
    const directory = freshDirectory()
    keystore(directory, 1).keepPending(vault, share(1), made)
    const moved = freshDirectory()
    cpSync(directory, moved, { recursive: true })
    const expected = expectedOf(vault, share(1))
    expect(refusedWith(() => keystore(moved, 2).open(expected, 'pending'))).toBe('SEAL')
  })

  it('does not open as another vault', () => {
    const directory = freshDirectory()
    keystore(directory).keepPending(vault, share(1), made)
    const from = join(directory, 'hot-eth.1.pending.keyshare')
    cpSync(from, join(directory, 'warm~eth.1.pending.keyshare'))
    const other = { ...expectedOf(vault, share(1)), vault: parseVaultId('warm/eth') }
    expect(keystore(directory).held(other.vault)).toHaveLength(1)
    expect(refusedWith(() => keystore(directory).open(other, 'pending'))).toBe('SEAL')
  })

  it('does not open for another key, state, epoch or threshold than the log says', () => {
    const directory = freshDirectory()
    const store = keystore(directory)
    store.keepPending(vault, share(1), made)
    const expected = expectedOf(vault, share(1))
    const wrong = [
      { ...expected, publicKey: share(1).facts.publicShares.values().next().value! },
      { ...expected, keyState: made },
      { ...expected, threshold: 3 },
      { ...expected, parties: 4 },
    ]
    for (const other of wrong) {
      expect(refusedWith(() => store.open(other, 'pending'))).toBe('SEAL')
    }
    cpSync(
      join(directory, 'hot-eth.1.pending.keyshare'),
      join(directory, 'hot-eth.2.pending.keyshare'),
    )
    expect(refusedWith(() => store.open({ ...expected, epoch: 2 }, 'pending'))).toBe('SEAL')
  })

  it('does not open with another passphrase or after a byte changed', () => {
    const directory = freshDirectory()
    keystore(directory).keepPending(vault, share(1), made)
    const expected = expectedOf(vault, share(1))
    const wrong = keystore(directory, 1, new Secret(Buffer.from('wrong')))
    expect(refusedWith(() => wrong.open(expected, 'pending'))).toBe('SEAL')
    writeFileSync(join(directory, 'hot-eth.1.pending.keyshare'), '{}')
    expect(refusedWith(() => keystore(directory).open(expected, 'pending'))).toBe('SEAL')
  })

  it('keeps at most four pending keys of one vault', () => {
    const directory = freshDirectory()
    const store = keystore(directory)
    for (const epoch of [3, 4, 5, 6]) {
      writeFileSync(join(directory, `hot-eth.${epoch}.pending.keyshare`), '')
    }
    expect(refusedWith(() => store.keepPending(vault, share(1), made))).toBe('BUSY')
  })

  it('is never written over: another one needs a higher epoch than any that is held', () => {
    const directory = freshDirectory()
    const store = keystore(directory)
    store.keepPending(vault, share(1), made)
    expect(refusedWith(() => store.keepPending(vault, share(2), made))).toBe('EPOCH')
    store.activate(vault, 1)
    expect(refusedWith(() => store.keepPending(vault, share(2), made))).toBe('EPOCH')
    using opened = store.open(expectedOf(vault, share(1)), 'active')
    expect(opened.secretShare.equals(share(1).secretShare)).toBe(true)
  })

  /** With the key that it asked for; the end, or what it asks for next. */
  const goOn = <R>(work: Deriving<R>, asked?: IteratorResult<ScryptJob | undefined, R>) => {
    let step = asked === undefined ? work.next() : work.next(scryptOf(asked.value as ScryptJob))
    while (step.done !== true && step.value === undefined) step = work.next()
    return step
  }

  describe('whose keys are derived elsewhere', () => {
    const begun = (then?: () => void) => {
      const directory = freshDirectory()
      const store = keystore(directory)
      function* again(): InTurns {
        then?.()
        yield
      }
      const work = store.keeping({ vault, keyshare: share(1), made, again })
      const first = goOn(work)
      const kept = () => [store.held(vault).length, store.backups.held(vault).length]
      return { directory, store, work, first, kept }
    }

    it('is on disk after the first and opened again after the second', () => {
      let times = 0
      const { store, work, first, kept } = begun(() => {
        times += 1
      })
      expect([kept(), times]).toEqual([[0, 0], 0])
      const second = goOn(work, first)
      expect([second.done, kept(), times]).toEqual([false, [1, 1], 1])
      expect(goOn(work, second).done).toBe(true)
      using opened = store.open(expectedOf(vault, share(1)), 'pending')
      expect(opened.secretShare.equals(share(1).secretShare)).toBe(true)
    })

    it('is not written when it has become unlawful meanwhile, nor is its backup', () => {
      const { work, first, kept } = begun(() => refuse('FROZEN', 'meanwhile'))
      expect(refusedWith(() => goOn(work, first))).toBe('FROZEN')
      expect(kept()).toEqual([0, 0])
    })

    it('is not written when its backup was destroyed in the turn between the two', () => {
      for (const isDestroyed of [true, false]) {
        const { store, work, first, kept } = begun()
        let step = work.next(scryptOf(first.value as ScryptJob))
        while (kept()[1] === 0) step = work.next()
        expect([step.value, kept()]).toEqual([undefined, [0, 1]])
        if (!isDestroyed) {
          expect([goOn(work, goOn(work)).done, kept()]).toEqual([true, [1, 1]])
          continue
        }
        store.destroy(vault, 1)
        expect(refusedWith(() => work.next())).toBe('EPOCH')
        expect(kept()).toEqual([0, 0])
      }
    })

    it('is never written over what was kept meanwhile', () => {
      const { store, work, first } = begun()
      store.keepPending(vault, share(1), made)
      expect(refusedWith(() => goOn(work, first))).toBe('EPOCH')
    })

    it('is not told to be kept when it went again while it was opened', () => {
      const { store, work, first, kept } = begun()
      const second = goOn(work, first)
      store.dropPending(vault, 1)
      expect(refusedWith(() => goOn(work, second))).toBe('EPOCH')
      expect(kept()).toEqual([0, 1])
    })

    it('leaves no passphrase open and writes nothing when it is given up', () => {
      const { work, first, kept } = begun()
      const { passphrase: open } = first.value as ScryptJob
      expect(open.some((byte) => byte !== 0)).toBe(true)
      giveUp(work)
      expect(open.every((byte) => byte === 0)).toBe(true)
      expect(kept()).toEqual([0, 0])
    })
  })

  describe('that is marked as exported while its keys are derived elsewhere', () => {
    const marked = () => {
      const store = keystore(freshDirectory())
      store.keepPending(vault, share(1), made)
      store.activate(vault, 1)
      const work = store.marking(expectedOf(vault, share(1)))
      return { store, work, second: goOn(work, goOn(work)) }
    }
    const isMarked = (store: Keystore): boolean => {
      using opened = store.open(expectedOf(vault, share(1)), 'active')
      return opened.facts.past.isExported
    }

    it('says so on disk after the second, and is opened again after the third', () => {
      const { store, work, second } = marked()
      expect(isMarked(store)).toBe(false)
      const third = goOn(work, second)
      expect([third.done, isMarked(store)]).toEqual([false, true])
      const { done, value } = goOn(work, third)
      using held = value as Keyshare
      expect([done, held.facts.past.isExported]).toEqual([true, true])
    })

    it('is not written again when it was destroyed meanwhile', () => {
      const { store, work, second } = marked()
      store.destroy(vault, 1)
      expect(refusedWith(() => goOn(work, second))).toBe('EPOCH')
      expect(store.held(vault)).toEqual([])
    })
  })

  it('that is active is never replaced: a pending one of its epoch is dropped', () => {
    const directory = freshDirectory()
    const store = keystore(directory)
    store.keepPending(vault, share(1), made)
    store.activate(vault, 1)
    writeFileSync(join(directory, 'hot-eth.1.pending.keyshare'), '{}')
    expect(store.held(vault).map(({ state }) => state)).toEqual(['active', 'pending'])
    store.activate(vault, 1)
    expect(store.held(vault)).toEqual([{ vault, epoch: 1, state: 'active' }])
    using opened = store.open(expectedOf(vault, share(1)), 'active')
    expect(opened.secretShare.equals(share(1).secretShare)).toBe(true)
  })

  it('leaves no half-written share of its vault when it is activated or destroyed', () => {
    const directory = freshDirectory()
    const store = keystore(directory)
    store.keepPending(vault, share(1), made)
    const unfinished = (name: string) => writeFileSync(join(directory, name), 'a sealed share')
    const [own, other] = ['hot-eth.2.pending.keyshare.new', 'hot-eth-2.1.keyshare.new']
    for (const name of [own, other, 'hot-eth.1.keyshare.new']) unfinished(name)
    store.activate(vault, 1)
    expect(readdirSync(directory).sort()).toEqual([other, 'hot-eth.1.keyshare'])
    unfinished(own)
    store.destroy(vault, 1)
    expect(readdirSync(directory)).toEqual([other])
  })

  it('says what asked for it while it is pending, and its epoch stays used when it is dropped', () => {
    const directory = freshDirectory()
    const store = keystore(directory)
    store.keepPending(vault, share(1), made)
    writeFileSync(join(directory, 'hot-eth.2.pending.keyshare'), 'not a seal')
    expect(store.pending()).toEqual([{ vault, epoch: 1, made }])
    store.dropPending(vault, 1)
    expect(store.held(vault).map(({ epoch }) => epoch)).toEqual([2])
    rmSync(join(directory, 'hot-eth.2.pending.keyshare'))
    expect(store.highest(vault)).toBe(1)
    expect(() => store.keepPending(vault, share(1), made)).toThrow('above 1')
  })

  it('drops every lower epoch when a higher one is activated', () => {
    const directory = freshDirectory()
    const store = keystore(directory)
    store.keepPending(vault, share(1), made)
    writeFileSync(join(directory, 'hot-eth.0.keyshare'), '')
    writeFileSync(join(directory, 'hot-eth.2.pending.keyshare'), '')
    store.activate(vault, 1)
    expect(store.held(vault).map(({ epoch, state }) => `${epoch} ${state}`)).toEqual([
      '1 active',
      '2 pending',
    ])
  })
})

describe('the keys of a node', () => {
  const owner = { org: parseHandle('acme'), env: 'test', node: parseHandle('node-1') } as const

  function sealed(key: 'identity' | 'witness', bytes = seedOf('identity')): string {
    const path = join(freshDirectory(), 'key')
    const thing = nodeKeyThing({ org: owner.org, env: 'test', owner: owner.node }, key)
    using secret = passphrase()
    const random = { dek: seedOf('dek'), salt: seedOf('salt').subarray(0, 16) }
    writeFileSync(path, sealToPassphrase(thing, bytes, { passphrase: secret.bytes, cost }, random))
    return path
  }

  const way = () => new PassphraseWay(passphrase(), cost, namedRandom('way'))

  it('open as secrets to their owner', () => {
    using opened = openNodeKey(sealed('identity'), 'identity', owner, way())
    expect(opened.bytes).toEqual(seedOf('identity'))
    expect(String(opened)).toBe('[secret]')
  })

  it('are not taken for one another, nor for those of another node', () => {
    const path = sealed('witness')
    const other = { ...owner, node: parseHandle('node-2') }
    expect(refusedWith(() => openNodeKey(path, 'identity', owner, way()))).toBe('SEAL')
    expect(refusedWith(() => openNodeKey(path, 'witness', other, way()))).toBe('SEAL')
  })

  it('have 32 bytes', () => {
    const path = sealed('identity', new Uint8Array(31))
    expect(refusedWith(() => openNodeKey(path, 'identity', owner, way()))).toBe('SEAL')
  })
})
