// hsm show, probe, init, enrol, seal, test-seal: a hardware token from first look to a node that
// opens with it. Only screens: the program that loads a module and knows keyshares is
// custody-signer, and it asks for PINs itself, at the terminal, so none passes through here.
import { resolve } from 'node:path'
import type { JsonObject } from '../proto/jcs.ts'
import { bool, list, object, text } from '../proto/shape.ts'
import { runSigner } from './recovery-process.ts'
import { type Answer, type Args, done, UsageError, type Verb, word } from './verb.ts'

const string = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const pinOptions = { 'pin-file': string, 'last-try': flag } as const
const tokenOptions = { module: string, parameters: string, serial: string } as const

const pinShape = object({ isSet: bool, isLow: bool, isFinalTry: bool, isLocked: bool })
const factsShape = object({
  ...{ manufacturer: text(), model: text(), serial: text(), label: text() },
  ...{ firmware: text(), module: text(), pin: pinShape },
})
const triedShape = list(object({ what: text(), because: text(1_024), lacking: list(text()) }))
const names = list(text())

export const hsmShow: Verb = {
  about: 'the tokens of a PKCS#11 module, before anybody logs in',
  usage: '--module FILE [--parameters P]',
  words: { min: 0, max: 0 },
  options: tokenOptions,
  run: async (args) => {
    const said = await signer('show', args)
    const tokens = list(factsShape)(said['tokens'], 'tokens')
    const lines = tokens.length === 0 ? ['no token is here, or none is initialised'] : []
    for (const token of tokens) {
      const { serial, label, manufacturer, model, firmware, pin } = token
      lines.push(`${serial}  ${label || '(no label)'}`)
      lines.push(`  made by   ${manufacturer} ${model}, firmware ${firmware}`)
      lines.push(`  PIN       ${pinText(pin)}`)
      lines.push(`  module    ${token.module}`)
    }
    return answer(lines, said)
  },
}

export const hsmProbe: Verb = {
  about: 'what a token can really do, found by doing it; leaves nothing behind',
  usage: '--module FILE [--serial S] [--pin-file FILE] [--last-try]',
  words: { min: 0, max: 0 },
  options: { ...tokenOptions, ...pinOptions },
  run: async (args) => {
    const said = await signer('probe', args)
    const tried = triedShape(said['tried'], 'tried')
    const profile = text()(said['profile'], 'profile')
    const lines = [`${said['serial']}  ${said['manufacturer']} ${said['model']}`]
    for (const { what, because, lacking } of tried) {
      lines.push(`  ${what.padEnd(10)} ${because === '' ? 'works' : `does not: ${because}`}`)
      if (lacking.length > 0) lines.push(`  ${''.padEnd(10)} its keys lack: ${lacking.join(', ')}`)
    }
    const gaps = [...new Set(tried.flatMap(({ lacking }) => lacking))]
    lines.push(`profile   ${profile === 'none' ? 'none: this token is of no use here' : profile}`)
    if (gaps.length > 0) {
      lines.push(`to accept what its keys lack: custody hsm enrol ... --accept ${gaps.join(',')}`)
    }
    return answer(lines, said)
  },
}

export const hsmInit: Verb = {
  about: 'wipe a token and set its PINs; without --serial the first empty one',
  usage: '--module FILE --label LABEL [--serial S] [--two-person] [--pin-file FILE]',
  words: { min: 0, max: 0 },
  options: { ...tokenOptions, ...pinOptions, label: string, 'two-person': flag },
  run: async (args) => {
    const said = await signer('init', args)
    const { serial, label } = factsShape(said, 'token')
    return answer(
      [
        `token ${serial} (${label}) is initialised`,
        '  keep the PIN of its officer in a sealed envelope, elsewhere: it unlocks and wipes',
        `  next: custody hsm enrol CARD --module ... --serial ${serial}`,
      ],
      said,
    )
  },
}

