import { describe, expect, it } from 'vitest'
import { parseDigest } from '../../proto/ids.ts'
import { floorAbout, nextFloor, type TokenFloor } from '../../proto/token-floor.ts'
import { refusal } from '../kit/refused.ts'
import { loggedIn, makeToken, tokensHere } from '../kit/tokens.ts'

const digest = (byte: string) => parseDigest(byte.repeat(32))
const start: TokenFloor = {
  about: floorAbout({ org: 'acme', env: 'test', origin: 'acme/cold', vault: 'eth' }),
  ...{ env: 'test', epoch: 0, seal: digest('5e'), record: '', count: 1 },
  ...{ cold: { size: 7, root: digest('c0') }, main: { size: 0, root: '' } },
}
const later = (floor: TokenFloor, size: number): TokenFloor =>
  nextFloor(floor, { ...floor, cold: { size, root: digest('c1') } })

describe('a floor in a token', () => {
  it.each(tokensHere())(
    'has the last floor or the next when %s is killed at any moment',
    async (name) => {
      const token = await makeToken(name)
      let floor = start
      {
        await using hsm = await loggedIn(token)
        await hsm.keepFloor(floor)
      }
      for (const delayMs of [1, 3, 6, 9, 13, 17, 23]) {
        const hsm = await loggedIn(token)
        const killing = setTimeout(() => process.kill(hsm.pid, 'SIGKILL'), delayMs)
        for (let at = 0; at < 500; at += 1) {
          const next = later(floor, floor.cold.size + 1)
          if ((await refusal(hsm.keepFloor(next))) !== 'accepted') break
          floor = next
        }
        clearTimeout(killing)
        await hsm[Symbol.asyncDispose]()
        await using again = await loggedIn(token)
        const [found, ...more] = await again.floors()
        expect(more).toEqual([])
        expect([floor, later(floor, floor.cold.size + 1)]).toContainEqual(found)
        floor = found!
      }
      token.remove()
    },
  )
})
