// recovery init, recovery verify: what the operator of a node does on another machine. The one
// makes a recovery key; the other opens a backup in a test and signs that it opened. Nothing is
// restored and nothing of the share is shown: the program that knows keyshares does it, in a
// process of its own.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseHandle } from '../proto/ids.ts'
import { parseRecoveryKey } from '../proto/recovery-key.ts'
import { refuse } from '../proto/refusal.ts'
import { scryptDefault } from '../proto/seal.ts'
import { literal } from '../proto/shape.ts'
import { readSecret } from './approver-key.ts'
import { makeRecoveryKey } from './recovery-key.ts'
import { runSigner } from './recovery-process.ts'
import { type Args, done, flag, required, UsageError, type Verb, type World, word } from './verb.ts'

const env = literal('prod', 'test', 'dev')
const passphraseMin = 16
const passphraseOptions = {
  credential: { type: 'string' },
  'passphrase-fd': { type: 'string' },
} as const

export const recoveryInit: Verb = {
  about: 'make a recovery key for the backups of one node, on another machine',
  usage: 'DIR --org ORG --env ENV --node NODE [--id recovery-1] [--credential FILE]',
  words: { min: 1, max: 1 },
  options: {
    org: { type: 'string' },
    env: { type: 'string' },
    node: { type: 'string' },
    id: { type: 'string' },
    ...passphraseOptions,
  },
  run: async (args, world) => {
    const directory = word(args, 0)
    const owner = {
      org: parseHandle(required(args, 'org'), 'org'),
      env: env(required(args, 'env'), 'env'),
      node: parseHandle(required(args, 'node'), 'node'),
      id: parseHandle(flag(args, 'id') ?? 'recovery-1', 'id'),
    }
    const [document, sealed] = ['recovery.json', 'recovery.seal'].map((name) => {
      const path = join(directory, name)
      return existsSync(path) ? refuse('CONFIG', `${path}: is there already`) : path
    })
    const passphrase = await newPassphrase(args, world)
    const made = makeRecoveryKey(owner, { passphrase, cost: scryptDefault }, world.random)
    passphrase.fill(0)
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    writeFileSync(sealed ?? '', made.sealed, { flag: 'wx', mode: 0o400 })
    writeFileSync(document ?? '', made.document, { flag: 'wx', mode: 0o444 })
    const { digest, node } = parseRecoveryKey(made.document)
    const text = [
      `a recovery key for the backups of ${node} in ${directory}`,
      `  digest  ${digest}`,
      '  copy recovery.json to the node and name it in its configuration, with this digest:',
      `  "recovery": [{"file": "recovery/${owner.id}.json", "digest": "${digest}"}]`,
      '  recovery.seal and its passphrase stay here: a node never has them',
    ]
    return done(`${text.join('\n')}\n`, { ...owner, digest, directory })
  },
}

export const recoveryVerify: Verb = {
  about: 'open a backup in a test and sign that it opens; restores nothing',
  usage: 'BACKUP --as RECOVERY_DIR [--out PROOF] [--credential FILE]',
  words: { min: 1, max: 1 },
  options: { as: { type: 'string' }, out: { type: 'string' }, ...passphraseOptions },
  run: async (args, world) => {
    const backup = word(args, 0)
    const place = required(args, 'as')
    const out = flag(args, 'out') ?? `${basename(backup)}.proof`
    if (existsSync(out)) throw new UsageError(`${out}: is there already`)
    const key = parseRecoveryKey(readFileSync(join(place, 'recovery.json')))
    const passphrase = await ownPassphrase(args, world, { place, name: `${key.node} ${key.id}` })
    const words = ['backup', 'verify', backup, '--recovery', place, '--out', out]
    const said = await runSigner([...words, '--recovery-passphrase-fd', '0'], passphrase)
    const text = [
      `${said['vault']} epoch ${said['epoch']} of ${said['node']}: the backup opens`,
      `  key        ${said['key']}, state ${said['keyState']}`,
      `  backup     ${said['backup']}`,
      `  opened by  ${said['recovery']}; nothing was restored`,
      `  proof      ${out}; hand it to the node:`,
      `             custody-signer backup proved ${out} --config CONFIG`,
    ]
    return done(`${text.join('\n')}\n`, said)
  },
}

/** Typed twice at a terminal, or from a file or descriptor where it was made. */
async function newPassphrase(args: Args, world: World): Promise<Uint8Array> {
  const given = readSecret(args)
  if (given !== undefined) return longEnough(given)
  const first = await world.ask('Passphrase of the new recovery key', true)
  if (first === undefined) throw new UsageError('expected a passphrase: no terminal to ask at')
  const again = await world.ask('The same once more', true)
  if (first !== again) throw new UsageError('the two passphrases differ')
  return longEnough(new TextEncoder().encode(first))
}

function longEnough(passphrase: Uint8Array): Uint8Array {
  if (passphrase.length >= passphraseMin) return passphrase
  passphrase.fill(0)
  return refuse('CONFIG', `passphrase: expected at least ${passphraseMin} characters`)
}

async function ownPassphrase(
  args: Args,
  world: World,
  { place, name }: { readonly place: string; readonly name: string },
): Promise<Uint8Array> {
  const beside = join(place, 'credential')
  const given = readSecret(args, existsSync(beside) ? beside : undefined)
  if (given !== undefined) return given
  const typed = await world.ask(`Passphrase of the recovery key ${name}`, true)
  if (typed === undefined) throw new UsageError('expected a passphrase: no terminal to ask at')
  return new TextEncoder().encode(typed)
}
