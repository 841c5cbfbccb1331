import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodePlan } from '../../policy/ceremony/plan.ts'
import { parseStationCard } from '../../policy/ceremony/station-card.ts'
import { ceremonyCommands } from '../../signer-node/ceremony/commands.ts'
import { openMedium } from '../../signer-node/ceremony/medium.ts'
import { Spoken } from '../../signer-node/ceremony/spoken.ts'
import { CommandUsage } from '../../signer-node/command.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { testPlan } from '../kit/planned.ts'
import { refusal } from '../kit/refused.ts'
import { pins, type Socket, socket } from '../kit/station-tokens.ts'
import { random } from '../kit/tokens.ts'

const curve = nativeCurve()
const world = {
  ...{ random, wallMs: Date.now, curve: () => curve, terminal: () => undefined },
  isTerminal: false,
}
let home: string
let bench: Socket
const path = (name: string): string => join(home, name)
const say = async (...words: readonly string[]): Promise<object> =>
  (await ceremonyCommands.commandOf(words)?.(world)) ?? {}
const token = (which: string): readonly string[] => {
  bench.plug(which)
  writeFileSync(path('pin'), pins[which] ?? '')
  chmodSync(path('pin'), 0o600)
  return ['--module', bench.slot.module, '--pin-file', path('pin')]
}
const enrol = (by: string, ...change: readonly string[]): Promise<object> => {
  const cards = ['--daily', path('daily.json'), '--spare', path('spare.json')]
  const station = ['--plan', path('plan.json'), '--node', 'node-1']
  return say('enrol', path('a'), path('b'), ...station, ...cards, ...token(by), ...change)
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'custody-ceremony-commands-'))
  bench = socket('software')
  writeFileSync(path('plan.json'), encodePlan(testPlan('enrolment')))
  for (const which of ['daily', 'spare', 'newer']) {
    writeFileSync(path(`${which}.json`), await bench.make(which, 'node-1'))
  }
})
afterAll(() => {
  rmSync(home, { recursive: true, force: true })
  bench.remove()
})

