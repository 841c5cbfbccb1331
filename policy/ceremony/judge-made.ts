// I8, the Record's half: what the room made and what it carries home are the same. Every result is
// of a request of the Plan and has its lines in the Record: shown, confirmed with the recipient and
// the amount that were approved, done, verified by its signers; sealed and opened again by its
// holders. And nothing was signed in the room that is not among the results.
// What a result is worth by itself is `judge-results.ts`.
import { equalBytes, toHex } from '../../proto/crypto.ts'
import type { Digest, NodeId } from '../../proto/ids.ts'
import { parseText } from '../../proto/jcs.ts'
import { kinds } from '../../proto/node-documents.ts'
import { attempt, isRefusal } from '../../proto/refusal.ts'
import { writeTime } from '../../proto/shape.ts'
import { signedShape } from '../../proto/signed.ts'
import { readSync } from '../audit/rows.ts'
import { get, tables } from '../audit/tables.ts'
import { judgeHeads } from './judge-heads.ts'
import { isOf, judgeKey, judgeTested, linesOf, type ResultOf } from './judge-keys.ts'
import type { CeremonyFinding } from './judgement.ts'
import type { HistoryAt } from './log-view.ts'
import type { Plan } from './plan.ts'
import type { RecordLine } from './record.ts'
import type { RecordType } from './record-bodies.ts'
import { documentDigest, type ResultLine, type Results } from './results.ts'

export interface Made {
  readonly plan: Plan
  readonly lines: readonly RecordLine[]
  readonly results: Results
}

/** Requests that came to a result. */
export function carriedBy({ lines }: Results): ReadonlySet<Digest> {
  return new Set(
    lines.flatMap((line) => {
      const request = requestOf(line)
      return request === undefined || line.type === 'session.aborted' ? [] : [request]
    }),
  )
}

export function judgeMade(made: Made): readonly CeremonyFinding[] {
  return [
    ...judgeRequests(made),
    ...judgeShown(made),
    ...judgeWindow(made),
    ...judgeDocuments(made),
    ...made.results.lines.flatMap((line) => {
      switch (line.type) {
        case 'sign.completed':
        case 'key.proved':
          return judgeSigned(line, made)
        case 'key.created':
        case 'key.refreshed':
        case 'key.reshared':
          return judgeKey(line, made)
        case 'key.backup-tested':
          return judgeTested(line, made)
        default:
          return []
      }
    }),
    ...judgeUnsaid(made),
    ...judgeHeads({ ...made, signers: signersOf(made.results) }),
  ]
}

function signersOf(results: Results): ReadonlyMap<Digest, readonly NodeId[]> {
  return new Map(
    results.lines.flatMap((line) => {
      if (line.type !== 'sign.completed' && line.type !== 'key.proved') return []
      const { sid, receipts } = line.body
      const nodes = receipts.flatMap((receipt) => signerOf(receipt, results) ?? [])
      return [[sid, nodes] as const]
    }),
  )
}

/** What was typed is what was approved: asked of the log. */
export function judgeTyped(
  { rows }: HistoryAt,
  { lines }: Pick<Made, 'lines'>,
): readonly CeremonyFinding[] {
  return linesOf(lines, 'request.confirmed').flatMap((line) => {
    const row = readSync(get(tables.reservation, line.body.request), rows)
    if (row === undefined) return []
    const { amount, tail } = line.body
    if (amount === row.amount && tail === row.to.slice(-6)) return []
    const because = `confirmed ${amount ?? 'nothing'} to ...${tail ?? ''}, approved is another`
    return [{ ...bad(because), line: line.seq }]
  })
}

