import { describe, expect, it } from 'vitest'
import { parseDigest, parseNodeId, parseVaultId } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { fresh } from '../../proto/node-documents.ts'
import { Bans } from '../../signer-node/bans.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { Incarnation } from '../../signer-node/self.ts'
import { isFresh, needsFresh, signingProtocol } from '../../signer-node/signing-protocol.ts'
import { hotPatience } from '../../signer-node/sitting.ts'
import { Store } from '../../signer-node/store.ts'
import { digestNamed } from '../kit/audit-log.ts'
import { dkgKey, keysharesOf, prepareSigning } from '../kit/signing.ts'
import { TestClock, testPorts, testSelf } from './world.ts'

const [a, b, c] = ['node-1', 'node-2', 'node-3'].map(parseNodeId)
const change = parseDigest(digestNamed('change'))

describe('pairings made in the session', () => {
  it('are for cold keys, and for whoever was let in again, until the next epoch of the vault', () => {
    const bans = new Bans(new Store(':memory:', { busyTimeoutMs: 1 }))
    const vault = { vault: parseVaultId('hot-eth'), epoch: 4 }
    const signers = { vault, tier: 'hot', participants: [a!, b!] } as const
    expect(needsFresh({ bans }, signers)).toBe(false)
    expect(needsFresh({ bans }, { ...signers, tier: 'cold' })).toBe(true)
    bans.ban(b!, 'ot-check', 1)
    bans.readmit({ peer: b!, change, number: 1, atMs: 2, epochs: [vault] })
    expect(needsFresh({ bans }, signers)).toBe(true)
    expect(needsFresh({ bans }, { ...signers, participants: [a!, c!] })).toBe(false)
    expect(needsFresh({ bans }, { ...signers, vault: { ...vault, epoch: 5 } })).toBe(false)
  })

  it('are named by one word instead of an id', () => {
    expect(isFresh(new Map([['node-2', change]]))).toBe(false)
    expect(isFresh(new Map([['node-2', fresh]]))).toBe(true)
  })

  it('have randomness of their own for every other signer, and more time', () => {
    const curve = nativeCurve()
    const keyshares = keysharesOf(curve, dkgKey)
    const setup = { curve, name: 'fresh', signers: [1, 2], keyshares, pairings: new Map() }
    const { run, job } = prepareSigning(setup).get(parseParty(1))!
    const ports = testPorts('signing protocol', new TestClock())
    const incarnation = new Incarnation(ports.random)
    const none = { pairings: undefined as never, patience: hotPatience }
    const parts = { self: testSelf(1), incarnation, ports, ...none }
    const over = (nodes: readonly (readonly [ReturnType<typeof parseParty>, typeof b])[]) =>
      signingProtocol(parts, run, job, {
        pairings: new Map([['node-2', fresh]]),
        nodes: new Map(nodes.map(([x, node]) => [x, node!])),
      })
    const made = over([[parseParty(2), b]])
    expect(made.secrets).toHaveLength(2)
    expect(made.timeoutMs).toBe(limits.freshSessionTimeoutMs)
    expect(() => over([])).toThrow('party 2 is no node that takes part')
  })
})
