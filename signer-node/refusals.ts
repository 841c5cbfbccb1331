// A node's no, in its own signed words: which check, which code, what was expected and what came,
// and how much of the log the node held when it judged. Refusals become lines of the log.
import { toHex } from '../proto/crypto.ts'
import type { NodeFrame } from '../proto/frames.ts'
import { writeSigned } from '../proto/frames.ts'
import type { Digest } from '../proto/ids.ts'
import { kinds, signBy } from '../proto/node-documents.ts'
import type { Refusal } from '../proto/refusal.ts'
import { type LogCopy, ownHead } from './log-copy.ts'
import type { Event, Ports } from './ports.ts'
import type { WitnessSelf } from './self.ts'

/** What was refused; empty and 0 where the request did not say. */
export interface Refused {
  readonly intent: Digest | ''
  readonly attempt: number
  /** Digest of the warrant or of the keygen document. */
  readonly warrant: Digest | ''
}

export const nothingNamed: Refused = { intent: '', attempt: 0, warrant: '' }

/** Whoever says no: a light witness too. */
export interface Refusing {
  readonly self: WitnessSelf
  readonly copy: LogCopy
  readonly ports: Pick<Ports, 'report'>
}

/** A refusal and the check that said it: N1 to N24, X-1 to X-20, or `session` beside them. */
export type Checked = Refusal & { readonly check?: string }

export function refusedFrame(
  { self, copy, ports }: Refusing,
  ticket: Uint8Array,
  refused: Refused,
  refusal: Checked,
): NodeFrame {
  const { expected, got } = halves(refusal.because)
  const document = {
    format: 'custody-refusal/v1',
    org: self.org,
    env: self.env,
    node: self.node,
    ...refused,
    check: checkOf(refusal),
    code: refusal.code,
    expected,
    got,
    ...ownHead(copy),
  }
  const { intent } = refused
  const { code, because } = refusal
  ports.report({
    level: 'warn',
    name: 'refused',
    because: `${document.check} ${code}: ${because}`,
    intent,
  })
  const signed = signBy(kinds.refusal, document, self)
  return { frame: 'refused', refused: { ticket, refusal: writeSigned(signed) } }
}

export function stoppedFrame(sid: Uint8Array, ticket: Uint8Array, reason: string): NodeFrame {
  return { frame: 'stopped', stopped: { sid, ticket, reason } }
}

/** Acceptances that differ, as it is told. At a table the Record's numbers are people's to read. */
export function viewRefused({ code, because, rule }: Refusal): {
  readonly event: Pick<Event, 'level' | 'name' | 'because'>
  readonly code: string
} {
  if (rule === undefined || !/^X-/.test(rule)) {
    return { event: { level: 'warn', name: 'view', because }, code: 'VIEW' }
  }
  return { event: { level: 'alarm', name: 'record-differs', because: `${rule}: ${because}` }, code }
}

/** What is beside `admit` names its check as its rule. */
function checkOf({ check, rule = '' }: Checked): string {
  return check ?? (/^(?:N|X-)[0-9]{1,2}$/.test(rule) ? rule : 'session')
}

const most = 2_000

/** Our sentences say "expected X, got Y" wherever there are two halves. */
function halves(because: string): { readonly expected: string; readonly got: string } {
  const [, expected, got] = /^(.*?expected .*), got (.*)$/s.exec(because) ?? []
  return { expected: (expected ?? because).slice(0, most), got: (got ?? '').slice(0, most) }
}

export const noSid: Uint8Array = new Uint8Array(0)
export const sidText = (sid: Uint8Array): string => toHex(sid)
