// Receipts that nodes offer until they see them in the log: a released share leaves a trace even
// when whoever asked for it is gone. Each is verified and proposed once; what is recorded is left
// alone.
import { get, tables } from '../policy/audit/tables.ts'
import { readSigned, type WireSigned } from '../proto/frames.ts'
import { limits } from '../proto/limits.ts'
import type { ShareReceipt } from '../proto/node-documents.ts'
import { attempt, isRefusal } from '../proto/refusal.ts'
import type { Opened } from '../proto/signed.ts'
import { writeLines } from './driver.ts'
import type { Links } from './links.ts'
import type { Copy } from './page.ts'
import type { Report } from './ports.ts'
import { receiptBlob, receiptBody } from './results.ts'
import type { Roots } from './roots.ts'
import type { Sequencer } from './sequencer.ts'
import { openReceipt } from './signing.ts'

export interface ReceiptsPorts {
  readonly roots: Roots
  readonly report: Report
  readonly links: Links
  readonly sequencer: Sequencer
  readonly copy: Copy
}

/** A frame holds no more than this; the rest is offered again. */
const receiptsMax = limits.sessionsPerNodeMax

export class Receipts {
  readonly #ports: ReceiptsPorts

  constructor(ports: ReceiptsPorts) {
    this.#ports = ports
    ports.links.onAnswer((node, answer) => {
      if (answer.frame !== 'receipts') return
      this.#take(node, answer.receipts.receipts).catch((error: unknown) => {
        const because = error instanceof Error ? error.message : 'unknown'
        ports.report({ level: 'warn', name: 'receipts.failed', because, node })
      })
    })
  }

  async #take(node: string, wires: readonly WireSigned[]): Promise<void> {
    const { roots, report, sequencer } = this.#ports
    // One that is about to leave still has its receipts.
    const nodes = roots.reigns.flatMap(({ root }) => root.nodes)
    const fresh: Opened<ShareReceipt>[] = []
    for (const wire of wires.slice(0, receiptsMax)) {
      const receipt = attempt(() => openReceipt({ nodes }, node, readSigned(wire)))
      if (isRefusal(receipt)) {
        report({ level: 'warn', name: 'node.receipt', because: receipt.because, node })
      } else if (!(await this.#isRecorded(receipt.value))) {
        fresh.push(receipt)
      }
    }
    if (fresh.length === 0) return
    const blobs = fresh.map(receiptBlob)
    await writeLines({ sequencer }, { receipts: fresh.map(receiptBody), lines: [], blobs })
  }

  async #isRecorded({ node, counter }: ShareReceipt): Promise<boolean> {
    const row = await this.#ports.copy.read(get(tables.receipt, node, counter))
    return row !== undefined
  }
}
