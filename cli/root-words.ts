// What a new root changes, in words that a director reads before signing: who comes, who goes,
// which numbers and which documents are other ones. Everything that differs is named; what is not
// named is the same. Decides nothing.
import { formatVkey } from '../policy/audit/checkpoint.ts'
import type { Root, RootNode, RootWitness } from '../policy/documents.ts'
import { sameGovernance } from '../policy/succession.ts'
import { toHex } from '../proto/crypto.ts'
import type { Json } from '../proto/jcs.ts'
import { parseText } from '../proto/jcs.ts'

/** Texts of the documents that change: before and after, by what they are. */
export interface Change {
  readonly what: string
  readonly before: string
  readonly after: string
}

export function rootWords(root: Root): readonly string[] {
  const { cold, quorumCrypto: key, witness, governance } = root
  return [
    `root ${root.version} of ${root.org} ${root.env}  ${root.digest}`,
    ...(cold
      ? ['  COLD     its vaults act at ceremonies; its nodes are stations and cosign nothing']
      : []),
    ...[...root.nodes].sort((a, b) => a.x - b.x).map((node) => `  node     ${nodeWords(node)}`),
    ...root.witnesses.map((one) => `  witness  ${witnessWords(one)}`),
    `  keys     ${key.t} of ${key.n} sign, ${key.f} may be corrupt`,
    `  log      ${witness.q} of ${witness.w} witnesses, ${witness.f} may be corrupt`,
    `  root     ${governance.threshold} of ${governance.keys.length} governance keys sign the next`,
  ]
}

export function differenceWords(
  current: Root,
  next: Root,
  changes: readonly Change[],
): readonly string[] {
  const lines = [
    `root ${current.version} -> ${next.version} of ${next.org} ${next.env}`,
    ...nodeChanges(current, next),
    ...numberChanges(current, next),
    ...governanceChanges(current, next),
    ...changes.flatMap(documentChange),
  ]
  return lines.length > 1 ? lines : [...lines, '  nothing changes but the version']
}

function nodeWords({ node, x, identity }: RootNode): string {
  return `${node} at x ${x}, identity ${short(toHex(identity))}`
}

function witnessWords({ node, identity }: RootWitness): string {
  return `${node}, light, identity ${short(toHex(identity))}`
}

function nodeChanges(current: Root, next: Root): readonly string[] {
  return [
    ...comingAndGoing(current.nodes, next.nodes, {
      words: nodeWords,
      leaves: 'signs and witnesses no more',
    }),
    ...comingAndGoing(current.witnesses, next.witnesses, {
      words: witnessWords,
      leaves: 'witnesses no more',
    }),
  ]
}

function comingAndGoing<T extends RootWitness>(
  current: readonly T[],
  next: readonly T[],
  { words, leaves }: { readonly words: (one: T) => string; readonly leaves: string },
): readonly string[] {
  const before = new Map(current.map((one) => [one.node, one]))
  const after = new Map(next.map((one) => [one.node, one]))
  const renewed = next.filter(({ node, transport }) => {
    const old = before.get(node)
    return old !== undefined && old.transport !== transport
  })
  const goes = current.filter(({ node }) => !after.has(node))
  const comes = next.filter(({ node }) => !before.has(node))
  return [
    ...goes.map((one) => `  GOES     ${words(one)}: ${leaves}`),
    ...comes.flatMap((one) => [
      `  COMES    ${words(one)}`,
      `           transport ${one.transport}`,
      `           witness   ${formatVkey(one.witness)}`,
    ]),
    ...renewed.map(({ node, transport }) => `  RENEWS   ${node}: transport ${transport}`),
  ]
}

function numberChanges(current: Root, next: Root): readonly string[] {
  const [key, nextKey] = [current.quorumCrypto, next.quorumCrypto]
  const [log, nextLog] = [current.witness, next.witness]
  const keys = `${key.t} of ${key.n}, f ${key.f} -> ${nextKey.t} of ${nextKey.n}, f ${nextKey.f}`
  const seen = [log, nextLog].map(({ q, w, f }) => `${q} of ${w}, f ${f}`)
  const isKey = key.n !== nextKey.n || key.t !== nextKey.t || key.f !== nextKey.f
  const isLog = log.w !== nextLog.w || log.q !== nextLog.q || log.f !== nextLog.f
  return [
    ...(isKey ? [`  KEYS     ${keys}; keys made before keep their own members and t`] : []),
    ...(isLog ? [`  LOG      witnesses ${seen.join(' -> ')}`] : []),
  ]
}

function governanceChanges(current: Root, next: Root): readonly string[] {
  if (sameGovernance(current, next)) return []
  const [before, after] = [current, next].map(({ governance }) => governance.keys.map(toHex))
  const { threshold } = next.governance
  return [
    `  ROOT     ${threshold} of ${next.governance.keys.length} governance keys will sign the next`,
    ...(before ?? [])
      .filter((one) => !after?.includes(one))
      .map((one) => `  GOES     governance key ${one}`),
    ...(after ?? [])
      .filter((one) => !before?.includes(one))
      .map((one) => `  COMES    governance key ${one}`),
  ]
}

/** By top-level fields: the document itself is beside the draft, to be read with its own verbs. */
function documentChange({ what, before, after }: Change): readonly string[] {
  const [old, now] = [fields(before), fields(after)]
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])]
  const changed = names.filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]))
  const own = changed.filter((name) => name !== 'version' && name !== 'previous')
  return [
    `  ANEW     ${what}: ${own.length === 0 ? 'version only' : own.sort().join(', ')} changed`,
  ]
}

function fields(written: string): Readonly<Record<string, Json>> {
  const value = written === '' ? {} : parseText(written)
  return typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, Json>) : {}
}

function short(hex: string): string {
  return `${hex.slice(0, 16)}..`
}
