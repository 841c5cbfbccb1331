// A development cluster whose policy is another one: the root that names it, and the trust file that
// pins the root, are written anew, as their owners would before anything started.
import { readFileSync, writeFileSync } from 'node:fs'
import { digestOfText } from '../../policy/document.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import { tags } from '../../proto/tags.ts'
import type { Place } from './cluster.ts'

export function rewritePolicy(place: Place, change: (policy: JsonObject) => JsonObject): void {
  const [policyFile, rootFile] = ['shared/policy.json', 'shared/root.json'].map(place.path)
  const policy = text(change(JSON.parse(readFileSync(policyFile!, 'utf8')) as JsonObject))
  writeFileSync(policyFile!, policy)
  const before = readFileSync(rootFile!, 'utf8')
  const root = JSON.parse(before) as JsonObject & { genesis: JsonObject }
  const named = { ...root.genesis, policy: digestOfText(tags.policy, policy) }
  const after = text({ ...root, genesis: named })
  writeFileSync(rootFile!, after)
  const trust = readFileSync(place.path('shared/trust.txt'), 'utf8')
  const [old, pinned] = [before, after].map((one) => digestOfText(tags.root, one))
  writeFileSync(place.path('shared/trust.txt'), trust.replaceAll(old!, pinned!))
}
