// vault export-parts: fetches the sealed parts of an exported key for its recipient, with the line
// of the export and the proof that it lies in the witnessed log. Everything is checked before it is
// written, against the roots that the trust file proves; nothing here can open a part.
import { existsSync, writeFileSync } from 'node:fs'
import { parseEntry } from '../policy/audit/entry.ts'
import { reignOver } from '../policy/audit/reigns.ts'
import { parseRoot, type Root } from '../policy/documents.ts'
import { openPart, requireExportLine, requireWhole } from '../policy/export-parts.ts'
import { toHex } from '../proto/crypto.ts'
import { parcelDocument } from '../proto/export-documents.ts'
import { readSigned } from '../proto/frames.ts'
import { refuse } from '../proto/refusal.ts'
import { onLine } from './desk.ts'
import { profileOptions } from './profile.ts'
import { proveRoots, written } from './roots.ts'
import { done, must, required, UsageError, type Verb, word } from './verb.ts'

export const vaultExportParts: Verb = {
  about: 'fetch the sealed parts of an exported key for its recipient',
  usage: 'VAULT --out PARCEL [--as DIR]',
  words: { min: 1, max: 1 },
  options: { ...profileOptions, out: { type: 'string' } },
  run: (args, world) =>
    onLine(args, world, ['operator'], async ({ client, trust }) => {
      const [vault, out] = [word(args, 0), required(args, 'out')]
      if (existsSync(out)) throw new UsageError(`${out}: is there already`)
      const sent = must(await client.PolicyService.GetRuleset({}))
      const reigns = await proveRoots(client, trust, sent)
      const given = must(await client.VaultService.GetExport({ vault }))
      const { root } = reignOver(reigns, parseEntry(given.line).seq)
      const line = requireExportLine(given, root)
      if (line.vault !== vault) refuse('BYTES_FROM', `expected vault ${vault}, got ${line.vault}`)
      const parts = given.parts.map(({ statement, sealed }) => {
        return { statement: readSigned(statement), sealed }
      })
      requireWhole(
        line,
        parts.map((part) => openPart(part, line, root)),
      )
      const parcel = parcelDocument({
        root: textOf(root, sent),
        line: written(given.line, 'line'),
        checkpoint: written(given.checkpoint, 'checkpoint'),
        proof: given.proof,
        parts: parts.map(({ statement, sealed }) => {
          return { statement, sealed: written(sealed, 'sealed part') }
        }),
      })
      writeFileSync(out, parcel, { flag: 'wx', mode: 0o644 })
      const recipient = toHex(line.recipient)
      const text = [
        `the key of ${vault} for ${recipient}`,
        `  line       ${line.seq}, witnessed; the key signs no more`,
        `  parts of   ${line.nodes.join(', ')}`,
        `  parcel     ${out}; whoever has the recipient's key opens it:`,
        `             custody-signer export-open ${out} --recipient DIR --root ${root.digest} ...`,
      ]
      const { seq, nodes } = line
      const json = {
        vault,
        recipient,
        line: seq,
        nodes: [...nodes],
        root: root.digest,
        parcel: out,
      }
      return done(`${text.join('\n')}\n`, json)
    }),
}

type Sent = Parameters<typeof proveRoots>[2]

/** Of the root of that line, among those that were proved. */
function textOf({ digest }: Root, { root, roots }: Sent): string {
  const texts = [root, ...roots.map((step) => step.root)].map((bytes) => written(bytes, 'root'))
  const found = texts.find((text) => parseRoot(text).digest === digest)
  return found ?? refuse('RULESET_VERSION', `root ${digest}: expected its text`)
}
