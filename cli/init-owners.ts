// The owners of a development cluster: for each a certificate, a passphrase and sealed keys, as
// files of its own directory, and beside them the public facts that the documents name.
// INVARIANT: a private key appears in files below its owner's directory and nowhere else; that of a
// node's recovery key below `recovery/`, away from the node.
// Writes nothing.
import { type Vkey, vkeyOf } from '../policy/audit/checkpoint.ts'
import type { Env } from '../policy/intent.ts'
import { toHex, toUtf8 } from '../proto/crypto.ts'
import { type Digest, type Handle, parseHandle } from '../proto/ids.ts'
import type { Role } from '../proto/io/routes.ts'
import { logKeyThing } from '../proto/log-key.ts'
import { nodeKeyThing } from '../proto/node-keys.ts'
import { parseRecoveryKey } from '../proto/recovery-key.ts'
import { refuse } from '../proto/refusal.ts'
import type { SealedThing } from '../proto/seal-file.ts'
import { keyThing, makeKey } from './approver-key.ts'
import type { Authority, Leaf } from './init-certificates.ts'
import type { LightOwner } from './init-light.ts'
import { makeRecoveryKey } from './recovery-key.ts'

export interface InitFile {
  /** Below the cluster's directory. */
  readonly path: string
  readonly content: string | Uint8Array
  readonly secret: boolean
}

export interface Makers {
  readonly org: Handle
  /** `dev` where it is left out. */
  readonly env?: Env
  readonly authority: Pick<Authority, 'issue'>
  /** Public half of a recovery key that was made elsewhere; in development one is made here. */
  readonly recovery?: Uint8Array
  readonly random: (length: number) => Uint8Array
}

export interface Owner {
  readonly id: Handle
  /** `people/ana`. */
  readonly directory: string
  readonly files: readonly InitFile[]
  /** Certificates by role. */
  readonly leaves: ReadonlyMap<Role, Leaf>
}

export interface NodeOwner extends Owner {
  readonly identity: Uint8Array
  readonly witness: Vkey
  /** The public half lies with the node, the private one in a directory that no program reads. */
  readonly recovery: RecoveryPin
}

export interface RecoveryPin {
  /** Below the node's directory. */
  readonly file: string
  readonly digest: Digest
}

export interface LogOwner extends Owner {
  readonly log: Vkey
}

export interface SigningOwner extends Owner {
  readonly publicKey: Uint8Array
  readonly credential: Handle
}

export interface Owners {
  readonly coordinator: LogOwner
  readonly nodes: readonly NodeOwner[]
  readonly lights: readonly LightOwner[]
  readonly people: readonly SigningOwner[]
  readonly service: SigningOwner
  readonly operator: Owner
}

// The passphrases are 256 random bits, so the least cost that a sealed file may have is enough.
const cost = { n: 2 ** 15, r: 8, p: 1 }

export async function makeNode(
  id: string,
  makers: Makers,
  directory = `nodes/${id}`,
): Promise<NodeOwner> {
  const bare = await makeOwner(id, directory, ['node'], makers)
  const owner = { org: makers.org, env: makers.env ?? 'dev', owner: bare.id }
  const identity = seal(bare, 'keys/identity.seal', nodeKeyThing(owner, 'identity'), makers)
  const witness = seal(bare, 'keys/witness.seal', nodeKeyThing(owner, 'witness'), makers)
  // Sealed as the keys are; its public key means nothing.
  const secret = seal(bare, 'keys/secret.seal', nodeKeyThing(owner, 'secret'), makers)
  const recovery =
    makers.recovery === undefined
      ? makeRecovery(id, makers)
      : givenRecovery(makers.recovery, owner, directory)
  return {
    ...bare,
    files: [...bare.files, identity.file, witness.file, secret.file, ...recovery.files],
    recovery: recovery.pin,
    identity: identity.publicKey,
    witness: vkeyOf(`${makers.org}/${id}`, 'witness', witness.publicKey),
  }
}

