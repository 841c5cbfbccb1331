// What is carried out: the Plan, the closed Record, the results, the script as it was printed, and
// beside the manifest the Statements of everybody present. Never a Seal, a PIN or a message of the
// protocol: there is no name for such a file.
// Nothing here is believed: it is judged by `judge.ts`.

import { refuse } from '../../proto/refusal.ts'
import { type Bundle, type BundleFiles, fileOf, writeBundle } from './bundle.ts'
import { requireOwn } from './bundle-in.ts'
import { parsePlan, type ReadPlan } from './plan.ts'

export interface BundleOut {
  readonly plan: ReadPlan & { readonly bytes: Uint8Array }
  /** Lines, each with its newline. */
  readonly record: Uint8Array
  readonly results: Uint8Array
  /** As printed; absent where nobody kept it. */
  readonly scripts: BundleFiles
}

const names = { plan: 'plan.json', record: 'record.jsonl', results: 'results.json' } as const
export const scriptNames = { text: 'script.txt', html: 'script.html' } as const
const printed: readonly string[] = Object.values(scriptNames)

/** Without Statements: these are signed over the manifest that this makes. */
export function bundleOutFiles({ plan, record, results, scripts }: BundleOut): BundleFiles {
  return new Map([
    ...scripts,
    [names.plan, plan.bytes],
    [names.record, record],
    [names.results, results],
  ])
}

export function writeBundleOut(out: BundleOut, statements?: Uint8Array): BundleFiles {
  const { org, env } = out.plan.plan
  const of = { direction: 'out', org, env, plan: out.plan.digest } as const
  const files = writeBundle(bundleOutFiles(out), of, statements)
  return files
}

export function readBundleOut(bundle: Bundle): BundleOut {
  const bytes = fileOf(bundle, names.plan)
  const plan = { ...parsePlan(bytes), bytes }
  requireOwn(bundle.manifest, plan)
  const known: readonly string[] = [...Object.values(names), ...printed]
  const stray = [...bundle.files.keys()].find((name) => !known.includes(name))
  if (stray !== undefined) refuse('BUNDLE', `${stray} has no place in what is carried out`, 'X-7')
  return {
    plan,
    record: fileOf(bundle, names.record),
    results: fileOf(bundle, names.results),
    scripts: new Map([...bundle.files].filter(([name]) => printed.includes(name))),
  }
}