export const hsmEnrol: Verb = {
  about: 'two key pairs born in a token, and the card that a node is configured with',
  usage:
    'CARD --module FILE --org ORG --env ENV --node NODE --id token-1 [--serial S] [--accept GAP,..]',
  words: { min: 1, max: 1 },
  options: {
    ...tokenOptions,
    ...pinOptions,
    ...{ org: string, env: string, node: string, id: string, accept: string, profile: string },
  },
  run: async (args) => {
    const card = word(args, 0)
    const said = await signer('enrol', args, [card])
    const gaps = names(said['gaps'], 'gaps')
    const keystore = {
      stanza: 'token',
      module: {
        file: moduleFile(String(args.flags['module'])),
        digest: said['module'] ?? '',
        parameters: String(args.flags['parameters'] ?? ''),
      },
      tokens: [{ file: resolve(card), digest: said['digest'] ?? '' }],
      pin: 'attended',
    }
    return answer(
      [
        `token ${said['serial']} is ${said['id']}, profile ${said['profile']}`,
        `  card     ${card}`,
        `  digest   ${said['digest']}`,
        `  gaps     ${gaps.length === 0 ? 'none' : `${gaps.join(', ')}, accepted`}`,
        'put this into the configuration of the node, every token of it in the list, compare the',
        'digests with the screens where the cards were made, then: custody hsm seal CONFIG',
        `  "keystore": ${JSON.stringify(keystore)}`,
      ],
      said,
    )
  },
}

export const hsmSeal: Verb = {
  about: 'seal the files of a stopped node to the tokens of its configuration, each tested first',
  usage: 'CONFIG [--passphrase FILE] [--back] [--pin-file FILE] [--last-try]',
  words: { min: 1, max: 1 },
  options: { ...pinOptions, passphrase: string, back: flag },
  run: async (args) => {
    const said = await signer('seal', args, [], ['--config', word(args, 0)])
    const [files, to] = [names(said['sealed'], 'sealed'), names(said['to'], 'to')]
    const lines = [
      `${files.length} files of ${said['node']} are sealed to ${to.join(' and ')}`,
      ...files.map((name) => `  ${name}`),
      ...(said['testedBy'] === undefined
        ? ['  configure the stanza passphrase before the next start']
        : [`  each was opened by ${said['testedBy']} before any was replaced`]),
      '  old copies (backups of this disk) still open as before: refresh the keys to end that',
    ]
    return answer(lines, said)
  },
}

export const hsmTestSeal: Verb = {
  about: 'open every file of a node by the token that is here; changes nothing',
  usage: 'CONFIG [--pin-file FILE] [--last-try]',
  words: { min: 1, max: 1 },
  options: pinOptions,
  run: async (args) => {
    const said = await signer('test-seal', args, [], ['--config', word(args, 0)])
    const opens = names(said['opens'], 'opens')
    const lines = [
      `${said['token']} (${said['serial']}) opens all ${opens.length} files of ${said['node']}`,
      ...opens.map((name) => `  ${name}`),
    ]
    return answer(lines, said)
  },
}

export const hsmRetire: Verb = {
  about: 'take a lost or old token out of every file of a stopped node, by another one',
  usage: 'ID CONFIG [--pin-file FILE] [--last-try]',
  words: { min: 2, max: 2 },
  options: pinOptions,
  run: async (args) => {
    const said = await signer('retire', args, [word(args, 0)], ['--config', word(args, 1)])
    const [files, to] = [names(said['sealed'], 'sealed'), names(said['to'], 'to')]
    const lines = [
      `${said['retired']} opens nothing of ${said['node']} any more: it is out of ${files.length}`,
      `files and of the configuration; opened by ${to.join(', ')}`,
      '  old copies (backups of this disk) still open by it: refresh the keys to end that',
    ]
    return answer(lines, said)
  },
}

async function signer(
  verb: string,
  args: Args,
  words: readonly string[] = [],
  more: readonly string[] = [],
): Promise<JsonObject> {
  const flags = Object.entries(args.flags).flatMap(([name, value]) => {
    if (value === undefined || value === false || name === 'json') return []
    return value === true ? [`--${name}`] : [`--${name}`, value]
  })
  const needsModule = more.length === 0
  if (needsModule && args.flags['module'] === undefined) throw new UsageError('expected --module')
  return runSigner(['hsm', verb, ...words, ...flags, ...more], new Uint8Array(0))
}

/** The twin in software is no file. */
function moduleFile(module: string): string {
  return module.startsWith('software:') ? module : resolve(module)
}

function pinText(pin: ReturnType<typeof pinShape>): string {
  if (!pin.isSet) return 'not set: custody hsm init'
  if (pin.isLocked) return 'LOCKED: its officer has to set a new one'
  if (pin.isFinalTry) return 'LAST TRY: the next wrong one locks the token'
  return pin.isLow ? 'set; somebody typed a wrong one' : 'set'
}

function answer(lines: readonly string[], json: JsonObject): Answer {
  return done(`${lines.join('\n')}\n`, json)
}
