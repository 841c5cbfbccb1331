// A request as it crosses the wire.
import { toUtf8 } from '../../proto/crypto.ts'
import type { ReplyOf } from '../../proto/io/wire.ts'
import type { Shown } from '../request-view.ts'

export type WireRequest = NonNullable<ReplyOf<'SigningService', 'GetRequest'>['request']>

export function wireRequest(shown: Shown): WireRequest {
  const { reasons, missing, intent, ...rest } = shown
  return {
    ...rest,
    reasons: reasons.map(({ code, rule, because }) => ({ code, rule, because })),
    missing: [...missing],
    intent: toUtf8(intent),
  }
}
