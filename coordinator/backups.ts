// Statements of nodes that a backup was opened in a test: each is verified and becomes a line,
// once; nodes say theirs again until they see it in the log. The coordinator never sees a backup,
// nor the proof behind the statement: whether the line counts is the fold's to say.
import { get, tables } from '../policy/audit/tables.ts'
import { type BackupTested, backupKinds } from '../proto/backup-documents.ts'
import { toHex } from '../proto/crypto.ts'
import { readSigned, type WireSigned } from '../proto/frames.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { openBy } from '../proto/node-documents.ts'
import { isRefusal, Refused } from '../proto/refusal.ts'
import type { Links } from './links.ts'
import type { Copy } from './page.ts'
import type { Report } from './ports.ts'
import type { Roots } from './roots.ts'
import type { Sequencer } from './sequencer.ts'
import { identityOf } from './signing.ts'

export interface BackupsPorts {
  readonly roots: Roots
  readonly report: Report
  readonly links: Links
  readonly sequencer: Sequencer
  readonly copy: Copy
}

export class Backups {
  readonly #ports: BackupsPorts
  /** On their way into the log; a node that attaches again says them again. */
  readonly #waiting = new Set<string>()

  constructor(ports: BackupsPorts) {
    this.#ports = ports
    ports.links.onAnswer((node, answer) => {
      if (answer.frame !== 'backupTested') return
      this.#take(node, answer.backupTested.statement).catch((error: unknown) => {
        const because = error instanceof Error ? error.message : 'unknown'
        const name = error instanceof Refused ? 'node.answer' : 'backups.failed'
        ports.report({ level: 'warn', name, because, node })
      })
    })
  }

  async #take(node: string, wire: WireSigned): Promise<void> {
    const { roots, sequencer, copy } = this.#ports
    const signed = readSigned(wire)
    const { value } = openBy(backupKinds.tested, signed, identityOf(roots.now, node))
    const name = `${value.vault}/${value.epoch}/${value.node}`
    const known = await copy.read(get(tables.backup, value.vault, value.epoch, value.node))
    if (known !== undefined || this.#waiting.has(name)) return
    this.#waiting.add(name)
    try {
      const body = bodyOf(value, signed.signature)
      const line = { actor: 'coordinator', type: 'key.backup-tested', body }
      const content = { receipts: [], lines: [line], documents: [] }
      const answer = await sequencer.propose({ kind: 'lines', content })
      if (isRefusal(answer)) throw new Refused(answer)
    } finally {
      this.#waiting.delete(name)
    }
  }
}

function bodyOf({ format: _, org: __, env: ___, ...said }: BackupTested, by: Uint8Array) {
  return { ...said, signature: toHex(by) } satisfies JsonObject
}
