// Opens the Keyshares of a node and the backups beside them, and what opens them, as its
// configuration names them. Shared by the running node and by the commands that need a stopped one.
// Not for a light witness, which has none of it.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { refuse } from '../proto/refusal.ts'
import { scryptDefault } from '../proto/seal.ts'
import { Backups } from './backups.ts'
import type { SignerConfig } from './config.ts'
import type { Curve } from './dkls23/curve.ts'
import { Secret } from './dkls23/secret.ts'
import { Keystore } from './keystore.ts'
import { PinTries } from './pin-tries.ts'
import { made, newline, readPassphrase } from './places.ts'
import type { Random } from './ports.ts'
import { pinnedRecoveryKeys } from './recovery-keys.ts'
import { pinnedCards, type SealedFile, type TokenSettings } from './unseal.ts'
import { PassphraseWay, type WayIn } from './way-in.ts'

export interface OpeningPorts {
  readonly way: WayIn
  readonly curve: Curve
  readonly random: Random
}

export function openKeystore(config: SignerConfig, ports: OpeningPorts): Keystore {
  const directory = made(join(config.dataDir, 'keyshares'))
  return new Keystore(directory, config, { ...ports, backups: openBackups(config, ports) })
}

/** The passphrase stays the caller's to wipe. */
export function passphraseWay(
  { env }: SignerConfig,
  passphrase: Secret,
  random: Random,
): PassphraseWay {
  // Development clusters hold play money and start often.
  const cost = env === 'dev' ? { ...scryptDefault, n: 2 ** 15 } : scryptDefault
  return new PassphraseWay(passphrase, cost, random)
}

export const sealedName = /\.(?:keyshare|invitation)$/

/** What a token has to open before there is a node, and every Keyshare beside it. */
export function sealedFiles({ keys, dataDir }: SignerConfig): readonly SealedFile[] {
  const own = [keys.identity, keys.witness, keys.secret]
  const directory = made(join(dataDir, 'keyshares'))
  const shares = readdirSync(directory).filter((name) => sealedName.test(name))
  return [
    ...own.map((path) => ({ name: basename(path), bytes: readFileSync(path), isNeeded: true })),
    ...shares.map((name) => {
      return { name, bytes: readFileSync(join(directory, name)), isNeeded: false }
    }),
  ]
}

/**
 * What a sealing that was killed half-way left beside the files, perhaps sealed to the passphrase
 * that tokens took the place of. For whoever holds the store: nobody else writes here then.
 */
export function dropUnfinished({ keys, dataDir }: Pick<SignerConfig, 'keys' | 'dataDir'>): void {
  const directory = made(join(dataDir, 'keyshares'))
  const beside = readdirSync(directory).filter((name) => {
    return name.endsWith('.new') && sealedName.test(name.slice(0, -'.new'.length))
  })
  const own = [keys.identity, keys.witness, keys.secret].map((path) => `${path}.new`)
  for (const path of [...own, ...beside.map((name) => join(directory, name))]) {
    rmSync(path, { force: true })
  }
}

/** Undefined for a node whose files a passphrase opens. */
export function tokenSettings(config: SignerConfig): TokenSettings | undefined {
  const { keystore } = config
  if (keystore.stanza === 'passphrase') return undefined
  if (config.env === 'prod' && keystore.module.file.startsWith('software:')) {
    return refuse('CONFIG', 'keystore.module: a token in software is none for production')
  }
  const pinned = keystore.tokens.map(({ file, digest }) => ({ bytes: readFileSync(file), digest }))
  return { owner: config, keystore, cards: pinnedCards(config, pinned) }
}

export function pinTries({ dataDir }: SignerConfig): PinTries {
  return new PinTries(made(dataDir))
}

function openBackups(config: SignerConfig, { random }: OpeningPorts): Backups {
  const { directory, recovery } = config.backups
  const pinned = recovery.map(({ file, digest }) => ({ bytes: readFileSync(file), digest }))
  return new Backups(made(directory), pinnedRecoveryKeys(config, pinned), random)
}

/** As many lines, from a file of the owner alone or a descriptor. */
export function readLines(source: string | number, wanted: readonly string[]): readonly Secret[] {
  const count = wanted.length
  using all = readPassphrase(source, 'PIN')
  const lines: Secret[] = []
  let rest = all.bytes
  for (let at = 0; at < count; at += 1) {
    const found = rest.indexOf(newline)
    const end = found < 0 || at === count - 1 ? rest.length : found
    lines.push(new Secret(rest.slice(0, end)))
    rest = rest.subarray(Math.min(rest.length, end + 1))
  }
  const isWrong = lines.some(({ bytes }) => bytes.length === 0 || bytes.includes(newline))
  if (!isWrong) return lines
  for (const line of lines) line[Symbol.dispose]()
  return refuse('CONFIG', `expected one a line, none of them empty: ${wanted.join(', ')}`)
}
