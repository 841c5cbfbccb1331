// The documents in force, parsed once for each ruleset: a digest is its content, so remembering can
// change no answer. Everything on the desk judges by these.
import { inForce } from '../../policy/audit/history.ts'
import { type Reigns, readReigns } from '../../policy/audit/reigns.ts'
import type { Reading } from '../../policy/audit/rows.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { parseRoot, type Root } from '../../policy/documents.ts'
import { type InForce, parseInForce } from '../../policy/in-force.ts'
import type { RulesetRow } from '../../policy/view.ts'
import type { Digest } from '../../proto/ids.ts'
import type { Copy } from '../page.ts'

export interface Rules {
  readonly root: Root
  /** Every root up to this one. */
  readonly reigns: Reigns
  readonly inForce: InForce
}

const rulesetsMax = 8

export class RulesMemory {
  readonly #known = new Map<Digest, Rules>()

  /** Refused while the bootstrap has not put a policy and a directory in force. */
  async at(copy: Copy): Promise<Rules> {
    const row = await copy.read(inForce())
    const known = this.#known.get(row.digest)
    if (known !== undefined) {
      // On which line a root came is known only when it is committed: a page may be given up.
      const isFirst = known.root.version === 1
      return isFirst ? known : { ...known, reigns: await copy.read(readReigns()) }
    }
    const texts = await copy.read(textsOf(row))
    const rules = {
      root: parseRoot(texts.get(row.root) ?? ''),
      reigns: await copy.read(readReigns()),
      inForce: parseInForce(row, texts),
    }
    if (this.#known.size >= rulesetsMax) this.#known.clear()
    this.#known.set(row.digest, rules)
    return rules
  }
}

function* textsOf(row: RulesetRow): Reading<ReadonlyMap<Digest, string>> {
  const texts = new Map<Digest, string>()
  const { root, policy, directory, books } = row
  for (const digest of [root, policy, directory, ...books.map((book) => book.digest)]) {
    const kept = digest === '' ? undefined : yield* get(tables.document, digest)
    if (digest !== '' && kept !== undefined) texts.set(digest, kept.text)
  }
  return texts
}
