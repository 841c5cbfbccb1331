// What a sitting left, as far as a rehearsal reads it: which exceptions its Record has, and which
// rows a program answered. Judges nothing.
import { readFileSync } from 'node:fs'
import { parseRecordLine, recordLeaf } from '../../policy/ceremony/record.ts'
import type { Digest } from '../../proto/ids.ts'
import type { Json, JsonObject } from '../../proto/jcs.ts'

/** Read by whoever imports; here by nobody, which a rehearsal may. */
export function exceptionsIn(file: string): readonly Digest[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  return lines
    .map((line) => parseRecordLine(new TextEncoder().encode(line)))
    .filter(({ type }) => type === 'exception')
    .map(recordLeaf)
}

export function rowsOf(results: Json | undefined): readonly JsonObject[] {
  const isRow = (one: Json): one is JsonObject =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
  return Array.isArray(results) ? results.filter(isRow) : []
}
