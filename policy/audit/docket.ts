// The docket of a replay: what is found line by line, and what can be judged only when the log has
// been read to its end. An attempt that `admit` refuses is an offer that was declined, until a
// signature or a receipt of it shows; a document that nobody kept matters for a request that went
// on to spend; a receipt is left out only when a later one of its node was not.
import type { Digest, NodeId } from '../../proto/ids.ts'
import type { Finding, Notice } from './report.ts'

export class Docket {
  readonly #findings: Finding[] = []
  readonly #refused = new Map<string, Notice>()
  readonly #released = new Set<string>()
  readonly #unkept = new Map<string, Unkept>()
  readonly #reserved = new Map<Digest, number>()
  readonly #counters = new Map<NodeId, number[]>()

  find(...findings: readonly Finding[]): void {
    this.#findings.push(...findings)
  }

  /** Named once, at the first line that needs it. */
  missing(line: number, what: string): void {
    if (!this.#unkept.has(what)) this.#unkept.set(what, { line })
  }

  /** Missing only if the request has a reservation after line `after`. */
  missingIfReserved(line: number, what: string, request: { intent: Digest; after: number }): void {
    if (!this.#unkept.has(what)) this.#unkept.set(what, { line, request })
  }

  refused(intent: Digest, attempt: number, why: Notice): void {
    this.#refused.set(`${intent}/${attempt}`, why)
  }

  /** A share left a node, or a signature exists. */
  released(intent: Digest, attempt: number): void {
    this.#released.add(`${intent}/${attempt}`)
  }

  reserved(intent: Digest, line: number): void {
    this.#reserved.set(intent, line)
  }

  receipt(node: NodeId, counter: number): void {
    this.#counters.set(node, [...(this.#counters.get(node) ?? []), counter])
  }

  /** In the order of the lines. */
  close(): { readonly findings: readonly Finding[]; readonly notices: readonly Notice[] } {
    const refused = [...this.#refused]
    const signed = refused.filter(([attempt]) => this.#released.has(attempt))
    const declined = refused.filter(([attempt]) => !this.#released.has(attempt))
    const findings = [
      ...this.#findings,
      ...signed.map(([, { line, code, because }]) => violation(line, code, because)),
      ...[...this.#unkept].flatMap(([what, unkept]) => this.#unjudged(what, unkept)),
    ]
    findings.sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
    return { findings: [...findings, ...this.#gaps()], notices: declined.map(([, why]) => why) }
  }

  #unjudged(what: string, { line, request }: Unkept): readonly Finding[] {
    const matters =
      request === undefined || (this.#reserved.get(request.intent) ?? 0) > request.after
    return matters ? [unjudged(line, `${what} is not in the export`)] : []
  }

  /** A node counts its releases from 1: a receipt that is left out was suppressed by somebody. */
  #gaps(): readonly Finding[] {
    return [...this.#counters].flatMap(([node, seen]) => {
      let next = 1
      for (const counter of [...seen].sort((a, b) => a - b)) {
        if (counter > next) {
          const because = `no receipts of ${node} from ${next} to ${counter - 1}`
          return [{ ...against, code: 'LINE_MISSING', because }]
        }
        next = counter + 1
      }
      return []
    })
  }
}

interface Unkept {
  readonly line: number
  readonly request?: { readonly intent: Digest; readonly after: number }
}

const against = { area: 'authorisation', word: 'VIOLATION' } as const

export function violation(line: number, code: string, because: string): Finding {
  return { ...against, code, because, line }
}

export function unjudged(line: number, because: string): Finding {
  return { area: 'completeness', word: 'UNCONFIRMED', code: 'LINE_MISSING', because, line }
}
