// Sealing a node's files anew: to the tokens that its configuration names now, or back to a
// passphrase. Each file is opened as it is sealed, sealed with a fresh key, written beside, read
// back and opened by the token that is here; only when all of them open is any of them replaced. A
// run that is cut short leaves files of both kinds, each whole, and the next run finishes.
// INVARIANT: what a file is, is not changed: its kind and context stay, and both must be this
// node's own. The node must be stopped: a running one keeps keys of files that are no more.
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { parseSeal, type SealedThing } from '../proto/seal-file.ts'
import type { Secret } from './dkls23/secret.ts'
import type { KeystoreOwner } from './keystore.ts'
import type { Opener, WayIn } from './way-in.ts'

export interface FileToReseal {
  readonly name: string
  readonly path: string
  readonly bytes: Uint8Array
}

/** Files, as they are needed here. */
export interface ResealDisk {
  /** Durable when it returns, and read back from the disk. */
  writeBeside(path: string, bytes: Uint8Array): Uint8Array
  /** In place of the old one. */
  activate(path: string): void
  /** What was written beside, if anything was. */
  drop(path: string): void
}

export interface ResealWays {
  readonly from: (bytes: Uint8Array) => Opener
  readonly to: WayIn
  /** As the node will open it at its next start. */
  readonly test: (bytes: Uint8Array) => Promise<Opener>
}

/** Names of the files, all of them sealed anew. */
export async function reseal(
  owner: KeystoreOwner,
  files: readonly FileToReseal[],
  { from, to, test }: ResealWays,
  disk: ResealDisk,
): Promise<readonly string[]> {
  try {
    for (const { name, bytes, path } of files) {
      const thing = ownThing(owner, name, bytes)
      using plaintext = from(bytes).open(bytes, thing)
      const written = disk.writeBeside(path, to.seal(thing, plaintext))
      await requireOpens(name, { thing, written, plaintext }, test)
    }
  } catch (error) {
    for (const { path } of files) disk.drop(path)
    throw error
  }
  for (const { path } of files) disk.activate(path)
  return files.map(({ name }) => name)
}

async function requireOpens(
  name: string,
  file: {
    readonly thing: SealedThing
    readonly written: Uint8Array
    readonly plaintext: Secret
  },
  test: ResealWays['test'],
): Promise<void> {
  const opener = await test(file.written)
  using tested = opener.open(file.written, file.thing)
  if (!tested.equals(file.plaintext)) refuse('SEAL', `${name}: test opening failed`)
}

/** What the file says that it is, if that is something of this node. */
export function ownThing(
  { org, env, node, x }: KeystoreOwner,
  name: string,
  bytes: Uint8Array,
): SealedThing {
  const seal = attempt(() => parseSeal(bytes))
  if (isRefusal(seal)) return refuse('SEAL', `${name}: no sealed file`)
  const { thing } = seal
  const isHere = thing.context.org === org && thing.context.env === env
  if (!isHere || !isOf(thing, node, x)) refuse('CONFIG', `${name}: not of this node`)
  return thing
}

function isOf(thing: SealedThing, node: string, x: number): boolean {
  switch (thing.kind) {
    case 'identity':
      return thing.context.owner === node
    case 'invitation':
      return thing.context.node === node
    case 'keyshare':
    case 'restored':
      return thing.context.party === x
    case 'backup':
    case 'export':
      return false
  }
}
