// What a configuration names and both programs of a node open: directories, the passphrase, the
// store.
// INVARIANT: what is made here is for its owner only; a passphrase that others can read is refused.
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { refuse } from '../proto/refusal.ts'
import { Secret } from './dkls23/secret.ts'
import { Store } from './store.ts'

export const newline = 0x0a

export function openStore({ dataDir }: { readonly dataDir: string }): Store {
  return new Store(join(made(dataDir), 'node.db'), { busyTimeoutMs: 1_000 })
}

export function made(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return directory
}

/** From a file of the owner alone or a descriptor; others can read environment and command line. */
export function readPassphrase(source: string | number, what = 'passphrase'): Secret {
  if (typeof source === 'string' && (statSync(source).mode & 0o077) !== 0) {
    refuse('CONFIG', 'credential: expected a file that only its owner can read')
  }
  const bytes = readFileSync(source)
  const end = bytes.at(-1) === newline ? bytes.length - 1 : bytes.length
  const passphrase = new Secret(Uint8Array.from(bytes.subarray(0, end)))
  bytes.fill(0)
  if (passphrase.bytes.length === 0) refuse('CONFIG', `${what}: expected one, got nothing`)
  return passphrase
}
