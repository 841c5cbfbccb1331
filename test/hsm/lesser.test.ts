import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { toUtf8 } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { parseSeal, type SealedThing } from '../../proto/seal-file.ts'
import { openWithDek, sealToTokens, tokenTask, unwrapByToken } from '../../proto/seal-token.ts'
import { parseTokenCard, sealKeyOf, type TokenProfile } from '../../proto/token-card.ts'
import { enrolToken } from '../../signer-node/hsm/enrol.ts'
import { Hsm } from '../../signer-node/hsm/hsm.ts'
import { openPkcs11 } from '../../signer-node/hsm/pkcs11.ts'
import { openSoftware } from '../../signer-node/hsm/software.ts'
import { TokenFault } from '../../signer-node/hsm/token.ts'
import { refusal } from '../kit/refused.ts'
import {
  loggedIn,
  makeToken,
  officerPin,
  ports,
  random,
  secretPin,
  type TestToken,
  tokensHere,
} from '../kit/tokens.ts'

const org = parseHandle('acme')
const node = parseHandle('node-1')
const thing: SealedThing = {
  kind: 'identity',
  context: { org, env: 'test', owner: node, credential: parseHandle('secret') },
}
const wish = { org, env: 'test', node, id: parseHandle('token-1'), gaps: [] } as const

const made: TestToken[] = []
afterEach(() => {
  for (const token of made.splice(0)) token.remove()
})

async function fresh(name: TestToken['name'], mechanisms?: string): Promise<TestToken> {
  const token = await makeToken(name, mechanisms)
  made.push(token)
  return token
}

/** Written by hand, as a lesser or a tampered token. */
function bend({ directory }: TestToken, change: JsonObject): void {
  const file = join(directory, 'token/token.json')
  writeFileSync(file, encode({ ...(parse(readFileSync(file)) as JsonObject), ...change }))
}

/** Sealed to the card's key and opened by the token, in whatever profile the card says. */
async function roundTrip(hsm: Hsm, bytes: Uint8Array): Promise<TokenProfile> {
  const card = parseTokenCard(bytes)
  const key = sealKeyOf(card)
  const fresh = { dek: random(32), perToken: [random(32)] }
  const file = sealToTokens(thing, toUtf8('kept'), [key], fresh)
  const task = tokenTask(parseSeal(file), key)
  if (task === undefined) throw new Error('expected a task')
  using answer = await hsm.answer(task)
  const dek = unwrapByToken(parseSeal(file), key, answer.bytes) ?? new Uint8Array(32)
  expect(openWithDek(file, thing, dek)).toEqual(toUtf8('kept'))
  return card.profile
}

describe('a lesser token', () => {
  it('opens in the first profile that it really can do', async () => {
    const token = await fresh('software')
    for (const can of ['ecdh-x963', 'rsa-oaep'] as const) {
      bend(token, { can: [can] })
      await using hsm = await loggedIn(token)
      const { profile, tried } = await hsm.probe()
      expect(profile).toBe(can)
      expect(tried.find(({ what }) => what === 'ecdh')?.because).not.toBe('')
      expect(await roundTrip(hsm, await enrolToken(hsm, wish, random))).toBe(can)
    }
  })

  it('is of no use when it can do none, and says what it tried', async () => {
    const token = await fresh('software')
    bend(token, { can: [] })
    await using hsm = await loggedIn(token)
    expect((await hsm.probe()).tried.length).toBe(6)
    expect(await refusal(enrolToken(hsm, wish, random))).toMatch(/^TOKEN_WRONG: this token opens/)
  })

  it('is refused with every gap by name, and taken when somebody accepts exactly those', async () => {
    const token = await fresh('software')
    bend(token, { lacks: ['local', 'never extractable'] })
    await using hsm = await loggedIn(token)
    expect(await refusal(enrolToken(hsm, wish, random))).toBe(
      'TOKEN_WRONG: its keys lack: local, never extractable',
    )
    const partly = enrolToken(hsm, { ...wish, gaps: ['local'] }, random)
    expect(await refusal(partly)).toBe('TOKEN_WRONG: its keys lack: never extractable')
    const kept = parse(readFileSync(join(token.directory, 'token/token.json'))) as JsonObject
    expect(kept['keys']).toEqual([])
    const all = { ...wish, gaps: ['local', 'never extractable'] }
    const card = parseTokenCard(await enrolToken(hsm, all, random))
    expect(card.gaps).toEqual(all.gaps)
    bend(token, { lacks: ['local', 'never extractable', 'sensitive'] })
    expect(await refusal(hsm.use(card))).toBe('TOKEN_WRONG: its keys lack: sensitive')
  })

  it('is none for production when its keys lie in files', async () => {
    for (const name of tokensHere()) {
      const token = await fresh(name)
      await using hsm = await loggedIn(token)
      const wanted = { ...wish, env: 'prod', gaps: token.gaps } as const
      expect(await refusal(enrolToken(hsm, wanted, random))).toMatch(/none for production$/)
    }
  })
})

