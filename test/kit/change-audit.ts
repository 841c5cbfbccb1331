// The log of a change as an Export, and what the verifier says of it: lines, every document that
// they name, and a witnessed head wherever the test took one.

import { blobDigest } from '../../policy/audit/blobs.ts'
import { type Blob, writeExport } from '../../policy/audit/export.ts'
import type { Report } from '../../policy/audit/report.ts'
import { resultOf } from '../../policy/audit/standing.ts'
import { verify } from '../../policy/audit/verify.ts'
import { changeFactsText } from '../../policy/change-facts.ts'
import { factsDigest } from '../../policy/facts.ts'
import { judgeChange } from '../../policy/judge-change.ts'
import { parseRoster } from '../../policy/roster.ts'
import { trustText } from '../../policy/trust.ts'
import { engine, traceDigest } from '../../policy/verdict.ts'
import { digestOf, toUtf8 } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { text } from '../../proto/jcs.ts'
import { type Signed, signedJson } from '../../proto/signed.ts'
import { type Tag, tags } from '../../proto/tags.ts'
import * as house from './audit-documents.ts'
import type { Asked } from './change-log.ts'
import { policyText, root, rootText, rulebook } from './change-log.ts'

export const trust = trustText({
  root: root.digest,
  log: { origin: parseHandle(house.origin), vkey: house.log },
  witnesses: house.witnesses,
  q: 2,
})

/** Notes that the test took, by `see`. */
export class Audited {
  readonly asked: Asked
  readonly blobs: Blob[] = []
  readonly notes: string[] = []

  constructor(asked: Asked) {
    this.asked = asked
  }

  /** All witnesses cosign what stands now. */
  see(): this {
    this.notes.push(this.asked.log.note([0, 1, 2], this.asked.log.t + 1_000))
    return this
  }

  /** An evaluation of this instant, with its facts beside the log. */
  evaluate(patch: JsonObject = {}): this {
    const { log, change, digest, view } = this.asked
    const facts = {
      at: log.t,
      change,
      createdAt: undefined,
      approvals: [],
      frozen: view.frozen.length > 0,
      rejected: false,
      unfit: '',
    } as const
    const written = changeFactsText(facts)
    const verdict = judgeChange(facts, rulebook, parseRoster(house.directoryText))
    this.keep('facts', toUtf8(written))
    log.add('intent.evaluated', {
      engine,
      facts: factsDigest(written),
      intent: digest,
      policy: rulebook.digest,
      result: resultOf(verdict),
      rule: verdict.rule,
      trace: traceDigest(verdict),
      ...patch,
    })
    return this
  }

  keep(kind: Blob['kind'] & keyof typeof tags, content: Uint8Array): this {
    this.blobs.push({ kind, digest: digestOf(tags[kind], content), content })
    return this
  }

  /** A signed kind is named by the digest of its document. */
  keepSigned(kind: Blob['kind'], content: Uint8Array): Blob['digest'] {
    const digest = blobDigest(kind, content)
    this.blobs.push({ kind, digest, content })
    return digest
  }

  report(blobs: (all: readonly Blob[]) => readonly Blob[] = (all) => all): Report {
    const { log } = this.asked
    const files = writeExport({
      checkpoint: toUtf8(log.note([0, 1, 2], log.t + 1_000)),
      lines: log.lines,
      blobs: blobs([...this.#documents(), ...this.blobs]),
      heads: this.notes.map((note) => toUtf8(note)),
    })
    return verify({ files, trust, nowMs: log.t + 2_000 })
  }

  #documents(): readonly Blob[] {
    const { signed, approvals, order } = this.asked
    const plain = (kind: keyof typeof tags, content: Uint8Array, tag: Tag = tags[kind]): Blob => ({
      kind,
      digest: digestOf(tag, content),
      content,
    })
    const signedBlob = (kind: 'intent' | 'approval', one: Signed): Blob => ({
      kind,
      digest: digestOf(tags[kind], toUtf8(one.document)),
      content: toUtf8(text(signedJson(one))),
    })
    return [
      plain('root', toUtf8(rootText)),
      plain('policy', toUtf8(policyText)),
      plain('directory', toUtf8(house.directoryText)),
      plain('book', toUtf8(house.bookText)),
      plain('order', order),
      signedBlob('intent', signed),
      ...approvals.map((one) => signedBlob('approval', one)),
    ]
  }
}
