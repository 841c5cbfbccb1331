// The vault of a development cluster as the wire tells it: the line of its key and those of its
// proven backups, signed with the cluster's own keys.
import { readFileSync } from 'node:fs'
import { addressFile } from '../../policy/address-certificate.ts'
import { addressWord } from '../../policy/address-word.ts'
import { writeEntry } from '../../policy/audit/entry.ts'
import { confirmMessage, consentMessage } from '../../policy/audit/key-confirm.ts'
import { evmAddress } from '../../policy/chain/evm.ts'
import { parseRoot, type Root } from '../../policy/documents.ts'
import { madeHere } from '../../policy/key-standing.ts'
import type { KeyFacts } from '../../policy/view.ts'
import { addressKind } from '../../proto/address-documents.ts'
import { testedDocument } from '../../proto/backup-documents.ts'
import { ed25519Signer, fromHex, tagged, toHex, toUtf8 } from '../../proto/crypto.ts'
import { type NodeId, parseDigest, parseHandle, parseVaultId } from '../../proto/ids.ts'
import { encode } from '../../proto/jcs.ts'
import { nodeKeyThing } from '../../proto/node-keys.ts'
import { openWithPassphrase } from '../../proto/seal.ts'
import type { SealedThing } from '../../proto/seal-file.ts'
import { type Sign, sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import type { Place } from './cluster.ts'

/** The generator point as a key: its address is known to everyone. */
export const hotAddress = '0x7e5f4552091a69125d5dfcb7b8c2659029395bdf'

const generator = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'

/** The vault with a key that every node of the cluster signed; `publicKey` is compressed, hex. */
export function vaultOf(place: Place, name: string, point = generator) {
  const root = parseRoot(readFileSync(place.path('shared/root.json'), 'utf8'))
  const vault = factsOf(place, name, point)
  const identities = root.nodes.map(({ node }) => {
    const owner = { org: root.org, env: root.env, owner: parseHandle(node) }
    const thing = nodeKeyThing(owner, 'identity')
    return { node, sign: unseal(place, `nodes/${node}`, 'identity', thing) }
  })
  const confirms = identities.map(({ node, sign }) => {
    return { node, signature: toHex(sign(confirmMessage(vault, node))) }
  })
  const backups = identities.map(({ node, sign }) => testedLine(root, vault, node, sign))
  const { publicKey, chainCode, keyState } = vault
  const body = {
    ...{ ...vault, publicKey: toHex(publicKey), chainCode: toHex(chainCode), keyState },
    confirms,
  }
  const draft = { type: 'key.generated', actor: 'coordinator-1', t: 0, body } as const
  const entry = writeEntry(draft, { seq: 5, prev: parseDigest('cd'.repeat(32)) })
  const certificate = certificateAt(place, vault, 'm')
  const { network, key, epoch } = { network: 'eip155:31337', key: vault.key, epoch: 1 }
  return {
    ...{ vault: name, tier: name, network, key, epoch, threshold: 2, line: entry.bytes },
    ...{ backups, unproven: [] as string[] },
    ...{ publicKey: point, chainCode: toHex(chainCode), address: evmAddress(publicKey) },
    later: [] as Uint8Array[],
    ...{ certificate, uncertified: '' },
  }
}

/** The key of a vault, as its line has it. */
export function factsOf(place: Place, name: string, point = generator): KeyFacts {
  const root = parseRoot(readFileSync(place.path('shared/root.json'), 'utf8'))
  return {
    vault: parseVaultId(name),
    key: parseHandle(`k-${name}`),
    epoch: 1,
    t: 2,
    participants: root.nodes.map(({ node, x }) => ({ node, x })),
    publicKey: fromHex(point)!,
    chainCode: new Uint8Array(32),
    keyState: parseDigest('ab'.repeat(32)),
  }
}

/** The words of two of its nodes on the address at this path, said now. */
export function certificateAt(
  place: Place,
  facts: KeyFacts,
  path: string,
  { nodes = ['node-1', 'node-2'], at = Date.now() } = {},
): Uint8Array {
  const written = readFileSync(place.path('shared/root.json'), 'utf8')
  const root = parseRoot(written)
  const row = { ...facts, ...madeHere }
  const words = nodes.map((node) => {
    const owner = { org: root.org, env: root.env, owner: parseHandle(node) }
    const key = unseal(place, `nodes/${node}`, 'identity', nodeKeyThing(owner, 'identity'))
    const about = { root, row, network: 'eip155:31337', path }
    const document = addressWord(about, { node, issuedMs: at, size: 9 })
    return sign(addressKind.tag, encode(document), parseHandle(node), key)
  })
  return addressFile([{ root: written, signatures: '' }], words)
}

/** The same vault after its key was destroyed: two nodes said that they judged the change. */
export function destroyed(place: Place, vault: ReturnType<typeof vaultOf>) {
  const root = parseRoot(readFileSync(place.path('shared/root.json'), 'utf8'))
  const [change, order] = [parseDigest('0d'.repeat(32)), parseDigest('0e'.repeat(32))]
  const confirms = root.nodes.slice(0, 2).map(({ node }) => {
    const owner = { org: root.org, env: root.env, owner: parseHandle(node) }
    const { sign } = {
      sign: unseal(place, `nodes/${node}`, 'identity', nodeKeyThing(owner, 'identity')),
    }
    return { node, signature: toHex(sign(consentMessage(change, node))) }
  })
  const keyState = parseDigest('ab'.repeat(32))
  const body = { change, order, confirms, epoch: 1, keyState, vault: parseVaultId(vault.vault) }
  const draft = { type: 'key.disabled', actor: 'coordinator-1', t: 0, body } as const
  return {
    ...vault,
    later: [writeEntry(draft, { seq: 9, prev: parseDigest('cd'.repeat(32)) }).bytes],
  }
}

/** A node's word that its backup of this key was opened in a test, as a line. */
function testedLine(root: Root, row: KeyFacts, node: NodeId, sign: Sign): Uint8Array {
  const [backup, proof] = [parseDigest('0b'.repeat(32)), parseDigest('0c'.repeat(32))]
  const { vault, epoch, keyState } = row
  const said = { vault, epoch, keyState, node, backup, proof, recovery: parseHandle('r-1') }
  const document = testedDocument({ ...said, org: root.org, env: root.env })
  const body = { ...said, signature: toHex(sign(tagged(tags.backupTested, document))) }
  const draft = { type: 'key.backup-tested', actor: 'coordinator-1', t: 0, body } as const
  return writeEntry(draft, { seq: 6, prev: parseDigest('cd'.repeat(32)) }).bytes
}

export function unseal(place: Place, owner: string, key: string, thing: SealedThing): Sign {
  const at = place.path(`${owner}/keys/${key}.seal`)
  const known = unsealed.get(at)
  if (known !== undefined) return known
  const passphrase = toUtf8(readFileSync(place.path(`${owner}/credential`), 'utf8').trim())
  const sign = ed25519Signer(openWithPassphrase(readFileSync(at), thing, passphrase))
  unsealed.set(at, sign)
  return sign
}

/** Each takes its time; a place has a directory of its own. */
const unsealed = new Map<string, Sign>()
