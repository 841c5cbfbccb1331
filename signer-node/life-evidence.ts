// Evidence that a node lives twice: a floor query of one life, one of another that echoes it, and
// one of the first that echoes the other. One process after another never signs all three: a life
// that another followed is over, also within one process.
// INVARIANT: the three documents and their signatures alone convict; nothing of the accuser counts.
import { digestOf, equalBytes, toHex, toUtf8 } from '../proto/crypto.ts'
import { type NodeId, parseNodeId } from '../proto/ids.ts'
import { text as canonical, parse } from '../proto/jcs.ts'
import { type FloorQuery, kinds, openBy } from '../proto/node-documents.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { handle, hex, literal, object, type Reader, text } from '../proto/shape.ts'
import { tags } from '../proto/tags.ts'
import type { Named, Written } from './evidence.ts'
import type { ThereAndBack } from './lives.ts'
import type { Self } from './self.ts'

const nodeId: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))
const given = object({ document: text(2_048), signature: hex(64) })
const shape = object({
  format: literal('custody-evidence/v1'),
  org: handle,
  env: literal('prod', 'test', 'dev'),
  kind: literal('lives'),
  accused: nodeId,
  by: nodeId,
  first: given,
  second: given,
  third: given,
})
export type LifeEvidence = ReturnType<typeof shape>

export function writeLifeEvidence(self: Self, accused: NodeId, proof: ThereAndBack): Written {
  const [first, second, third] = proof.map(({ signed: { document, signature } }) => {
    return { document, signature: toHex(signature) }
  })
  const { org, env, node: by } = self
  const about = { format: 'custody-evidence/v1', org, env, kind: 'lives', accused, by }
  const three = { first: first ?? {}, second: second ?? {}, third: third ?? {} }
  const document = canonical({ ...about, ...three })
  return { digest: digestOf(tags.evidence, toUtf8(document)), document }
}

/** Throws `Refused` unless the document alone convicts. */
export function verifyLifeEvidence(document: string, root: Named): LifeEvidence {
  const evidence = shape(parse(toUtf8(document)), '')
  if (evidence.org !== root.org || evidence.env !== root.env) {
    refuse('EVIDENCE', `expected queries of ${root.org} ${root.env}`)
  }
  const accused = root.nodes.find(({ node }) => node === evidence.accused)
  if (accused === undefined) return refuse('EVIDENCE', 'the accused is no node of the root')
  const first = queryOf(evidence.first, accused, root)
  const second = queryOf(evidence.second, accused, root)
  const third = queryOf(evidence.third, accused, root)
  if (!equalBytes(second.echo, first.nonce) || !equalBytes(third.echo, second.nonce)) {
    refuse('EVIDENCE', 'the three do not echo each other')
  }
  const nonces = [first, second, third].map(({ nonce }) => toHex(nonce))
  if (new Set(nonces).size < nonces.length) refuse('EVIDENCE', 'the three are not three questions')
  const isBack = equalBytes(first.incarnation, third.incarnation)
  if (!isBack || equalBytes(first.incarnation, second.incarnation)) {
    refuse('EVIDENCE', 'the three are not of one life, another, and the first again')
  }
  return evidence
}

function queryOf(
  { document, signature }: LifeEvidence['first'],
  { node, identity }: Named['nodes'][number],
  { org, env }: Named,
): FloorQuery {
  const signed = { credential: node, document, signature }
  const opened = attempt(() => openBy(kinds.floorQuery, signed, identity))
  if (isRefusal(opened)) return refuse('EVIDENCE', 'the accused did not sign this')
  const { value } = opened
  if (value.org !== org || value.env !== env) {
    refuse('EVIDENCE', `expected queries of ${org} ${env}`)
  }
  return value
}