/** Of this very node; its private half never comes here. */
function givenRecovery(
  document: Uint8Array,
  owner: { readonly org: Handle; readonly env: Env; readonly owner: Handle },
  directory: string,
) {
  const { digest, org, env, node } = parseRecoveryKey(document)
  if (org !== owner.org || env !== owner.env || node !== owner.owner) {
    refuse('CONFIG', `recovery: a key of ${org} ${env} ${node}, expected ${owner.owner}`)
  }
  return {
    files: [openFile(`${directory}/${recoveryFile}`, document)],
    pin: { file: recoveryFile, digest },
  }
}

const recoveryFile = 'recovery/recovery-1.json'

/** As `custody recovery init` on a machine of its own: in development, a directory of its own. */
function makeRecovery(id: string, { org, random }: Makers) {
  const owner = { org, env: 'dev' as const, node: parseHandle(id), id: parseHandle('recovery-1') }
  const passphrase = toHex(random(32))
  const made = makeRecoveryKey(owner, { passphrase: toUtf8(passphrase), cost }, random)
  const { digest } = parseRecoveryKey(made.document)
  const file = recoveryFile
  return {
    files: [
      openFile(`recovery/${id}/recovery.json`, made.document),
      secretFile(`recovery/${id}/recovery.seal`, made.sealed),
      secretFile(`recovery/${id}/credential`, `${passphrase}\n`),
      openFile(`nodes/${id}/${file}`, made.document),
    ],
    pin: { file, digest },
  }
}

export async function makeCoordinator(
  id: string,
  origin: string,
  makers: Makers,
): Promise<LogOwner> {
  const bare = await makeOwner(id, 'coordinator', ['coordinator'], makers)
  const thing = logKeyThing({ org: makers.org, env: 'dev', owner: bare.id })
  const { file, publicKey } = seal(bare, 'keys/log.seal', thing, makers)
  return { ...bare, files: [...bare.files, file], log: vkeyOf(origin, 'log', publicKey) }
}

/** A person or a service: signs with the credential `NAME-1`. */
export async function makeSigner(
  id: string,
  directory: string,
  roles: readonly Role[],
  makers: Makers,
): Promise<SigningOwner> {
  const bare = await makeOwner(id, directory, roles, makers)
  const credential = parseHandle(`${id}-1`)
  const thing = keyThing({ org: makers.org, env: 'dev', id: bare.id }, credential)
  const { file, publicKey } = seal(bare, 'keys/signing.seal', thing, makers)
  return { ...bare, files: [...bare.files, file], publicKey, credential }
}

export async function makeOwner(
  id: string,
  directory: string,
  roles: readonly Role[],
  { org, authority, random }: Makers,
): Promise<Owner & { readonly passphrase: string }> {
  const passphrase = toHex(random(32))
  const leaves = new Map<Role, Leaf>()
  const files = [secretFile(`${directory}/credential`, `${passphrase}\n`)]
  for (const role of roles) {
    const leaf = await authority.issue({ name: id, uris: [`spiffe://${org}/${role}/${id}`] })
    leaves.set(role, leaf)
    files.push(openFile(`${directory}/tls/${role}.pem`, leaf.cert))
    files.push(secretFile(`${directory}/tls/${role}.key`, leaf.key))
  }
  return { id: parseHandle(id), directory, files, leaves, passphrase }
}

export function everyone({
  coordinator,
  nodes,
  lights,
  people,
  service,
  operator,
}: Owners): readonly Owner[] {
  return [coordinator, ...nodes, ...lights, ...people, service, operator]
}

export function openFile(path: string, content: string | Uint8Array): InitFile {
  return { path, content, secret: false }
}

export function secretFile(path: string, content: string | Uint8Array): InitFile {
  return { path, content, secret: true }
}

export function pinOf(owner: Owner, role: Role): string {
  const leaf = owner.leaves.get(role)
  if (leaf === undefined) throw new Error(`${owner.id} has no certificate for role ${role}`)
  return leaf.pin
}

export function seal(
  owner: { readonly directory: string; readonly passphrase: string },
  name: string,
  thing: SealedThing,
  { random }: Makers,
): { readonly file: InitFile; readonly publicKey: Uint8Array } {
  const made = makeKey(thing, { passphrase: toUtf8(owner.passphrase), cost }, random)
  return { file: secretFile(`${owner.directory}/${name}`, made.file), publicKey: made.publicKey }
}
