// One request as it stands on the wire, with every field set, for tests of the channel.
import type { ReplyOf } from '../../proto/io/wire.ts'

export const request: NonNullable<ReplyOf<'SigningService', 'GetRequest'>['request']> = {
  id: 'a'.repeat(64),
  initiator: 'svc-payouts',
  callerId: 'w-1',
  state: 'WAITING',
  reasons: [{ code: 'HOLD', rule: 'r', because: 'hold' }],
  vault: 'hot-eth',
  rule: 'r',
  attempts: 2,
  missing: ['1 ops'],
  signedTransaction: Uint8Array.of(1, 2),
  signature: Uint8Array.of(1, 2),
  txid: '',
  changed: '',
  seq: 2 ** 40,
  intent: new Uint8Array(0),
}
