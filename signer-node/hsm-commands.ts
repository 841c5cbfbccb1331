// custody-signer hsm ...: what an operator does with a token and what it opens.
//   hsm show  --module FILE
//   hsm probe --module FILE [--serial S] [PIN]
//   hsm init  --module FILE --label L [--serial S] [--two-person] [PINS]
//   hsm enrol CARD --module FILE --org O --env E --node N --id I [--accept GAP,..] [PIN]
//   hsm seal  --config CONFIG [--passphrase FILE] [--back] [PIN]
//   hsm test-seal --config CONFIG [PIN]
// PIN: --pin-file FILE or --pin-fd N, else it is asked at the terminal; PINS are lines: that of the
// officer, that of the user or its two halves. Never an argument. One try a command.
// INVARIANT: nothing here answers with a secret, and only a stopped node's files are sealed anew.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { parseHandle } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { literal } from '../proto/shape.ts'
import { parseTokenCard, tokenProfiles } from '../proto/token-card.ts'
import { parseSignerConfig, type SignerConfig } from './config.ts'
import { Secret } from './dkls23/secret.ts'
import { enrolToken } from './hsm/enrol.ts'
import { Hsm } from './hsm/hsm.ts'
import type { TokenFacts, TokenPlace } from './hsm/token.ts'
import { resealNode, testNode } from './hsm-files.ts'
import { readLines } from './opening.ts'
import type { Random } from './ports.ts'
import type { Terminal } from './terminal.ts'
import { twoPersonPin } from './two-person.ts'

export interface HsmWorld {
  readonly random: Random
  readonly terminal: () => Terminal | undefined
}

export const hsmUsage = [
  'custody-signer hsm show --module FILE',
  'custody-signer hsm probe --module FILE [--serial S]',
  'custody-signer hsm init --module FILE --label L [--serial S] [--two-person]',
  'custody-signer hsm enrol CARD --module FILE --org O --env E --node N --id I [--serial S]',
  'custody-signer hsm seal --config CONFIG [--passphrase FILE] [--back]',
  'custody-signer hsm test-seal --config CONFIG',
  '  of a PIN: [--pin-file FILE | --pin-fd N], and [--last-try]',
]

const text = { type: 'string' } as const
const yes = { type: 'boolean' } as const
const options = {
  ...{ module: text, parameters: text, serial: text, label: text },
  ...{ org: text, env: text, node: text, id: text, accept: text, profile: text },
  ...{ config: text, passphrase: text, back: yes, 'two-person': yes },
  ...{ 'pin-file': text, 'pin-fd': text, 'last-try': yes },
} as const

type Flags = ReturnType<typeof parsed>['values']

function parsed(words: readonly string[]) {
  return parseArgs({ args: [...words], options, allowPositionals: true })
}

/** Undefined for wrong words. */
export async function hsmCommand(
  words: readonly string[],
  world: HsmWorld,
): Promise<object | undefined> {
  const [verb, ...rest] = words
  const read = attempted(rest)
  if (read === undefined) return undefined
  const { values: flags, positionals } = read
  if (positionals.length !== (verb === 'enrol' ? 1 : 0)) return undefined
  switch (verb) {
    case 'show':
      return flags.module === undefined ? undefined : show(flags, world)
    case 'probe':
      return flags.module === undefined ? undefined : probe(flags, world)
    case 'init':
      return flags.module === undefined ? undefined : init(flags, world)
    case 'enrol':
      return flags.module === undefined ? undefined : enrol(positionals[0] ?? '', flags, world)
    case 'seal':
      return flags.config === undefined ? undefined : seal(flags.config, flags, world)
    case 'test-seal':
      return flags.config === undefined ? undefined : testSeal(flags.config, flags, world)
    default:
      return undefined
  }
}

async function show(flags: Flags, { random }: HsmWorld): Promise<object> {
  return { tokens: await Hsm.list(placeOf(flags), { random }) }
}

async function probe(flags: Flags, world: HsmWorld): Promise<object> {
  await using hsm = await loggedIn(flags, world)
  const { profile, tried } = await hsm.probe()
  return { ...shown(hsm.facts), profile: profile === '' ? 'none' : profile, tried }
}

async function init(flags: Flags, world: HsmWorld): Promise<object> {
  const label = flags.label ?? refuse('CONFIG', 'init: expected --label')
  const isTwo = flags['two-person'] === true
  const questions = isTwo
    ? [`New PIN of the officer, ${signs}`, 'First half of the PIN', 'Second half of the PIN']
    : [`New PIN of the officer, ${signs}`, `New PIN of the user, ${signs}`]
  using scope = new DisposableStack()
  const [so, user, second] = (await newPins(flags, questions, world)).map((one) => scope.use(one))
  if (so === undefined || user === undefined) return refuse('CONFIG', 'init: expected two PINs')
  const pin = isTwo && second !== undefined ? scope.use(twoPersonPin(user, second)) : user
  for (const one of [so, pin]) {
    if (one.bytes.length < pinMin) refuse('CONFIG', `a PIN has ${signs}`)
  }
  const facts = await Hsm.init(placeOf(flags), { so, user: pin }, label, world)
  return shown(facts)
}

