// Whole nodes whose keys are derived in another thread: what they do while a share is sealed or
// opened there, and what may come in between.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../proto/limits.ts'
import { scryptOf } from '../../proto/seal.ts'
import { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import { here } from '../../signer-node/here.ts'
import { PassphraseWay } from '../../signer-node/way-in.ts'
import { type Name, names, ThreeNodes } from './three-nodes.ts'

/** Derived when it is told to; one node after the other. */
class Elsewhere {
  readonly #due: (() => void)[] = []
  isSlow = false

  readonly runner: typeof here = {
    ...here,
    scrypt: (job, answer) => {
      if (this.isSlow) this.#due.push(() => answer(scryptOf(job)))
      else answer(scryptOf(job))
    },
  }

  get count(): number {
    return this.#due.length
  }

  /** Those that are due now, not those that they ask for. */
  answer(): void {
    for (const work of this.#due.splice(0)) work()
    three.settle()
  }

  all(): void {
    while (this.#due.length > 0) this.answer()
  }
}

let three: ThreeNodes
let elsewhere: Elsewhere
beforeEach(() => {
  elsewhere = new Elsewhere()
  three = new ThreeNodes()
  three.runner = elsewhere.runner
  three.way = PassphraseWay
  three.ready()
  three.pair()
})
afterEach(() => three.close())

const files = (name: Name) => readdirSync(join(three.home, name, 'keyshares'))
const backups = (name: Name) => readdirSync(join(three.home, name, 'backups'))
const confirms = () => names.flatMap((name) => three.heard(name, 'keyConfirm'))
const vaults = () => names.map((name) => three.at(name).node.status().vaults)
const reasons = () =>
  names.flatMap((name) => three.heard(name, 'stopped').map(({ reason }) => reason))

/** Up to where every node seals its share. */
function begin(epoch = 1): void {
  const ticket = new Uint8Array(16).fill(epoch)
  for (const name of names) three.prepare(name, { keygen: three.keygen('hot-eth', epoch), ticket })
  const acceptances = names.map((name) => three.heard(name, 'accepted')[0]!.acceptance)
  elsewhere.isSlow = true
  const start = { ticket, acceptances }
  for (const name of names) three.at(name).node.receive('c1', { frame: 'start', start })
  three.settle()
}

describe('a share that is sealed in another thread', () => {
  it('is on disk with its backup, and opened again, before anybody confirms it', () => {
    begin()
    expect(elsewhere.count).toBe(3)
    for (const name of names) expect([files(name), backups(name)]).toEqual([[], []])
    // Meanwhile a node hears and answers.
    three.lines(...names)
    expect(names.map((name) => three.heard(name, 'cosigned').length > 0)).toEqual(
      Array(3).fill(true),
    )
    elsewhere.answer()
    for (const name of names) expect(files(name)).toEqual(['hot-eth.1.pending.keyshare'])
    for (const name of names) expect(backups(name)).toEqual(['hot-eth.1.backup'])
    expect([elsewhere.count, confirms()]).toEqual([3, []])
    elsewhere.answer()
    expect([elsewhere.count, confirms().length]).toEqual([0, 3])
  })

  it('is not written when its session ended meanwhile, or its node went down, and is wiped', () => {
    const made: Keyshare[] = []
    const { encode } = Keyshare.prototype
    Keyshare.prototype.encode = function () {
      made.push(this)
      return encode.call(this)
    }
    begin()
    Keyshare.prototype.encode = encode
    three.tick(limits.sessionTimeoutMs)
    expect(reasons()).toEqual(Array(3).fill('SESSION_TIMEOUT'))
    expect(made).toHaveLength(3)
    for (const { secretShare } of made) expect(() => secretShare.bytes).toThrow('wiped')
    elsewhere.all()
    for (const name of names) expect([files(name), backups(name)]).toEqual([[], []])
    expect(confirms()).toEqual([])
    // Nothing stands in the way of the next one, unless the node goes down.
    begin()
    three.stop('node-a')
    elsewhere.all()
    expect(['node-a', 'node-b'].map((name) => files(name as Name).length)).toEqual([0, 1])
    expect(backups('node-a')).toEqual([])
  })

  it('is not written when the log has given its vault a key meanwhile', () => {
    const line = three.makeKey('hot-eth')
    begin(2)
    elsewhere.isSlow = false
    three.log.add('key.generated', line)
    three.lines(...names)
    elsewhere.all()
    for (const name of names) expect(files(name)).toEqual(['hot-eth.1.keyshare'])
    three.tick(limits.sessionTimeoutMs)
    expect([reasons().length, confirms()]).toEqual([3, []])
  })
})

describe('a share in force that is opened in another thread', () => {
  it('is used when it is open, not before, and the state is told then', () => {
    const line = three.makeKey('hot-eth')
    elsewhere.isSlow = true
    three.log.add('key.generated', line)
    three.lines(...names)
    expect([vaults(), elsewhere.count]).toEqual([[[], [], []], 3])
    three.tick(50)
    expect(elsewhere.count).toBe(3)
    elsewhere.answer()
    expect(vaults()).toEqual([['hot-eth'], ['hot-eth'], ['hot-eth']])
    for (const name of names) expect(files(name)).toEqual(['hot-eth.1.keyshare'])
    // At a start before the node hears anything.
    three.stop('node-a')
    expect(three.open('node-a').node.status().vaults).toEqual(['hot-eth'])
    expect(elsewhere.count).toBe(0)
  })
})
