// What custody-signer does besides running: on the recovery machine it opens a backup in a test, on
// a node it hands the proof over to the running node, on a stopped one it restores, and one that
// waits locked it unlocks.
//   custody-signer unlock --config CONFIG [--credential FILE]
//   custody-signer backup verify FILE --recovery DIR --out PROOF [PASSPHRASE]
//   custody-signer backup proved PROOF --config CONFIG
//   custody-signer restore --backup FILE --recovery DIR --config CONFIG [PASSPHRASE]
// PASSPHRASE of the recovery key: --recovery-credential FILE or --recovery-passphrase-fd N; else
// the file `credential` in DIR. Answers one line of JSON; says no secret and opens no socket but
// the operator's.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { parseText } from '../proto/jcs.ts'
import { signedJson, signedShape } from '../proto/signed.ts'
import { tellAdmin } from './admin-client.ts'
import { parseSignerConfig, type SignerConfig } from './config.ts'
import type { Curve } from './dkls23/curve.ts'
import { HistoryRows } from './history-rows.ts'
import { openKeystore } from './opening.ts'
import { openStore, readPassphrase } from './places.ts'
import type { Random } from './ports.ts'
import { openRecovery, proveBackup, type Recovery } from './recovery-open.ts'
import { restoreBackup } from './restore.ts'

export interface CommandWorld {
  readonly random: Random
  readonly wallMs: () => number
  readonly curve: (name: SignerConfig['curve']) => Curve
}

export const commandUsage = [
  'custody-signer unlock --config CONFIG [--credential FILE]',
  'custody-signer backup verify FILE --recovery DIR --out PROOF',
  'custody-signer backup proved PROOF --config CONFIG',
  'custody-signer restore --backup FILE --recovery DIR --config CONFIG',
  '  of the recovery key: [--recovery-credential FILE | --recovery-passphrase-fd N]',
]

const text = { type: 'string' } as const
const passphrase = { 'recovery-credential': text, 'recovery-passphrase-fd': text } as const
const nonceBytes = 16

/** Undefined where the words are none of a command; wrong ones are `CommandUsage`. */
export function commandOf(
  words: readonly string[],
): ((world: CommandWorld) => Promise<object>) | undefined {
  const [first, second, ...rest] = words
  if (first === 'unlock') return () => unlock(words.slice(1))
  if (first === 'restore') return (world) => restore(words.slice(1), world)
  if (first !== 'backup') return undefined
  if (second === 'verify') return (world) => verify(rest, world)
  if (second === 'proved') return () => proved(rest)
  throw new CommandUsage()
}

/** Exit 2, with the usage. */
export class CommandUsage extends Error {
  override readonly name = 'CommandUsage'
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
    using own = readPassphrase(config.credential)
    using recovery = openPlace(place, values)
    const keystore = openKeystore(config, { passphrase: own, curve, random: world.random })
    const at = { owner: config, keystore, rows: new HistoryRows(store), curve }
    const { vault, epoch, isInForce } = restoreBackup(at, readFileSync(backup), recovery)
    const state = 'restored: a witness until the next refresh'
    return { node: config.node, vault, epoch, state, inOwnLog: isInForce }
  } finally {
    store.close()
  }
}

/** Tells the node where its passphrase is: it reads the file, or the pipe, itself. */
async function unlock(words: readonly string[]): Promise<object> {
  const { values } = read({ args: [...words], options: { config: text, credential: text } })
  const config = configAt(values.config)
  const { credential = config.credential } = values
  return tellAdmin(config.adminSocket, { do: 'unlock', credential: resolve(credential) })
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
