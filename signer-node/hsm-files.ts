// A stopped node's files and its token: sealed anew to the tokens of the configuration (or back to
// a passphrase), and opened in a test. The order on disk is that of `reseal.ts`.
// INVARIANT: the files are replaced only while nobody else has the node's store, and never so that
// no token opens them.
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { toUtf8 } from '../proto/crypto.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { parseSeal } from '../proto/seal-file.ts'
import { openWithDek } from '../proto/seal-token.ts'
import type { TokenCard } from '../proto/token-card.ts'
import { parseSignerConfig, type SignerConfig } from './config.ts'
import { Secret } from './dkls23/secret.ts'
import { syncDirectory } from './floor-file.ts'
import type { Hsm } from './hsm/hsm.ts'
import { dropUnfinished, passphraseWay, pinTries, sealedName, tokenSettings } from './opening.ts'
import { made, openStore, readPassphrase } from './places.ts'
import type { Random } from './ports.ts'
import { type FileToReseal, ownThing, type ResealDisk, reseal } from './reseal.ts'
import { dekOf, openOwnToken, sealKeysOf, type TokenSettings } from './unseal.ts'
import { type Opener, TokenWay, type WayIn } from './way-in.ts'

export interface ResealWish {
  readonly random: Random
  /** To the passphrase, and away from tokens. */
  readonly isBack: boolean
  readonly isAcknowledged: boolean
  /** File of the passphrase that files are sealed to, before or after. */
  readonly passphrase: string | undefined
}

export async function resealNode(
  config: SignerConfig,
  pin: Secret,
  wish: ResealWish,
  settings = tokensOf(config),
): Promise<object> {
  // Whoever holds the store is running.
  const store = openStore(config)
  try {
    dropUnfinished(config)
    using passphrase = passphraseOf(config, wish)
    const { random, isAcknowledged } = wish
    const ports = { random, tries: pinTries(config) }
    const trying = { by: 'operator', isAcknowledged } as const
    const { hsm, card } = await openOwnToken(settings, pin, trying, ports)
    await using _token = hsm
    const files = filesOf(config)
    const known = await keysOf(hsm, card, files, settings, random)
    using byToken = known
    const from = (bytes: Uint8Array): Opener =>
      isByPassphrase(bytes) ? (passphrase ?? missing()) : byToken
    if (wish.isBack) {
      const to = passphrase ?? missing()
      const names = await reseal(config, files, { from, to, test: async () => to }, resealDisk)
      return { node: config.node, sealed: names, to: ['passphrase'] }
    }
    using to = new TokenWay(sealKeysOf(settings.cards), random)
    const test = (bytes: Uint8Array) => testedBy(hsm, card, bytes)
    const names = await reseal(config, files, { from, to, test }, resealDisk)
    const ids = settings.cards.map(({ id }) => id)
    return { node: config.node, sealed: names, to: ids, testedBy: card.id }
  } finally {
    store.close()
  }
}

/**
 * Takes one token out of every file and then out of the configuration, by another one that is here.
 * A run that is cut short in between leaves files that the others open: it is given again.
 */
export async function retireToken(
  { file, config }: { readonly file: string; readonly config: SignerConfig },
  id: string,
  pin: Secret,
  wish: Omit<ResealWish, 'isBack' | 'passphrase'>,
): Promise<object> {
  const settings = tokensOf(config)
  const at = settings.cards.findIndex((card) => card.id === id)
  const known = settings.cards.map((card) => card.id).join(', ')
  if (at < 0) refuse('CONFIG', `no token ${id} in the configuration: it has ${known}`)
  const cards = settings.cards.filter((card) => card.id !== id)
  if (cards.length === 0) refuse('CONFIG', `${id} is the last token: nothing would open the files`)
  const source = readFileSync(file, 'utf8')
  requireTokens(parseSignerConfig(source, dirname(resolve(file))), settings)
  const whole = { ...wish, isBack: false, passphrase: undefined }
  const said = await resealNode(config, pin, whole, { ...settings, cards })
  const written = withoutToken(source, at)
  requireTokens(parseSignerConfig(written, dirname(resolve(file))), { cards })
  if (readFileSync(file, 'utf8') !== source) changedMeanwhile()
  resealDisk.writeBeside(file, toUtf8(written))
  resealDisk.activate(file)
  return { ...said, retired: id }
}

/** By an older one the files would be sealed to a token again that was taken out since. */
function requireTokens(config: SignerConfig, { cards }: Pick<TokenSettings, 'cards'>): void {
  const ids = tokensOf(config).cards.map(({ id }) => id)
  if (ids.join() !== cards.map(({ id }) => id).join()) changedMeanwhile()
}

function changedMeanwhile(): never {
  return refuse('CONFIG', 'the configuration changed meanwhile: give the command again')
}

