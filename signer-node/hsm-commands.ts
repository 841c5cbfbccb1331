// custody-signer hsm ...: what an operator does with a token and what it opens.
// PIN: --pin-file FILE or --pin-fd N, else it is asked at the terminal; PINS are lines: that of the
// officer, that of the user or its two halves. Never an argument. One try a command.
// INVARIANT: nothing here answers with a secret, and only a stopped node's files are sealed anew.
import { writeFileSync } from 'node:fs'
import { parseHandle } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { literal } from '../proto/shape.ts'
import { parseTokenCard, tokenProfiles } from '../proto/token-card.ts'
import type { Command } from './command.ts'
import { readWords, text, type Words, yes } from './commands-words.ts'
import type { SignerConfig } from './config.ts'
import { Secret } from './dkls23/secret.ts'
import { enrolToken } from './hsm/enrol.ts'
import { Hsm } from './hsm/hsm.ts'
import type { TokenFacts, TokenPlace } from './hsm/token.ts'
import { resealNode, retireToken, testNode } from './hsm-files.ts'
import { readLines } from './opening.ts'
import type { Random } from './ports.ts'
import type { Terminal } from './terminal.ts'
import { twoPersonPin } from './two-person.ts'

export interface HsmWorld {
  readonly random: Random
  readonly terminal: () => Terminal | undefined
}

const pin = { 'pin-file': text, 'pin-fd': text, 'last-try': yes } as const
const token = { module: text, parameters: text, serial: text } as const
const pinUsage = '  of a PIN: [--pin-file FILE | --pin-fd N], and [--last-try]'

export const hsmCommands: readonly Command[] = [
  {
    verb: 'hsm show',
    about: 'the tokens of a PKCS#11 module, before anybody logs in',
    usage: ['--module FILE [--parameters P]'],
    run: (words, world) => show(readWords(words, { options: token, needed: ['module'] }), world),
  },
  {
    verb: 'hsm probe',
    about: 'what a token can really do, found by doing it',
    usage: ['--module FILE [--serial S]', pinUsage],
    run: (words, world) => {
      const shape = { options: { ...token, ...pin }, needed: ['module'] }
      return probe(readWords(words, shape), world)
    },
  },
  {
    verb: 'hsm init',
    about: 'wipe a token and set its PINs',
    usage: ['--module FILE --label L [--serial S] [--two-person]', pinUsage],
    run: (words, world) => {
      const options = { ...token, ...pin, label: text, 'two-person': yes }
      return init(readWords(words, { options, needed: ['module', 'label'] }), world)
    },
  },
  {
    verb: 'hsm enrol',
    about: 'two key pairs born in a token, and its card',
    usage: [
      'CARD --module FILE --org O --env E --node N --id I [--serial S]',
      '  [--accept GAP,..] [--profile P]',
      pinUsage,
    ],
    run: (words, world) => {
      const about = { org: text, env: text, node: text, id: text, accept: text, profile: text }
      const needed = ['module', 'org', 'env', 'node', 'id']
      const shape = { places: ['CARD'], options: { ...token, ...pin, ...about }, needed }
      return enrol(readWords(words, shape), world)
    },
  },
  {
    verb: 'hsm seal',
    about: 'seal the files of a stopped node to the tokens of its configuration',
    usage: ['--config CONFIG [--passphrase FILE] [--back]', pinUsage],
    run: (words, world) => {
      const options = { ...pin, config: text, passphrase: text, back: yes }
      return seal(readWords(words, { options, needed: ['config'] }), world)
    },
  },
  {
    verb: 'hsm test-seal',
    about: 'open every file of a node by the token that is here',
    usage: ['--config CONFIG', pinUsage],
    run: (words, world) => {
      const shape = { options: { ...pin, config: text }, needed: ['config'] }
      return testSeal(readWords(words, shape), world)
    },
  },
  {
    verb: 'hsm retire',
    about: 'take a lost or old token out of the files of a stopped node, by another one',
    usage: ['ID --config CONFIG', pinUsage],
    run: (words, world) => {
      const shape = { places: ['ID'], options: { ...pin, config: text }, needed: ['config'] }
      return retire(readWords(words, shape), world)
    },
  },
]

