import { p256 } from '@noble/curves/nist.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { p256Verify, toUtf8 } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { parseSeal, type SealedThing } from '../../proto/seal-file.ts'
import { openWithDek, sealToTokens, tokenTask, unwrapByToken } from '../../proto/seal-token.ts'
import { parseTokenCard, sealKeyOf, type TokenCard } from '../../proto/token-card.ts'
import { enrolToken } from '../../signer-node/hsm/enrol.ts'
import { Hsm } from '../../signer-node/hsm/hsm.ts'
import { refusal } from '../kit/refused.ts'
import {
  loggedIn,
  makeToken,
  ports,
  random,
  secretPin,
  type TestToken,
  tokensHere,
} from '../kit/tokens.ts'

const owner = { org: parseHandle('acme'), env: 'test', node: parseHandle('node-1') } as const
const thing: SealedThing = {
  kind: 'identity',
  context: { org: owner.org, env: 'test', owner: owner.node, credential: parseHandle('secret') },
}
const wish = (id: string, gaps: readonly string[]) => ({ ...owner, id: parseHandle(id), gaps })
const plaintext = toUtf8('what a node keeps')

function sealedFor(...cards: readonly TokenCard[]): Uint8Array {
  const perToken = cards.map(() => random(32))
  const keys = cards.map((card) => sealKeyOf(card))
  return sealToTokens(thing, plaintext, keys, { dek: random(32), perToken })
}

async function opened(hsm: Hsm, card: TokenCard, file: Uint8Array): Promise<Uint8Array> {
  const [seal, key] = [parseSeal(file), sealKeyOf(card)]
  const task = tokenTask(seal, key)
  if (task === undefined) throw new Error('expected a stanza for this token')
  using answer = await hsm.answer(task)
  return openWithDek(file, thing, unwrapByToken(seal, key, answer.bytes) ?? new Uint8Array(32))
}

