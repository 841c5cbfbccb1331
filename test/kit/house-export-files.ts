// An Export of all lines that a coordinator has, by path, and the trust file for it.
import { exportParts } from '../../coordinator/export.ts'
import { witnessesOf } from '../../policy/documents.ts'
import { trustText } from '../../policy/trust.ts'
import { root } from '../coordinator/world.ts'

export async function exportedFrom(ports: Parameters<typeof exportParts>[0]) {
  const files = new Map<string, Uint8Array>()
  for await (const { path, content } of exportParts(ports)) {
    files.set(path, Buffer.concat([files.get(path) ?? new Uint8Array(0), content]))
  }
  const { digest, log, witness } = root
  const trust = { root: digest, log, witnesses: witnessesOf(root), q: witness.q }
  return { files, trust: trustText(trust) }
}