async function enrol(card: string, flags: Flags, world: HsmWorld): Promise<object> {
  const { profile } = flags
  const wish = {
    org: parseHandle(flags.org ?? '', 'org'),
    env: literal('prod', 'test', 'dev')(flags.env, 'env'),
    node: parseHandle(flags.node ?? '', 'node'),
    id: parseHandle(flags.id ?? '', 'id'),
    gaps: flags.accept === undefined ? [] : flags.accept.split(',').sort(),
    profile: profile === undefined ? undefined : literal(...tokenProfiles)(profile, 'profile'),
  }
  await using hsm = await loggedIn(flags, world)
  const document = await enrolToken(hsm, wish, world.random)
  writeFileSync(card, document, { flag: 'wx', mode: 0o444 })
  const { digest, id, serial, gaps, module } = parseTokenCard(document)
  return { card, digest, id, serial, profile: parseTokenCard(document).profile, gaps, module }
}

async function seal(file: string, flags: Flags, world: HsmWorld): Promise<object> {
  const config = configAt(file)
  using pin = await pinOf(flags, config, world)
  return await resealNode(config, pin, {
    random: world.random,
    isBack: flags.back === true,
    isAcknowledged: flags['last-try'] === true,
    passphrase: flags.passphrase,
  })
}

async function testSeal(file: string, flags: Flags, world: HsmWorld): Promise<object> {
  const config = configAt(file)
  using pin = await pinOf(flags, config, world)
  const isAcknowledged = flags['last-try'] === true
  return await testNode(config, pin, { random: world.random, isAcknowledged })
}

const pinMin = 8
const signs = `${pinMin} signs or more`

function configAt(file: string): SignerConfig {
  return parseSignerConfig(readFileSync(file, 'utf8'), dirname(resolve(file)))
}

async function loggedIn(flags: Flags, world: HsmWorld): Promise<Hsm> {
  await using onFailure = new AsyncDisposableStack()
  // First the token: a PIN is not typed for one that is not there.
  const hsm = onFailure.use(await Hsm.open(placeOf(flags), world))
  using pin = await pinOf(flags, undefined, world)
  await hsm.login(pin, flags['last-try'] === true)
  onFailure.move()
  return hsm
}

async function pinOf(
  flags: Flags,
  config: SignerConfig | undefined,
  world: HsmWorld,
): Promise<Secret> {
  const isTwo = config?.keystore.stanza === 'token' && config.keystore.pin === 'two-person'
  const questions = isTwo ? ['First half of the PIN', 'Second half of the PIN'] : ['PIN']
  using scope = new DisposableStack()
  const [first, second] = (await secrets(flags, questions, world)).map((one) => scope.use(one))
  if (first === undefined) return refuse('CONFIG', 'expected a PIN')
  return second === undefined ? new Secret(first.bytes.slice()) : twoPersonPin(first, second)
}

/** At a terminal each is typed twice: what is set wrongly is lost. */
async function newPins(
  flags: Flags,
  questions: readonly string[],
  world: HsmWorld,
): Promise<readonly Secret[]> {
  const isTyped = flags['pin-file'] === undefined && flags['pin-fd'] === undefined
  const asked = questions.flatMap((one) => (isTyped ? [one, `${one}, once more`] : [one]))
  const given = await secrets(flags, asked, world)
  if (!isTyped) return given
  return questions.map((question, at) => {
    const [first, again] = [given[2 * at], given[2 * at + 1]]
    if (first === undefined || again === undefined || !first.equals(again)) {
      return refuse('CONFIG', `${question}: typed differently the second time`)
    }
    again[Symbol.dispose]()
    return first
  })
}

async function secrets(
  flags: Flags,
  questions: readonly string[],
  world: HsmWorld,
): Promise<readonly Secret[]> {
  const { 'pin-file': file, 'pin-fd': descriptor } = flags
  if (file !== undefined && descriptor !== undefined) refuse('CONFIG', 'one place of a PIN')
  if (descriptor !== undefined && !/^[0-9]{1,4}$/.test(descriptor)) {
    refuse('CONFIG', 'pin-fd: expected a number')
  }
  const source = descriptor === undefined ? file : Number(descriptor)
  if (source !== undefined) return readLines(source, questions)
  const terminal = world.terminal()
  if (terminal === undefined) return refuse('CONFIG', 'PIN: no terminal to ask at')
  try {
    const typed: Secret[] = []
    for (const question of questions) typed.push(await terminal.secret(`${question}: `))
    return typed
  } finally {
    terminal.close()
  }
}

function placeOf({ module = '', parameters = '', serial = '' }: Flags): TokenPlace {
  return { module, parameters, serial, digest: '' }
}

function shown({ pin, ...facts }: TokenFacts): object {
  return { ...facts, pin }
}

function attempted(words: readonly string[]): ReturnType<typeof parsed> | undefined {
  try {
    return parsed(words)
  } catch {
    return undefined
  }
}
