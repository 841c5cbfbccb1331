// The beginning of a log: genesis, the pinned root, and the first activation of each document that
// the root names, all in one run on an empty log. The documents come from the configuration; the
// fold takes them only when their digests are those of the root.
import { formatVkey } from '../../policy/audit/checkpoint.ts'
import { readEnclosures } from '../../policy/audit/enclosures.ts'
import { rulesetDigest } from '../../policy/audit/fold-governance.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { parseBook } from '../../policy/book.ts'
import { digestOfText } from '../../policy/document.ts'
import { parseRoot } from '../../policy/documents.ts'
import { parseRoster } from '../../policy/roster.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import type { Digest, Handle } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { writeTime } from '../../proto/shape.ts'
import { tags } from '../../proto/tags.ts'
import type { Page } from '../page.ts'
import type { LogSigner } from '../ports.ts'
import { type Handler, recorded } from '../proposal.ts'
import { line } from './settle.ts'

/** Exact canonical texts, from the configuration. */
export interface Governed {
  readonly root: string
  readonly policy: string
  readonly directory: string
  readonly books: ReadonlyMap<Handle, string>
}

export interface BootstrapPorts {
  readonly log: LogSigner
  readonly governed: Governed
}

/** On a log that has begun nothing is written. */
export function bootstrapHandler({ log, governed }: BootstrapPorts): Handler {
  return async (sheet) => {
    if (sheet.head.size > 0) return recorded(sheet)
    const root = parseRoot(governed.root)
    if (root.log.origin !== log.vkey.name) {
      refuse('CONFIG', `expected a key of the log ${root.log.origin}, got ${log.vkey.name}`)
    }
    const body = { format: 'custody-log/v1', hash: 'sha256', leaf: 'rfc6962' }
    const created = writeTime(sheet.t)
    const vkey = formatVkey(log.vkey)
    await sheet.append(line('log.genesis', { ...body, created, origin: root.log.origin, vkey }))
    await activateAll(sheet, governed)
    return recorded(sheet)
  }
}

async function activateAll(sheet: Page, governed: Governed): Promise<void> {
  const root = parseRoot(governed.root)
  const { policy, directory, books } = governed
  await activate(sheet, { type: 'root.activated', text: governed.root, kind: 'root' })
  const change = root.digest
  await activate(sheet, { type: 'policy.activated', text: policy, kind: 'policy', change })
  await activate(sheet, { type: 'directory.activated', text: directory, kind: 'directory', change })
  for (const [name, text] of [...books].sort()) {
    await activate(sheet, { type: 'book.activated', text, kind: 'book', change, name })
  }
}

interface Activation {
  readonly type: 'root.activated' | 'policy.activated' | 'directory.activated' | 'book.activated'
  readonly kind: 'root' | 'policy' | 'directory' | 'book'
  readonly text: string
  readonly change?: Digest
  readonly name?: Handle
}

export async function activate(sheet: Page, activation: Activation): Promise<void> {
  const { type, kind, text, change, name } = activation
  const digest = digestOfText(tags[kind], text)
  const body = {
    [kind]: digest,
    ruleset: await rulesetWith(sheet, activation, digest),
    version: versionOf(activation),
    ...(change === undefined ? {} : { change }),
    ...(name === undefined ? {} : { name }),
  }
  await sheet.append(line(type, body), readEnclosures([text]))
  sheet.keep({ digest, kind, content: toUtf8(text) })
}

function versionOf({ kind, text }: Activation): number {
  switch (kind) {
    case 'root':
      return parseRoot(text).version
    case 'policy':
      return parseRulebook(text).version
    case 'directory':
      return parseRoster(text).version
    case 'book':
      return parseBook(text).version
  }
}

async function rulesetWith(sheet: Page, { kind, name, text }: Activation, digest: Digest) {
  const now = await sheet.read(get(tables.ruleset, 'now'))
  if (now === undefined) {
    const empty = { root: digest, policy: '', directory: '', books: [] } as const
    return rulesetDigest(parseRoot(text), empty)
  }
  const rootText = (await sheet.read(get(tables.document, now.root)))?.text ?? ''
  const next = { ...now, ...(kind === 'book' ? {} : { [kind]: digest }) }
  const at = { seq: sheet.head.size, t: sheet.t }
  const books = name === undefined ? now.books : [...now.books, { name, digest, ...at }]
  return rulesetDigest(parseRoot(rootText), { ...next, books })
}
