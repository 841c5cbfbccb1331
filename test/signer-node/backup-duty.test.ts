// A backup proven at a node: what it takes, what it refuses, what it says and for how long.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backupKinds } from '../../proto/backup-documents.ts'
import { ed25519Signer, fromUtf8, plainDigest, toHex } from '../../proto/crypto.ts'
import { readSigned } from '../../proto/frames.ts'
import { encode, type JsonObject, parseText } from '../../proto/jcs.ts'
import { openBy } from '../../proto/node-documents.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { type Signed, sign } from '../../proto/signed.ts'
import { obey } from '../../signer-node/admin.ts'
import { openBackup } from '../../signer-node/recovery-open.ts'
import { backupBytes, proofOf, recovery } from '../kit/recovery.ts'
import { type Name, names, selfOf, ThreeNodes } from './three-nodes.ts'

let three: ThreeNodes
beforeAll(() => {
  three = new ThreeNodes().ready()
  three.log.add('key.generated', three.makeKey('hot-eth'))
})
afterAll(() => three.close())

const directory = (name: Name) => join(three.home, name, 'backups')
const bytes = (name: Name = 'node-a') => backupBytes(directory(name), 'hot-eth.1')
const proof = (name: Name = 'node-a') => proofOf(bytes(name), selfOf(name))

/** The code with which node-a refuses this proof. */
function refused(given: Signed, name: Name = 'node-a'): string {
  const done = attempt(() => three.at(name).node.backupProved(given))
  return isRefusal(done) ? done.code : 'accepted'
}

/** The proof with other values, signed by the recovery key all the same. */
function bent(change: JsonObject, id = 'r-1'): Signed {
  using by = recovery(selfOf('node-a'), id)
  const document = { ...(parseText(proof().document) as JsonObject), ...change }
  const key = ed25519Signer(by.signing)
  return sign(backupKinds.proof.tag, encode(document), by.key.id, key)
}

const quiet = { level: () => 'info' as const, setLevel: () => {} }