async function retire(flags: Words, world: HsmWorld): Promise<object> {
  const config = flags.config()
  using pin = await pinOf(flags, config, world)
  const wish = { random: world.random, isAcknowledged: flags.is('last-try') }
  return await retireToken({ file: flags.text('config'), config }, flags.place(), pin, wish)
}

async function show(flags: Words, { random }: HsmWorld): Promise<object> {
  return { tokens: await Hsm.list(placeOf(flags), { random }) }
}

async function probe(flags: Words, world: HsmWorld): Promise<object> {
  await using hsm = await loggedIn(flags, world)
  const { profile, tried } = await hsm.probe()
  return { ...shown(hsm.facts), profile: profile === '' ? 'none' : profile, tried }
}

async function init(flags: Words, world: HsmWorld): Promise<object> {
  const label = flags.text('label')
  const isTwo = flags.is('two-person')
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

async function enrol(flags: Words, world: HsmWorld): Promise<object> {
  const card = flags.place()
  const [profile, accept] = [flags.flag('profile'), flags.flag('accept')]
  const wish = {
    org: parseHandle(flags.text('org'), 'org'),
    env: literal('prod', 'test', 'dev')(flags.text('env'), 'env'),
    node: parseHandle(flags.text('node'), 'node'),
    id: parseHandle(flags.text('id'), 'id'),
    gaps: accept === undefined ? [] : accept.split(',').sort(),
    profile: profile === undefined ? undefined : literal(...tokenProfiles)(profile, 'profile'),
  }
  await using hsm = await loggedIn(flags, world)
  const document = await enrolToken(hsm, wish, world.random)
  writeFileSync(card, document, { flag: 'wx', mode: 0o444 })
  const { digest, id, serial, gaps, module } = parseTokenCard(document)
  return { card, digest, id, serial, profile: parseTokenCard(document).profile, gaps, module }
}

async function seal(flags: Words, world: HsmWorld): Promise<object> {
  const config = flags.config()
  using pin = await pinOf(flags, config, world)
  return await resealNode(config, pin, {
    random: world.random,
    isBack: flags.is('back'),
    isAcknowledged: flags.is('last-try'),
    passphrase: flags.flag('passphrase'),
  })
}

async function testSeal(flags: Words, world: HsmWorld): Promise<object> {
  const config = flags.config()
  using pin = await pinOf(flags, config, world)
  const isAcknowledged = flags.is('last-try')
  return await testNode(config, pin, { random: world.random, isAcknowledged })
}

const pinMin = 8
const signs = `${pinMin} signs or more`

async function loggedIn(flags: Words, world: HsmWorld): Promise<Hsm> {
  await using onFailure = new AsyncDisposableStack()
  // First the token: a PIN is not typed for one that is not there.
  const hsm = onFailure.use(await Hsm.open(placeOf(flags), world))
  using pin = await pinOf(flags, undefined, world)
  await hsm.login(pin, flags.is('last-try'))
  onFailure.move()
  return hsm
}

async function pinOf(
  flags: Words,
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
  flags: Words,
  questions: readonly string[],
  world: HsmWorld,
): Promise<readonly Secret[]> {
  const isTyped = flags.flag('pin-file') === undefined && flags.flag('pin-fd') === undefined
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
  flags: Words,
  questions: readonly string[],
  world: HsmWorld,
): Promise<readonly Secret[]> {
  flags.oneOf('pin-file', 'pin-fd')
  const source = flags.descriptor('pin-fd') ?? flags.flag('pin-file')
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

function placeOf(flags: Words): TokenPlace {
  const [parameters, serial] = [flags.flag('parameters') ?? '', flags.flag('serial') ?? '']
  return { module: flags.text('module'), parameters, serial, digest: '' }
}

function shown({ pin, ...facts }: TokenFacts): object {
  return { ...facts, pin }
}
