// A whole log of cold vaults with real documents: a payout from its signed intent to the settled
// transaction, through a ceremony that was planned, held and concluded. What `verify` says OK to.
import { emptyHead, type Head, link } from '../../policy/audit/chain.ts'
import {
  checkpointBody,
  cosignCheckpoint,
  formatNote,
  signCheckpoint,
} from '../../policy/audit/checkpoint.ts'
import { enclosureDigest } from '../../policy/audit/enclosures.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { type Blob, type Export, writeExport } from '../../policy/audit/export.ts'
import { rootOf } from '../../policy/audit/merkle.ts'
import type { Report } from '../../policy/audit/report.ts'
import { verify } from '../../policy/audit/verify.ts'
import { witnessesOf } from '../../policy/documents.ts'
import { trustText } from '../../policy/trust.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import * as house from './audit-documents.ts'
import type { TestLog } from './audit-log.ts'
import { Payout } from './audit-story.ts'
import { Ceremony, keyedColdLog, lights, root, rulebook, ruleset } from './cold-log.ts'
import { Story } from './story.ts'
import { witnessOf } from './succession.ts'

export const coldTrust = trustText({
  root: root.digest,
  log: root.log,
  witnesses: witnessesOf(root),
  q: root.witness.q,
})

export interface ColdStory {
  readonly story: Story
  readonly payout: Payout
  readonly ceremony: Ceremony
}

/** Up to the attempt line, which calls all three stations; 50 tokens ask nobody, 400 ask people. */
export function calledStory(whole = 50): ColdStory {
  const directory = house.coldDirectoryText
  const laws = { rulebook, ruleset, directory, vault: 'cold-eth', called: house.nodeNames }
  const story = new Story(keyedColdLog(), { ...laws, lifeMs: 72 * 3_600_000 })
  story.log.wait(60)
  const payout = new Payout(story, 'cold-payout', whole).created().evaluated()
  if (whole > 100) payout.approved('bo').evaluated()
  payout.reserved()
  const requests = [payout.digest]
  const ceremony = new Ceremony(story.log, 'signing', { kind: 'sign', requests }).planned()
  payout.started()
  return { story, payout, ceremony }
}

/** And to its end, with the receipts of the two that signed. */
export function coldStory(whole = 50): ColdStory {
  const told = calledStory(whole)
  const { story, payout, ceremony } = told
  ceremony.exported()
  story.log.t = ceremony.terms.until - 1_000
  payout.completed().settled()
  story.log.add('ceremony.concluded', ceremony.conclude())
  return told
}

/** Every line was seen by all light witnesses a second after its time. */
export function coldExport({ story }: Pick<ColdStory, 'story'>): Export {
  const notes = headsOf(story.log)
  const documents = story.log.enclosures.map((text): Blob => {
    const kind = kindOf(text)
    return { kind, digest: enclosureDigest(text), content: toUtf8(text) }
  })
  const known = new Set(story.blobs.map(({ digest }) => digest))
  const added = documents.filter(({ digest }, at) => {
    return !known.has(digest) && documents.findIndex((one) => one.digest === digest) === at
  })
  return {
    checkpoint: notes.at(-1) ?? toUtf8(''),
    lines: story.log.lines,
    blobs: [...story.blobs.filter(isOwn), ...added],
    heads: notes.slice(0, -1),
  }
}

export function reportOf(told: Pick<ColdStory, 'story'>): Report {
  const nowMs = told.story.log.t + 2_000
  return verify({ files: writeExport(coldExport(told)), trust: coldTrust, nowMs })
}

/** Documents of the house that is not cold are no part of this log. */
function isOwn({ kind }: Blob): boolean {
  return kind !== 'root' && kind !== 'policy'
}

function kindOf(text: string): Blob['kind'] {
  const { format } = JSON.parse(text) as { format: string }
  const kinds = ['root', 'policy', 'directory', 'book', 'order', 'plan'] as const
  const kind = kinds.find((one) => format === `custody-${one}/v1`)
  if (kind === undefined) throw new Error(`no kind of ${format}`)
  return kind
}

/** After each line, seen by all light witnesses a second after its time. */
export function headsOf(log: TestLog): readonly Uint8Array[] {
  const notes: Uint8Array[] = []
  let head: Head = emptyHead
  for (const line of log.lines) {
    const entry = parseEntry(line)
    head = link(head, entry)
    const body = checkpointBody({
      origin: house.origin,
      size: head.size,
      root: rootOf(head.frontier),
    })
    const cosigned = lights.map((name) => {
      const key = house.keyOf(`${name}-witness`)
      return cosignCheckpoint(body, witnessOf(name), entry.t + 1_000, key.sign)
    })
    const signed = signCheckpoint(body, house.log, house.keyOf('log').sign)
    notes.push(toUtf8(formatNote(body, [signed, ...cosigned])))
  }
  return notes
}
