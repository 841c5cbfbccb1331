import { describe, expect, it } from 'vitest'
import { scryptLater, toUtf8 } from '../../proto/crypto.ts'
import { isRefusal, type Refusal, refuse } from '../../proto/refusal.ts'
import { atOnce, type Deriving, type ScryptJob, scryptOf } from '../../proto/seal.ts'
import { derive } from '../../signer-node/deriving.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { here } from '../../signer-node/here.ts'
import { Threads } from '../../signer-node/threads.ts'
import { namedRandom, TestClock } from './world.ts'

const cost = { n: 2 ** 10, r: 8, p: 1 }
const salt = toUtf8('salt')

/** Two keys, one after the other, of a passphrase that it holds meanwhile. */
function* two(log: string[], passphrase: Secret): Deriving<string> {
  using held = passphrase
  log.push('asked')
  const first = yield { passphrase: held.bytes, salt, cost }
  log.push('first')
  const second = yield { passphrase: held.bytes, salt, cost }
  log.push('second')
  return `${first[0]} ${second[0]}`
}
const secret = () => new Secret(toUtf8('passphrase'))

/** One that answers when it is told to. */
function slow() {
  const asked: { job: ScryptJob; answer: (key: Uint8Array) => void }[] = []
  const scrypt = (job: ScryptJob, answer: (key: Uint8Array) => void) => {
    asked.push({ job, answer })
  }
  const paused: (() => void)[] = []
  const ports = { runner: { scrypt }, pause: (work: () => void) => void paused.push(work) }
  return { asked, ports, paused, answer: () => asked.shift()?.answer(Uint8Array.of(7)) }
}

const atHand = { runner: here, pause: (work: () => void) => work() }

describe('work that asks for keys', () => {
  it('is over before it returns where keys are derived at once', () => {
    const told: unknown[] = []
    const derivation = derive(two([], secret()), atHand, (ended) => told.push(ended))
    const [byte] = scryptOf({ passphrase: toUtf8('passphrase'), salt, cost })
    expect(told).toEqual([`${byte} ${byte}`])
    expect(derivation.isOver).toBe(true)
    expect(atOnce(two([], secret()))).toBe(told[0])
  })

  it('goes on in a later turn where they are not', () => {
    const [log, told]: [string[], unknown[]] = [[], []]
    const runner = slow()
    const derivation = derive(two(log, secret()), runner.ports, (ended) => told.push(ended))
    expect([log, told, derivation.isOver]).toEqual([['asked'], [], false])
    runner.answer()
    expect(log).toEqual(['asked', 'first'])
    runner.answer()
    expect([told, derivation.isOver]).toEqual([['7 7'], true])
    derivation.end()
    expect(told).toHaveLength(1)
  })

  it('that was ended does nothing more: its secrets are wiped, and so is the late key', () => {
    const [log, told]: [string[], unknown[]] = [[], []]
    const runner = slow()
    const passphrase = secret()
    const derivation = derive(two(log, passphrase), runner.ports, (ended) => told.push(ended))
    const [{ job, answer }] = runner.asked as [(typeof runner.asked)[0]]
    expect(job.passphrase.some((byte) => byte !== 0)).toBe(true)
    derivation.end()
    derivation.end()
    expect(job.passphrase.every((byte) => byte === 0)).toBe(true)
    const late = Uint8Array.of(7)
    answer(late)
    expect([log, told, late[0]]).toEqual([['asked'], [], 0])
  })

  it('is left where it asks for no key, and goes on later, unless it was ended', () => {
    function* work(log: string[]): Deriving<string> {
      yield
      log.push('later')
      const [byte] = yield { passphrase: toUtf8('passphrase'), salt, cost }
      yield
      return `${byte}`
    }
    for (const isEnded of [false, true]) {
      const [log, told]: [string[], unknown[]] = [[], []]
      const runner = slow()
      const derivation = derive(work(log), runner.ports, (ended) => told.push(ended))
      expect([runner.paused.length, log]).toEqual([1, []])
      if (isEnded) derivation.end()
      runner.paused.shift()?.()
      expect(log).toEqual(isEnded ? [] : ['later'])
      runner.answer()
      runner.paused.shift()?.()
      expect(told).toEqual(isEnded ? [] : ['7'])
    }
    const [byte] = scryptOf({ passphrase: toUtf8('passphrase'), salt, cost })
    expect(atOnce(work([]))).toBe(`${byte}`)
  })

  it('that refuses tells its refusal, and a bug goes on', () => {
    const told: (Refusal | undefined)[] = []
    // biome-ignore lint/correctness/useYield: it refuses before it asks
    const refused = (function* (): Deriving<undefined> {
      return refuse('BUSY', 'full')
    })()
    derive(refused, atHand, (ended) => told.push(ended))
    expect(told.every(isRefusal)).toBe(true)
    expect(told).toMatchObject([{ code: 'BUSY', because: 'full' }])
    // biome-ignore lint/correctness/useYield: it throws before it asks
    const bug = (function* (): Deriving<undefined> {
      throw new RangeError('a bug')
    })()
    expect(() => derive(bug, atHand, () => {})).toThrow('a bug')
  })

  it('wipes what it holds when no key can be derived', () => {
    const passphrase = secret()
    const held = passphrase.bytes
    const work = (function* (): Deriving<void> {
      using own = passphrase
      yield { passphrase: own.bytes, salt, cost: { n: 3, r: 8, p: 1 } }
    })()
    expect(() => atOnce(work)).toThrow()
    expect(held.every((byte) => byte === 0)).toBe(true)
  })
})

describe('keys of the runtime threads', () => {
  it('are the same as here, come in a later turn, and one after the other', async () => {
    const job = { passphrase: toUtf8('one'), salt, cost }
    const same = scryptOf(job)
    expect(await scryptLater(job.passphrase, salt, cost)).toEqual(same)
    const random = namedRandom('derived')
    const needs = { count: 1, random, clock: new TestClock(), report() {} }
    const threads = new Threads({ ...needs, curve: 'native' })
    const ended = new Promise((over) =>
      derive(two([], secret()), { runner: threads, pause: setImmediate }, over),
    )
    const [byte] = scryptOf({ passphrase: toUtf8('passphrase'), salt, cost })
    expect(await ended).toBe(`${byte} ${byte}`)
    const order: string[] = []
    const keys = await new Promise<readonly Uint8Array[]>((over) => {
      const first: Uint8Array[] = []
      // The first is the dearest: were they derived at once, it would come last.
      threads.scrypt({ ...job, cost: { ...cost, n: 2 ** 14 } }, () => order.push('first'))
      threads.scrypt(job, (key) => {
        order.push('second')
        over([...first, key])
      })
      order.push('asked')
    })
    expect(order).toEqual(['asked', 'first', 'second'])
    expect(keys).toEqual([same])
  })

  it('are refused with a cost that is none', async () => {
    expect(() => scryptOf({ passphrase: salt, salt, cost: { n: 3, r: 8, p: 1 } })).toThrow()
    await expect(scryptLater(salt, salt, { n: 3, r: 8, p: 1 })).rejects.toThrow()
  })
})
