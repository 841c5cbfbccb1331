// A node's own keys as they lie on its disk, sealed: identity, witness key, node
// secret. A light witness has the first two.
// INVARIANT: a file opens as the very key of the very node that it was sealed for, or not at all.
import { readFileSync } from 'node:fs'
import { scryptLater } from '../proto/crypto.ts'
import { type NodeKey, nodeKeyThing } from '../proto/node-keys.ts'
import { refuse } from '../proto/refusal.ts'
import { type Deriving, giveUp } from '../proto/seal.ts'
import type { KeyshareContext } from '../proto/seal-file.ts'
import type { Secret } from './dkls23/secret.ts'
import type { Event } from './ports.ts'
import type { Opener, WayIn } from './way-in.ts'

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
  const thing = nodeKeyThing({ org, env, owner: node }, key)
  return checked(key, way.open(readFileSync(path), thing))
}

export interface NodeKeys {
  readonly identity: Secret
  readonly witness: Secret
  readonly secret: Secret
}

/**
 * All three at once, beside whatever this thread does meanwhile: each costs a third of a second
 * and 128 MiB, given back when it is done. Disposes of what had opened when one does not open.
 */
export async function openNodeKeys(
  paths: { readonly [key in keyof NodeKeys]: string },
  owner: KeyOwner,
  way: Pick<WayIn, 'opening'>,
): Promise<NodeKeys> {
  using onFailure = new DisposableStack()
  const open = async (key: keyof NodeKeys): Promise<Secret> => {
    const thing = nodeKeyThing({ org: owner.org, env: owner.env, owner: owner.node }, key)
    const opened = await later(way.opening(readFileSync(paths[key]), thing))
    return checked(key, onFailure.use(opened))
  }
  const opened = await Promise.allSettled([open('identity'), open('witness'), open('secret')])
  const [identity, witness, secret] = opened.map((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
  if (!identity || !witness || !secret) throw new Error('expected three keys')
  onFailure.move()
  return { identity, witness, secret }
}

async function later<R>(work: Deriving<R>): Promise<R> {
  try {
    let step = work.next()
    while (step.done !== true) {
      if (step.value === undefined) step = work.next()
      else
        step = work.next(await scryptLater(step.value.passphrase, step.value.salt, step.value.cost))
    }
    return step.value
  } finally {
    giveUp(work)
  }
}

function checked(key: NodeKey, opened: Secret): Secret {
  if (opened.bytes.length === keyBytes) return opened
  opened[Symbol.dispose]()
  return refuse('SEAL', `${key} key: expected ${keyBytes} bytes`)
}
