// Invitations of a node: for whom it makes one, that it stays the same, and when it is gone.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { concat, fromUtf8, toHex, x25519PublicKey } from '../../proto/crypto.ts'
import { readSigned } from '../../proto/frames.ts'
import { parseHandle, parseVaultId } from '../../proto/ids.ts'
import { invitationKind } from '../../proto/import-documents.ts'
import { limits } from '../../proto/limits.ts'
import { openBy } from '../../proto/node-documents.ts'
import { scryptOf } from '../../proto/seal.ts'
import { parseSeal } from '../../proto/seal-file.ts'
import { sealToTokens } from '../../proto/seal-token.ts'
import type { Signed } from '../../proto/signed.ts'
import { parseTokenCard, sealKeyOf } from '../../proto/token-card.ts'
import { assemble } from '../../signer-node/assemble.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { Keystore } from '../../signer-node/keystore.ts'
import type { Random } from '../../signer-node/ports.ts'
import type { Runner } from '../../signer-node/stepper.ts'
import { PassphraseWay, TokenWay } from '../../signer-node/way-in.ts'
import * as house from '../kit/audit-documents.ts'
import { keyBody, vaultRow } from '../kit/audit-log.ts'
import { Asked, asks } from '../kit/change-log.ts'
import { testBackups } from '../kit/recovery.ts'
import { refusedWith } from '../kit/refused.ts'
import { dekBy, testCard } from '../kit/token-card.ts'
import { type Name, selfOf, ThreeNodes } from './three-nodes.ts'
import { seedOf, testPorts } from './world.ts'

const a = 'node-a'
let three: ThreeNodes
beforeEach(() => {
  three = new ThreeNodes().ready()
})
afterEach(() => three.close())

const place = (): string => join(three.home, a, 'keyshares')
const open = (): readonly string[] => readdirSync(place()).filter((f) => f.includes('invitation'))

/** What the node answers: its invitation, or the code of its refusal. */
function asked(vault: string): Signed | string {
  three.give(a, { frame: 'invite', invite: { ticket: new Uint8Array(16), vault } })
  const [invited] = three.heard(a, 'invited')
  if (invited !== undefined) return readSigned(invited.invitation)
  const [refused] = three.heard(a, 'refused')
  return JSON.parse(fromUtf8(refused!.refusal.document)!).code
}

function documentOf(answer: Signed | string): string {
  if (typeof answer === 'string') throw new Error(answer)
  return answer.document
}

const witnessed = (): void => three.lines('node-a', 'node-b', 'node-c')