describe('a digest', () => {
  it('has 32 bytes, or no module sees it: some cut others silently', async () => {
    for (const name of tokensHere()) {
      const { place, pin } = await fresh(name)
      const home = place.module.replace(/^software:/, '')
      const token = name === 'software' ? openSoftware(home, random) : openPkcs11(place)
      token.login(pin)
      const key = token.make('identity', random(16), false)
      const said = (length: number): string => {
        try {
          return `${key.sign(random(length)).length} bytes`
        } catch (error) {
          return error instanceof TokenFault ? error.message : 'another fault'
        }
      }
      const no = 'not-permitted: a digest has 32 bytes'
      expect([name, ...[31, 32, 33, 0, 64].map(said)]).toEqual([name, no, '64 bytes', no, no, no])
      token.close()
    }
  })
})

describe('the PIN of a token', () => {
  it('locks after ten wrong ones, the tenth only by somebody who knows', async () => {
    const token = await fresh('software')
    const tried = async (pin: string, isAcknowledged = false): Promise<string> => {
      await using hsm = await Hsm.open(token.place, ports)
      using secret = secretPin(pin)
      return await refusal(hsm.login(secret, isAcknowledged))
    }
    expect(await tried('00000000')).toMatch(/^TOKEN_PIN/)
    const facts = async () => (await Hsm.list(token.place, ports))[0]?.pin
    expect(await facts()).toMatchObject({ isLow: true, isFinalTry: false, isLocked: false })
    bend(token, { tries: 9 })
    expect(await facts()).toMatchObject({ isFinalTry: true, isLocked: false })
    expect(await tried(token.pin)).toBe(
      'TOKEN_LOCKED: final-try: one more wrong PIN locks the token',
    )
    expect(await facts()).toMatchObject({ isFinalTry: true })
    expect(await tried('00000000', true)).toMatch(/^TOKEN_PIN/)
    expect(await tried(token.pin, true)).toBe('TOKEN_LOCKED: pin-locked: the token is locked')
    bend(token, { tries: 9 })
    expect(await tried(token.pin, true)).toBe('accepted')
    expect(await facts()).toMatchObject({ isLow: false, isLocked: false })
  })

  it('is set anew by its officer only', async () => {
    for (const name of tokensHere().filter((one) => one !== 'NSS')) {
      const token = await fresh(name)
      using user = secretPin('another-pin')
      using wrong = secretPin('00000000')
      using right = secretPin(officerPin)
      const init = (so: typeof wrong) => Hsm.init(token.place, { so, user }, 'again', ports)
      expect(await refusal(init(wrong))).toMatch(/^TOKEN_PIN/)
      expect((await init(right)).label).toBe('again')
      await using hsm = await loggedIn({ ...token, pin: 'another-pin' })
      expect((await hsm.probe()).profile).toBe('ecdh')
    }
  })
})

interface Raw {
  [name: string]: (...words: readonly unknown[]) => never
}

