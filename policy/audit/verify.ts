// verify: whether an Export is what it says, by a stranger who trusts only what the trust file
// pins. Integrity (lines, chain, tree), identity (whose log), witnessing and freshness,
// authorisation (everything judged again), completeness: five results, reported separately.
// INVARIANT: OK is said only when every line was checked and every signature in the log could be
// judged; whatever is absent, unpinned or stale makes it UNCONFIRMED.
import { toHex } from '../../proto/crypto.ts'
import { limits } from '../../proto/limits.ts'
import { attempt, isRefusal, type Refusal } from '../../proto/refusal.ts'
import { writeTime, writeTimeMillis } from '../../proto/shape.ts'
import { parseTrust, type Trust } from '../trust.ts'
import { formatVkey, type Note, parseNote, parseNoteText } from './checkpoint.ts'
import { type Export, type Files, readExport } from './export.ts'
import { readHead, type SignedHead, witnessesFor, witnessing } from './heads.ts'
import { type Chain, checkBlobs, matchCheckpoint, readChain } from './integrity.ts'
import { promises } from './promises.ts'
import { type Reigns, reignOver } from './reigns.ts'
import { type Recorded, type Replayed, replay } from './replay.ts'
import { type Area, conclude, type Finding, nothingChecked, type Report } from './report.ts'
import { coveredBy } from './witnessed.ts'

export interface Audit {
  readonly files: Files
  /** Text of the trust file; without one nothing can be confirmed. */
  readonly trust?: string
  readonly nowMs: number
  /** Heads that the verifier kept from earlier, as notes. */
  readonly remembered?: readonly Uint8Array[]
  /** How old the newest witnessed head may be; no bound when it is left out. */
  readonly ageMaxMs?: number
  /** Of how many of its first lines the root is wanted. */
  readonly at?: number
}

export function verify(audit: Audit): Report {
  const trust = attempt(() => (audit.trust === undefined ? undefined : parseTrust(audit.trust)))
  if (isRefusal(trust)) return unreadable(trust)
  const exported = attempt(() => readExport(audit.files))
  if (isRefusal(exported)) return unreadable(exported)
  const note = attempt(() => parseNote(exported.checkpoint))
  if (isRefusal(note)) return unreadable({ ...note, code: 'LOG_MALFORMED' })
  const chain = readChain(exported.lines)
  return trust === undefined
    ? untrusted(exported, chain, note)
    : trusted({ audit, exported, chain, note, trust })
}

interface Examined {
  readonly audit: Audit
  readonly exported: Export
  readonly chain: Chain
  readonly note: Note
  readonly trust: Trust
}

function trusted(the: Examined): Report {
  const { audit, exported, chain, note, trust } = the
  const kept = exported.heads.map((bytes) => readHead(bytes, trust))
  const heads = kept.filter((head): head is SignedHead => !isRefusal(head) && head.signed)
  const blobs = checkBlobs(exported.blobs)
  const checkpoint = readHead(exported.checkpoint, trust)
  const remembered = audit.remembered ?? []
  const unsigned = kept.filter((head): head is SignedHead => !isRefusal(head) && !head.signed)
  const intact = chain.findings.length === 0
  const { entries, rootAt } = chain
  const signed = [...heads, ...(isRefusal(checkpoint) || !checkpoint.signed ? [] : [checkpoint])]
  const recorded = { entries, blobs: blobs.good, rootAt, heads: signed.map((head) => head.text) }
  const replayed = intact ? replay(recorded, trust) : undefined
  const reigns = replayed?.reigns ?? []
  const given = { chain, checkpoint, heads, unsigned, trust, reigns, remembered }
  const promised = promises(given)
  if (isRefusal(promised)) return unreadable(promised)
  const findings: Finding[] = [
    ...chain.findings,
    ...matchCheckpoint(
      note,
      chain,
      heads.map((head) => head.note),
    ),
    ...blobs.findings,
    ...kept.filter(isRefusal).map(badHead),
    ...identity(checkpoint, chain, trust),
    ...seen(the, reigns),
    ...switches(recorded, reigns),
    ...dated(the),
    ...promised.findings,
    ...(replayed?.findings ?? []),
    ...(entries.length === 0 ? [nothing] : []),
  ]
  const done: Area[] = ['integrity', 'identity', 'witnessing', 'completeness']
  if (replayed?.isWhole && entries.length > 0) done.push('authorisation')
  const { proof } = promised
  return conclude(findings, new Set(done), {
    ...counted(chain, replayed),
    ...headAt(audit, chain),
    ...(proof === undefined ? {} : { proof }),
  })
}

