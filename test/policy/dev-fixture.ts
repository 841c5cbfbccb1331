// A development organisation for tests of the policy: documents from `cli/dev-documents.ts`, keys
// that are SHA-256 of `test-seed/<name>`, and ways to change one thing of a document.
import { devBook, devDirectory, devPolicy, devRoot } from '../../cli/dev-documents.ts'
import { devPeople, devService } from '../../cli/dev-rules.ts'
import { formatVkey, vkeyOf } from '../../policy/audit/checkpoint.ts'
import type { Destination } from '../../policy/destination.ts'
import { digestOfText } from '../../policy/document.ts'
import { ed25519PublicKey, sha256, toUtf8 } from '../../proto/crypto.ts'
import { type Digest, type Handle, parseDigest, parseHandle } from '../../proto/ids.ts'
import { type Json, text } from '../../proto/jcs.ts'
import { tags } from '../../proto/tags.ts'

export const notBefore = Date.UTC(2026, 11, 1)
export const expires = Date.UTC(2027, 5, 1)
export const token = '0x5fbdb2315678afecb367f032d93f642f64180aa3'
export const origin = 'log.acme.example/custody-dev'
export const key = { n: 3, t: 2, f: 1 }
export const witness = { w: 3, f: 0, q: 2 }

export function seedOf(name: string): Uint8Array {
  return sha256(toUtf8(`test-seed/${name}`))
}

export function publicKeyOf(name: string): Uint8Array {
  return ed25519PublicKey(seedOf(name))
}

export function digestFor(name: string): Digest {
  return parseDigest(Buffer.from(sha256(toUtf8(name))).toString('hex'))
}

export const policyText = devPolicy({
  org: 'acme-dev',
  notBefore,
  expires,
  origin,
  people: devPeople,
  token,
  key,
  witness,
})

export const people: readonly string[] = Object.values(devPeople).flat()

export const directoryText = devDirectory({
  org: 'acme-dev',
  from: notBefore,
  to: expires,
  persons: [...people, devService.handle].map((handle) => ({
    handle,
    owner: handle === devService.handle ? devService.owner : '',
    publicKey: publicKeyOf(handle),
    transport: digestFor(`tls/${handle}`),
  })),
})

export const customer: Destination = {
  org: parseHandle('acme-dev'),
  env: 'dev',
  book: parseHandle('customer'),
  network: 'eip155:31337',
  address: '0x7a16ff8270133f063aab6c9977183d9e72835428',
  label: 'cust-88213/2',
  status: 'active',
  activeFrom: notBefore,
  version: 1,
}

export const bookText = devBook({ org: 'acme-dev', name: 'customer', records: [customer] })

export const rootText = devRoot({
  org: 'acme-dev',
  log: { origin, vkey: formatVkey(vkeyOf(origin, 'log', publicKeyOf('log'))) },
  nodes: ['signer-a', 'signer-b', 'signer-c'].map((node) => ({
    node,
    identity: publicKeyOf(node),
    transport: digestFor(`tls/${node}`),
    witness: witnessKey(node),
  })),
  key,
  witness,
  governance: {
    keys: ['jun', 'kat', 'lev'].map((name) => publicKeyOf(`root/${name}`)),
    threshold: 2,
  },
  genesis: {
    policy: digestOfText(tags.policy, policyText),
    directory: digestOfText(tags.directory, directoryText),
    books: { customer: digestOfText(tags.book, bookText) },
  },
})

export function witnessKey(node: string): string {
  return witnessKeyNamed(`${node}.acme.example/witness`, publicKeyOf(`${node}-witness`))
}

export function witnessKeyNamed(name: string, publicKey: Uint8Array): string {
  return formatVkey(vkeyOf(name, 'witness', publicKey))
}

// biome-ignore lint/suspicious/noExplicitAny: a document that a test is about to break
export type Loose = any

/** The document's text after one change to its JSON. */
export function changed(document: string, change: (json: Loose) => void): string {
  const json: Loose = JSON.parse(document)
  change(json)
  return text(json as Json)
}

export function handleOf(name: string): Handle {
  return parseHandle(name)
}
