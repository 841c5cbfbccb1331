// A whole cold log, what went into a room and came out of it, an enrolment, and a line of every type,
// as bytes that were kept: a change of a format is seen here, and what was good stays good.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { emptyHead, extend } from '../../../policy/audit/chain.ts'
import { verify } from '../../../policy/audit/verify.ts'
import { readBundle } from '../../../policy/ceremony/bundle.ts'
import { judgeCeremony } from '../../../policy/ceremony/judge.ts'
import { viewOfBundle } from '../../../policy/ceremony/log-view.ts'
import { parseRoster } from '../../../policy/roster.ts'
import { parseTrust } from '../../../policy/trust.ts'
import { toUtf8 } from '../../../proto/crypto.ts'
import * as house from '../../kit/audit-documents.ts'
import { coldVectors } from '../../kit/cold-vectors.ts'
import { samples } from '../../kit/entry-samples.ts'

const root = fileURLToPath(new URL('../../vectors/', import.meta.url))

/** Of a folder; with those below it where `isDeep`. */
function kept(folder: string, isDeep = true): ReadonlyMap<string, Uint8Array> {
  const place = join(root, folder)
  const names = readdirSync(place, { recursive: isDeep, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(place, join(entry.parentPath, entry.name)))
  return new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(place, name)))]))
}

const text = (name: string): string => readFileSync(join(root, 'ceremony', name), 'utf8')

describe('the vectors of cold logs and ceremonies', () => {
  it('are made the same today, file by file', () => {
    for (const [folder, files] of coldVectors()) {
      const there = kept(folder, folder !== 'ceremony')
      expect([...there.keys()].sort(), folder).toEqual([...files.keys()].sort())
      for (const [name, content] of files) {
        const isSame = Buffer.from(there.get(name) ?? []).equals(content)
        expect([folder, name, isSame]).toEqual([folder, name, true])
      }
    }
  })

  it('have a cold log that verifies: its root, its ceremonies, its payment', () => {
    const nowMs = Date.parse('2099-01-01T00:00:00Z')
    const report = verify({ files: kept('logs/cold'), trust: text('cold-log.trust'), nowMs })
    expect(report.findings).toEqual([])
    expect(report.results.authorisation).toBe('OK')
  })

  it('have a payment and an enrolment that the judge says OK to', () => {
    const log = viewOfBundle(kept('ceremony/in'), parseTrust(text('payment.trust')))
    const paid = judgeCeremony({ files: kept('ceremony/out'), log })
    expect([paid.findings, paid.exit]).toEqual([[], 0])
    const files = kept('ceremony/enrolment')
    const { plan } = readBundle(files, 'out').manifest
    const roster = parseRoster(house.coldDirectoryText)
    const enrolled = judgeCeremony({ files, log: undefined, plan, roster })
    expect([enrolled.findings, enrolled.exit]).toEqual([[], 0])
  })

  it('have a line of every type, which make one chain', () => {
    const lines = text('every-line.jsonl').trimEnd().split('\n').map(toUtf8)
    const { entries, head } = extend(emptyHead, lines)
    expect(entries.map(({ type }) => type)).toEqual(Object.keys(samples))
    expect(head.size).toBe(lines.length)
  })
})
