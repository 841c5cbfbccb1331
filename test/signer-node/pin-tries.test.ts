import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { toUtf8 } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { PinTries } from '../../signer-node/pin-tries.ts'
import { twoPersonPin } from '../../signer-node/two-person.ts'
import { refusal, refusedWith } from '../kit/refused.ts'

const home = mkdtempSync(join(tmpdir(), 'custody-tries-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
let count = 0
const fresh = () => {
  count += 1
  return mkdtempSync(join(home, `t${count}-`))
}

const calm = { isSet: true, isLow: false, isFinalTry: false, isLocked: false }
const byFile = { by: 'credential', isAcknowledged: false } as const
const byHand = { by: 'operator', isAcknowledged: false } as const
const knowing = { by: 'operator', isAcknowledged: true } as const
const right = async () => 'in'
const wrong = async () => refuse('TOKEN_PIN', 'wrong')
const hung = async () => refuse('TOKEN_BROKEN', 'login: no answer within 30000 ms; it was ended')
const gone = async () => refuse('TOKEN_ABSENT', 'gone: its process has ended')
const closed = async () => refuse('TOKEN_LOCKED', 'one more')

describe('the tries of a PIN', () => {
  it('end after two wrong ones, across restarts, until somebody says that he knows', async () => {
    const directory = fresh()
    const tries = () => new PinTries(directory)
    expect(await refusal(tries().once(byFile, calm, right))).toBe('accepted')
    expect(await refusal(tries().once(byFile, calm, wrong))).toBe('TOKEN_PIN: wrong')
    expect(await refusal(tries().once(byFile, calm, wrong))).toBe('TOKEN_PIN: wrong')
    for (const trying of [byFile, byHand]) {
      let asked = 0
      const said = await refusal(
        tries().once(trying, calm, async () => {
          asked += 1
        }),
      )
      expect([said, asked]).toEqual([expect.stringMatching(/^TOKEN_PIN: 2 wrong PINs/), 0])
    }
    expect(await refusal(tries().once(knowing, calm, wrong))).toBe('TOKEN_PIN: wrong')
    expect(tries().wrong).toBe(3)
    expect(await refusal(tries().once(knowing, calm, right))).toBe('accepted')
    expect(tries().wrong).toBe(0)
    expect(await refusal(tries().once(byFile, calm, right))).toBe('accepted')
  })

  it('are counted before the token is asked: a process that dies meanwhile has used one', async () => {
    const directory = fresh()
    const never = new Promise<string>(() => {})
    void new PinTries(directory).once(byFile, calm, () => never)
    expect(new PinTries(directory).wrong).toBe(1)
  })

  it('are used up by whatever leaves it open whether the token has counted one', async () => {
    for (const ended of [hung, gone]) {
      const directory = fresh()
      let asked = 0
      // A service that is started again and again.
      for (const _ of [1, 2, 3, 4]) {
        await refusal(
          new PinTries(directory).once(byFile, calm, async () => {
            asked += 1
            return ended()
          }),
        )
      }
      expect([ended.name, asked]).toEqual([ended.name, 2])
      expect(await refusal(new PinTries(directory).once(knowing, calm, right))).toBe('accepted')
      expect(new PinTries(directory).wrong).toBe(0)
    }
  })

  it('are not used up where no PIN was given to the token', async () => {
    const tries = new PinTries(fresh())
    for (const _ of [1, 2, 3]) {
      expect(await refusal(tries.once(byFile, calm, closed))).toBe('TOKEN_LOCKED: one more')
    }
    expect(tries.wrong).toBe(0)
  })

  it('heed what the device says of itself', async () => {
    const tries = new PinTries(fresh())
    const low = { ...calm, isLow: true }
    expect(await refusal(tries.once(byFile, low, right))).toMatch(/^TOKEN_PIN: the token has seen/)
    expect(await refusal(tries.once(byHand, low, right))).toBe('accepted')
    const last = { ...low, isFinalTry: true }
    expect(await refusal(tries.once(byHand, last, right))).toMatch(/^TOKEN_LOCKED: one more/)
    expect(await refusal(tries.once(knowing, last, right))).toBe('accepted')
    const locked = { ...last, isLocked: true }
    expect(await refusal(tries.once(knowing, locked, right))).toMatch(/^TOKEN_LOCKED: the token is/)
    const pretending = { by: 'credential', isAcknowledged: true } as const
    expect(await refusal(tries.once(pretending, last, right))).toMatch(/^TOKEN_LOCKED/)
  })

  it('count as too many where their file cannot be read', async () => {
    const directory = fresh()
    writeFileSync(join(directory, 'pin-tries.json'), 'not json')
    expect(await refusal(new PinTries(directory).once(byHand, calm, right))).toMatch(
      /^TOKEN_PIN: 2/,
    )
  })
})

describe('a PIN of two people', () => {
  const half = (text: string) => new Secret(toUtf8(text))
  const pinOf = (first: string, second: string) => {
    using pin = twoPersonPin(half(first), half(second))
    return Buffer.from(pin.bytes).toString()
  }

  it('is always the same of the same halves, and fits a card', () => {
    const pin = pinOf('first half', 'second half')
    expect(pin).toMatch(/^[A-Z2-7]{15}$/)
    expect(pinOf('first half', 'second half')).toBe(pin)
  })

  it('is another with any other half, or with the halves in another order or cut', () => {
    const pins = [
      pinOf('first half', 'second half'),
      pinOf('second half', 'first half'),
      pinOf('first halfs', 'econd half'),
      pinOf('first hale', 'second half'),
      pinOf('first half', 'second hale'),
    ]
    expect(new Set(pins).size).toBe(5)
  })

  it('is made of two halves that are long enough and not the same', () => {
    expect(refusedWith(() => pinOf('8 signs.', 'also 8..'))).toBe('accepted')
    expect(refusedWith(() => pinOf('7 signs', 'also 8..'))).toBe('CONFIG')
    expect(refusedWith(() => pinOf('8 signs.', '7 signs'))).toBe('CONFIG')
    expect(refusedWith(() => pinOf('8 signs.', '8 signs.'))).toBe('CONFIG')
  })
})
