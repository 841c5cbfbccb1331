// Gathers the parts of exported keys from their exporters, once the line is witnessed, until all
// are there and fit together; keeps them for the recipient. What is missing is found in the
// database, so a restart asks again. Every part is checked by what its node signed; nothing here
// opens one.
// INVARIANT: a part is kept only under the name of the node that signed it, and only for the newest
// export of its vault. Exporters whose pairings parted in between are asked for parts made anew.
import { reignOver } from '../policy/audit/reigns.ts'
import { below, get, type RowOf, tables } from '../policy/audit/tables.ts'
import type { Root } from '../policy/documents.ts'
import { type ExportLine, openPart, requireWhole, type SealedPart } from '../policy/export-parts.ts'
import { plainDigest, toHex } from '../proto/crypto.ts'
import { exportPartKind } from '../proto/export-documents.ts'
import { type NodePart, readSigned } from '../proto/frames.ts'
import type { Digest, VaultId } from '../proto/ids.ts'
import { parseText } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { kinds, openBy } from '../proto/node-documents.ts'
import { attempt, isRefusal, type Refusal, Refused, refusal, refuse } from '../proto/refusal.ts'
import type { CosignedHeads } from './cosigned.ts'
import type { Answer, Links } from './links.ts'
import type { Copy } from './page.ts'
import type { Clock, Random, Report } from './ports.ts'
import type { Roots } from './roots.ts'
import { identityOf } from './signing.ts'
import { putPart, readParts } from './store/export-parts.ts'

export interface ExportsPorts {
  readonly roots: Roots
  readonly copy: Copy
  readonly links: Links
  readonly heads: CosignedHeads
  readonly clock: Clock
  readonly random: Random
  readonly report: Report
}

type Line = RowOf<typeof tables.exported>

interface Asking {
  readonly until: number
  readonly restMs: number
  /** By node: why it gave none, in its own signed words. */
  readonly refused: Map<string, string>
}

const restMs = 1_000
const restMsMax = 30_000

export class Exports {
  readonly #ports: ExportsPorts
  readonly #asking = new Map<Digest, Asking>()
  /** Complete as this process saw it; the database is asked once. */
  readonly #whole = new Set<Digest>()
  /** Which export a ticket asked for. */
  readonly #tickets = new Map<string, Digest>()