describe('an invitation', () => {
  it('is signed by its node, for the key that the policy names, and always the same', () => {
    const first = asked('hot-eth')
    const identity = house.keyOf('node-a-identity').publicKey
    const { value } = openBy(invitationKind, first as Signed, identity)
    expect(value).toMatchObject({ vault: 'hot-eth', key: 'k-hot-eth', node: a, x: 1 })
    expect(documentOf(asked('hot-eth'))).toBe(documentOf(first))
    again()
    expect(documentOf(asked('hot-eth'))).toBe(documentOf(first))
    expect(documentOf(asked('warm-eth'))).not.toBe(documentOf(first))
    expect(open()).toEqual(['hot-eth.invitation', 'warm-eth.invitation'])
  })

  it('is for no vault that has a key, that the policy does not name, or that is cold', () => {
    three.log.add('key.generated', keyBody(vaultRow('hot-eth')))
    witnessed()
    expect(asked('hot-eth')).toBe('KEY_EXISTS')
    expect(asked('nowhere')).toBe('VAULT_NOT_FOUND')
    expect(open()).toEqual([])
    expect(documentOf(asked('warm-eth'))).toContain('k-warm-eth')
  })

  it('is signed only when its file opens: whoever writes to the disk names no key of its own', () => {
    const first = documentOf(asked('hot-eth'))
    const file = join(place(), 'hot-eth.invitation')
    const { to } = JSON.parse(first)
    const bent = readFileSync(file, 'latin1').replace(to, 'ab'.repeat(32))
    const whole = readFileSync(file)
    for (const isRestarted of [false, true]) {
      if (isRestarted) again()
      writeFileSync(file, bent, 'latin1')
      expect(asked('hot-eth')).toBe('SEAL')
      writeFileSync(file, whole)
      expect(documentOf(asked('hot-eth'))).toBe(first)
    }
  })

  it('is made by the node that signs it, also where whoever has the card of a token can seal', () => {
    three.close()
    three = new TokenNodes().ready()
    const first = documentOf(asked('hot-eth'))
    const file = join(place(), 'hot-eth.invitation')
    const whole = readFileSync(file)
    const { thing } = parseSeal(whole)
    if (thing.kind !== 'invitation') throw new Error('expected an invitation')
    const secret = seedOf('of whoever writes to the disk')
    const to = toHex(x25519PublicKey(secret))
    for (const words of [secret, concat(secret, new Uint8Array(64))]) {
      const forged = sealToTokens(
        { kind: 'invitation', context: { ...thing.context, to } },
        words,
        [sealKeyOf(card)],
        { dek: seedOf('dek'), perToken: [seedOf('ephemeral')] },
      )
      writeFileSync(file, forged)
      again()
      expect(asked('hot-eth')).toBe('SEAL')
    }
    writeFileSync(file, whole)
    again()
    expect(documentOf(asked('hot-eth'))).toBe(first)
  })

  it('is one of a bounded number', () => {
    documentOf(asked('hot-eth'))
    const bytes = readFileSync(join(place(), 'hot-eth.invitation'))
    for (let at = 1; at < limits.invitationsMax; at += 1) {
      writeFileSync(join(place(), `vault-${at}.invitation`), bytes)
    }
    expect(asked('warm-eth')).toBe('BUSY')
    expect(documentOf(asked('hot-eth'))).toContain('hot-eth')
  })

  it('is not given while the node takes no work', () => {
    three.at(a).node.drain()
    expect(asked('hot-eth')).toBe('BUSY')
  })

  it('is gone as soon as the vault has a key that witnesses have seen', () => {
    asked('hot-eth')
    three.log.add('key.generated', keyBody(vaultRow('hot-eth')))
    three.shareHeads = false
    three.lines(a)
    expect(open()).toEqual(['hot-eth.invitation'])
    three.shareHeads = true
    witnessed()
    three.tick(1_000)
    expect(open()).toEqual([])
  })

  it('is gone by the witnesses of that line, however far the log has gone on since', () => {
    asked('hot-eth')
    three.shareHeads = false
    three.log.add('key.generated', keyBody(vaultRow('hot-eth')))
    three.lines('node-b', 'node-c')
    const heads = (['node-b', 'node-c'] as const).map(
      (name) => three.heard(name, 'cosigned').at(-1)!,
    )
    three.log.wait(1).add('log.heartbeat', {})
    three.lines(a)
    expect(open()).toEqual(['hot-eth.invitation'])
    three.heads(...heads.map(({ note }) => note))
    expect(open()).toEqual([])
  })

  it('is gone when an import that was asked for since has ended, and by no other request', () => {
    const { change, digest, created } = importAsked('before')
    three.log.add('intent.created', created)
    three.log.add('intent.cancelled', { intent: digest, by: change.initiator })
    witnessed()
    const first = documentOf(asked('hot-eth'))
    const other = importAsked('elsewhere', 'warm-eth')
    three.log.add('intent.created', other.created)
    three.log.add('intent.cancelled', { intent: other.digest, by: change.initiator })
    const own = importAsked('own')
    three.log.add('intent.created', own.created)
    witnessed()
    three.tick(1_000)
    expect(documentOf(asked('hot-eth'))).toBe(first)
    three.log.add('intent.cancelled', { intent: own.digest, by: change.initiator })
    witnessed()
    three.tick(1_000)
    expect(open()).toEqual([])
    expect(documentOf(asked('hot-eth'))).not.toBe(first)
  })
})