function judgeRequests({ plan, results }: Made): readonly CeremonyFinding[] {
  const findings: CeremonyFinding[] = []
  const seen = new Set<string>()
  for (const line of results.lines) {
    const request = requestOf(line)
    if (request === undefined) continue
    const planned = plan.requests.find((one) => one.request === request)
    if (planned === undefined) {
      findings.push(bad(`${line.type}: ${request} is no request of the plan`))
      continue
    }
    const op = opOf[line.type]
    if (op !== undefined && op !== planned.op) {
      findings.push(bad(`${line.type}: ${request} asks for ${planned.op}`))
    }
    if ('vault' in line.body && line.body.vault !== planned.vault) {
      findings.push(bad(`${line.type}: ${request} is of ${planned.vault}, got ${line.body.vault}`))
    }
    if (line.type === 'session.aborted') continue
    if (seen.has(request)) findings.push(bad(`${request} has two results`))
    seen.add(request)
  }
  return findings
}

const opOf: Partial<Readonly<Record<ResultLine['type'], string>>> = {
  'key.created': 'key.create',
  'key.refreshed': 'key.refresh',
  'key.reshared': 'key.reshare',
  'sign.completed': 'payment',
  'key.proved': 'key.prove',
  'session.aborted': 'payment',
}

/** Every station showed the same of a request, or one of them was deceived. */
function judgeShown({ lines }: Made): readonly CeremonyFinding[] {
  const first = new Map<Digest, Digest>()
  return [...linesOf(lines, 'request.shown'), ...linesOf(lines, 'request.confirmed')].flatMap(
    ({ body, seq }): CeremonyFinding[] => {
      const known = first.get(body.request) ?? body.display
      first.set(body.request, known)
      if (known === body.display) return []
      return [{ ...bad(`${body.request}: stations showed different things`), line: seq }]
    },
  )
}

/** What keys did, they did in the window that people approved. */
function judgeWindow({ plan, lines }: Made): readonly CeremonyFinding[] {
  const timed: readonly RecordType[] = [
    ...(['record.genesis', 'request.confirmed', 'message.sent', 'session.done'] as const),
    ...(['share.sealed', 'signature.made', 'token.enrolled'] as const),
  ]
  const late = lines.find(({ t, type }) => {
    return timed.includes(type) && (t < plan.from || t >= plan.until)
  })
  if (late === undefined) return []
  return [{ ...bad(`${late.type} at ${writeTime(late.t)}, outside of the window`), line: late.seq }]
}

/** A document that no line names has no reason to cross the gap. */
function judgeDocuments({ plan, results }: Made): readonly CeremonyFinding[] {
  const named = new Set(
    results.lines.flatMap(({ body }) => [
      ...('receipt' in body ? [body.receipt] : []),
      ...('receipts' in body ? body.receipts : []),
      ...('refusals' in body ? body.refusals : []),
    ]),
  )
  const isEnrolment = plan.kind === 'enrolment'
  return results.documents.flatMap((one) => {
    const isCard = one.kind === 'stationCard'
    if (isCard ? isEnrolment : named.has(documentDigest(one))) return []
    return [bad(`a ${one.kind} that no result names`)]
  })
}

/** Each signer showed, confirmed, finished and verified it, and nobody else verified another. */
function judgeSigned(
  { body }: ResultOf<'sign.completed' | 'key.proved'>,
  made: Made,
): readonly CeremonyFinding[] {
  const { sid, signature, receipts } = body
  const intent = 'change' in body ? body.change : body.intent
  const signers = receipts.map((receipt) => signerOf(receipt, made.results))
  const verified = linesOf(made.lines, 'signature.made').filter((one) => {
    return one.body.request === intent && equalBytes(one.body.signature, signature)
  })
  const findings = signers.flatMap((node): CeremonyFinding[] => {
    if (node === undefined) return [bad(`${intent}: a receipt that cannot be read`)]
    const needed = ['request.shown', 'request.confirmed', 'session.done'] as const
    const lacking = needed.filter((type) => {
      return !linesOf(made.lines, type).some((one) => {
        const isSame = !('session' in one.body) || one.body.session === sid
        return isSame && one.body.request === intent && isOf(one, node, made.plan)
      })
    })
    const isVerified = verified.some((one) => isOf(one, node, made.plan))
    return [
      ...lacking.map((type) => bad(`${intent}: ${node} signed without a ${type} in the record`)),
      ...(isVerified ? [] : [bad(`${intent}: ${node} did not verify this signature`)]),
    ]
  })
  return [...findings, ...unconfirmedStart(intent, signers, made)]
}

