// A root that follows another: its line and the lines of everything that its genesis names anew, in
// one run, so that no honest log ever stands between two rulesets. The documents come with the
// proposal, or are those that the log keeps already; the fold judges all of them.
import { readEnclosures } from '../../policy/audit/enclosures.ts'
import { rulesetDigest } from '../../policy/audit/fold-governance.ts'
import { rulesetAfter } from '../../policy/audit/fold-root.ts'
import { inForce } from '../../policy/audit/history.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { digestOfText } from '../../policy/document.ts'
import { parseRoot } from '../../policy/documents.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { list, object, text } from '../../proto/shape.ts'
import { tags } from '../../proto/tags.ts'
import type { Page } from '../page.ts'
import { type Handler, recorded } from '../proposal.ts'
import { activate } from './bootstrap.ts'
import { line } from './settle.ts'

const document = text(2 * limits.documentBytesMax)
const shape = object({
  root: document,
  signatures: document,
  /** What the genesis names anew. */
  documents: list(document, 0, 16),
})

export const successionHandler: Handler = async (sheet, content) => {
  const { root: written, signatures, documents } = shape(content, 'root')
  const root = parseRoot(written)
  const sent = readEnclosures(documents)
  const textOf = async (digest: Digest): Promise<string> => {
    const kept = await sheet.read(get(tables.document, digest))
    return sent.get(digest)?.[0] ?? kept?.text ?? refuse('MALFORMED', `no document ${digest}`)
  }
  const named = [root.genesis.policy, root.genesis.directory, ...root.genesis.books.values()]
  const enclosures = [written, signatures]
  for (const digest of new Set(named)) enclosures.push(await textOf(digest))
  await appendRoot(sheet, written, signatures, enclosures)
  const change = root.digest
  if ((await sheet.read(inForce())).policy !== '') return recorded(sheet)
  const { policy, directory, books } = root.genesis
  const activation = { kind: 'policy', type: 'policy.activated', change } as const
  await activate(sheet, { ...activation, text: await textOf(policy) })
  await activate(sheet, {
    ...{ kind: 'directory', type: 'directory.activated', change },
    text: await textOf(directory),
  })
  const kept = new Map(
    (await sheet.read(inForce())).books.map(({ name, digest }) => [name, digest]),
  )
  for (const [name, digest] of [...books].sort()) {
    if (kept.get(name) === digest) continue
    const book = { kind: 'book', type: 'book.activated', change, name } as const
    await activate(sheet, { ...book, text: await textOf(digest) })
  }
  return recorded(sheet)
}

async function appendRoot(
  sheet: Page,
  written: string,
  signatures: string,
  enclosures: readonly string[],
): Promise<void> {
  const root = parseRoot(written)
  const body = {
    root: root.digest,
    ruleset: rulesetDigest(root, rulesetAfter(root, await sheet.read(inForce()))),
    signatures: digestOfText(tags.rootSignatures, signatures),
    version: root.version,
  }
  await sheet.append(line('root.activated', body), readEnclosures(enclosures))
  sheet.keep(
    { digest: root.digest, kind: 'root', content: toUtf8(written) },
    { digest: body.signatures, kind: 'rootSignatures', content: toUtf8(signatures) },
  )
}