describe('an invitation whose keys are derived elsewhere', () => {
  const waiting: (() => void)[] = []
  const derived = (): boolean => {
    const next = waiting.shift()
    next?.()
    three.settle()
    return next !== undefined
  }
  beforeEach(() => {
    three.close()
    waiting.length = 0
    three = new ThreeNodes()
    three.way = PassphraseWay
    const scrypt: Runner['scrypt'] = (job, answer) => {
      waiting.push(() => answer(scryptOf(job)))
    }
    three.runner = { ...three.runner, scrypt }
    three.ready()
  })
  const ask = (): void =>
    three.give(a, { frame: 'invite', invite: { ticket: new Uint8Array(16), vault: 'hot-eth' } })
  const told = (): readonly string[] =>
    three.heard(a, 'invited').map(({ invitation }) => readSigned(invitation).document)
  const refused = (): readonly string[] =>
    three.heard(a, 'refused').map(({ refusal }) => JSON.parse(fromUtf8(refusal.document)!).code)

  it('is on disk before it is told, and everyone who asked meanwhile is told the same', () => {
    ask()
    ask()
    expect([waiting.length, open(), told()]).toEqual([1, [], []])
    derived()
    const [first, ...others] = told()
    expect([open(), others]).toEqual([['hot-eth.invitation'], [first]])
    ask()
    expect([waiting.length, told()]).toEqual([0, [first]])
  })

  it('is not made for a vault that got a key meanwhile', () => {
    ask()
    three.log.add('key.generated', keyBody(vaultRow('hot-eth')))
    witnessed()
    derived()
    expect([open(), told(), refused()]).toEqual([[], [], ['KEY_EXISTS']])
  })

  it('is not told when its file went while it was opened', () => {
    ask()
    derived()
    expect(told()).toHaveLength(1)
    again()
    ask()
    expect(waiting.length).toBe(1)
    three.log.add('key.generated', keyBody(vaultRow('hot-eth')))
    witnessed()
    three.tick(1_000)
    expect([open(), refused()]).toEqual([[], ['BUSY']])
    derived()
    expect([told(), refused()]).toEqual([[], []])
  })

  it('is opened after a start without being asked for, and until then who needs it is told so', () => {
    ask()
    derived()
    three.stop(a)
    const file = join(place(), 'hot-eth.invitation')
    const whole = readFileSync(file)
    const { thing } = parseSeal(whole)
    const to = thing.kind === 'invitation' ? thing.context.to : ''
    const bent = whole.toString('latin1').replace(to, 'ab'.repeat(32))
    for (const isBent of [false, true]) {
      writeFileSync(file, isBent ? bent : whole, 'latin1')
      const ports = { ...testPorts('invitations', three.clock), runner: three.runner }
      const { store, ...stores } = three.stores(a, ports.random)
      const settings = { self: selfOf(a), origin: house.origin, rootDigest: house.rootDigest }
      const being = { closed: () => undefined, changed: () => {} }
      const { invitations } = assemble(settings, { store, ...stores }, ports, being)
      invitations.review()
      invitations.review()
      expect(waiting.length).toBe(1)
      const vault = parseVaultId('hot-eth')
      expect(refusedWith(() => invitations.of(vault))).toBe('BUSY')
      expect(waiting.length).toBe(1)
      while (derived());
      expect(refusedWith(() => invitations.of(vault))).toBe(isBent ? 'SEAL' : 'accepted')
      // Whoever asks once more has it tried once more.
      expect(refusedWith(() => invitations.of(vault))).toBe(isBent ? 'BUSY' : 'accepted')
      while (derived());
      invitations[Symbol.dispose]()
      store.close()
    }
    three.start(a)
  })
})

/** The node that is asked, after a restart. */
function again(): void {
  three.stop(a)
  three.start(a)
  three.tick(2_000)
}

const card = parseTokenCard(testCard('T1'))

/** Nodes whose files are sealed to a token, which opens them at the start. */
class TokenNodes extends ThreeNodes {
  override stores(name: Name, random: Random) {
    const { store, place, room } = super.stores(name, random)
    const directory = join(this.home, name, 'keyshares')
    const way = new TokenWay([sealKeyOf(card)], random)
    for (const file of readdirSync(directory)) {
      const bytes = readFileSync(join(directory, file))
      using dek = new Secret(dekBy('T1', bytes))
      way.learn(bytes, dek)
    }
    const self = selfOf(name)
    const backups = testBackups(join(this.home, name, 'backups'), self, random)
    const keystore = new Keystore(directory, self, { way, random, curve: self.curve, backups })
    return { store, place, room, keystore }
  }
}

function importAsked(id: string, vault = 'hot-eth') {
  const asking = new Asked(three.log, {
    ...asks.import,
    id: parseHandle(id),
    vault: parseVaultId(vault),
  })
  return { change: asking.change, digest: asking.digest, created: asking.created() }
}