describe('a proof of a backup', () => {
  it('is refused before the log has brought the key into force', () => {
    expect(refused(proof())).toBe('LOG_BEHIND')
    three.lines(...names)
  })

  it('is refused unless a pinned recovery key signed exactly it', () => {
    const good = proof()
    expect(refused({ ...good, signature: new Uint8Array(64) })).toBe('BACKUP')
    expect(refused({ ...good, credential: 'r-9' as never })).toBe('BACKUP')
    expect(refused({ ...good, credential: 'r-2' as never })).toBe('BACKUP')
    expect(refused({ ...good, document: good.document.replace('hot-eth', 'hot-btc') })).toBe(
      'BACKUP',
    )
    expect(refused(bent({ recovery: 'r-2' }))).toBe('BACKUP')
    expect(refused(bent({ note: '' }))).toBe('MALFORMED')
  })

  it('is refused when it is of anything but the own backup of the key in force', () => {
    const wrong: readonly (readonly [JsonObject, string])[] = [
      [{ org: 'other' }, 'BACKUP'],
      [{ env: 'prod' }, 'BACKUP'],
      [{ node: 'node-b' }, 'BACKUP'],
      [{ vault: 'warm-eth' }, 'LOG_BEHIND'],
      [{ epoch: 2 }, 'EPOCH'],
      [{ epoch: 0 }, 'EPOCH'],
      [{ keyState: 'ab'.repeat(32) }, 'BACKUP'],
      [{ key: 'k-other' }, 'BACKUP'],
      [{ backup: plainDigest(bytes('node-b')) }, 'BACKUP'],
    ]
    for (const [change, code] of wrong)
      expect(refused(bent(change)), Object.keys(change)[0]).toBe(code)
    expect(refused(proof('node-b'))).toBe('BACKUP')
  })

  it('is refused when another file lies here now, or none', () => {
    const given = proof()
    const path = join(directory('node-a'), 'hot-eth.1.backup')
    const own = bytes()
    writeFileSync(path, bytes('node-b'))
    expect(refused(given)).toBe('BACKUP')
    writeFileSync(path, own.with(own.length - 3, own[own.length - 3]! ^ 1))
    expect(refused(given)).toBe('BACKUP')
    writeFileSync(path, '{}')
    expect(refused(given)).toBe('BACKUP')
    writeFileSync(path, own)
    expect(three.at('node-a').node.status().backups).toEqual(['hot-eth.1 not proved'])
    expect(three.heard('node-a', 'backupTested')).toEqual([])
  })

  it('is taken over the socket of the operator, and said to the coordinator under the own key', () => {
    const { node } = three.at('node-a')
    const given = proof()
    const { credential, document, signature } = given
    const line = {
      do: 'backup-proved',
      proof: { credential, document, signature: toHex(signature) },
    }
    expect(obey(JSON.stringify(line), node, quiet)).toMatchObject({
      status: { backups: ['hot-eth.1 proved'] },
    })
    three.settle()
    const [said] = three.heard('node-a', 'backupTested')
    const { value } = openBy(
      backupKinds.tested,
      readSigned(said?.statement),
      selfOf('node-a').identity,
    )
    expect(value).toMatchObject({
      node: 'node-a',
      vault: 'hot-eth',
      epoch: 1,
      backup: plainDigest(bytes()),
      recovery: 'r-1',
    })
  })

  it('is said again, after a restart too, in the same words until the log has it', () => {
    const again = () => {
      three.welcome()
      return three.heard('node-a', 'backupTested').map(({ statement }) => statement)
    }
    const [first] = again()
    expect(first).toBeDefined()
    expect(refused(proofOf(bytes(), selfOf('node-a'), 'r-2'))).toBe('accepted')
    three.settle()
    expect(three.heard('node-a', 'backupTested').at(-1)?.statement).toEqual(first)
    three.stop('node-a')
    three.start('node-a')
    three.tick(2_000)
    expect(again()).toEqual([first])
    const {
      org: _,
      env: __,
      format: ___,
      ...said
    } = JSON.parse(fromUtf8(first!.document) ?? '') as JsonObject
    three.log.add('key.backup-tested', { ...said, signature: toHex(first!.signature) })
    three.lines(...names)
    three.heard('node-a', 'backupTested')
    expect(again()).toEqual([])
  })

  it('over the socket needs the proof, and nothing else', () => {
    const { node } = three.at('node-a')
    const said = (command: object) => {
      const done = attempt(() => obey(JSON.stringify(command), node, quiet))
      return isRefusal(done) ? done.code : 'accepted'
    }
    expect(said({ do: 'backup-proved' })).toBe('MALFORMED')
    expect(said({ do: 'backup-proved', proof: {} })).toBe('MALFORMED')
    expect(said({ do: 'freeze', proof: {} })).toBe('MALFORMED')
    expect(said({ do: 'status' })).toBe('accepted')
  })
})

describe('backups of dead epochs', () => {
  it('are kept until a later one is in force and proven', () => {
    const dead = join(directory('node-b'), 'hot-eth.0.backup')
    writeFileSync(dead, 'of a try that nobody finished')
    three.tick(1_000)
    expect(readdirSync(directory('node-b'))).toContain('hot-eth.0.backup')
    three.at('node-b').node.backupProved(proof('node-b'))
    expect(readdirSync(directory('node-b'))).toEqual(['hot-eth.1.backup'])
    const said = three.at('node-b').ports.events.map(({ name }) => name)
    expect(said).toContain('backup-dropped')
  })

  it('that cannot be deleted are an alarm, and the proof counts', () => {
    mkdirSync(join(directory('node-c'), 'hot-eth.0.backup'))
    three.at('node-c').node.backupProved(proof('node-c'))
    const alarms = three.at('node-c').ports.events.filter(({ level }) => level === 'alarm')
    expect(alarms.map(({ name }) => name)).toEqual(['backup-left'])
    expect(three.at('node-c').node.status().backups).toContain('hot-eth.1 proved')
  })

  it('and everything that a node says of them hold nothing of a share', () => {
    const said = names.flatMap((name) => [
      ...three.at(name).ports.events.map((event) => JSON.stringify(event)),
      JSON.stringify(three.at(name).node.status()),
      proof(name).document,
    ])
    for (const secret of secrets()) {
      for (const text of said) expect(text).not.toContain(secret)
    }
  })
})

/** The shares themselves, in the forms in which they could leak. */
function secrets(): readonly string[] {
  return names.flatMap((name) => {
    using by = recovery(selfOf(name))
    using opened = openBackup(selfOf(name).curve, bytes(name), by)
    const share = Buffer.from(opened.keyshare.secretShare.bytes)
    return [
      share.toString('hex'),
      share.toString('base64'),
      BigInt(`0x${share.toString('hex')}`).toString(),
    ]
  })
}
