// Evidence of a clone: two acceptances that one node signed under one counter of one incarnation.
// No honest process does: its counter goes up with each. A memory image that was restored, or a
// machine that was copied while it ran, gives two; so does a node that lies, and neither is to be
// trusted with a session.
// INVARIANT: the two documents and their signatures alone convict; nothing of the accuser counts.
import { digestOf, toHex, toUtf8 } from '../proto/crypto.ts'
import { type Handle, type NodeId, parseNodeId } from '../proto/ids.ts'
import { text as canonical, parse } from '../proto/jcs.ts'
import { kinds, openBy } from '../proto/node-documents.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { handle, hex, literal, object, type Reader, text } from '../proto/shape.ts'
import type { Signed } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import type { Named, Written } from './evidence.ts'
import type { Self } from './self.ts'

export type Both = readonly [first: Signed, second: Signed]

const documentMax = 32_768
const nodeId: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))
const given = object({ document: text(documentMax), signature: hex(64) })
const shape = object({
  format: literal('custody-evidence/v1'),
  org: handle,
  env: literal('prod', 'test', 'dev'),
  kind: literal('clone'),
  accused: nodeId,
  by: nodeId,
  first: given,
  second: given,
})
export type CloneEvidence = ReturnType<typeof shape>

export function writeCloneEvidence(self: Self, accused: NodeId, both: Both): Written {
  const [first, second] = both.map(({ document, signature }) => {
    return { document, signature: toHex(signature) }
  })
  const { org, env, node: by } = self
  const about = { format: 'custody-evidence/v1', org, env, kind: 'clone', accused, by }
  const document = canonical({ ...about, first: first ?? {}, second: second ?? {} })
  return { digest: digestOf(tags.evidence, toUtf8(document)), document }
}

/** Throws `Refused` unless the document alone convicts. */
export function verifyCloneEvidence(document: string, root: Named): CloneEvidence {
  const evidence = shape(parse(toUtf8(document)), '')
  if (evidence.org !== root.org || evidence.env !== root.env) {
    refuse('EVIDENCE', `expected acceptances of ${root.org} ${root.env}`)
  }
  const accused = root.nodes.find(({ node }) => node === evidence.accused)
  if (accused === undefined) return refuse('EVIDENCE', 'the accused is no node of the root')
  const places = [evidence.first, evidence.second].map((one) => placeOf(one, accused, root))
  if (places[0] !== places[1]) refuse('EVIDENCE', 'the two are not of one counter')
  if (evidence.first.document === evidence.second.document) refuse('EVIDENCE', 'the two are one')
  return evidence
}

function placeOf(
  { document, signature }: CloneEvidence['first'],
  { node, identity }: Named['nodes'][number],
  { org, env }: Named,
): string {
  const credential: Handle = node
  const signed = { credential, document, signature }
  const ofSignature = attempt(() => openBy(kinds.acceptance, signed, identity))
  const opened = isRefusal(ofSignature)
    ? attempt(() => openBy(kinds.keygenAcceptance, signed, identity))
    : ofSignature
  if (isRefusal(opened)) return refuse('EVIDENCE', 'the accused did not sign this')
  const { value } = opened
  if (value.org !== org || value.env !== env) {
    refuse('EVIDENCE', `expected acceptances of ${org} ${env}`)
  }
  return `${toHex(value.incarnation)}/${value.counter}`
}
