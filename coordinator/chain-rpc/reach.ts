// The registry of kinds by a network's CAIP-2 id: whoever opens endpoints asks here, and knows no
// kind by name.
import { refuse } from '../../proto/refusal.ts'
import type { ChainKind, Word } from './kind.ts'
import * as listed from './kinds.ts'

const kinds: ReadonlyMap<string, ChainKind> = new Map(
  Object.values(listed).map((kind) => [kind.namespace, kind]),
)

export function kindOf(network: string): ChainKind {
  const known = [...kinds.keys()].join(' or ')
  const kind = kinds.get(network.slice(0, network.indexOf(':')))
  return kind ?? refuse('NOT_SUPPORTED', `expected a network of ${known}, got ${network}`)
}

/** Namespaces of the networks on which this word means something. */
export function namespacesOf(word: Word): readonly string[] {
  return [...kinds.values()].filter(({ words }) => words.includes(word)).map((k) => k.namespace)
}
