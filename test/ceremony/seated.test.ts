// What the programs of a sitting refuse before anything is begun: a machine, a token, a card, a plan
// that is not the one. And the key of the table: it lies on the card in a Seal of the Record token.
import { spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Plan } from '../../policy/ceremony/plan.ts'
import { toHex } from '../../proto/crypto.ts'
import { writeBundleFiles } from '../../proto/io/bundle-files.ts'
import { parseTokenCard } from '../../proto/token-card.ts'
import { buildFiles } from '../../signer-node/ceremony/build-files.ts'
import { CardLock } from '../../signer-node/ceremony/card-lock.ts'
import { ceremonyCommands } from '../../signer-node/ceremony/commands.ts'
import { requireModule, requireReady } from '../../signer-node/ceremony/readiness.ts'
import { type HubPorts, seatHub } from '../../signer-node/ceremony/seated-hub.ts'
import { openTableKey, tableFiles } from '../../signer-node/ceremony/table-key.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import type { Secret } from '../../signer-node/dkls23/secret.ts'
import { Hsm } from '../../signer-node/hsm/hsm.ts'
import { refusal } from '../kit/refused.ts'
import { RoomStory } from '../kit/room-story.ts'
import { pins, type Socket, socket } from '../kit/station-tokens.ts'
import { ports, random, secretPin } from '../kit/tokens.ts'

const project = join(import.meta.dirname, '../..')
const curve = nativeCurve()
const world = {
  ...{ random, wallMs: Date.now, curve: () => curve, terminal: () => undefined },
  isTerminal: false,
}
const home = mkdtempSync(join(tmpdir(), 'custody-seated-'))
const at = (name: string): string => join(home, name)
const say = async (...words: readonly string[]) => await ceremonyCommands.commandOf(words)?.(world)
let bench: Socket

beforeAll(async () => {
  bench = socket('software')
  for (const which of ['daily', 'other']) {
    writeFileSync(at(`${which}.json`), await bench.make(which, 'record'))
  }
})
afterAll(() => {
  rmSync(home, { recursive: true, force: true })
  bench.remove()
})

const cardOf = (which: string) => parseTokenCard(readFileSync(at(`${which}.json`)))
async function keyOpenedBy(which: string): Promise<Secret> {
  bench.plug(which)
  const card = cardOf(which)
  await using hsm = await Hsm.open({ ...bench.slot, serial: card.serial }, ports)
  using pin = secretPin(pins[which] ?? '')
  await hsm.login(pin, false)
  await hsm.use(card)
  return await openTableKey(at('hub'), { hsm, card, random })
}

describe('the key of a table', () => {
  it('is made before the plan, sealed to the Record token, which opens it at the sitting', async () => {
    const laid = await say('table', at('hub'), '--token', at('daily.json'))
    const kept = readdirSync(at('hub')).map((name) => readFileSync(at(`hub/${name}`), 'latin1'))
    expect(kept.join('')).not.toContain('PRIVATE KEY')
    using pem = await keyOpenedBy('daily')
    const key = createPrivateKey(Buffer.from(pem.bytes))
    const x509 = new X509Certificate(readFileSync(at(`hub/${tableFiles.certificate}`)))
    expect(x509.checkPrivateKey(key)).toBe(true)
    expect(laid).toMatchObject({ transport: expect.stringMatching(/^[0-9a-f]{64}$/) })
    const scalar = Buffer.from(key.export({ format: 'jwk' })['d'] ?? '', 'base64url')
    expect(kept.join('')).not.toContain(scalar.toString('latin1'))
    expect(kept.join('')).not.toContain(toHex(new Uint8Array(scalar)))
  })

  it('is opened by no other token, and never written over', async () => {
    expect(await refusal(keyOpenedBy('other'))).toMatch(/^SEAL/)
    await expect(say('table', at('hub'), '--token', at('daily.json'))).rejects.toThrow('EEXIST')
  })
})

