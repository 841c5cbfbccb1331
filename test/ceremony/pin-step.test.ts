import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { refuse } from '../../proto/refusal.ts'
import { byPin, lastTryWords } from '../../signer-node/ceremony/pin-step.ts'
import type { Secret } from '../../signer-node/dkls23/secret.ts'
import type { PinState } from '../../signer-node/hsm/token.ts'
import { refusal } from '../kit/refused.ts'
import { typing } from '../kit/station-tokens.ts'

const home = mkdtempSync(join(tmpdir(), 'custody-pin-step-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
let count = 0
function fresh(): string {
  count += 1
  return join(home, String(count))
}

/** A token that counts as real ones do: the third wrong one locks. */
function token(right: string) {
  let wrong = 0
  const log: string[] = []
  const pin = (): PinState => {
    return { isSet: true, isLow: wrong > 0, isFinalTry: wrong === 2, isLocked: wrong > 2 }
  }
  const open = async () => {
    log.push('open')
    return { pin: pin(), [Symbol.asyncDispose]: async () => void log.push('close') }
  }
  const login = async (_: unknown, typed: Secret) => {
    const said = new TextDecoder().decode(typed.bytes)
    log.push(`login ${said}`)
    if (said === right) {
      wrong = 0
      return
    }
    wrong += 1
    refuse('TOKEN_PIN', 'wrong-pin')
  }
  return { open, login, log }
}

describe('a PIN in a step of a ceremony', () => {
  it('opens at the first try, or at the second, with the token looked at anew', async () => {
    const { open, login, log } = token('right')
    const one = typing(fresh(), ['right'])
    await using _ = await byPin(one.ports, open, login)
    const two = typing(fresh(), ['wrong', 'right'])
    await using __ = await byPin(two.ports, open, login)
    expect(log).toEqual([
      ...['open', 'login right', 'open', 'login wrong', 'close', 'open', 'login right'],
    ])
    expect(two.said).toEqual(['wrong PIN; it is asked once more in this step\n'])
    expect([one.exceptions, two.exceptions]).toEqual([[], []])
  })

  it('stops the step when it is wrong twice, and tries no third time by itself', async () => {
    const { open, login, log } = token('right')
    const directory = fresh()
    const typed = typing(directory, ['wrong', 'worse', 'right'])
    const tried = refusal(byPin(typed.ports, open, login))
    expect(await tried).toBe('TOKEN_PIN: two wrong PINs: this step stops')
    expect(log.filter((line) => line.startsWith('login'))).toHaveLength(2)
    expect(log.at(-1)).toBe('close')
  })

  it('is tried the last time only after its owner typed that he knows, as an exception', async () => {
    const { open, login, log } = token('right')
    const directory = fresh()
    await refusal(byPin(typing(directory, ['wrong', 'worse']).ports, open, login))
    const silent = typing(directory, ['right'], ['yes'])
    expect(await refusal(byPin(silent.ports, open, login))).toBe(
      'TOKEN_LOCKED: the token says that the next wrong PIN locks it: not tried',
    )
    expect([log.filter((line) => line === 'login right'), silent.exceptions]).toEqual([[], []])
    const knowing = typing(directory, ['right'], [lastTryWords])
    await using _ = await byPin(knowing.ports, open, login)
    expect(knowing.exceptions).toEqual([
      {
        expected: 'the right PIN',
        happened: 'the token says that the next wrong PIN locks it',
        decided: 'tried once more by its owner',
      },
    ])
    const after = typing(directory, ['right'])
    await using __ = await byPin(after.ports, open, login)
    expect(after.exceptions).toEqual([])
  })

  it('is counted over restarts also where the token does not say so', async () => {
    const { login } = token('right')
    const forgetful = async () => {
      const pin = { isSet: true, isLow: false, isFinalTry: false, isLocked: false }
      return { pin, [Symbol.asyncDispose]: async () => {} }
    }
    const directory = fresh()
    await refusal(byPin(typing(directory, ['wrong', 'worse']).ports, forgetful, login))
    const said = await refusal(byPin(typing(directory, ['right']).ports, forgetful, login))
    expect(said).toBe('TOKEN_LOCKED: 2 wrong PINs were typed before: not tried')
    const knowing = typing(directory, ['right'], [lastTryWords])
    await using _ = await byPin(knowing.ports, forgetful, login)
    expect(knowing.exceptions).toHaveLength(1)
  })

  it('is not asked for a token that is locked, or not there', async () => {
    const { open, login, log } = token('right')
    const directory = fresh()
    const lines = [lastTryWords, lastTryWords]
    await refusal(byPin(typing(directory, ['wrong', 'worse']).ports, open, login))
    await refusal(byPin(typing(directory, ['worst'], lines).ports, open, login))
    const logins = log.length
    const locked = await refusal(byPin(typing(directory, ['right'], lines).ports, open, login))
    expect(locked).toMatch(/^TOKEN_LOCKED: the token is locked/)
    expect(log.slice(logins)).toEqual(['open', 'close'])
    const absent = async () => refuse('TOKEN_ABSENT', 'none')
    const said = await refusal(byPin(typing(fresh(), ['right']).ports, absent, login))
    expect(said).toBe('TOKEN_ABSENT: none')
  })
})
