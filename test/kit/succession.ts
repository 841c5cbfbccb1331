// Roots after the first one, for the organisation of `audit-documents.ts`: written, signed by any
// governance keys, and as the lines that bring them and what they name into force.
import { formatVkey, type Vkey, vkeyOf } from '../../policy/audit/checkpoint.ts'
import { rulesetDigest } from '../../policy/audit/fold-governance.ts'
import { inForce } from '../../policy/audit/history.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { digestOfText } from '../../policy/document.ts'
import { parseRoot, type Root } from '../../policy/documents.ts'
import { rootMessage, rootSignaturesText } from '../../policy/succession.ts'
import { plainDigest, toHex, toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { tags } from '../../proto/tags.ts'
import * as house from './audit-documents.ts'
import type { TestLog } from './audit-log.ts'

export const witnessOf = (node: string): Vkey =>
  vkeyOf(`${node}.acme.example/witness`, 'witness', house.keyOf(`${node}-witness`).publicKey)

export const nodeJson = (node: string, x: number): JsonObject => ({
  node,
  x,
  identity: toHex(house.keyOf(`${node}-identity`).publicKey),
  transport: plainDigest(toUtf8(`tls ${node}`)),
  witness: formatVkey(witnessOf(node)),
})

/** A light witness as a root names it. */
export const lightJson = (name: string): JsonObject => {
  const { x: _, ...light } = nodeJson(name, 1)
  return light
}

const [a, b, c] = house.root['nodes'] as readonly JsonObject[] as [
  JsonObject,
  JsonObject,
  JsonObject,
]
/** The nodes of the first root, and one that is none yet. */
export const node = { a, b, c, d: nodeJson('node-d', 3), e: nodeJson('node-e', 4) } as const

export interface WrittenRoot {
  readonly root: Root
  readonly text: string
}

/** Follows `before`, and is the same but for the change. */
export function nextRoot(change: JsonObject = {}, before: WrittenRoot = firstRoot): WrittenRoot {
  const json = JSON.parse(before.text) as JsonObject
  const { version, digest } = before.root
  const written = text({ ...json, version: version + 1, previous: digest, ...change })
  return { root: parseRoot(written), text: written }
}

export const firstRoot: WrittenRoot = {
  root: parseRoot(house.rootText),
  text: house.rootText,
}

export function signedBy(
  { root, text: written }: WrittenRoot,
  names: readonly string[] = ['governance'],
  change: Partial<Parameters<typeof rootSignaturesText>[0]> = {},
): string {
  const signatures = names.map((name) => {
    const key = house.keyOf(name)
    return { key: key.publicKey, signature: key.sign(rootMessage(written)) }
  })
  return rootSignaturesText({
    org: root.org,
    env: root.env,
    root: root.digest,
    signatures,
    ...change,
  })
}

export const digestOfSignatures = (written: string): Digest =>
  digestOfText(tags.rootSignatures, written)

/** Documents of a policy that states these numbers and follows the first one. */
export function policyWith(numbers: { readonly key?: JsonObject; readonly witness?: JsonObject }): {
  readonly text: string
  readonly digest: Digest
} {
  const log = house.policy['log'] as JsonObject
  const written = text({
    ...house.policy,
    version: 2,
    previous: house.policyDigest,
    ...(numbers.key === undefined ? {} : { quorumCrypto: numbers.key }),
    ...(numbers.witness === undefined ? {} : { log: { ...log, witness: numbers.witness } }),
  })
  return { text: written, digest: digestOfText(tags.policy, written) }
}

/** The body and the enclosures of the line, with the ruleset that it makes of this log. */
export function rootLine(
  log: TestLog,
  next: WrittenRoot,
  signatures: string,
  documents: readonly string[] = [],
): [JsonObject, string[]] {
  const now = readSync(inForce(), log.rows)
  const { policy, directory, books } = next.root.genesis
  const same = now.books.filter(({ name, digest }) => books.get(name) === digest)
  const stays = now.policy === policy && now.directory === directory && same.length === books.size
  const after = stays ? now : { ...now, policy: '' as const, directory: '' as const, books: same }
  const body = {
    root: next.root.digest,
    ruleset: rulesetDigest(next.root, { ...after, root: next.root.digest }),
    signatures: digestOfSignatures(signatures),
    version: next.root.version,
  }
  return [body, [next.text, signatures, ...documents]]
}

/** A policy or directory line after a root that named it. */
export function partLine(
  log: TestLog,
  kind: 'policy' | 'directory',
  { root }: WrittenRoot,
  written: string,
): [JsonObject, string[]] {
  const digest = digestOfText(tags[kind], written)
  const { version } = JSON.parse(written) as { readonly version: number }
  const now = readSync(inForce(), log.rows)
  const ruleset = rulesetDigest(root, { ...now, [kind]: digest })
  return [{ change: root.digest, [kind]: digest, ruleset, version }, [written]]
}

export const threeOfThree = { n: 3, f: 0, quorum: 3 }
/** All of the new witnesses, because the old quorum and the new one must share one. */
export const policy3 = policyWith({ witness: threeOfThree })

/** node-d in the place of node-c, with a quorum of three. */
export const replaced = nextRoot({
  nodes: [node.a, node.b, node.d],
  witness: { w: 3, f: 0, q: 3 },
  genesis: { ...(house.root['genesis'] as JsonObject), policy: policy3.digest },
})

/** Brings `replaced` and what it names into force, in three lines. */
export function replaceNode(log: TestLog): TestLog {
  log.add('root.activated', ...rootLine(log, replaced, signedBy(replaced), [policy3.text]))
  log.add('policy.activated', ...partLine(log, 'policy', replaced, policy3.text))
  return log.add(
    'directory.activated',
    ...partLine(log, 'directory', replaced, house.directoryText),
  )
}