describe('a card', () => {
  it('is worked on by one program, and by another when that has ended, however it ended', async () => {
    const path = at('card')
    const lock = new CardLock(path)
    expect(await refusal(Promise.resolve().then(() => new CardLock(path)))).toBe(
      `CONFIG: ${path}: another program works on this card`,
    )
    lock[Symbol.dispose]()
    const holds = `import { CardLock } from '${project}/signer-node/ceremony/card-lock.ts'
      new CardLock(${JSON.stringify(path)}); process.kill(process.pid, 'SIGKILL')`
    const { signal } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', holds])
    expect(signal).toBe('SIGKILL')
    using again = new CardLock(path)
    expect(again).toBeDefined()
  })
})

describe('a machine', () => {
  const { digest } = buildFiles(project, process.execPath)
  const build = {
    ...{ program: digest, image: digest, node: process.versions.node, flags: [], modules: [] },
  } as unknown as Plan['build']
  const ready = (of: Partial<Plan['build']>, env: Plan['env'] = 'test', inside = 'daily') => {
    bench.plug(inside === '' ? undefined : inside)
    mkdirSync(at('out'), { recursive: true })
    const flags = process.execArgv
    const modules = [cardOf('daily').module]
    const place = { address: undefined, cards: [at('out')], slot: bench.slot }
    return refusal(requireReady({ env, build: { ...build, flags, modules, ...of } }, place, world))
  }

  it('takes part with the program, the runtime and the token of the plan', async () => {
    expect(await ready({})).toBe('accepted')
  })

  it('is refused with another build or flag, at a rehearsal too (X-3)', async () => {
    expect(await ready({ program: 'a'.repeat(64) as never })).toMatch(/^CEREMONY: .*X-3 build: /)
    expect(await ready({ flags: ['--inspect'] })).toMatch(/^CEREMONY: .*X-3 flags: /)
  })

  it('is refused without a token, and in production with one in software (X-5)', async () => {
    expect(await ready({}, 'test', '')).toMatch(/^CEREMONY: .*X-5 token: /)
    expect(await ready({}, 'prod')).toMatch(/^CEREMONY: .*X-5 token: /)
  })

  it('loads no module that the plan does not name (X-3)', async () => {
    const known = 'b'.repeat(64) as never
    expect(await ready({ modules: [known] })).toMatch(/expected a module of the plan/)
    const asked = (one: string) =>
      refusal(Promise.resolve().then(() => requireModule(one, [known])))
    expect([await asked('b'.repeat(64)), await asked('')]).toEqual(['accepted', 'accepted'])
    expect(await asked('c'.repeat(64))).toMatch(/^TOKEN_WRONG: expected a module of the plan/)
  })
})

describe('the Record station', () => {
  const story = new RoomStory()
  const seatPorts = {
    ...{ random, clock: { wallMs: Date.now, monotonicMs: () => performance.now() } },
    ...{ report: () => {}, terminal: {} },
  } as unknown as HubPorts
  const places = (change: object = {}) => ({
    ...{ card: at('record'), bundle: at('bundle'), out: [at('o')], stations: [] },
    ...{ token: at('daily.json'), slot: bench.slot },
    ...change,
  })

  it('asks no PIN of a token that the plan does not name (X-9)', async () => {
    writeBundleFiles(at('bundle'), story.bundleIn)
    expect(await refusal(seatHub(places(), seatPorts))).toMatch(
      /^TOKEN_WRONG: expected the card of the record token/,
    )
    // What was held until then is free again.
    using lock = new CardLock(at('record'))
    expect(lock).toBeDefined()
  })

  it('begins nothing of a Bundle that was changed, or that lacks a file', async () => {
    for (const [name] of story.bundleIn) {
      const bent = new Map(story.bundleIn)
      const bytes = bent.get(name)!
      bent.set(name, bytes.with(bytes.length - 2, bytes.at(-2)! ^ 1))
      rmSync(at('bent'), { recursive: true, force: true })
      writeBundleFiles(at('bent'), bent)
      const refused = await refusal(seatHub(places({ bundle: at('bent') }), seatPorts))
      expect(refused, name).toMatch(/^(?:BUNDLE|MALFORMED|PLAN|TOO_LARGE)/)
      const less = new Map(story.bundleIn)
      less.delete(name)
      rmSync(at('bent'), { recursive: true, force: true })
      writeBundleFiles(at('bent'), less)
      const without = await refusal(seatHub(places({ bundle: at('bent') }), seatPorts))
      expect(without, name).toMatch(/^(?:BUNDLE|MALFORMED)/)
    }
  })
})
