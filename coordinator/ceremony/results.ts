// What a room brought home becomes lines, one after another in the order in which it was written
// there. Each line proves itself to the fold; one that is in the log already is left as it is, so
// that an import that was killed goes on.
// INVARIANT: a signature is written whatever happened since it was made, because it exists; whether
// it goes to its chain is asked when it is sent (`../broadcast.ts`), and told here (I9).
import { type Entry, parseEntry } from '../../policy/audit/entry.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { documentDigest, type ReadResults, type ResultLine } from '../../policy/ceremony/results.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { isRefusal, type Refusal, refuse } from '../../proto/refusal.ts'
import type { DriverPorts } from '../driver.ts'
import { type Blob, readBlob } from '../store/blobs.ts'
import { readLinesOf } from '../store/lines.ts'
import { heldBack } from './held.ts'

/** What became of one line. */
export interface Taken {
  /** The request; of a backup the vault. */
  readonly about: string
  readonly line: string
  readonly seq: number
  /** Why a signature is held back from its chain; empty otherwise. */
  readonly kept: string
}

export interface ResultsPorts extends DriverPorts {
  readonly origin: string
}

export async function takeResults(
  ports: ResultsPorts,
  results: ReadResults,
): Promise<readonly Taken[] | Refusal> {
  const blobs = results.documents.map((document): Blob => {
    const { kind, text } = document
    return { digest: documentDigest(document), kind, content: toUtf8(text) }
  })
  const taken: Taken[] = []
  for (const line of results.lines) {
    const one = await take(ports, line, blobs)
    if (isRefusal(one)) return one
    if (line.type !== 'share.receipt') taken.push(one)
  }
  return taken
}

async function take(
  ports: ResultsPorts,
  line: ResultLine,
  blobs: readonly Blob[],
): Promise<Taken | Refusal> {
  const about = aboutOf(line)
  const seq = (await standsAt(ports, line)) ?? (await write(ports, line, blobs))
  if (isRefusal(seq)) return seq
  const kept = line.type === 'sign.completed' ? await whyKept(ports, line.body.intent) : ''
  return { about, line: line.type, seq, kept }
}

async function write(
  ports: ResultsPorts,
  line: ResultLine,
  blobs: readonly Blob[],
): Promise<number | Refusal> {
  const { type, written } = line
  const isReceipt = type === 'share.receipt'
  const documents = await documentsOf(ports, line)
  const answer = await ports.sequencer.propose({
    kind: 'lines',
    content: {
      receipts: isReceipt ? [written] : [],
      lines: isReceipt ? [] : [{ actor: 'coordinator', type, body: written }],
      documents,
    },
    blobs: [...blobs],
  })
  return isRefusal(answer) ? answer : (answer.seqs.at(-1) ?? 0)
}

/** The order that a change's line names, as it went into the room. */
async function documentsOf({ copy }: DriverPorts, { body }: ResultLine): Promise<string[]> {
  if (!('order' in body)) return []
  const blob = await readBlob(copy.session, body.order)
  if (blob?.kind !== 'order') return refuse('LINE_MISSING', `no order ${body.order} is kept`)
  return [fromUtf8(blob.content) ?? '']
}

/** Where the very line stands, if it does. */
async function standsAt(
  { copy, origin }: ResultsPorts,
  line: ResultLine,
): Promise<number | undefined> {
  switch (line.type) {
    case 'share.receipt': {
      const { node, counter, receipt } = line.body
      return (await copy.read(get(tables.receipt, node, counter)))?.receipt === receipt
        ? 0
        : undefined
    }
    case 'key.backup-tested': {
      const { vault, epoch, node } = line.body
      return (await copy.read(get(tables.backup, vault, epoch, node)))?.seq
    }
    default: {
      const about = 'intent' in line.body ? line.body.intent : line.body.change
      const lines = (await readLinesOf(copy.session, origin, about)).map(parseEntry)
      return lines.find((known) => known.type === line.type && isSame(known, line))?.seq
    }
  }
}

/** A later attempt has lines of the same kind. */
function isSame({ body }: Entry, line: ResultLine): boolean {
  if (!('attempt' in line.body)) return true
  return 'attempt' in body && body.attempt === line.body.attempt
}

/** I9: what the log of today holds it back for. */
async function whyKept(ports: ResultsPorts, intent: Digest): Promise<string> {
  const held = await heldBack(ports, intent, ports.clock.now())
  return held === undefined ? '' : `${held.code} ${held.because}`
}

function aboutOf({ body }: ResultLine): string {
  if ('intent' in body) return body.intent
  if ('change' in body) return body.change
  return 'vault' in body ? body.vault : ''
}
