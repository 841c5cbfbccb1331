// A node's own keys as they lie on its disk, sealed: identity, witness key, node
// secret. A light witness has the first two.
// INVARIANT: a file opens as the very key of the very node that it was sealed for, or not at all.
import { readFileSync } from 'node:fs'
import { type NodeKey, nodeKeyThing } from '../proto/node-keys.ts'
import { refuse } from '../proto/refusal.ts'
import type { KeyshareContext } from '../proto/seal-file.ts'
import type { Secret } from './dkls23/secret.ts'
import type { Event } from './ports.ts'
import type { Opener } from './way-in.ts'

const keyBytes = 32

/** Said once a start: which stanza opened the files, and where its word came from. */
export function unsealed(stanza: string, wordFrom: string): Event {
  return { level: 'info', name: 'node.unsealed', because: `stanza ${stanza}, ${wordFrom}` }
}

/** Of a passphrase. */
export function fromWhere(source: string | number | symbol): string {
  if (typeof source === 'symbol') return 'passphrase from an operator'
  return `passphrase from a ${typeof source === 'number' ? 'descriptor' : 'file'}`
}

export interface KeyOwner {
  readonly org: KeyshareContext['org']
  readonly env: KeyshareContext['env']
  readonly node: KeyshareContext['org']
}

/** Opens one; the caller disposes of it. */
export function openNodeKey(
  path: string,
  key: NodeKey,
  { org, env, node }: KeyOwner,
  way: Opener,
): Secret {
  const opened = way.open(readFileSync(path), nodeKeyThing({ org, env, owner: node }, key))
  if (opened.bytes.length !== keyBytes) refuse('SEAL', `${key} key: expected ${keyBytes} bytes`)
  return opened
}
