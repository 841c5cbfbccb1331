// What custody-signer does besides running: on the recovery machine it opens a backup in a test, on
// a node it hands the proof over to the running node, on a stopped one it restores, and one that
// waits locked it unlocks. Those of an exported key's recipient are `commands-export.ts`.
//   custody-signer unlock --config CONFIG [--credential FILE | --ask] [--half 1|2] [--last-try]
//   custody-signer backup verify FILE --recovery DIR --out PROOF [PASSPHRASE]
//   custody-signer backup proved PROOF --config CONFIG
//   custody-signer drop-pending VAULT --config CONFIG
//   custody-signer restore --backup FILE --recovery DIR --config CONFIG [PASSPHRASE]
//   custody-signer deal-import ... brings a key in: `dealer.ts`
// PASSPHRASE of the recovery key: --recovery-credential FILE or --recovery-passphrase-fd N; else
// the file `credential` in DIR. Answers one line of JSON; says no secret and opens no socket but
// the operator's.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { parseText } from '../proto/jcs.ts'
import { refuse } from '../proto/refusal.ts'
import { signedJson, signedShape } from '../proto/signed.ts'
import { tellAdmin, tokenPatienceMs } from './admin-client.ts'
import { CommandUsage, type CommandWorld } from './command.ts'
import { exportCommandOf, exportUsage } from './commands-export.ts'
import { parseSignerConfig, type SignerConfig } from './config.ts'
import { dealCommand, dealerUsage } from './dealer.ts'
import { HistoryRows } from './history-rows.ts'
import { hsmCommand, hsmUsage } from './hsm-commands.ts'
import { openKeystore, passphraseWay, tokenSettings } from './opening.ts'
import { openStore, readPassphrase } from './places.ts'
import { openRecovery, proveBackup, type Recovery } from './recovery-open.ts'
import { restoreBackup } from './restore.ts'
import type { Terminal } from './terminal.ts'
import { sealKeysOf } from './unseal.ts'
import { TokenWay, type WayIn } from './way-in.ts'

export const commandUsage = [
  'custody-signer unlock --config CONFIG [--credential FILE] [--half 1|2]',
  '  [--last-try] [--ask]',
  'custody-signer backup verify FILE --recovery DIR --out PROOF',
  'custody-signer backup proved PROOF --config CONFIG',
  'custody-signer drop-pending VAULT --config CONFIG',
  'custody-signer restore --backup FILE --recovery DIR --config CONFIG',
  '  of the recovery key: [--recovery-credential FILE | --recovery-passphrase-fd N]',
  ...dealerUsage,
  ...hsmUsage,
  ...exportUsage,
]

const text = { type: 'string' } as const
const passphrase = { 'recovery-credential': text, 'recovery-passphrase-fd': text } as const
const nonceBytes = 16

/** Undefined where the words are none of a command; wrong ones are `CommandUsage`. */
export function commandOf(
  words: readonly string[],
): ((world: CommandWorld) => Promise<object>) | undefined {
  const [first, second, ...rest] = words
  if (first === 'unlock') return (world) => unlock(words.slice(1), world)
  if (first === 'restore') return (world) => restore(words.slice(1), world)
  if (first === 'drop-pending') return () => dropPending(words.slice(1))
  if (first === 'deal-import') return (world) => dealImport(words.slice(1), world)
  if (first === 'hsm') return (world) => hsm(words.slice(1), world)
  if (first !== 'backup') return exportCommandOf(words)
  if (second === 'verify') return (world) => verify(rest, world)
  if (second === 'proved') return () => proved(rest)
  throw new CommandUsage()
}

async function dealImport(words: readonly string[], world: CommandWorld): Promise<object> {
  const { random, terminal } = world
  const dealt = await dealCommand(words, { random, curve: world.curve('native'), terminal })
  if (dealt === undefined) throw new CommandUsage()
  return dealt
}

async function hsm(words: readonly string[], world: CommandWorld): Promise<object> {
  return (await hsmCommand(words, world)) ?? wrongWords()
}

function wrongWords(): never {
  throw new CommandUsage()
}

async function verify(words: readonly string[], world: CommandWorld): Promise<object> {
  const options = { recovery: text, out: text, ...passphrase }
  const { values, positionals } = read({ args: [...words], options, allowPositionals: true })
  const [file, ...more] = positionals
  const { recovery: place, out } = values
  if (file === undefined || more.length > 0 || place === undefined || out === undefined) {
    throw new CommandUsage()
  }
  using recovery = openPlace(place, values)
  const fresh = { nonce: world.random(nonceBytes), nowMs: world.wallMs() }
  const bytes = readFileSync(file)
  const { proof, said } = proveBackup(world.curve('native'), bytes, recovery, fresh)
  writeFileSync(out, `${JSON.stringify(signedJson(proof))}\n`, { flag: 'wx', mode: 0o644 })
  const { org, env, node, vault, key, epoch, keyState, backup } = said
  return {
    org,
    env,
    node,
    vault,
    key,
    epoch,
    keyState,
    backup,
    recovery: said.recovery,
    proof: out,
  }
}

