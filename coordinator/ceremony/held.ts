// What came home signed and may not leave yet: before its signature goes to a chain, `admit` is
// asked again by the log and the documents of now (I9). A no holds the bytes back for as long as it
// stands; they are asked about again and again, so that a yes lets them go.
// INVARIANT: whatever cannot be judged is held back.
import { admitAgain } from '../../policy/admit-again.ts'
import { type EntryOf, parseEntry } from '../../policy/audit/entry.ts'
import { historyAgain, requestView } from '../../policy/audit/history.ts'
import { below, tables } from '../../policy/audit/tables.ts'
import { type Plan, parsePlan } from '../../policy/ceremony/plan.ts'
import { rootOf } from '../../policy/in-force.ts'
import { isMessage } from '../../policy/intent.ts'
import type { AttemptRow, RequestState, RequestView } from '../../policy/view.ts'
import type { Digest, NodeId } from '../../proto/ids.ts'
import { parseText } from '../../proto/jcs.ts'
import { kinds } from '../../proto/node-documents.ts'
import { isRefusal, type Refusal, Refused, refuse } from '../../proto/refusal.ts'
import { type Case, gather, readSigned } from '../desk/case.ts'
import type { DriverPorts } from '../driver.ts'
import { readBlob, readBlobs } from '../store/blobs.ts'
import { readHead, readLinesOf } from '../store/lines.ts'
import { leftAt } from './left.ts'

type HeldPorts = Pick<DriverPorts, 'copy' | 'memory'>

/** Its chain has it, or has had its word: nothing is left to hold back. */
const out: ReadonlySet<RequestState> = new Set(['BROADCAST', 'SETTLED'])

/** Why its signature stays here, in words that begin with the check; undefined where it may go. */
export function heldBack(
  ports: HeldPorts,
  intent: Digest,
  now: number,
): Promise<Refusal | undefined> {
  return holding(ports, { intent, now, known: new Map() })
}

interface Asked {
  readonly intent: Digest
  readonly now: number
  /** Of those that were reserved before whoever asks: each is judged once. */
  readonly known: Map<Digest, Refusal | undefined>
}

async function holding(ports: HeldPorts, asked: Asked): Promise<Refusal | undefined> {
  const { intent } = asked
  try {
    const view = await ports.copy.read(requestView(intent))
    if (view.intent === undefined || out.has(view.intent.state)) return undefined
    // Only a log of cold vaults has rooms; hot nodes were asked when their shares left.
    if (!rootOf(view).cold) return undefined
    // A message has no chain: its signature was given to whoever asked for it when it came.
    if (isMessage(view.intent.op)) return undefined
    return await judged(ports, {
      ...asked,
      view,
      the: await gather(ports.copy, ports.memory, intent),
    })
  } catch (error) {
    if (error instanceof Refused) return error.refusal
    throw error
  }
}

interface Judging extends Asked {
  readonly view: RequestView
  readonly the: Case
}

async function judged(ports: HeldPorts, judging: Judging): Promise<Refusal | undefined> {
  const { copy } = ports
  const { view, the, now, intent } = judging
  const own = view.reservation ?? refuse('LINE_MISSING', 'no reservation')
  const { origin } = the.root.log
  const lines = await readLinesOf(copy.session, origin, intent)
  const done = lines.map((line) => parseEntry(line)).findLast(isCompleted)
  if (done === undefined) return refuse('LINE_MISSING', 'no signature is kept')
  const { attempt, warrant, receipts } = done.body
  const row = view.attempts.find((one) => one.attempt === attempt)
  const mayGo = (other: Digest): Promise<boolean> => goes(ports, { ...judging, intent: other })
  const left = await leftAt(copy, { origin, own, now, mayGo })
  const refused = admitAgain({
    ...{ view, attempt, cameAt: done.t, clockMs: now },
    newestAt: (await readHead(copy.session, origin)).t,
    warrant: (await readBlob(copy.session, warrant))?.content ?? new Uint8Array(0),
    signers: await signersOf(copy, receipts, row),
    people: await sittersOf(copy, intent, row?.seq ?? 0),
    approvals: the.decisions.flatMap(({ decision, signed }) =>
      decision === 'approve' ? [signed] : [],
    ),
    history: await copy.read(historyAgain(the.inForce.rulebook, own, { t: now, left })),
    witnessedAt: (seq) => the.witnessed.get(seq)?.at,
  })
  if (!isRefusal(refused)) return undefined
  return { ...refused, because: `${refused.check}: ${refused.because}` }
}

async function goes(ports: HeldPorts, { intent, now, known }: Asked): Promise<boolean> {
  if (!known.has(intent)) known.set(intent, await holding(ports, { intent, now, known }))
  return known.get(intent) === undefined
}

/** As their receipts say; all who were called where one of these is not kept. */
async function signersOf(
  copy: DriverPorts['copy'],
  receipts: readonly Digest[],
  attempt: AttemptRow | undefined,
): Promise<readonly NodeId[]> {
  const kept = await readBlobs(copy.session, receipts)
  const nodes = receipts.flatMap((one) => {
    const blob = kept.get(one)
    const { document } = blob === undefined ? nothing : readSigned(blob, 'shareReceipt')
    return document === '' ? [] : [kinds.receipt.shape(parseText(document), 'receipt').node]
  })
  return nodes.length === receipts.length ? nodes : (attempt?.participants ?? [])
}

const nothing = { document: '' }

/** Of the sitting that the attempt was started for. */
async function sittersOf(
  copy: DriverPorts['copy'],
  intent: Digest,
  seq: number,
): Promise<Plan['people']> {
  const sat = (await copy.read(below(tables.ceremony)))
    .filter((one) => one.requests.includes(intent) && one.seq < seq)
    .sort((a, b) => b.seq - a.seq)
  const plan = sat[0] && (await readBlob(copy.session, sat[0].plan))
  return plan === undefined ? [] : parsePlan(plan.content).plan.people
}

function isCompleted(entry: { readonly type: string }): entry is EntryOf<'sign.completed'> {
  return entry.type === 'sign.completed'
}
