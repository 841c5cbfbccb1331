// I8: whether the results prove themselves. They are folded, as the lines that they will be, on the
// very log at which the Record begins: a key by the confirmations of all its holders, a signature
// under the vault's key over the digest of its attempt, a backup by its station. Receipts and
// attempts are judged again as the auditor does it. Then they are held against the Record.
// INVARIANT: what the room made and what it carries home are the same: no result without its lines
// in the Record, and no signature in the Record that is not a result.
import { toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { attempt, isRefusal, refuse } from '../../proto/refusal.ts'
import type { BlobKind } from '../audit/blobs.ts'
import { append, type Head } from '../audit/chain.ts'
import { Docket, violation } from '../audit/docket.ts'
import { type Entry, leafDigest } from '../audit/entry.ts'
import { attemptAgain, type Bench, signatureAgain } from '../audit/judge-again.ts'
import { changeAgain } from '../audit/judge-change-again.ts'
import { namedReceipts, receiptSays } from '../audit/judge-receipts.ts'
import { emptyFrontier } from '../audit/merkle.ts'
import { readSync } from '../audit/rows.ts'
import { get, tables } from '../audit/tables.ts'
import { witnessedHeads } from '../audit/witnessed.ts'
import { chainOf } from '../chain/chains.ts'
import type { VaultRow } from '../view.ts'
import type { CeremonyFinding } from './judgement.ts'
import { type HistoryAt, historyAt, type LogView } from './log-view.ts'
import type { ReadPlan } from './plan.ts'
import { documentDigest, type Results } from './results.ts'

export interface Brought {
  readonly plan: ReadPlan
  readonly results: Results
  /** Of the log, at which the Record begins. */
  readonly size: number
  /** Room time of the last line, milliseconds. */
  readonly t: number
}

/** On the log alone: the Record is `judge-made.ts`. */
export function judgeResults(view: LogView, brought: Brought): readonly CeremonyFinding[] {
  const history = historyAt(view, brought.size)
  return [
    ...judgeAttempts(view, history, brought),
    ...foldLines(view, history, brought),
    ...judgeAddresses(history, brought),
  ]
}

/** The attempts that were signed, judged as every station judged them. */
function judgeAttempts(
  view: LogView,
  history: HistoryAt,
  brought: Brought,
): readonly CeremonyFinding[] {
  const docket = new Docket()
  const bench = benchOf(view, history, brought)
  const signed = brought.results.lines.flatMap((line) =>
    line.type === 'sign.completed' ? [line.body] : [],
  )
  for (const { intent, attempt: number } of signed) {
    const entry = view.entries.slice(0, brought.size).find((one) => {
      const { type } = one
      return type === 'session.started' && one.body.intent === intent && one.body.attempt === number
    })
    if (entry?.type !== 'session.started') continue
    docket.released(intent, number)
    attemptAgain(entry, bench, docket)
  }
  return told(docket)
}

/** Line by line on what came before; a void one is a result that is none. */
function foldLines(
  view: LogView,
  history: HistoryAt,
  brought: Brought,
): readonly CeremonyFinding[] {
  const docket = new Docket()
  const findings: CeremonyFinding[] = []
  let head = headOf(view, brought)
  for (const { type, written } of brought.results.lines) {
    const draft = { actor: 'ceremony', type, body: written, t: Math.max(head.t, brought.t) }
    const next = append(head, draft)
    head = next.head
    const folded = readSync(history.fold(next.entry, view.documents), history.rows)
    if (folded.kind === 'missing') {
      findings.push({
        ...{ check: 'I8', word: 'UNCONFIRMED' },
        because: `${type}: document ${folded.digest} is not there`,
      })
    } else if (folded.kind === 'void') {
      findings.push(bad(`${type}: ${folded.because} (${folded.code})`))
    } else {
      history.rows.apply(folded.writes)
      judgeAgain(next.entry, benchOf(view, history, brought), docket)
    }
  }
  return [...findings, ...told(docket)]
}

function judgeAgain(entry: Entry, bench: Bench, docket: Docket): void {
  switch (entry.type) {
    case 'sign.completed':
      signatureAgain(entry, bench, docket)
      namedReceipts(entry, bench, docket)
      break
    case 'share.receipt':
      receiptSays(entry, bench, docket)
      break
    case 'session.aborted':
      namedReceipts(entry, bench, docket)
      break
    case 'key.created':
    case 'key.refreshed':
    case 'key.reshared':
      changeAgain(entry, bench, docket)
      break
    case 'key.proved': {
      const { body, seq } = entry
      changeAgain(entry, bench, docket)
      const named = { ...body, intent: body.change, warrant: body.order }
      namedReceipts({ body: named, seq }, bench, docket)
      const t = readSync(get(tables.vault, body.vault), bench.rows)?.t ?? 0
      if (new Set(body.receipts).size === t && body.receipts.length === t) break
      docket.find(violation(seq, 'LINE_MISSING', `expected a receipt of each of ${t} stations`))
      break
    }
    default:
  }
}

/** Every key that was made has an address that was read aloud, and each is the one of its key. */
function judgeAddresses(
  { rows, desk }: HistoryAt,
  { results }: Brought,
): readonly CeremonyFinding[] {
  const made = results.lines.flatMap((line) => (line.type === 'key.created' ? [line.body] : []))
  const vaults = new Set(results.addresses.map(({ vault }) => vault))
  const without = made.filter(({ vault }) => !vaults.has(vault))
  const wrong = results.addresses.flatMap(({ vault, address }) => {
    const own = attempt(() => {
      const row = readSync(get(tables.vault, vault), rows)
      return row === undefined ? refuse('VAULT_NOT_FOUND', `${vault} has no key`) : ofKey(row)
    })
    if (isRefusal(own)) return [bad(own.because)]
    return own === address ? [] : [bad(`${vault}: expected the address ${own}, got ${address}`)]
  })
  return [...without.map(({ vault }) => bad(`${vault}: no address was read`)), ...wrong]

  function ofKey({ vault, publicKey }: VaultRow): string {
    const rulebook = readSync(desk.rulebook(), rows)
    const named = rulebook.vaults.get(vault)?.network
    const network = named && rulebook.networks.get(named)?.caip2
    if (network === undefined) return refuse('VAULT_NOT_FOUND', `${vault} is in no policy`)
    return chainOf(network).address(publicKey)
  }
}

function benchOf(view: LogView, { rows, desk }: HistoryAt, { results, size }: Brought): Bench {
  const { rootAt, reigns } = view
  const own = { reigns, rootAt: (at: number) => (at <= size ? rootAt(at) : undefined) }
  const documents = new Map<Digest, string>(
    results.documents.map((one) => [documentDigest(one), one.text]),
  )
  const blob = (kind: BlobKind, digest: Digest): Uint8Array | undefined => {
    const brought = results.documents.find((one) => {
      return one.kind === kind && documents.get(digest) === one.text
    })
    return brought === undefined ? view.blob(kind, digest) : toUtf8(brought.text)
  }
  const heads = [...witnessedHeads(own, -1, view.heads)]
  return { rows, desk, root: readSync(desk.root(), rows), reigns, rootAt, size, blob, heads }
}

/** Where the first of them would stand; roots are of no matter here. */
function headOf(view: LogView, { size }: Brought): Head {
  const last = view.entries[size - 1]
  if (last === undefined) return refuse('LINE_MISSING', 'the record begins before the log')
  return { size, prev: leafDigest(last), t: last.t, frontier: emptyFrontier }
}

function told(docket: Docket): readonly CeremonyFinding[] {
  return docket.close().findings.map(({ word, because, code }) => ({
    check: 'I8',
    word: word === 'VIOLATION' ? 'VIOLATION' : 'UNCONFIRMED',
    because: `${because} (${code})`,
  }))
}

function bad(because: string): CeremonyFinding {
  return { check: 'I8', word: 'VIOLATION', because }
}