/** The mathematics alone. */
function untrusted(exported: Export, chain: Chain, note: Note): Report {
  const because = 'no trust file: no key, quorum or root is pinned'
  const unpinned = { area: 'identity', word: 'UNCONFIRMED', code: 'CONFIG', because } as const
  const findings = [
    ...chain.findings,
    ...matchCheckpoint(note, chain, []),
    ...checkBlobs(exported.blobs).findings,
    unpinned,
  ]
  return conclude(findings, new Set(['integrity']), counted(chain, undefined))
}

/** Whose log this is: signed by the pinned key, begun under it, and governed by the pinned root. */
function identity(
  checkpoint: SignedHead | Refusal,
  { entries }: Chain,
  trust: Trust,
): readonly Finding[] {
  if (isRefusal(checkpoint)) {
    const { code, because } = checkpoint
    return [{ area: 'identity', word: 'TAMPERED', code, because }]
  }
  const [genesis] = entries
  const own = genesis?.type === 'log.genesis' ? genesis.body : undefined
  const { origin, vkey } = trust.log
  const roots = entries.flatMap((entry) =>
    entry.type === 'root.activated' ? [entry.body.root] : [],
  )
  const expected: readonly (readonly [boolean, string])[] = [
    [checkpoint.signed, 'the checkpoint has no signature of the pinned log key'],
    [own?.origin === origin && own.vkey === formatVkey(vkey), 'the log began under another key'],
    [roots.includes(trust.root), 'the pinned root was never activated'],
  ]
  return expected.flatMap(([holds, because]) =>
    holds ? [] : [{ area: 'identity', word: 'UNCONFIRMED', code: 'CONFIG', because } as const],
  )
}

/** Of lines whose chain holds: whoever compares a head outside of any log reads this. */
function headAt({ at }: Audit, { rootAt, size, findings }: Chain): Pick<Report, 'head'> {
  if (at === undefined || at > size || findings.length > 0) return {}
  return { head: { size: at, root: toHex(rootAt(at)) } }
}

function seen({ audit, note, trust }: Examined, reigns: Reigns): readonly Finding[] {
  const judges = witnessesFor(note.checkpoint.size, trust, reigns)
  const { findings, seenAt } = witnessing(note, judges, audit.nowMs)
  const { ageMaxMs = Number.POSITIVE_INFINITY, nowMs } = audit
  if (seenAt === undefined || nowMs - seenAt <= ageMaxMs) return findings
  const because = `stale: ${judges.q} witnesses last saw this head at ${writeTime(seenAt)}`
  return [{ area: 'witnessing', word: 'UNCONFIRMED', code: 'CLOCK', because }]
}

/** Before anything counts under a new root, q witnesses of the old one have seen its line. */
function switches(recorded: Recorded, reigns: Reigns): readonly Finding[] {
  const own = { reigns, rootAt: recorded.rootAt }
  const heads = recorded.heads.filter((head) => {
    return parseNoteText(head).checkpoint.size <= recorded.entries.length
  })
  return reigns.slice(1).flatMap(({ root, from }) => {
    const { q } = reignOver(reigns, from).root.witness
    const seen = coveredBy(own, from, heads).length
    if (seen >= q) return []
    const because = `root ${root.version}: expected ${q} witnesses of the root before, got ${seen}`
    return [{ area: 'witnessing', word: 'UNCONFIRMED', code: 'COSIGN', because, line: from }]
  })
}

const nothing: Finding = {
  area: 'completeness',
  word: 'UNCONFIRMED',
  code: 'LINE_MISSING',
  because: 'the export has no lines: nothing was checked',
}

function badHead({ code, because }: Refusal): Finding {
  return { area: 'integrity', word: 'TAMPERED', code, because: `kept head: ${because}` }
}

/** A line cannot be younger than now: whoever wrote it, or this clock, is wrong. */
function dated({ audit: { nowMs }, chain }: Examined): readonly Finding[] {
  const ahead = chain.entries.find(({ t }) => t > nowMs + limits.clockSkewMs)
  if (ahead === undefined) return []
  const because = `lines from here on are dated ahead: ${writeTimeMillis(ahead.t)}`
  const line = ahead.seq
  return [{ area: 'witnessing', word: 'UNCONFIRMED', code: 'CLOCK', because, line }]
}

function counted(
  { entries }: Chain,
  replayed: Replayed | undefined,
): Pick<Report, 'anchors' | 'checked' | 'notices'> {
  const { attempts, signatures, evaluations } = replayed ?? nothingChecked
  const checked = { lines: entries.length, attempts, signatures, evaluations }
  return { checked, notices: replayed?.notices ?? [], anchors: replayed?.anchors ?? [] }
}

/** Bytes that contradict the format are tampered with; files and arguments that are no export. */
function unreadable({ code, because }: Refusal): Report {
  const word = code === 'LOG_MALFORMED' ? 'TAMPERED' : 'USAGE'
  const nothingDone = { checked: nothingChecked, notices: [], anchors: [] }
  return conclude([{ area: 'integrity', word, code, because }], new Set(), nothingDone)
}
