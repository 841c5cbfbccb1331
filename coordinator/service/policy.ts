// PolicyService: the documents in force, the room left in the limits, and the freeze. Documents go
// out as exact canonical text, so that whoever pins the root can check them.
import { inForce, spendsSince } from '../../policy/audit/history.ts'
import { get, tables } from '../../policy/audit/tables.ts'
import { type Limit, used } from '../../policy/rules/limit.ts'
import type { SpendRow } from '../../policy/view.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import { readSigned } from '../../proto/frames.ts'
import type { Handlers } from '../../proto/io/handlers.ts'
import { isRefusal, refuse } from '../../proto/refusal.ts'
import type { Coordinator } from '../coordinator.ts'
import { rootSteps, submitRoot } from '../successions.ts'

export function policyService(coordinator: Coordinator): Handlers['PolicyService'] {
  const { driver, decisions, roots, proofs } = coordinator
  const { copy, memory, clock } = driver
  const text = async (digest: string) =>
    toUtf8((await copy.read(get(tables.document, digest)))?.text ?? '')
  return {
    GetRuleset: async () => {
      const row = await copy.read(inForce())
      const books = row.books.map(async ({ digest }) => {
        return { kind: 'book', content: await text(digest) }
      })
      return {
        ruleset: row.digest,
        root: await text(row.root),
        policy: await text(row.policy),
        directory: await text(row.directory),
        books: await Promise.all(books),
        roots: await rootSteps(copy, roots, proofs),
      }
    },
    GetLimits: async () => {
      const { rulebook } = (await memory.at(copy)).inForce
      const t = clock.now()
      const windowMs = Math.max(0, ...rulebook.limits.map((limit) => limit.windowMs))
      const rows = await copy.read(spendsSince(rulebook, t - windowMs))
      return { limits: rulebook.limits.map((limit) => limitOf(limit, rows, t)) }
    },
    SubmitFreeze: async ({ freeze }) => {
      const recorded = await decisions.freeze(readSigned(freeze))
      if (isRefusal(recorded)) return recorded
      const { seq, checkpoint, proof, entry } = recorded
      return { seq, checkpoint, proof: [...proof], entry }
    },
    SubmitRoot: async ({ root, signatures, documents }) => {
      const texts = documents.map(({ content }) => written(content))
      const sent = { root: written(root), signatures: written(signatures), documents: texts }
      const recorded = await submitRoot(coordinator, sent)
      if (isRefusal(recorded)) return recorded
      const { seq, checkpoint, proof, entry } = recorded
      return { seq, checkpoint, proof: [...proof], entry }
    },
  }
}

function written(bytes: Uint8Array): string {
  return fromUtf8(bytes) ?? refuse('MALFORMED', 'document: expected well-formed utf-8')
}

function limitOf(limit: Limit, rows: readonly SpendRow[], t: number) {
  const { id, measure, max, windowMs } = limit
  return {
    id,
    unit: measure.kind === 'count' ? 'count' : measure.unit,
    max: `${max}`,
    used: `${largestUse(limit, rows, t)}`,
    window: durationText(windowMs),
  }
}

/** Where each address has a sum of its own, that of the address which used most. */
function largestUse(limit: Limit, rows: readonly SpendRow[], t: number): bigint {
  const addresses = limit.byDestination ? [...new Set(rows.map((row) => row.to))] : ['']
  let most = 0n
  for (const to of addresses) {
    const use = used(limit, rows, { t, to })
    if (use > most) most = use
  }
  return most
}

/** As policies write it: 90m, 24h, 7d. */
function durationText(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const
  const [name, unit] = units.find(([, size]) => ms % size === 0 && ms >= size) ?? ['s', 1_000]
  return `${ms / unit}${name}`
}