  constructor(ports: ExportsPorts) {
    this.#ports = ports
    ports.links.onAnswer((node, answer) => {
      this.#hear(node, answer).catch((error: unknown) => {
        const because = error instanceof Error ? error.message : 'unknown'
        const name = error instanceof Refused ? 'node.answer' : 'exports.failed'
        ports.report({ level: 'warn', name, because, node })
      })
    })
  }

  /** Asks for what is missing; each time later, when it stays so. */
  async tick(): Promise<void> {
    const { copy, clock } = this.#ports
    for (const line of await copy.read(below(tables.exported))) {
      const { change, vault } = line
      if (this.#whole.has(change)) continue
      // A destroyed key has no parts to come.
      if ((await copy.read(get(tables.vault, vault)))?.standing !== 'exported') continue
      const asking = this.#asking.get(change)
      if (asking !== undefined && clock.now() < asking.until) continue
      await this.#ask(line, asking)
    }
  }

  /** All parts of the newest export of this vault, or what is missing. */
  async parts(vault: VaultId): Promise<Found | Refusal> {
    const line = await this.#ports.copy.read(get(tables.exported, vault))
    if (line === undefined) return refusal('LINE_MISSING', `the key of ${vault} was not exported`)
    const parts = await this.#kept(line)
    const lacking = lackingOf(line, parts)
    if (lacking === undefined) return { line, parts }
    const said = [...(this.#asking.get(line.change)?.refused ?? [])]
    const why = said.map(([node, because]) => `${node} ${because}`)
    return refusal(lacking.code, [lacking.because, ...why].join('; '))
  }

  async #ask(line: Line, before: Asking | undefined): Promise<void> {
    const { links, clock, random, heads, report } = this.#ports
    const { change, nodes, seq } = line
    if (!heads.covers(seq)) return
    const kept = await this.#kept(line)
    const lacking = lackingOf(line, kept)
    if (lacking === undefined) {
      this.#whole.add(change)
      report({ level: 'info', name: 'export.whole', intent: change })
      return
    }
    const rest = Math.min(restMsMax, 2 * (before?.restMs ?? restMs / 2))
    const asking = { until: clock.now() + rest, restMs: rest, refused: new Map() }
    this.#asking.set(change, asking)
    this.#forgetTickets(change)
    // Where all are there they do not fit: whoever has another pairing by now makes another part.
    const anew = lacking.code === 'VIEW'
    const there = new Set<string>(kept.map(({ statement }) => statement.credential))
    for (const node of nodes.filter((name) => anew || !there.has(name))) {
      const ticket = random(16)
      this.#tickets.set(toHex(ticket), change)
      links.send(node, { frame: 'requestPart', requestPart: { ticket, change, anew } })
    }
  }

  async #hear(node: string, answer: Answer): Promise<void> {
    if (answer.frame === 'exportPart') await this.#take(node, answer.exportPart)
    if (answer.frame !== 'refused') return
    const change = this.#tickets.get(toHex(answer.refused.ticket))
    if (change === undefined) return
    const signed = readSigned(answer.refused.refusal)
    openBy(kinds.refusal, signed, identityOf(this.#ports.roots.now, node))
    const { code, expected, got } = kinds.refusal.shape(parseText(signed.document), 'refusal')
    const because = `${code}: ${expected}${got === '' ? '' : `, got ${got}`}`
    this.#asking.get(change)?.refused.set(node, because)
  }

  async #take(node: string, wire: NodePart<'exportPart'>): Promise<void> {
    const { copy, report } = this.#ports
    const { sealed } = wire
    if (sealed.length > limits.sealedPartBytesMax) refuse('TOO_LARGE', 'a sealed part: too long')
    const part = { statement: readSigned(wire.statement), sealed }
    if (part.statement.credential !== node) refuse('VIEW', `${node} gave the part of another`)
    const said = exportPartKind.shape(parseText(part.statement.document), 'part')
    const line = await copy.read(get(tables.exported, said.vault))
    if (line === undefined) return refuse('LINE_MISSING', 'a part of a key that was not exported')
    openPart(part, line, this.#rootOf(line))
    await putPart(copy.session, line.change, part, plainDigest(sealed))
    report({ level: 'info', name: 'export.part', intent: line.change, node })
    const isWhole = lackingOf(line, await this.#kept(line)) === undefined
    // It may have taken the place of one that fitted.
    this.#whole.delete(line.change)
    const asking = this.#asking.get(line.change)
    asking?.refused.delete(node)
    // The last one: looked at with the next tick. What does not fit hurries nobody.
    if (isWhole && asking !== undefined) this.#asking.set(line.change, { ...asking, until: 0 })
  }

  async #kept({ change }: Line): Promise<readonly SealedPart[]> {
    return readParts(this.#ports.copy.session, change)
  }

  /** Whose nodes consented: they sign their parts, whoever came after them. */
  #rootOf({ seq }: Line): Root {
    return reignOver(this.#ports.roots.reigns, seq).root
  }

  #forgetTickets(change: Digest): void {
    for (const [ticket, of] of this.#tickets) if (of === change) this.#tickets.delete(ticket)
  }
}

export interface Found {
  readonly line: ExportLine
  readonly parts: readonly SealedPart[]
}

function lackingOf(line: ExportLine, parts: readonly SealedPart[]): Refusal | undefined {
  const said = parts.map(({ statement }) =>
    exportPartKind.shape(parseText(statement.document), 'part'),
  )
  const whole = attempt(() => requireWhole(line, said))
  return isRefusal(whole) ? whole : undefined
}
