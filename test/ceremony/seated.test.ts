// What the programs of a sitting refuse before anything is begun: a machine, a token, a card, a plan
// that is not the one. And the key of the table: it lies on the card in a Seal of the Record token.
import { spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manifestOf, readBundle } from '../../policy/ceremony/bundle.ts'
import { type Plan, parsePlan } from '../../policy/ceremony/plan.ts'
import { fromUtf8, toHex, toUtf8 } from '../../proto/crypto.ts'
import { parseHandle, parseNodeId, parsePersonId } from '../../proto/ids.ts'
import { readBundleFiles, writeBundleFiles } from '../../proto/io/bundle-files.ts'
import { text } from '../../proto/jcs.ts'
import { refuse } from '../../proto/refusal.ts'
import { parseTokenCard } from '../../proto/token-card.ts'
import { buildFiles } from '../../signer-node/ceremony/build-files.ts'
import { CardLock } from '../../signer-node/ceremony/card-lock.ts'
import { ceremonyCommands } from '../../signer-node/ceremony/commands.ts'
import { requireModule, requireReady } from '../../signer-node/ceremony/readiness.ts'
import { type HubPorts, seatHub } from '../../signer-node/ceremony/seated-hub.ts'
import { type SeatPorts, seatStation } from '../../signer-node/ceremony/seated-station.ts'
import { speak, writeOut } from '../../signer-node/ceremony/seated-writes.ts'
import { openTableKey, tableFiles } from '../../signer-node/ceremony/table-key.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import type { Secret } from '../../signer-node/dkls23/secret.ts'
import { Hsm } from '../../signer-node/hsm/hsm.ts'
import { refusal } from '../kit/refused.ts'
import { enrolStation } from '../kit/room-stage.ts'
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

const story = new RoomStory()

/** The Bundle of the story with another plan in it. */
function bundleWith(name: string, change: object): string {
  const files = new Map(story.bundleIn)
  const plan = text({ ...JSON.parse(fromUtf8(files.get('plan.json')!)!), ...change })
  const { digest } = parsePlan(toUtf8(plan))
  const { manifest, ...of } = readBundle(story.bundleIn, 'in')
  files.delete('manifest.json')
  files.set('plan.json', toUtf8(plan))
  files.set(
    'manifest.json',
    manifestOf(files, { ...of, ...manifest, direction: 'in', plan: digest }),
  )
  writeBundleFiles(at(name), files)
  return at(name)
}

describe('the Record station', () => {
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

  /** With the token of this bench as that of the Record station, and its PIN. */
  const seated = async (name: string, change: object, more: object = {}): Promise<string> => {
    bench.plug('daily')
    const { serial, identity } = cardOf('daily')
    const recordToken = { serial, identity: toHex(identity), gaps: [] }
    const bundle = bundleWith(name, { recordToken, ...change })
    const pad = {
      say: () => {},
      line: async () => '',
      secret: async () => secretPin(pins['daily']!),
    }
    const ports = { ...seatPorts, terminal: { pad, say: () => {} } } as unknown as HubPorts
    const sat = seatHub(places({ bundle, card: at('hub'), ...more }), ports)
    return await refusal(sat.then((one) => one[Symbol.asyncDispose]()))
  }

  it('sits at a table by cards, and asks where they are', async () => {
    mkdirSync(at('cards'), { recursive: true })
    expect(await seated('by-cards', {}, { cards: at('cards') })).toBe('accepted')
    expect(await seated('no-cards', {})).toBe(
      'CONFIG: the plan has a table by cards: expected --cards',
    )
  })

  it('sits at no network for which it lacks the card of a station', async () => {
    const { called } = parsePlan(story.bundleIn.get('plan.json')!).plan
    const stations = called.map((node, x) => ({ node, address: `127.0.0.${x + 2}` }))
    const transport = 'ab'.repeat(32)
    const table = { way: 'network', port: 20_999, hub: '127.0.0.1', transport, stations }
    expect(await seated('network', { table })).toBe(
      `CONFIG: expected the station card of ${called[0]}`,
    )
  })
})

