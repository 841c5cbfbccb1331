// The roots of this log as it stands in the database: the one in force, those before it, and which
// nodes may hold a stream. A node comes with the root that names it; one that is named no more may
// stay until the old witnesses have cosigned the line that took it out, because it is one of them.
// Decides nothing: whether a root may follow is the fold's.

import { type Coverage, coverage, type Reigns, readReigns } from '../policy/audit/reigns.ts'
import { membersOf, type Root } from '../policy/documents.ts'
import type { Digest, NodeId } from '../proto/ids.ts'
import type { Copy } from './page.ts'

export class Roots {
  readonly #first: Root
  #reigns: Reigns

  /** Of the configuration: in force from the log's beginning. */
  constructor(first: Root) {
    this.#first = first
    this.#reigns = [{ root: first, from: 1 }]
  }

  get now(): Root {
    return this.#reigns.at(-1)?.root ?? this.#first
  }

  get reigns(): Reigns {
    return this.#reigns
  }

  /** True when another root is in force than before. */
  async refresh(copy: Copy): Promise<boolean> {
    const before = this.now.digest
    const reigns = await copy.read(readReigns())
    if (reigns.length > 0) this.#reigns = reigns
    return this.now.digest !== before
  }

  coverage(seq: number, sizeOf: (witness: string) => number): Coverage {
    return coverage(this.#reigns, seq, sizeOf)
  }

  /** By the key of their TLS certificates. */
  admitted(sizeOf: (witness: string) => number): ReadonlyMap<Digest, NodeId> {
    const pins = new Map<Digest, NodeId>()
    for (const [at, { root }] of this.#reigns.entries()) {
      const next = this.#reigns[at + 1]
      if (next !== undefined && this.coverage(next.from, sizeOf).isCovered) continue
      for (const { node, transport } of membersOf(root)) pins.set(transport, node)
    }
    return pins
  }
}
