// Backups of a node: made before anything else, never written over, deleted when they are dead and a
// later one is proven, and no bit of a share where it does not belong.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { plainDigest, toHex } from '../../proto/crypto.ts'
import { parseDigest, parseHandle, parseVaultId } from '../../proto/ids.ts'
import { attempt } from '../../proto/refusal.ts'
import { parseSeal } from '../../proto/seal-file.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { Keystore } from '../../signer-node/keystore.ts'
import { pinnedRecoveryKeys } from '../../signer-node/recovery-keys.ts'
import { openBackup } from '../../signer-node/recovery-open.ts'
import { makeKey } from '../kit/keys.ts'
import {
  backupBytes,
  recovery,
  recoveryDocument,
  recoveryKey,
  testBackups,
} from '../kit/recovery.ts'
import { refusedWith } from '../kit/refused.ts'
import { namedRandom } from './world.ts'

const curve = nativeCurve()
const vault = parseVaultId('hot-eth')
const made = parseDigest('ab'.repeat(32))
const owner = { org: parseHandle('acme'), env: 'test', node: parseHandle('node-1') } as const

let home: string
let share: Keyshare
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'custody-backups-'))
  const found = makeKey(curve, 2, [1, 2, 3]).get(1 as never)
  if (found === undefined) throw new Error('expected a share')
  share = found
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

let count = 0
function fresh() {
  count += 1
  const directory = join(home, `n${count}`)
  const at = (name: string): string => {
    mkdirSync(join(directory, name), { recursive: true })
    return join(directory, name)
  }
  const random = namedRandom(directory)
  const backups = testBackups(at('backups'), owner, random)
  const keystore = new Keystore(
    at('keyshares'),
    { ...owner, x: 1 },
    {
      passphrase: new Secret(Buffer.from('correct horse battery staple')),
      cost: { n: 2 ** 15, r: 8, p: 1 },
      random,
      curve,
      backups,
    },
  )
  return { directory, backups, keystore }
}

const files = (directory: string, place: string) => readdirSync(join(directory, place))