describe.each(tokensHere())('a token of %s', (name) => {
  let token: TestToken
  let card: TokenCard
  let hsm: Hsm
  beforeAll(async () => {
    token = await makeToken(name)
    hsm = await loggedIn(token)
    card = parseTokenCard(await enrolToken(hsm, wish('token-1', token.gaps), random))
  })
  afterAll(async () => {
    await hsm[Symbol.asyncDispose]()
    token.remove()
  })

  it('says what it is before anybody logs in', async () => {
    await using hsm = await Hsm.open(token.place, ports)
    const { serial, pin, module } = hsm.facts
    expect([serial, pin.isSet, pin.isLocked]).toEqual([card.serial, true, false])
    expect([module, hsm.facts.manufacturer]).toEqual([card.module, card.manufacturer])
    const listed = await Hsm.list({ ...token.place, serial: '' }, ports)
    expect(listed.map((one) => one.serial)).toEqual([card.serial])
  })

  it('is found by trial to open in profile A, and leaves nothing of the trial behind', async () => {
    for (const _ of [1, 2]) {
      const { profile, tried } = await hsm.probe()
      expect(profile).toBe('ecdh')
      expect(tried.map(({ what, because }) => `${what}${because}`)).toEqual([
        'identity',
        'random',
        'ecdh',
        'floor',
      ])
    }
    await hsm.use(card)
  })

  it('signs with a low s what others verify', async () => {
    for (let i = 0; i < 12; i += 1) {
      const message = random(40)
      const signature = await hsm.sign(message)
      expect(p256Verify(card.identity, message, signature)).toBe(true)
      expect(p256.verify(signature, message, card.identity, { lowS: true })).toBe(true)
    }
  })

  it('opens what was sealed to its public key, and nothing else', async () => {
    expect(await opened(hsm, card, sealedFor(card))).toEqual(plaintext)
    const file = sealedFor(card)
    const key = sealKeyOf(card)
    const odd = tokenTask(parseSeal(file), key)
    if (odd?.do !== 'agree') throw new Error('expected profile A')
    const other = p256.getPublicKey(random(32), false)
    using answer = await hsm.answer({ ...odd, point: other })
    expect(unwrapByToken(parseSeal(file), key, answer.bytes)).toBeUndefined()
  })

  it('says one sentence about points off the curve, and works on', async () => {
    const point = p256.getPublicKey(random(32), false)
    const off = point.with(40, point[40]! ^ 1)
    const asked = hsm.answer({ do: 'agree', kdf: 'null', point: off })
    expect(await refusal(asked)).toBe('SEAL: this file does not open here')
    expect(await opened(hsm, card, sealedFor(card))).toEqual(plaintext)
  })

  it('gives other random bytes each time', async () => {
    using first = await hsm.random(32)
    using second = await hsm.random(32)
    expect([first.bytes.length, first.equals(second)]).toEqual([32, false])
  })

  it('refuses a wrong PIN once, and takes the right one in the next process', async () => {
    {
      await using hsm = await Hsm.open(token.place, ports)
      using wrong = secretPin('99999999')
      expect(await refusal(hsm.login(wrong, false))).toMatch(/^TOKEN_PIN: wrong-pin/)
      expect(await refusal(hsm.use(card))).not.toBe('accepted')
    }
    await using hsm = await loggedIn(token)
    await hsm.use(card)
    expect(await opened(hsm, card, sealedFor(card))).toEqual(plaintext)
  })

  it('does nothing before the login', async () => {
    await using hsm = await Hsm.open(token.place, ports)
    expect(await refusal(hsm.use(card))).not.toBe('accepted')
    expect(await refusal(hsm.sign(random(8)))).toMatch(/^TOKEN_BROKEN: not-permitted/)
    const task = { do: 'agree', kdf: 'null', point: card.seal } as const
    expect(await refusal(hsm.answer(task))).toMatch(/^TOKEN_BROKEN: not-permitted/)
  })

  it('is not taken for another: by serial, by identity, by seal key, by id', async () => {
    expect(await refusal(hsm.use(card))).toBe('accepted')
    const stranger = p256.getPublicKey(random(32), false)
    const odd = [
      { serial: 'another' },
      { identity: stranger },
      { seal: stranger },
      { identityId: random(16) },
      { sealId: card.identityId },
    ]
    for (const change of odd) {
      expect(await refusal(hsm.use({ ...card, ...change }))).toMatch(/^TOKEN_WRONG/)
    }
    const place = { ...token.place, serial: 'another' }
    expect(await refusal(Hsm.open(place, ports))).toMatch(/^TOKEN_ABSENT: not-present/)
  })

  it('has the module that is pinned, or nothing of it is loaded', async () => {
    const { module } = hsm.facts
    await using pinned = await Hsm.open({ ...token.place, digest: module }, ports)
    expect(pinned.facts.module).toBe(module)
    const odd = { ...token.place, digest: 'ab'.repeat(32) }
    expect(await refusal(Hsm.open(odd, ports))).toBe(
      `TOKEN_WRONG: module: expected the file ${odd.digest}, got ${module}`,
    )
  })

  it('is gone while it is unplugged, and back with the next process', async () => {
    const hsm = await loggedIn(token)
    await hsm.use(card)
    const file = sealedFor(card)
    token.unplug()
    try {
      // NSS holds its files open; the others notice at the next operation.
      const outcome = await refusal(opened(hsm, card, file))
      if (name === 'NSS') expect(outcome).toBe('accepted')
      else expect(outcome).toMatch(/^(TOKEN|SEAL)/)
    } finally {
      token.plug()
      await hsm[Symbol.asyncDispose]()
    }
    await using again = await loggedIn(token)
    await again.use(card)
    expect(await opened(again, card, file)).toEqual(plaintext)
  })

  it('is not there to be opened while it is unplugged', async () => {
    token.unplug()
    try {
      expect(await refusal(Hsm.open(token.place, ports))).toMatch(/^TOKEN_(ABSENT|BROKEN)/)
    } finally {
      token.plug()
    }
  })

  it('ends its process when it is closed, once and for all', async () => {
    const hsm = await loggedIn(token)
    expect(isAlive(hsm.pid)).toBe(true)
    await hsm[Symbol.asyncDispose]()
    expect(isAlive(hsm.pid)).toBe(false)
    expect(await refusal(hsm.sign(random(8)))).toMatch(/^TOKEN_ABSENT/)
    await hsm[Symbol.asyncDispose]()
  })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