async function proved(words: readonly string[]): Promise<object> {
  const options = { config: text }
  const { values, positionals } = read({ args: [...words], options, allowPositionals: true })
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new CommandUsage()
  const proof = signedJson(signedShape(parseText(readFileSync(file, 'utf8').trimEnd()), 'proof'))
  return tellAdmin(configAt(values.config).adminSocket, { do: 'backup-proved', proof })
}

/** Of a vault that never had a key; the node refuses anything else. */
async function dropPending(words: readonly string[]): Promise<object> {
  const options = { config: text }
  const { values, positionals } = read({ args: [...words], options, allowPositionals: true })
  const [vault, ...more] = positionals
  if (vault === undefined || more.length > 0) throw new CommandUsage()
  return tellAdmin(configAt(values.config).adminSocket, { do: 'drop-pending', scope: vault })
}

async function restore(words: readonly string[], world: CommandWorld): Promise<object> {
  const options = { backup: text, recovery: text, config: text, ...passphrase }
  const { values } = read({ args: [...words], options })
  const { backup, recovery: place } = values
  if (backup === undefined || place === undefined) throw new CommandUsage()
  const config = configAt(values.config)
  const curve = world.curve(config.curve)
  // Whoever holds the store is running: only a stopped node is given a share.
  const store = openStore(config)
  try {
    using recovery = openPlace(place, values)
    const keystore = openKeystore(config, {
      way: sealingWay(config, world),
      curve,
      random: world.random,
    })
    const at = { owner: config, keystore, rows: new HistoryRows(store), curve }
    const { vault, epoch, isInForce } = restoreBackup(at, readFileSync(backup), recovery)
    const state = 'restored: a witness until the next refresh'
    return { node: config.node, vault, epoch, state, inOwnLog: isInForce }
  } finally {
    store.close()
  }
}

/** To seal with: for tokens that needs no PIN. */
function sealingWay(config: SignerConfig, { random }: CommandWorld): WayIn {
  const settings = tokenSettings(config)
  if (settings !== undefined) return new TokenWay(sealKeysOf(settings.cards), random)
  using own = readPassphrase(config.credential)
  return passphraseWay(config, own, random)
}

/** Tells the node where its passphrase or PIN is: it reads the file, or the pipe, itself. */
async function unlock(words: readonly string[], world: CommandWorld): Promise<object> {
  const flag = { type: 'boolean' } as const
  const options = { config: text, credential: text, half: text, 'last-try': flag, ask: flag }
  const { values } = read({ args: [...words], options })
  const config = configAt(values.config)
  const { credential = config.credential, half, 'last-try': lastTry } = values
  if (half !== undefined && half !== '1' && half !== '2') throw new CommandUsage()
  const more = {
    ...(half === undefined ? {} : { half: Number(half) }),
    ...(lastTry === true ? { lastTry } : {}),
  }
  const tell = (place: string) =>
    tellAdmin(config.adminSocket, { do: 'unlock', credential: place, ...more }, tokenPatienceMs)
  if (values.ask !== true) return tell(resolve(credential))
  const terminal = world.terminal()
  if (terminal === undefined) return refuse('CONFIG', 'no terminal to ask at')
  return withTyped(terminal, half === undefined ? 'PIN or passphrase' : `Half ${half}`, tell)
}

/** Where files lie in memory: the node reads what was typed there, and it is wiped. */
const memory = '/dev/shm'

async function withTyped<T>(
  terminal: Terminal,
  question: string,
  tell: (place: string) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(memory, 'custody-'))
  const place = join(directory, 'typed')
  try {
    using typed = await terminal.secret(`${question}: `)
    writeFileSync(place, typed.bytes, { mode: 0o600, flag: 'wx' })
    return await tell(place)
  } finally {
    terminal.close()
    if (existsSync(place)) writeFileSync(place, new Uint8Array(statSync(place).size))
    rmSync(directory, { recursive: true, force: true })
  }
}

interface PassphraseFlags {
  readonly 'recovery-credential'?: string | undefined
  readonly 'recovery-passphrase-fd'?: string | undefined
}

function openPlace(place: string, flags: PassphraseFlags): Recovery {
  const { 'recovery-credential': file, 'recovery-passphrase-fd': descriptor } = flags
  if (file !== undefined && descriptor !== undefined) throw new CommandUsage()
  if (descriptor !== undefined && !/^[0-9]{1,4}$/.test(descriptor)) throw new CommandUsage()
  const source = descriptor === undefined ? (file ?? join(place, 'credential')) : Number(descriptor)
  using given = readPassphrase(source)
  const document = readFileSync(join(place, 'recovery.json'))
  const sealed = readFileSync(join(place, 'recovery.seal'))
  return openRecovery({ document, sealed }, given)
}

function configAt(file: string | undefined): SignerConfig {
  if (file === undefined) throw new CommandUsage()
  return parseSignerConfig(readFileSync(file, 'utf8'), dirname(resolve(file)))
}

const read: typeof parseArgs = (wanted) => {
  try {
    return parseArgs(wanted)
  } catch {
    throw new CommandUsage()
  }
}

/** Files that are not there or not for this caller: exit 2 as well. */
export function isUnreadable(error: unknown): error is Error {
  const codes = ['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EEXIST']
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
