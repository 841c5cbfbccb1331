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
   * State of the walk, for example AWAITING_APPROVAL; ACCEPTED before the sequencer judged it.
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
   * State of the walk, for example AWAITING_APPROVAL; ACCEPTED before the sequencer judged it.
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
}
