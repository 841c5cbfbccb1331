// Original file: custody/v1/signing.proto

import type { Reason as _custody_v1_Reason, Reason__Output as _custody_v1_Reason__Output } from '../../custody/v1/Reason.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * One request as the log has it.
 */
export interface Request {
  /**
   * Intent digest, lower-case hex.
   */
  'id'?: (string);
  'initiator'?: (string);
  /**
   * The caller's idempotency key.
   */
  'callerId'?: (string);
  /**
   * ACCEPTED before the sequencer judged it; then AWAITING_APPROVAL, WAITING, RESERVED, SIGNING, SIGNED, BROADCAST, or LAPSING. It ends
   * as SETTLED, DROPPED, DENIED, REJECTED, CANCELLED or EXPIRED; a change as ACTIVE; a message (evm.message) as SIGNED.
   */
  'state'?: (string);
  /**
   * Why it is denied or waits.
   */
  'reasons'?: (_custody_v1_Reason)[];
  'vault'?: (string);
  'rule'?: (string);
  'attempts'?: (number);
  /**
   * Role and count still needed, for example "1 ops".
   */
  'missing'?: (string)[];
  /**
   * Raw signed transaction, when there is one.
   */
  'signedTransaction'?: (Buffer | Uint8Array | string);
  'txid'?: (string);
  /**
   * Sequence number of the newest line about this request.
   */
  'seq'?: (number | string | Long);
  /**
   * The intent's canonical text.
   */
  'intent'?: (Buffer | Uint8Array | string);
  /**
   * Of a message, when it is SIGNED: 65 bytes r, s, v, where v is 27 or 28.
   */
  'signature'?: (Buffer | Uint8Array | string);
  /**
   * Time of the newest line about this request, RFC 3339 in UTC; empty before there is one.
   */
  'changed'?: (string);
}

/**
 * One request as the log has it.
 */
export interface Request__Output {
  /**
   * Intent digest, lower-case hex.
   */
  'id': (string);
  'initiator': (string);
  /**
   * The caller's idempotency key.
   */
  'callerId': (string);
  /**
   * ACCEPTED before the sequencer judged it; then AWAITING_APPROVAL, WAITING, RESERVED, SIGNING, SIGNED, BROADCAST, or LAPSING. It ends
   * as SETTLED, DROPPED, DENIED, REJECTED, CANCELLED or EXPIRED; a change as ACTIVE; a message (evm.message) as SIGNED.
   */
  'state': (string);
  /**
   * Why it is denied or waits.
   */
  'reasons': (_custody_v1_Reason__Output)[];
  'vault': (string);
  'rule': (string);
  'attempts': (number);
  /**
   * Role and count still needed, for example "1 ops".
   */
  'missing': (string)[];
  /**
   * Raw signed transaction, when there is one.
   */
  'signedTransaction': (Buffer);
  'txid': (string);
  /**
   * Sequence number of the newest line about this request.
   */
  'seq': (number);
  /**
   * The intent's canonical text.
   */
  'intent': (Buffer);
  /**
   * Of a message, when it is SIGNED: 65 bytes r, s, v, where v is 27 or 28.
   */
  'signature': (Buffer);
  /**
   * Time of the newest line about this request, RFC 3339 in UTC; empty before there is one.
   */
  'changed': (string);
}