describe('custody-ceremony', () => {
  it('has help for every verb, and none that exports, signs what is brought, or overrides', () => {
    const usage = ceremonyCommands.usage()
    for (const { verb, about } of ceremonyCommands.all) {
      expect(usage).toContain(`custody-ceremony ${verb}`)
      expect(ceremonyCommands.helpOf([...verb.split(' '), '--help'])).toContain(about)
    }
    expect(ceremonyCommands.all.flatMap(({ usage: lines }) => lines).join(' ')).not.toMatch(
      /--force|--export|--sign\b|--digest-to-sign/,
    )
    expect(() => ceremonyCommands.commandOf(['dance'])).toThrow(CommandUsage)
  })

  it('enrols a station on two equal media, or on none when the token or the PIN is wrong', async () => {
    const wrong = ['--module', bench.slot.module, '--pin-file', path('wrong')]
    writeFileSync(path('wrong'), 'not its PIN')
    chmodSync(path('wrong'), 0o600)
    bench.plug('daily')
    const cards = ['--daily', path('daily.json'), '--spare', path('spare.json')]
    const station = ['--plan', path('plan.json'), '--node', 'node-1']
    const trying = say('enrol', path('a'), path('b'), ...station, ...cards, ...wrong)
    expect(await refusal(trying)).toBe(
      'TOKEN_PIN: the PIN that was given is wrong; it is tried once',
    )
    expect(await refusal(enrol('newer'))).toMatch(/^TOKEN_WRONG: expected the daily or the spare/)
    expect(await refusal(enrol('daily', '--node', 'node-9'))).toMatch(/^PLAN: the plan has no/)
    expect(await refusal(enrol('daily', '--node', 'node-2'))).toMatch(
      /^CONFIG: station card: the token/,
    )
    expect(existsSync(path('a')) && readdirSync(path('a')).length > 0).toBe(false)
    expect(await enrol('daily')).toMatchObject({
      ...{ station: 'red 1', node: 'node-1', testedBy: 'daily', exceptions: [] },
    })
    const files = (medium: string) => readdirSync(path(medium), { recursive: true }).sort()
    expect(files('a')).toEqual(files('b'))
    expect(files('a').filter((name) => String(name).includes('enrolling'))).toEqual([])
    for (const name of ['station.json', 'keys/identity.seal', 'keys/transport.seal']) {
      expect(readFileSync(path(`a/${name}`))).toEqual(readFileSync(path(`b/${name}`)))
    }
    expect(await refusal(enrol('daily'))).toMatch(/^CONFIG: .*expected an empty directory/)
  })

  it('tests the Seals of a medium by either token, and shows what a token remembers', async () => {
    expect(await say('hsm', 'test-seal', path('b'), ...token('spare'))).toMatchObject({
      ...{ station: 'red 1', medium: 'b', openedBy: 'spare', keys: 4, shares: [] },
    })
    expect(await say('hsm', 'floor', path('a'), ...token('daily'))).toMatchObject({
      ...{ token: 'daily', floors: [] },
    })
    const bent = path('b/keys/secret.seal')
    const bytes = readFileSync(bent)
    writeFileSync(
      bent,
      bytes.with(bytes.length - 9, bytes[bytes.length - 9]! === 0x61 ? 0x62 : 0x61),
    )
    expect(await refusal(say('hsm', 'test-seal', path('b'), ...token('spare')))).toMatch(/^SEAL/)
    writeFileSync(bent, bytes)
    expect(await refusal(say('hsm', 'test-seal', path('b'), ...token('spare')))).toBe('accepted')
  })

  it('retires a token of both media by the other one, and takes a new one in', async () => {
    const retire = (which: string, by: string, card: string) =>
      say('hsm', 'retire', which, path('a'), path('b'), '--card', path(card), ...token(by))
    expect(await refusal(retire('both', 'daily', 'newer.json'))).toMatch(/^CONFIG: expected daily/)
    expect(await refusal(retire('daily', 'daily', 'newer.json'))).toMatch(
      /^TOKEN_WRONG: expected the spare token/,
    )
    const before = parseStationCard(readFileSync(path('a/station.json')))
    expect(await retire('daily', 'spare', 'newer.json')).toMatchObject({
      ...{ retired: 'daily', testedBy: 'spare' },
    })
    const { station } = openMedium(path('b'))
    expect([station.daily.id, station.spare.id]).toEqual(['newer', 'spare'])
    expect(station.identity).toEqual(before.identity)
    expect(await refusal(say('hsm', 'test-seal', path('a'), ...token('newer')))).toBe('accepted')
    expect(await refusal(say('hsm', 'test-seal', path('a'), ...token('daily')))).toMatch(
      /^TOKEN_WRONG/,
    )
  })

  it('looks at machine, build and token, and says what is wrong with each in one line', async () => {
    bench.plug('spare')
    const look = async (...more: readonly string[]): Promise<Spoken> => {
      const said = await say('doctor', '--card', path('a'), '--module', bench.slot.module, ...more)
      return said instanceof Spoken ? said : new Spoken([], {}, false)
    }
    const fine = await look()
    expect(fine.isGood).toBe(true)
    const lineOf = (said: Spoken, id: string, what: string) =>
      said.lines.find((line) => line.slice(6).startsWith(`${id.padEnd(5)}${what} `))
    expect(lineOf(fine, 'X-5', 'token')).toMatch(/^ok .* \(red 1 spare\), PIN set$/)
    expect(lineOf(fine, 'X-4', 'self-check')).toMatch(/^ok .*20 answers$/)
    expect(lineOf(fine, 'X-4', 'token random')).toMatch(/^ok /)
    expect(lineOf(fine, 'X-4', 'kernel')).toMatch(/^ok .*1024 bytes tested$/)
    const planned = await look('--plan', path('plan.json'), '--node', 'node-1')
    expect(planned.isGood).toBe(false)
    expect(lineOf(planned, 'X-3', 'build')).toMatch(/^FAULT .*: expected|^FAULT .*expected/)
    expect(lineOf(planned, 'X-3', 'module')).toMatch(/^FAULT .*expected a module of the plan/)
    bench.plug('daily')
    expect(lineOf(await look(), 'X-5', 'token')).toMatch(/^FAULT .*expected the token/)
    bench.plug(undefined)
    const none = await look()
    expect([none.isGood, lineOf(none, 'X-5', 'token')?.slice(0, 5)]).toEqual([false, 'FAULT'])
  })

  it('says which files its build is of', async () => {
    const said = await say('build', '--out', path('manifest'))
    expect(said).toMatchObject({ node: process.versions.node })
    expect(readFileSync(path('manifest'), 'utf8')).toMatch(/^[0-9a-f]{64} {2}node\n/)
  })
})
