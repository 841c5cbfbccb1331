// Commands about backups and shares: a backup opened in a test on the recovery machine, its proof
// handed to the running node, a share restored on a stopped one, and shares given up that wait for
// a key that never came.
// INVARIANT: nothing is restored while somebody has the node's store; no answer says a secret.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseText } from '../proto/jcs.ts'
import { signedJson, signedShape } from '../proto/signed.ts'
import { tellAdmin } from './admin-client.ts'
import type { Command, CommandWorld } from './command.ts'
import { readWords, text, type Words } from './commands-words.ts'
import type { SignerConfig } from './config.ts'
import { HistoryRows } from './history-rows.ts'
import { openKeystore, passphraseWay, tokenSettings } from './opening.ts'
import { openStore, readPassphrase } from './places.ts'
import { openRecovery, proveBackup, type Recovery } from './recovery-open.ts'
import { restoreBackup } from './restore.ts'
import { sealKeysOf } from './unseal.ts'
import { TokenWay, type WayIn } from './way-in.ts'

const passphrase = { 'recovery-credential': text, 'recovery-passphrase-fd': text } as const
const passphraseUsage = '  [--recovery-credential FILE | --recovery-passphrase-fd N]'
const nonceBytes = 16

export const backupCommands: readonly Command[] = [
  {
    verb: 'backup verify',
    about: 'open a backup in a test, on the recovery machine; nothing is restored',
    usage: ['FILE --recovery DIR --out PROOF', passphraseUsage],
    run: verify,
  },
  {
    verb: 'backup proved',
    about: 'hand the proof of an opened backup to the running node',
    usage: ['PROOF --config CONFIG'],
    run: proved,
  },
  {
    verb: 'restore',
    about: 'a keyshare out of a backup, on a stopped node; it signs after the next refresh',
    usage: ['--backup FILE --recovery DIR --config CONFIG', passphraseUsage],
    run: restore,
  },
  {
    verb: 'drop-pending',
    about: 'give up the waiting shares of a vault that never had a key',
    usage: ['VAULT --config CONFIG'],
    run: dropPending,
  },
]

async function verify(words: readonly string[], world: CommandWorld): Promise<object> {
  const options = { recovery: text, out: text, ...passphrase }
  const read = readWords(words, { places: ['FILE'], options, needed: ['recovery', 'out'] })
  const out = read.text('out')
  using recovery = openPlace(read)
  const fresh = { nonce: world.random(nonceBytes), nowMs: world.wallMs() }
  const bytes = readFileSync(read.place())
  const { proof, said } = proveBackup(world.curve('native'), bytes, recovery, fresh)
  writeFileSync(out, `${JSON.stringify(signedJson(proof))}\n`, { flag: 'wx', mode: 0o644 })
  const { org, env, node, vault, key, epoch, keyState, backup } = said
  const about = { org, env, node, vault, key, epoch, keyState, backup }
  return { ...about, recovery: said.recovery, proof: out }
}

async function proved(words: readonly string[]): Promise<object> {
  const shape = { places: ['PROOF'], options: { config: text }, needed: ['config'] }
  const read = readWords(words, shape)
  const written = readFileSync(read.place(), 'utf8').trimEnd()
  const proof = signedJson(signedShape(parseText(written), 'proof'))
  return tellAdmin(read.config().adminSocket, { do: 'backup-proved', proof })
}

/** The node refuses anything else. */
async function dropPending(words: readonly string[]): Promise<object> {
  const shape = { places: ['VAULT'], options: { config: text }, needed: ['config'] }
  const read = readWords(words, shape)
  return tellAdmin(read.config().adminSocket, { do: 'drop-pending', scope: read.place() })
}

async function restore(words: readonly string[], world: CommandWorld): Promise<object> {
  const options = { backup: text, recovery: text, config: text, ...passphrase }
  const read = readWords(words, { options, needed: ['backup', 'recovery', 'config'] })
  const config = read.config()
  const curve = world.curve(config.curve)
  // Whoever holds the store is running: only a stopped node is given a share.
  const store = openStore(config)
  try {
    using recovery = openPlace(read)
    const way = sealingWay(config, world)
    const keystore = openKeystore(config, { way, curve, random: world.random })
    const at = { owner: config, keystore, rows: new HistoryRows(store), curve }
    const { vault, epoch, isInForce } = restoreBackup(
      at,
      readFileSync(read.text('backup')),
      recovery,
    )
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

/** Of the recovery key; without a flag its passphrase is the file `credential` beside it. */
function openPlace(words: Words): Recovery {
  const [byFile, byDescriptor] = ['recovery-credential', 'recovery-passphrase-fd'] as const
  words.oneOf(byFile, byDescriptor)
  const place = words.text('recovery')
  const filed = words.flag(byFile) ?? join(place, 'credential')
  using given = readPassphrase(words.descriptor(byDescriptor) ?? filed)
  const document = readFileSync(join(place, 'recovery.json'))
  const sealed = readFileSync(join(place, 'recovery.seal'))
  return openRecovery({ document, sealed }, given)
}