/** The same configuration, one token shorter; its spaces are ours. */
function withoutToken(source: string, at: number): string {
  const whole = fields(JSON.parse(source))
  const keystore = fields(whole['keystore'])
  const { tokens } = keystore
  const left = Array.isArray(tokens) ? tokens.filter((_, index) => index !== at) : []
  return `${JSON.stringify({ ...whole, keystore: { ...keystore, tokens: left } }, null, 2)}\n`
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value))
    : {}
}

/** Each file opened by the token that is here; refused when one does not. */
export async function testNode(
  config: SignerConfig,
  pin: Secret,
  { random, isAcknowledged }: Pick<ResealWish, 'random' | 'isAcknowledged'>,
): Promise<object> {
  const settings = tokensOf(config)
  const ports = { random, tries: pinTries(config) }
  const trying = { by: 'operator', isAcknowledged } as const
  const { hsm, card } = await openOwnToken(settings, pin, trying, ports)
  await using _token = hsm
  const [opens, closed]: [string[], string[]] = [[], []]
  for (const { name, bytes } of filesOf(config)) {
    const isOpen = await doesOpen(hsm, card, name, { config, bytes })
    if (isOpen) opens.push(name)
    else closed.push(name)
  }
  if (closed.length > 0) refuse('SEAL', `token ${card.id} does not open ${closed.join(', ')}`)
  return { node: config.node, token: card.id, serial: card.serial, opens }
}

async function doesOpen(
  hsm: Hsm,
  card: TokenCard,
  name: string,
  { config, bytes }: { readonly config: SignerConfig; readonly bytes: Uint8Array },
): Promise<boolean> {
  using dek = await dekOf(hsm, card, { name, bytes, isNeeded: false })
  if (dek === undefined) return false
  const opened = attempt(() => openWithDek(bytes, ownThing(config, name, bytes), dek.bytes))
  if (isRefusal(opened)) return false
  opened.fill(0)
  return true
}

function tokensOf(config: SignerConfig): TokenSettings {
  const settings = tokenSettings(config)
  return settings ?? refuse('CONFIG', 'keystore: its stanza is passphrase, expected token')
}

function passphraseOf(config: SignerConfig, wish: ResealWish): WayIn | undefined {
  if (wish.passphrase === undefined) return undefined
  using word = readPassphrase(wish.passphrase)
  return passphraseWay(config, word, wish.random)
}

function missing(): never {
  return refuse('CONFIG', 'the passphrase of the files is needed: --passphrase FILE')
}

/** Those that are sealed to tokens already. */
async function keysOf(
  hsm: Hsm,
  card: TokenCard,
  files: readonly FileToReseal[],
  settings: TokenSettings,
  random: Random,
): Promise<TokenWay> {
  using onFailure = new DisposableStack()
  const way = onFailure.use(new TokenWay(sealKeysOf(settings.cards), random))
  for (const { name, bytes } of files) {
    if (isByPassphrase(bytes)) continue
    using dek = await dekOf(hsm, card, { name, bytes, isNeeded: true })
    if (dek === undefined) refuse('SEAL', `${name}: does not open with the token ${card.id}`)
    else way.learn(bytes, dek)
  }
  onFailure.move()
  return way
}

async function testedBy(hsm: Hsm, card: TokenCard, bytes: Uint8Array): Promise<Opener> {
  const dek = await dekOf(hsm, card, { name: 'test', bytes, isNeeded: true })
  if (dek === undefined) return refuse('SEAL', `test opening by the token ${card.id} failed`)
  return {
    open: (file, thing) => {
      using key = dek
      return new Secret(openWithDek(file, thing, key.bytes))
    },
  }
}

function isByPassphrase(bytes: Uint8Array): boolean {
  const seal = attempt(() => parseSeal(bytes))
  return !isRefusal(seal) && seal.stanzas.some(({ how }) => how === 'scrypt')
}

function filesOf({ keys, dataDir }: SignerConfig): readonly FileToReseal[] {
  const directory = made(join(dataDir, 'keyshares'))
  const shares = readdirSync(directory).filter((name) => sealedName.test(name))
  const paths = [keys.identity, keys.witness, keys.secret, ...shares.map((n) => join(directory, n))]
  return paths.map((path) => ({ name: basename(path), path, bytes: readFileSync(path) }))
}

/** Files, each replaced whole or not at all. */
export const resealDisk: ResealDisk = {
  writeBeside: (path, bytes) => {
    const file = openSync(`${path}.new`, 'w', 0o600)
    try {
      writeFileSync(file, bytes)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    return readFileSync(`${path}.new`)
  },
  drop: (path) => rmSync(`${path}.new`, { force: true }),
  activate: (path) => {
    renameSync(`${path}.new`, path)
    syncDirectory(dirname(path))
  },
}
