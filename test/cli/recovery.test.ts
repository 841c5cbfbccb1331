// recovery init and verify, with the real program that opens keyshares: a key made on another machine,
// a backup opened and restored nowhere, a proof, and nothing secret in what is printed.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../cli/run.ts'
import { backupKinds } from '../../proto/backup-documents.ts'
import { plainDigest, toHex } from '../../proto/crypto.ts'
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import { parseText } from '../../proto/jcs.ts'
import { parseRecoveryKey } from '../../proto/recovery-key.ts'
import { open, signedShape } from '../../proto/signed.ts'
import { Backups } from '../../signer-node/backups.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import { makeCluster, type Place, testWorld } from '../kit/cluster.ts'
import { makeKey } from '../kit/keys.ts'
import { namedRandom } from '../signer-node/world.ts'

let place: Place
let backup: string
let share: Keyshare
const signer = join(import.meta.dirname, '../../signer-node/main.ts')

beforeAll(async () => {
  place = await makeCluster()
  const found = makeKey(nativeCurve(), 2, [1, 2, 3]).get(1 as never)
  if (found === undefined) throw new Error('expected a share')
  share = found
  const key = parseRecoveryKey(readFileSync(place.path('recovery/node-1/recovery.json')))
  const directory = place.path('nodes/node-1/backups')
  const backups = new Backups(directory, [key], namedRandom('cli backup'))
  using plaintext = share.encode()
  const made = parseDigest('ab'.repeat(32))
  const state = parseDigest(toHex(share.keyState))
  const vault = parseHandle('hot')
  const terms = { vault, key: toHex(share.facts.publicKey), commitments: state, epoch: 1, party: 1 }
  const owner = { org: parseHandle('acme-dev'), env: 'dev' as const }
  backups.keep({ ...owner, ...terms, threshold: 2, parties: 3, made }, plaintext)
  backup = join(directory, 'hot.1.backup')
})
afterAll(() => place.remove())

const custody = (words: readonly string[], answers: readonly string[] = []) =>
  run(words, testWorld(answers))
const verify = (change: readonly string[], answers: readonly string[] = []) =>
  custody(['recovery', 'verify', backup, ...change], answers)

describe('recovery verify', () => {
  const proof = () => place.path('hot.proof')

  it('opens a backup, says what it is, writes a signed proof and restores nothing', async () => {
    const { exit, stdout } = await verify(['--as', place.path('recovery/node-1'), '--out', proof()])
    expect(exit).toBe(0)
    expect(stdout).toContain('hot epoch 1 of node-1: the backup opens')
    expect(stdout).toContain('opened by  recovery-1; nothing was restored')
    const signed = signedShape(parseText(readFileSync(proof(), 'utf8').trimEnd()), 'proof')
    const key = parseRecoveryKey(readFileSync(place.path('recovery/node-1/recovery.json')))
    const { tag, shape } = backupKinds.proof
    const { value } = open(tag, signed, key.sign, { shape, refuseWith: 'BACKUP' })
    expect(value).toMatchObject({
      node: 'node-1',
      vault: 'hot',
      epoch: 1,
      keyState: toHex(share.keyState),
      backup: plainDigest(readFileSync(backup)),
    })
    const secret = toHex(share.secretShare.bytes)
    for (const text of [stdout, readFileSync(proof(), 'utf8')]) expect(text).not.toContain(secret)
    expect(existsSync(place.path('nodes/node-1/data/keyshares'))).toBe(false)
  })

  it('writes over no proof', async () => {
    const again = await verify(['--as', place.path('recovery/node-1'), '--out', proof()])
    expect(again).toMatchObject({ exit: 2, stderr: expect.stringContaining('is there already') })
  })

  it('asks for the passphrase where no file has it, and refuses a wrong one in one sentence', async () => {
    const alone = place.path('recovery/alone')
    mkdirSync(alone)
    for (const name of ['recovery.json', 'recovery.seal']) {
      writeFileSync(join(alone, name), readFileSync(place.path(`recovery/node-1/${name}`)))
    }
    const out = place.path('asked.proof')
    const right = readFileSync(place.path('recovery/node-1/credential'), 'utf8').trim()
    const wrong = await verify(['--as', alone, '--out', out], ['not this one'])
    expect(wrong.exit).toBe(2)
    expect(wrong.stderr).toContain('this file does not open here')
    expect(existsSync(out)).toBe(false)
    expect((await verify(['--as', alone, '--out', out], [right])).exit).toBe(0)
    expect((await verify(['--as', alone, '--out', `${out}2`])).exit).toBe(2)
  })

  it('refuses the key of another node, and a file that is no backup', async () => {
    const out = ['--out', place.path('other.proof')]
    const other = await verify(['--as', place.path('recovery/node-2'), ...out])
    expect(other).toMatchObject({ exit: 2, stderr: expect.stringContaining('does not open here') })
    const file = place.path('bent.backup')
    writeFileSync(file, readFileSync(backup, 'utf8').replace('"epoch":1', '"epoch":2'))
    const as = ['--as', place.path('recovery/node-1')]
    const bent = await custody(['recovery', 'verify', file, ...as, ...out])
    expect(bent.stderr).toContain('this file does not open here')
    const none = await custody(['recovery', 'verify', place.path('none'), ...as, ...out])
    expect(none).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('expected a file, there is none'),
    })
  })
})

