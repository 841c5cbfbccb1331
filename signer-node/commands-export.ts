// What the recipient of an exported key does with this program, on a machine of its own:
//   custody-signer export-key DIR --org ORG --env ENV [--id ID] [PASSPHRASE]
//   custody-signer export-open PARCEL --recipient DIR --root DIGEST [PASSPHRASE]
//     --wallet FILE | --key-fd N | --reveal   [--evidence FILE]
//   custody-signer export-judge EVIDENCE --root DIGEST
// PASSPHRASE of the recipient's key: --credential FILE or --passphrase-fd N; else the file
// `credential` in DIR. DIGEST is that of the root in force at the export, from another place than
// the parcel.
// INVARIANT: the private key leaves only where it was asked for by name: sealed by the passphrase
// into a new file of the owner alone, raw into a descriptor, or in the clear on a terminal. Opens
// no socket, and says no secret in its answer.
import { existsSync, mkdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { evmAddress } from '../policy/chain/evm.ts'
import { tronAddress } from '../policy/chain/tron-address.ts'
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
import { CommandUsage, type CommandWorld } from './command.ts'
import { Secret } from './dkls23/secret.ts'
import { judgeSpoiled, type OpenedKey, openParcel, type Spoiled } from './export-open.ts'
import { readPassphrase } from './places.ts'
import { walletFile } from './wallet-file.ts'

export const exportUsage = [
  'custody-signer export-key DIR --org ORG --env ENV [--id ID]',
  'custody-signer export-open PARCEL --recipient DIR --root DIGEST [--evidence FILE]',
  '    --wallet FILE | --key-fd N | --reveal',
  'custody-signer export-judge EVIDENCE --root DIGEST',
  "  of the recipient's key: [--credential FILE | --passphrase-fd N]",
]

const text = { type: 'string' } as const
const passphraseOptions = { credential: text, 'passphrase-fd': text } as const
const passphraseMin = 16
const env = literal('prod', 'test', 'dev')

type Flags = Readonly<Record<string, string | boolean | undefined>>

export function exportCommandOf(
  words: readonly string[],
): ((world: CommandWorld) => Promise<object>) | undefined {
  const [first, ...rest] = words
  if (first === 'export-key') return async (world) => makeKey(rest, world)
  if (first === 'export-open') return async (world) => open(rest, world)
  if (first === 'export-judge') return async (world) => judge(rest, world)
  return undefined
}

function makeKey(words: readonly string[], world: CommandWorld): object {
  const { place, flags } = read(words, { org: text, env: text, id: text, ...passphraseOptions })
  const owner = {
    org: parseHandle(needed(flags, 'org'), 'org'),
    env: env(needed(flags, 'env'), 'env'),
    id: parseHandle(String(flags['id'] ?? 'recipient-1'), 'id'),
  }
  const [document, sealed] = [join(place, 'recipient.json'), join(place, 'recipient.seal')]
  for (const file of [document, sealed]) {
    if (existsSync(file)) refuse('CONFIG', `${file}: is there already`)
  }
  using passphrase = passphraseOf(place, flags)
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
  const ways = { wallet: text, 'key-fd': text, reveal: { type: 'boolean' } } as const
  const more = { recipient: text, root: text, evidence: text }
  const { place: file, flags } = read(words, { ...more, ...ways, ...passphraseOptions })
  const way = wayOut(flags, world)
  const place = needed(flags, 'recipient')
  const root = digest(needed(flags, 'root'), 'root')
  const parcel = parseParcel(readFileSync(file))
  using passphrase = passphraseOf(place, flags)
  using secret = openRecipient(place, passphrase)
  const opened = openParcel(parcel, { curve: world.curve('native'), secret, root })
  if (opened.kind === 'spoiled') return refuseSpoiled(opened, flags)
  using key = opened.key
  const said = saidOf(opened)
  way({ key, address: said.ethereum, passphrase })
  return said
}

/** A new recipient key would not help: whoever is named spoils the next one as well. */
function refuseSpoiled({ node, because, evidence }: Spoiled, flags: Flags): never {
  const file = flags['evidence']
  if (evidence !== undefined && typeof file === 'string') {
    writeFileSync(file, evidence, { flag: 'wx', mode: 0o600 })
  }
  const shown = evidence === undefined || file === undefined ? '' : `; evidence in ${file}`
  return refuse('EVIDENCE', `${node ?? 'nobody'} is named: ${because}${shown}`)
}

function judge(words: readonly string[], world: CommandWorld): object {
  const { place: file, flags } = read(words, { root: text })
  const root = digest(needed(flags, 'root'), 'root')
  const { node = '', because } = judgeSpoiled(world.curve('native'), readFileSync(file), root)
  return { spoiled: node, because }
}

function saidOf({ facts, line }: OpenedKey) {
  return {
    vault: line.vault,
    line: line.seq,
    publicKey: toHex(facts.publicKey),
    chainCode: toHex(facts.chainCode),
    ethereum: evmAddress(facts.publicKey),
    tron: tronAddress(facts.publicKey),
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
function wayOut(flags: Flags, world: CommandWorld): (leaving: Leaving) => void {
  const { wallet, 'key-fd': descriptor, reveal } = flags
  const asked = [wallet, descriptor, reveal || undefined].filter((one) => one !== undefined)
  if (asked.length !== 1) throw new CommandUsage()
  if (typeof wallet === 'string') {
    if (existsSync(wallet)) refuse('CONFIG', `${wallet}: is there already`)
    return (leaving) => writeWallet(wallet, leaving, world)
  }
  if (typeof descriptor === 'string') {
    if (!/^([3-9]|[1-9][0-9]{1,3})$/.test(descriptor)) throw new CommandUsage()
    return ({ key }) => void writeSync(Number(descriptor), key.bytes)
  }
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

function passphraseOf(place: string, flags: Flags): Secret {
  const { credential, 'passphrase-fd': descriptor } = flags
  if (credential !== undefined && descriptor !== undefined) throw new CommandUsage()
  if (typeof descriptor !== 'string') {
    return readPassphrase(typeof credential === 'string' ? credential : join(place, 'credential'))
  }
  if (!/^[0-9]{1,4}$/.test(descriptor)) throw new CommandUsage()
  return readPassphrase(Number(descriptor))
}

function needed(flags: Flags, name: string): string {
  const value = flags[name]
  if (typeof value !== 'string') throw new CommandUsage()
  return value
}

/** One word and these flags. */
function read(
  words: readonly string[],
  options: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>,
): { readonly place: string; readonly flags: Flags } {
  try {
    const parsed = parseArgs({ args: [...words], options, allowPositionals: true })
    const [place, ...more] = parsed.positionals
    if (place !== undefined && more.length === 0) {
      return { place, flags: Object.fromEntries(Object.entries(parsed.values).map(single)) }
    }
  } catch {
    // Words that the parser does not know are no words.
  }
  throw new CommandUsage()
}

function single([name, value]: [string, unknown]): [string, string | boolean | undefined] {
  return [name, typeof value === 'string' || typeof value === 'boolean' ? value : undefined]
}
