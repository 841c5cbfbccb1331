// A message is signed for one request, for ever, whatever vault the next one names: two requests
// over the same bytes would be two approvals of one signature.
import { get, tables } from '../../policy/audit/tables.ts'
import { chainOf, messageOn } from '../../policy/chain/chains.ts'
import type { Intent } from '../../policy/intent.ts'
import { toHex } from '../../proto/crypto.ts'
import type { Digest } from '../../proto/ids.ts'
import { type Refusal, refusal } from '../../proto/refusal.ts'
import type { Copy } from '../page.ts'

/** Undefined where the message is free or this request's own, and for whatever is no message. */
export async function boundElsewhere(
  copy: Copy,
  { message, network }: Pick<Intent, 'message' | 'network'>,
  id: Digest,
): Promise<Refusal | undefined> {
  if (message === undefined) return undefined
  const digest = toHex(chainOf(network).digest(messageOn(network, message)))
  const bound = await copy.read(get(tables.digest, digest))
  if (bound === undefined || bound.intent === id) return undefined
  const because =
    `this message is that of request ${bound.intent}, and is signed for no other one: ` +
    'put what differs into it, as the address'
  return refusal('IDEMPOTENCY_CONFLICT', because)
}