describe.runIf(tokensHere().includes('SoftHSM'))('a key in SoftHSM', () => {
  /** By the module's own calls, past our door. */
  function plant(
    token: TestToken,
    make: (p: Raw, session: never, ck: Record<string, number>) => void,
  ) {
    const binding = createRequire(import.meta.url)('pkcs11js') as Record<string, never>
    const p = new (binding['PKCS11'] as unknown as new () => Raw)()
    p['load']!(token.place.module)
    p['C_Initialize']!()
    const slot = (p['C_GetSlotList']!(true) as never[])[0]
    const session = p['C_OpenSession']!(slot, 6)
    p['C_Login']!(session, 1, token.pin)
    make(p, session, binding)
    p['C_Finalize']!()
  }

  const p256Oid = Buffer.from('06082a8648ce3d030107', 'hex')
  const oddKeys = {
    extractable: { extractable: true },
    'not sensitive': { sensitive: false },
    'of a wrong curve': { curve: Buffer.from('06052b8104000a', 'hex') },
    'that signs too': { sign: true },
    'that stands there twice': { twice: true },
  }

  it('is refused when it is anything but born here, for one use and for good', async () => {
    const token = await fresh('SoftHSM')
    const [card] = await (async () => {
      await using hsm = await loggedIn(token)
      return [parseTokenCard(await enrolToken(hsm, wish, random))]
    })()
    const planted: Record<string, { id: Buffer; point: Uint8Array }> = {}
    plant(token, (p, session, ck) => {
      for (const [name, odd] of Object.entries(oddKeys)) {
        const wanted = { extractable: false, sensitive: true, sign: false, curve: p256Oid, ...odd }
        const id = Buffer.from(random(16))
        const both = [
          { type: ck['CKA_TOKEN'], value: true },
          { type: ck['CKA_ID'], value: id },
        ]
        const secret = [
          ...both,
          { type: ck['CKA_PRIVATE'], value: true },
          { type: ck['CKA_SENSITIVE'], value: wanted.sensitive },
          { type: ck['CKA_EXTRACTABLE'], value: wanted.extractable },
          { type: ck['CKA_DERIVE'], value: true },
          { type: ck['CKA_SIGN'], value: wanted.sign },
          { type: ck['CKA_DECRYPT'], value: false },
          { type: ck['CKA_UNWRAP'], value: false },
          { type: ck['CKA_MODIFIABLE'], value: false },
        ]
        const open = [...both, { type: ck['CKA_EC_PARAMS'], value: wanted.curve }]
        const mechanism = { mechanism: 0x1040 }
        const pair = p['C_GenerateKeyPair']!(session, mechanism, open, secret) as Record<
          string,
          never
        >
        if ('twice' in odd) p['C_GenerateKeyPair']!(session, mechanism, open, secret)
        const read = [{ type: ck['CKA_EC_POINT'] }]
        const found = p['C_GetAttributeValue']!(session, pair['publicKey'], read) as {
          value: Buffer
        }[]
        planted[name] = { id, point: new Uint8Array(found[0]!.value.subarray(2)) }
      }
    })
    await using hsm = await loggedIn(token)
    const said: Record<string, string> = {}
    for (const [name, { id, point }] of Object.entries(planted)) {
      said[name] = await refusal(hsm.use({ ...card!, sealId: new Uint8Array(id), seal: point }))
    }
    expect(said).toEqual({
      extractable: 'TOKEN_WRONG: its keys lack: extractable, never extractable',
      'not sensitive': 'TOKEN_WRONG: its keys lack: always sensitive, sensitive',
      'of a wrong curve': 'TOKEN_WRONG: ecdh: wrong curve',
      'that signs too': 'TOKEN_WRONG: its keys lack: sign',
      'that stands there twice': 'TOKEN_WRONG: two of one public key and id',
    })
    expect(await refusal(hsm.use(card!))).toBe('accepted')
  })

  // As makers list them: a card with elliptic curves alone, and a key with RSA beside them.
  const curves = 'CKM_EC_KEY_PAIR_GEN,CKM_ECDSA,CKM_ECDH1_DERIVE'
  it.each([
    ['card', curves],
    ['yubi', `${curves},CKM_RSA_PKCS_KEY_PAIR_GEN,CKM_RSA_PKCS_OAEP`],
  ])('of a poorer module like "%s" opens in profile A', async (_, list) => {
    const token = await fresh('SoftHSM', list)
    await using hsm = await loggedIn(token)
    const { profile, tried } = await hsm.probe()
    expect(profile).toBe('ecdh')
    expect(tried.filter(({ because }) => because !== '')).toEqual([])
    expect(await roundTrip(hsm, await enrolToken(hsm, wish, random))).toBe('ecdh')
  })

  it('is found by trial and not by the list: OAEP with SHA-256 is listed and does not work', async () => {
    const list = 'CKM_RSA_PKCS_KEY_PAIR_GEN,CKM_RSA_PKCS_OAEP,CKM_EC_KEY_PAIR_GEN,CKM_ECDSA'
    const token = await fresh('SoftHSM', list)
    await using hsm = await loggedIn(token)
    const { profile, tried } = await hsm.probe()
    expect(profile).toBe('')
    expect(tried.map(({ what, because }) => [what, because === ''])).toEqual([
      ['identity', true],
      ['random', true],
      ['ecdh', false],
      ['ecdh-x963', false],
      ['rsa-oaep', false],
      ['floor', true],
    ])
  })
})

describe.runIf(tokensHere().includes('NSS'))('a token of NSS', () => {
  it('opens in the profiles B and C too', async () => {
    const token = await fresh('NSS')
    await using hsm = await loggedIn(token)
    for (const profile of ['ecdh-x963', 'rsa-oaep'] as const) {
      const card = await enrolToken(hsm, { ...wish, gaps: token.gaps, profile }, random)
      expect(await roundTrip(hsm, card)).toBe(profile)
    }
  })
})