describe('recovery init', () => {
  const words = (directory: string) => [
    ...['recovery', 'init', place.path(directory), '--org', 'acme', '--env', 'test'],
    ...['--node', 'node-1', '--id', 'safe-1'],
  ]

  it('makes a key of one node, sealed to a passphrase that was typed twice', async () => {
    const phrase = 'seven words or sixteen letters'
    const { exit, stdout } = await custody(words('new'), [phrase, phrase])
    expect(exit).toBe(0)
    const key = parseRecoveryKey(readFileSync(place.path('new/recovery.json')))
    expect(key).toMatchObject({ org: 'acme', env: 'test', node: 'node-1', id: 'safe-1' })
    expect(stdout).toContain(key.digest)
    expect(stdout).not.toContain(phrase)
    expect(statSync(place.path('new/recovery.seal')).mode & 0o777).toBe(0o400)
    const again = await custody(words('new'), [phrase, phrase])
    expect(again).toMatchObject({ exit: 2, stderr: expect.stringContaining('is there already') })
  })

  it('refuses passphrases that differ or are short, and writes nothing', async () => {
    expect((await custody(words('none'), ['one passphrase here', 'another here'])).exit).toBe(2)
    expect((await custody(words('none'), ['short', 'short'])).stderr).toContain('at least 16')
    expect((await custody(words('none'))).stderr).toContain('no terminal')
    expect((await custody(['recovery', 'init', place.path('none')])).exit).toBe(2)
    expect(existsSync(place.path('none'))).toBe(false)
  })

  it('takes a passphrase from a file that only its owner can read', async () => {
    const file = place.path('phrase')
    writeFileSync(file, 'a passphrase from a file\n', { mode: 0o600 })
    expect((await custody([...words('filed'), '--credential', file])).exit).toBe(0)
    chmodSync(file, 0o644)
    const open = await custody([...words('filed-2'), '--credential', file])
    expect(open.stderr).toContain('others can read it')
  })
})

describe('custody-signer', () => {
  const ran = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [signer, ...args], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    return { code: status, text: stdout + stderr }
  }
  const config = () => place.path('nodes/node-1/config.json')

  it('says what is missing, and how that one command is used', () => {
    for (const [words, missing, usage] of [
      [['backup'], 'which of backup verify, backup proved', 'custody-signer restore'],
      [['backup', 'verify'], 'FILE, --recovery, --out', 'backup verify FILE'],
      [['backup', 'proved', place.path('hot.proof')], '--config', 'backup proved PROOF'],
      [['restore'], '--backup, --recovery, --config', 'restore --backup FILE'],
      [['restore', '--backup', backup], '--recovery, --config', 'restore --backup FILE'],
    ] as const) {
      const { code, text } = ran(...words)
      expect([code, text]).toEqual([
        2,
        expect.stringContaining(`custody-signer: missing: ${missing}`),
      ])
      expect(text).toContain(usage)
    }
    const more = ran('backup', 'proved', 'a', 'b', '--config', config())
    expect([more.code, more.text]).toEqual([2, expect.stringContaining('one word too many: b')])
    const odd = ran('restore', '--what')
    expect([odd.code, odd.text]).toEqual([2, expect.stringContaining("unknown option '--what'")])
    expect(odd.text).toContain('usage: custody-signer restore --backup')
  })

  it('hands a proof only to a node that runs', () => {
    const told = ran('backup', 'proved', place.path('hot.proof'), '--config', config())
    expect(told).toMatchObject({ code: 3, text: expect.stringContaining('no node answers') })
  })

  it('restores on a stopped node, once, as a keyshare that is not to sign', () => {
    const words = ['restore', '--backup', backup, '--config', config()]
    const own = ['--recovery', place.path('recovery/node-1')]
    const other = ran(...words, '--recovery', place.path('recovery/node-2'))
    expect(other).toMatchObject({ code: 1, text: expect.stringContaining('"code":"CONFIG"') })
    const done = ran(...words, ...own)
    expect(done.code, done.text).toBe(0)
    expect(JSON.parse(done.text)).toMatchObject({ node: 'node-1', vault: 'hot', inOwnLog: false })
    const file = place.path('nodes/node-1/data/keyshares/hot.1.restored.keyshare')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const again = ran(...words, ...own)
    expect(again).toMatchObject({ code: 1, text: expect.stringContaining('KEY_EXISTS') })
    const fd = ran(...words, ...own, '--recovery-passphrase-fd', 'x')
    expect(fd.code).toBe(2)
  })
})
