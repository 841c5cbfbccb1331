// Bans that nodes state until they see them in the log, so that operators and auditors read them
// there. Each is verified and proposed once; the fold alone says whether the line is lawful.
// Chooses nobody: which pairs sign is said by the nodes' states.
import { openBan } from '../policy/audit/ban-statement.ts'
import { get, tables } from '../policy/audit/tables.ts'
import type { Root } from '../policy/documents.ts'
import { toHex } from '../proto/crypto.ts'
import { readSigned, type WireSigned } from '../proto/frames.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import { writeLines } from './driver.ts'
import type { ReceiptsPorts } from './receipts.ts'
import { identityOf } from './signing.ts'

export class Bans {
  readonly #ports: ReceiptsPorts

  constructor(ports: ReceiptsPorts) {
    this.#ports = ports
    ports.links.onAnswer((node, answer) => {
      if (answer.frame !== 'bans') return
      this.#take(node, answer.bans.bans).catch((error: unknown) => {
        const because = error instanceof Error ? error.message : 'unknown'
        ports.report({ level: 'warn', name: 'bans.failed', because, node })
      })
    })
  }

  async #take(node: string, wires: readonly WireSigned[]): Promise<void> {
    const { roots, report, sequencer } = this.#ports
    for (const wire of wires.slice(0, limits.nodesMax)) {
      const body = attempt(() => bodyOf(roots.now, node, readSigned(wire)))
      if (isRefusal(body)) {
        report({ level: 'warn', name: 'node.ban', because: body.because, node })
      } else if (!(await this.#isRecorded(node, body))) {
        report({ level: 'alarm', name: 'peer.banned', because: `by ${node}`, node: body.peer })
        await writeLines({ sequencer }, { lines: [{ type: 'peer.banned', body }] })
      }
    }
  }

  async #isRecorded(node: string, { peer, number }: Body): Promise<boolean> {
    const row = await this.#ports.copy.read(get(tables.ban, node, peer))
    return row !== undefined && row.number >= number
  }
}

interface Body extends JsonObject {
  readonly peer: string
  readonly number: number
}

function bodyOf(root: Root, node: string, signed: Signed): Body {
  if (signed.credential !== node) refuse('VIEW', `expected a ban of ${node}`)
  const { number, peer, reason } = openBan(root, signed, identityOf(root, node))
  return { node, number, peer, reason, signature: toHex(signed.signature) }
}
