// What the coordinator judges a Bundle out by: its own log as an auditor would get it, under its
// own first root. The judge is the one that everybody runs; an answer that is not OK writes no
// line.
import type { Files } from '../../policy/audit/export.ts'
import type { BundleFiles } from '../../policy/ceremony/bundle.ts'
import { type Judged, judgeCeremony } from '../../policy/ceremony/judge.ts'
import { viewOfExport } from '../../policy/ceremony/log-view.ts'
import type { Trust } from '../../policy/trust.ts'
import { concat } from '../../proto/crypto.ts'
import { type Refusal, refusal } from '../../proto/refusal.ts'
import { exportParts } from '../export.ts'
import type { ProofsPorts } from '../proofs.ts'

export interface JudgingPorts extends ProofsPorts {
  /** The own log: what its configuration pins. */
  readonly trust: Trust
}

/** Everything that was read on the way, all of it found good. */
export type GoodOut = Judged & Required<Pick<Judged, 'out' | 'record' | 'brought'>>

export async function judgeOut(
  ports: JudgingPorts,
  files: BundleFiles,
): Promise<GoodOut | Refusal> {
  const log = viewOfExport(await exported(ports), ports.trust)
  const judged = judgeCeremony({ files, log })
  const { word, findings, out, record, brought } = judged
  const [first] = findings
  if (word !== 'OK' || out === undefined || record === undefined || brought === undefined) {
    const because = first?.because ?? 'not everything could be looked at'
    return refusal('RECORD', `${word}: ${because}`, first?.check ?? 'I1')
  }
  return { ...judged, out, record, brought }
}

async function exported(ports: JudgingPorts): Promise<Files> {
  const parts = new Map<string, Uint8Array[]>()
  for await (const { path, content } of exportParts(ports)) {
    parts.set(path, [...(parts.get(path) ?? []), content])
  }
  return new Map([...parts].map(([path, list]) => [path, concat(...list)]))
}
