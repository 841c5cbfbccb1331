// What the recipient of an exported key does with this program, on a machine of its own. The
// passphrase of that key comes from a file or a descriptor; else from the file `credential` in
// DIR. DIGEST is that of the root in force at the export, from another place than the parcel.
// INVARIANT: the private key leaves only where it was asked for by name: sealed by the passphrase
// into a new file of the owner alone, raw into a descriptor, or in the clear on a terminal. Opens
// no socket, and says no secret in its answer.
import { existsSync, mkdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { addressesOf } from '../policy/chain/chains.ts'
import { evmAddress } from '../policy/chain/evm.ts'
import { equalBytes, toHex, toUtf8, x25519PublicKey } from '../proto/crypto.ts'
import {
  parseParcel,
  parseRecipientKey,
  type RecipientKey,
  recipientKeyDocument,
  recipientSecretBytes,
  recipientThing,
} from '../proto/export-documents.ts'
import { parseHandle } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { openWithPassphrase, scryptDefault, sealToPassphrase } from '../proto/seal.ts'
import { digest, literal } from '../proto/shape.ts'
import { type Command, CommandUsage, type CommandWorld } from './command.ts'
import { readWords, text, type Words, yes } from './commands-words.ts'
import { Secret } from './dkls23/secret.ts'
import { judgeSpoiled, type OpenedKey, openParcel, type Spoiled } from './export-open.ts'
import { readPassphrase } from './places.ts'
import { walletFile } from './wallet-file.ts'

const passphraseOptions = { credential: text, 'passphrase-fd': text } as const
const passphraseMin = 16
const env = literal('prod', 'test', 'dev')

const passphraseUsage = "  of the recipient's key: [--credential FILE | --passphrase-fd N]"

export const exportCommands: readonly Command[] = [
  {
    verb: 'export-key',
    about: "a recipient's key for an export, on the recipient's machine",
    usage: ['DIR --org ORG --env ENV [--id ID]', passphraseUsage],
    run: async (words, world) => makeKey(words, world),
  },
  {
    verb: 'export-open',
    about: 'open the exported key that came in a parcel',
    usage: [
      'PARCEL --recipient DIR --root DIGEST [--evidence FILE]',
      '  --wallet FILE | --key-fd N | --reveal',
      passphraseUsage,
    ],
    run: async (words, world) => open(words, world),
  },
  {
    verb: 'export-judge',
    about: 'who spoiled a part, by the evidence alone',
    usage: ['EVIDENCE --root DIGEST'],
    run: async (words, world) => judge(words, world),
  },
]

function makeKey(words: readonly string[], world: CommandWorld): object {
  const options = { org: text, env: text, id: text, ...passphraseOptions }
  const read = readWords(words, { places: ['DIR'], options, needed: ['org', 'env'] })
  const place = read.place()
  const owner = {
    org: parseHandle(read.text('org'), 'org'),
    env: env(read.text('env'), 'env'),
    id: parseHandle(read.flag('id') ?? 'recipient-1', 'id'),
  }
  const [document, sealed] = [join(place, 'recipient.json'), join(place, 'recipient.seal')]
  for (const file of [document, sealed]) {
    if (existsSync(file)) refuse('CONFIG', `${file}: is there already`)
  }
  using passphrase = passphraseOf(place, read)
  if (passphrase.bytes.length < passphraseMin) {
    refuse('CONFIG', `passphrase: expected at least ${passphraseMin} characters`)
  }
  using secret = new Secret(world.random(recipientSecretBytes))
  using dek = new Secret(world.random(32))
  const seal = toHex(x25519PublicKey(secret.bytes))
  const lock = { passphrase: passphrase.bytes, cost: scryptDefault }
  const fresh = { dek: dek.bytes, salt: world.random(16) }
  const closed = sealToPassphrase(recipientThing(owner), secret.bytes, lock, fresh)
  mkdirSync(place, { recursive: true, mode: 0o700 })
  writeFileSync(sealed, closed, { flag: 'wx', mode: 0o400 })
  writeFileSync(document, recipientKeyDocument({ ...owner, seal }), { flag: 'wx', mode: 0o444 })
  return { ...owner, recipient: seal, document }
}

function open(words: readonly string[], world: CommandWorld): object {
  const ways = { wallet: text, 'key-fd': text, reveal: yes }
  const options = { recipient: text, root: text, evidence: text, ...ways, ...passphraseOptions }
  const read = readWords(words, { places: ['PARCEL'], options, needed: ['recipient', 'root'] })
  const way = wayOut(read, world)
  const place = read.text('recipient')
  const root = digest(read.text('root'), 'root')
  const parcel = parseParcel(readFileSync(read.place()))
  using passphrase = passphraseOf(place, read)
  using secret = openRecipient(place, passphrase)
  const opened = openParcel(parcel, { curve: world.curve('native'), secret, root })
  if (opened.kind === 'spoiled') return refuseSpoiled(opened, read.flag('evidence'))
  using key = opened.key
  // The wallet file is one of Ethereum, whatever the key serves.
  way({ key, address: evmAddress(opened.facts.publicKey), passphrase })
  return saidOf(opened)
}

/** A new recipient key would not help: whoever is named spoils the next one as well. */
function refuseSpoiled({ node, because, evidence }: Spoiled, file: string | undefined): never {
  if (evidence !== undefined && file !== undefined) {
    writeFileSync(file, evidence, { flag: 'wx', mode: 0o600 })
  }
  const shown = evidence === undefined || file === undefined ? '' : `; evidence in ${file}`
  return refuse('EVIDENCE', `${node ?? 'nobody'} is named: ${because}${shown}`)
}

function judge(words: readonly string[], world: CommandWorld): object {
  const shape = { places: ['EVIDENCE'], options: { root: text }, needed: ['root'] }
  const read = readWords(words, shape)
  const root = digest(read.text('root'), 'root')
  const evidence = readFileSync(read.place())
  const { node = '', because } = judgeSpoiled(world.curve('native'), evidence, root)
  return { spoiled: node, because }
}

function saidOf({ facts, line }: OpenedKey) {
  return {
    vault: line.vault,
    line: line.seq,
    publicKey: toHex(facts.publicKey),
    chainCode: toHex(facts.chainCode),
    ...addressesOf(facts.publicKey),
    exporters: line.nodes.join(','),
  }
}

interface Leaving {
  readonly key: Secret
  readonly address: string
  /** Of the recipient: the wallet file is sealed by it too. */
  readonly passphrase: Secret
}

/** Exactly one, and known to be possible before anything is opened. */
function wayOut(words: Words, world: CommandWorld): (leaving: Leaving) => void {
  words.oneOf('wallet', 'key-fd', 'reveal')
  const wallet = words.flag('wallet')
  if (wallet !== undefined) {
    if (existsSync(wallet)) refuse('CONFIG', `${wallet}: is there already`)
    return (leaving) => writeWallet(wallet, leaving, world)
  }
  const descriptor = words.descriptor('key-fd')
  if (descriptor !== undefined) {
    if (descriptor < 3) throw new CommandUsage('--key-fd: expected 3 or more')
    return ({ key }) => void writeSync(descriptor, key.bytes)
  }
  if (!words.is('reveal')) throw new CommandUsage('missing: --wallet, --key-fd or --reveal')
  if (!world.isTerminal) refuse('CONFIG', '--reveal: expected a terminal, not a file or a pipe')
  return ({ key }) => reveals(key)
}

function writeWallet(file: string, { key, address, passphrase }: Leaving, world: CommandWorld) {
  const lock = { passphrase: passphrase.bytes, cost: scryptDefault }
  const fresh = { salt: world.random(32), iv: world.random(16), id: world.random(16) }
  const written = walletFile(key.bytes, address, lock, fresh)
  writeFileSync(file, `${written}\n`, { flag: 'wx', mode: 0o600 })
}

const digits = toUtf8('0123456789abcdef')

/** As bytes: text of it could not be wiped. */
function reveals(key: Secret): void {
  using line = new Secret(new Uint8Array(2 * key.bytes.length + 1))
  for (const [at, byte] of key.bytes.entries()) {
    line.bytes[2 * at] = digits[byte >> 4] ?? 0
    line.bytes[2 * at + 1] = digits[byte & 15] ?? 0
  }
  line.bytes[2 * key.bytes.length] = 0x0a
  writeSync(1, line.bytes)
}

function openRecipient(place: string, passphrase: Secret): Secret {
  const key: RecipientKey = parseRecipientKey(readFileSync(join(place, 'recipient.json')))
  const sealed = readFileSync(join(place, 'recipient.seal'))
  const secret = new Secret(openWithPassphrase(sealed, recipientThing(key), passphrase.bytes))
  if (secret.bytes.length === recipientSecretBytes) {
    if (equalBytes(x25519PublicKey(secret.bytes), key.seal)) return secret
  }
  secret[Symbol.dispose]()
  return refuse('SEAL', 'recipient.json is of another key than recipient.seal')
}

function passphraseOf(place: string, words: Words): Secret {
  words.oneOf('credential', 'passphrase-fd')
  const filed = words.flag('credential') ?? join(place, 'credential')
  return readPassphrase(words.descriptor('passphrase-fd') ?? filed)
}