describe('a backup', () => {
  it('is made with every new keyshare, and either recovery key opens it to the same share', () => {
    const { directory, keystore, backups } = fresh()
    keystore.keepPending(vault, share, made)
    expect(files(directory, 'backups')).toEqual(['hot-eth.1.backup'])
    const bytes = backupBytes(join(directory, 'backups'), 'hot-eth.1')
    for (const id of ['r-1', 'r-2']) {
      using by = recovery(owner, id)
      using opened = openBackup(curve, bytes, by)
      expect(opened.keyshare.secretShare.equals(share.secretShare), id).toBe(true)
      expect(opened.context).toMatchObject({ vault, epoch: 1, party: 1, made })
    }
    expect(backups.find(vault, 1)?.digest).toBe(plainDigest(bytes))
    expect(statSync(join(directory, 'backups/hot-eth.1.backup')).mode & 0o777).toBe(0o600)
  })

  it('holds nothing of the share that can be read', () => {
    const { directory, keystore } = fresh()
    keystore.keepPending(vault, share, made)
    const secret = toHex(share.secretShare.bytes)
    for (const place of ['backups', 'keyshares']) {
      for (const name of files(directory, place)) {
        const text = readFileSync(join(directory, place, name)).toString('latin1')
        expect(text).not.toContain(secret)
        expect(text).not.toContain(Buffer.from(secret, 'hex').toString('base64').slice(0, 42))
        expect(text).not.toContain(Buffer.from(secret, 'hex').toString('latin1'))
      }
    }
  })

  it('comes first: where it cannot be written there is no keyshare either', () => {
    const { directory, keystore, backups } = fresh()
    rmSync(join(directory, 'backups'), { recursive: true })
    const lost = attempt(() => keystore.keepPending(vault, share, made))
    expect(lost).toMatchObject({ code: 'BACKUP', because: 'the backups cannot be read: ENOENT' })
    expect(files(directory, 'keyshares')).toEqual([])
    // Full or read-only is refused in the same way; root may write anywhere, so a directory is in
    // the way of the file here.
    mkdirSync(join(directory, 'backups/hot-eth.1.backup.new'), { recursive: true })
    const full = attempt(() => keystore.keepPending(vault, share, made))
    expect(full).toMatchObject({ code: 'BACKUP', because: expect.stringContaining('be written') })
    expect(files(directory, 'keyshares')).toEqual([])
    rmSync(join(directory, 'backups/hot-eth.1.backup.new'), { recursive: true })
    keystore.keepPending(vault, share, made)
    expect(backups.held(vault)).toEqual([1])
  })

  it('is never written over, and takes its epoch out of use', () => {
    const { directory, keystore, backups } = fresh()
    keystore.keepPending(vault, share, made)
    const before = backupBytes(join(directory, 'backups'), 'hot-eth.1')
    rmSync(join(directory, 'keyshares'), { recursive: true })
    mkdirSync(join(directory, 'keyshares'))
    // As after a crash between the backup and the keyshare.
    expect(keystore.highest(vault)).toBe(1)
    expect(refusedWith(() => keystore.keepPending(vault, share, made))).toBe('EPOCH')
    const context = parseSeal(before).thing.context as never
    using plaintext = share.encode()
    expect(refusedWith(() => backups.keep(context, plaintext))).toBe('BACKUP')
    expect(backupBytes(join(directory, 'backups'), 'hot-eth.1')).toEqual(before)
  })

  it('of a dead epoch is deleted, of a living one never', () => {
    const { directory, keystore, backups } = fresh()
    keystore.keepPending(vault, share, made)
    for (const epoch of [0, 3])
      writeFileSync(join(directory, `backups/hot-eth.${epoch}.backup`), '')
    writeFileSync(join(directory, 'backups/warm-eth.0.backup'), '')
    expect(backups.dropBelow(vault, 1)).toEqual([0])
    expect(backups.dropBelow(vault, 1)).toEqual([])
    expect(backups.held(vault)).toEqual([1, 3])
    expect(backups.held(parseVaultId('warm-eth'))).toEqual([0])
    mkdirSync(join(directory, 'backups/hot-eth.2.backup'))
    expect(refusedWith(() => backups.dropBelow(vault, 3))).toBe('BACKUP')
  })

  it('leaves no half-written file of a dead epoch', () => {
    const { directory, keystore, backups } = fresh()
    const unfinished = (name: string) =>
      writeFileSync(join(directory, 'backups', `${name}.backup.new`), 'a sealed share')
    for (const name of ['hot-eth.0', 'hot-eth.3', 'warm-eth.0']) unfinished(name)
    expect(backups.held(vault)).toEqual([])
    const found = backups.unfinished().map((one) => `${one.vault}.${one.epoch}`)
    expect(found.sort()).toEqual(['hot-eth.0', 'hot-eth.3', 'warm-eth.0'])
    expect(backups.dropBelow(vault, 1)).toEqual([])
    expect(files(directory, 'backups').sort()).toEqual([
      'hot-eth.3.backup.new',
      'warm-eth.0.backup.new',
    ])
    keystore.destroy(vault, Number.POSITIVE_INFINITY)
    expect(files(directory, 'backups')).toEqual(['warm-eth.0.backup.new'])
  })

  it('is found only where a backup lies', () => {
    const { directory, backups, keystore } = fresh()
    expect(backups.find(vault, 1)).toBeUndefined()
    keystore.keepPending(vault, share, made)
    expect(backups.find(vault, 2)).toBeUndefined()
    expect(backups.find(vault, 1)?.context).toMatchObject({ vault, epoch: 1 })
    const path = join(directory, 'backups/hot-eth.1.backup')
    for (const other of [
      '{}',
      readFileSync(join(directory, 'keyshares/hot-eth.1.pending.keyshare')),
    ]) {
      writeFileSync(path, other)
      expect(backups.find(vault, 1)).toBeUndefined()
    }
    rmSync(path)
    expect(backups.find(vault, 1)).toBeUndefined()
  })
})

describe('the recovery keys of a node', () => {
  const pin = (id = 'r-1', of: Parameters<typeof recoveryDocument>[0] = owner) => ({
    bytes: recoveryDocument(of, id),
    digest: recoveryKey(of, id).digest,
  })

  it('are one to four, each by its digest', () => {
    expect(pinnedRecoveryKeys(owner, [pin('r-1'), pin('r-2')]).map(({ id }) => id)).toEqual([
      'r-1',
      'r-2',
    ])
    expect(refusedWith(() => pinnedRecoveryKeys(owner, []))).toBe('CONFIG')
    const five = ['a', 'b', 'c', 'd', 'e'].map((id) => pin(id))
    expect(refusedWith(() => pinnedRecoveryKeys(owner, five))).toBe('CONFIG')
    const swapped = { ...pin('r-1'), digest: pin('r-2').digest }
    expect(refusedWith(() => pinnedRecoveryKeys(owner, [swapped]))).toBe('CONFIG')
    expect(refusedWith(() => pinnedRecoveryKeys(owner, [pin(), pin()]))).toBe('CONFIG')
  })

  it('are of this node, organisation and environment', () => {
    for (const change of [{ node: 'node-2' }, { org: 'other' }, { env: 'prod' }]) {
      const other = pin('r-1', { ...owner, ...change })
      expect(
        refusedWith(() => pinnedRecoveryKeys(owner, [other])),
        Object.keys(change)[0],
      ).toBe('CONFIG')
    }
  })
})
