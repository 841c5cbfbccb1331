import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toUtf8 } from '../../proto/crypto.ts'
import { parseDigest } from '../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import {
  floorAbout,
  floorsMax,
  nextFloor,
  type TokenFloor,
  writeTokenFloor,
} from '../../proto/token-floor.ts'
import { Hsm } from '../../signer-node/hsm/hsm.ts'
import { openPkcs11 } from '../../signer-node/hsm/pkcs11.ts'
import { openSoftware } from '../../signer-node/hsm/software.ts'
import type { Token } from '../../signer-node/hsm/token.ts'
import { refusal } from '../kit/refused.ts'
import { loggedIn, makeToken, ports, random, type TestToken, tokensHere } from '../kit/tokens.ts'

const digest = (byte: string) => parseDigest(byte.repeat(32))
const about = (vault: string) =>
  floorAbout({ org: 'acme', env: 'test', origin: 'acme/cold', vault })
const first = (vault: string): TokenFloor => ({
  ...{ about: about(vault), env: 'test', epoch: 0, seal: digest('5e'), record: digest('7e') },
  ...{ cold: { size: 7, root: digest('c0') }, main: { size: 0, root: '' }, count: 1 },
})
const later = (floor: TokenFloor, size: number): TokenFloor =>
  nextFloor(floor, { ...floor, cold: { size, root: digest('c1') } })

/** In this process, as the token's own process has it. */
function bare({ name, place, pin }: TestToken): Token {
  const directory = place.module.replace('software:', '')
  const token = name === 'software' ? openSoftware(directory, random) : openPkcs11(place)
  token.login(pin)
  return token
}

describe.each(tokensHere())('what a token of %s remembers', (name) => {
  let token: TestToken
  beforeAll(async () => {
    token = await makeToken(name)
  })
  afterAll(() => token.remove())

  it('is nothing at first, then one floor for each vault, in the next process too', async () => {
    {
      await using hsm = await loggedIn(token)
      expect(await hsm.floors()).toEqual([])
      await hsm.keepFloor(first('eth'))
      await hsm.keepFloor(first('tron'))
      await hsm.keepFloor(later(first('eth'), 9))
    }
    await using hsm = await loggedIn(token)
    const found = [...(await hsm.floors())].sort((a, b) => b.count - a.count)
    expect(found).toEqual([later(first('eth'), 9), first('tron')])
  })

  it('never goes back: what does not follow is refused, and the last one stays', async () => {
    await using hsm = await loggedIn(token)
    const last = later(first('eth'), 9)
    const next = later(last, 10)
    const back: readonly TokenFloor[] = [
      last,
      { ...next, count: next.count + 1 },
      { ...next, cold: { size: 8, root: digest('c1') } },
      { ...next, cold: { size: 9, root: digest('c2') } },
      { ...next, env: 'prod' },
      first('eth'),
      { ...first('sol'), count: 2 },
    ]
    for (const one of back) expect(await refusal(hsm.keepFloor(one))).toMatch(/^TOKEN_FLOOR: floor/)
    expect(await hsm.floors()).toEqual(expect.arrayContaining([last, first('tron')]))
    await hsm.keepFloor(next)
    expect(await hsm.floors()).toEqual(expect.arrayContaining([next, first('tron')]))
  })

  it('is told to nobody without the PIN', async () => {
    await using hsm = await Hsm.open(token.place, ports)
    if (name === 'software') {
      expect(await refusal(hsm.floors())).toMatch(/^TOKEN_BROKEN: not-permitted/)
    } else expect(await hsm.floors()).toEqual([])
    expect(await refusal(hsm.keepFloor(first('new')))).not.toBe('accepted')
  })

  it('is the later of two after an interruption, and trials that were cut short are gone', async () => {
    const [old, next] = [later(later(first('eth'), 9), 10), later(first('tron'), 8)]
    const last = later(next, 11)
    {
      using scope = new DisposableStack()
      const here = bare(token)
      scope.defer(() => here.close())
      for (const floor of [last, next]) here.keep(writeTokenFloor(floor))
      here.keep(toUtf8('trial 00'))
      if (name !== 'NSS') here.keep(toUtf8(''))
    }
    await using hsm = await loggedIn(token)
    expect(await hsm.floors()).toEqual(expect.arrayContaining([old, last]))
    await hsm.keepFloor(later(last, 12))
    expect(await hsm.floors()).toHaveLength(2)
    expect((await hsm.probe()).tried.find(({ what }) => what === 'floor')?.because).toBe('')
    expect(await hsm.floors()).toHaveLength(2)
  })

  it('cannot be read after somebody bent it, and that is a fault and never nothing', async () => {
    const bent = toUtf8('{"count":1}')
    const here = bare(token)
    here.keep(bent)
    here.close()
    {
      await using hsm = await loggedIn(token)
      expect(await refusal(hsm.floors())).toMatch(/^TOKEN_FLOOR: it cannot be read/)
      expect(await refusal(hsm.keepFloor(first('new')))).toMatch(/^TOKEN_FLOOR: it cannot/)
    }
    const again = bare(token)
    again
      .kept()
      .find((one) => one.bytes.length === bent.length)
      ?.drop()
    again.close()
    await using hsm = await loggedIn(token)
    expect(await hsm.floors()).toHaveLength(2)
  })
})

describe('a token that remembers', () => {
  it('remembers sixteen vaults and refuses one more', async () => {
    const token = await makeToken('software')
    {
      await using hsm = await loggedIn(token)
      for (let at = 0; at < floorsMax; at += 1) await hsm.keepFloor(first(`vault-${at}`))
      const more = await refusal(hsm.keepFloor(first('one-more')))
      expect(more).toBe('TOKEN_FLOOR: a token remembers 16 vaults')
      expect(await hsm.floors()).toHaveLength(floorsMax)
    }
    token.remove()
  })

  it('keeps the last floor when it has no room for the next, and says in a trial that it has none', async () => {
    const token = await makeToken('software')
    {
      await using hsm = await loggedIn(token)
      await hsm.keepFloor(first('eth'))
      const file = join(token.directory, 'token/token.json')
      writeFileSync(file, encode({ ...(parse(readFileSync(file)) as JsonObject), room: 1 }))
      expect(await refusal(hsm.keepFloor(later(first('eth'), 9)))).toMatch(
        /^TOKEN_BROKEN: log-full/,
      )
      expect(await hsm.floors()).toEqual([first('eth')])
      const tried = (await hsm.probe()).tried.find(({ what }) => what === 'floor')
      expect(tried?.because).toBe('no room for a document')
    }
    token.remove()
  })
})