describe('a Station', () => {
  it('that the plan does not call, or knows nothing of, asks for no PIN (X-9)', async () => {
    const owner = {
      org: parseHandle('acme'),
      env: 'dev',
      origin: parseHandle('acme/cold'),
    } as const
    const begun = Date.parse('2026-12-07T09:00:00Z')
    const asked: string[] = []
    const ports = {
      terminal: { pad: {} },
      ready: async (_: unknown, { node }: { node: string }) => {
        asked.push(node)
        return refuse('CEREMONY', 'not ready')
      },
    } as unknown as SeatPorts
    const [called] = parsePlan(story.bundleIn.get('plan.json')!).plan.called
    const sits = async (x: number, node = parseNodeId(`node-${x}`)): Promise<string> => {
      const { home, socket } = await enrolStation(at(`station-${x}`), x, owner, begun, { node })
      const media = { a: join(home, 'a'), b: join(home, 'b') }
      const more = { bundle: at('bundle'), media, table: '', slot: socket.slot }
      return await refusal(seatStation({ card: at(`card-${x}`), ...more }, ports))
    }
    expect(await sits(1, called)).toBe('CEREMONY: not ready')
    expect(await sits(5)).toBe('PLAN: the plan does not call node-5')
    expect(asked).toEqual([called])
  }, 60_000)
})

describe('a Statement of somebody without a token', () => {
  const signer = { identity: cardless(), sign: async () => new Uint8Array(64).fill(1) }
  const said = (role: 'recorder' | 'witness', typed: string) => {
    const actor = { role, person: parsePersonId('will') }
    return speak({ actor, document: '{}' }, signer, at('speaks'), { line: async () => typed })
  }

  it('is what its owner brings, and is refused where that is no signature', async () => {
    expect(await said('witness', ` will-1  ${'0a'.repeat(64)} `)).toMatchObject({
      ...{ by: 'credential', name: 'will-1', document: '{}' },
      signature: new Uint8Array(64).fill(10),
    })
    for (const typed of [
      '',
      'will-1',
      'will-1 not-hex',
      `will-1 ${'0A'.repeat(64)}`,
      'will-1 0a',
    ]) {
      expect(await refusal(said('witness', typed))).toBe(
        'MALFORMED: expected a credential and a signature of 64 bytes',
      )
    }
  })

  it('of the recorder is signed by the token, and nobody is asked', async () => {
    const { by, signature } = await said('recorder', 'nothing that is looked at')
    expect([by, signature]).toEqual(['token', new Uint8Array(64).fill(1)])
  })
})

describe('what is carried out', () => {
  const files = new Map([['record.jsonl', new Uint8Array([1, 2, 3])]])

  it('is on every medium as it was made, and after a restart it may be there already', () => {
    const out = [at('out-1'), at('out-2')]
    writeOut(files, [out[0]!])
    writeOut(files, out)
    for (const one of out) expect(readBundleFiles(one)).toEqual(files)
  })

  it('is refused on a medium that bends a byte, or that holds another one, which stays', async () => {
    /** Writes what it does not read back. */
    class Worn extends Map<string, Uint8Array> {
      #count = 0
      override *[Symbol.iterator]() {
        this.#count += 1
        const bent = new Uint8Array([1, 2, this.#count])
        yield ['record.jsonl', bent] as [string, Uint8Array]
        return undefined
      }
    }
    const no = (of: Map<string, Uint8Array>, directory: string) =>
      refusal(Promise.resolve().then(() => writeOut(of, [directory])))
    expect(await no(new Worn(files), at('out-worn'))).toMatch(/^BUNDLE: .* does not read back/)
    const other = new Map([...files, ['results.json', new Uint8Array([9])] as const])
    expect(await no(other, at('out-1'))).toMatch(/^BUNDLE: .* does not read back/)
    expect(readBundleFiles(at('out-1'))).toEqual(files)
  })
})

/** A point that no card has: it is only named. */
function cardless(): Uint8Array {
  return new Uint8Array(65).fill(4)
}
