// A story: a log, the laws that its payouts are made under, and every document beside it, as an
// Export has them.
import { type BlobKind, blobDigest } from '../../policy/audit/blobs.ts'
import type { Blob, Export } from '../../policy/audit/export.ts'
import { parseRulebook, type Rulebook } from '../../policy/rulebook.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { type Digest, parseDigest } from '../../proto/ids.ts'
import { encode } from '../../proto/jcs.ts'
import { type Signed, signedJson } from '../../proto/signed.ts'
import * as house from './audit-documents.ts'
import { bootedLog, bootstrap, keyBody, type TestLog, vaultRow } from './audit-log.ts'

export const rulebook = parseRulebook(house.policyText)

/** What payouts of a story are made under. */
export interface StoryLaws {
  readonly rulebook: Rulebook
  readonly ruleset: Digest
  /** Text of the directory. */
  readonly directory: string
  readonly vault: string
  /** Nodes in the attempt line. */
  readonly called: readonly string[]
  /** From an intent's creation to its end. */
  readonly lifeMs: number
}

const hotLaws: StoryLaws = {
  rulebook,
  ruleset: parseDigest(bootstrap.book.ruleset),
  directory: house.directoryText,
  vault: 'hot-eth',
  called: ['node-a', 'node-b'],
  lifeMs: 3_600_000,
}

export class Story {
  readonly log: TestLog
  readonly laws: StoryLaws
  readonly blobs: Blob[] = []
  readonly heads: string[] = []
  readonly #counters = new Map<string, number>()

  constructor(log = hotLog(), laws = hotLaws) {
    this.log = log
    this.laws = laws
    for (const [kind, document] of [
      ['root', house.rootText],
      ['policy', house.policyText],
      ['directory', laws.directory],
      ['book', house.bookText],
    ] as const) {
      this.keep(kind, toUtf8(document))
    }
  }

  keep(kind: BlobKind, content: Uint8Array): Digest {
    const digest = blobDigest(kind, content)
    const known = this.blobs.some((blob) => blob.kind === kind && blob.digest === digest)
    if (!known) this.blobs.push({ kind, digest, content })
    return digest
  }

  keepSigned(kind: BlobKind, signed: Signed): Digest {
    return this.keep(kind, encode(signedJson(signed)))
  }

  keepHead(): this {
    this.heads.push(this.log.note())
    return this
  }

  nextCounter(node: string): number {
    const counter = (this.#counters.get(node) ?? 0) + 1
    this.#counters.set(node, counter)
    return counter
  }

  export(note = this.log.note()): Export {
    return {
      checkpoint: toUtf8(note),
      lines: this.log.lines,
      blobs: this.blobs,
      heads: this.heads.map(toUtf8),
    }
  }
}

function hotLog(): TestLog {
  return bootedLog().add('key.generated', keyBody(vaultRow('hot-eth')))
}