/** All signers had confirmed before the first of them sent anything. */
function unconfirmedStart(
  request: Digest,
  signers: readonly (NodeId | undefined)[],
  { lines, plan }: Made,
): readonly CeremonyFinding[] {
  const done = linesOf(lines, 'session.done').filter((one) => one.body.request === request)
  const sessions = new Set(done.map(({ body }) => body.session))
  const first = linesOf(lines, 'message.sent').find(({ body }) => sessions.has(body.session))
  if (first === undefined) return []
  const late = signers.filter((node) => {
    return !linesOf(lines, 'request.confirmed').some((one) => {
      const isOwn = node !== undefined && isOf(one, node, plan)
      return isOwn && one.body.request === request && one.seq < first.seq
    })
  })
  return late.map((node) => bad(`${request}: it was begun before ${node ?? 'a signer'} confirmed`))
}

/** A signature that the room saw and does not carry home would be one in somebody's pocket. */
function judgeUnsaid({ lines, plan, results }: Made): readonly CeremonyFinding[] {
  const brought = results.lines.flatMap((line) =>
    line.type === 'sign.completed' || line.type === 'key.proved'
      ? [`${requestOf(line)} ${toHex(line.body.signature)}`]
      : [],
  )
  // Shares that left and made nothing are told to the log as well.
  const known = new Set(results.lines.flatMap((line) => requestOf(line) ?? []))
  const sids = new Set(results.lines.flatMap(({ body }) => ('sid' in body ? [body.sid] : [])))
  const failed = new Set(
    results.lines.flatMap((line) => (line.type === 'session.aborted' ? [line.body.intent] : [])),
  )
  const given = new Set(linesOf(lines, 'session.aborted').map(({ body }) => body.session))
  const signing = plan.requests.filter(({ op }) => op === 'payment' || op === 'key.prove')
  return [
    ...linesOf(lines, 'signature.made').flatMap((line) => {
      const named = `${line.body.request} ${toHex(line.body.signature)}`
      if (brought.includes(named)) return []
      return [{ ...bad('a signature that is not among the results'), line: line.seq }]
    }),
    ...linesOf(lines, 'session.done').flatMap((line) => {
      const { request } = line.body
      if (!signing.some((one) => one.request === request)) return []
      if (!known.has(request)) {
        return [{ ...bad(`${request} was finished, and no result tells of it`), line: line.seq }]
      }
      // A second session of one request makes a second signature, unless it was aborted.
      const isTold = given.has(line.body.session) || failed.has(request)
      if (sids.has(line.body.session) || isTold) return []
      return [{ ...bad(`${request} was finished in a session of no result`), line: line.seq }]
    }),
  ]
}

function requestOf(line: ResultLine): Digest | undefined {
  if ('change' in line.body) return line.body.change
  return 'intent' in line.body ? line.body.intent : undefined
}

/** As its receipt says; that it is signed by this node is judged with the line. */
function signerOf(receipt: Digest, { documents }: Results): NodeId | undefined {
  const found = documents.find((one) => {
    return one.kind === 'shareReceipt' && documentDigest(one) === receipt
  })
  const read = attempt(() => {
    if (found === undefined) return undefined
    const { document } = signedShape(parseText(found.text), 'receipt')
    return kinds.receipt.shape(parseText(document), 'receipt').node
  })
  return isRefusal(read) ? undefined : read
}

function bad(because: string): CeremonyFinding {
  return { check: 'I8', word: 'VIOLATION', because }
}
