// Original file: custody/v1/approval.proto

import type { Long } from '@grpc/proto-loader';

export interface SubmitDecisionResponse {
  /**
   * Line that recorded it.
   */
  'seq'?: (number | string | Long);
  /**
   * State of the request after it.
   */
  'state'?: (string);
  /**
   * Checkpoint note with cosignatures that covers the line: "effective". Empty: recorded only.
   */
  'checkpoint'?: (Buffer | Uint8Array | string);
  /**
   * Inclusion proof of the line in that checkpoint.
   */
  'proof'?: (Buffer | Uint8Array | string)[];
  /**
   * The line itself.
   */
  'entry'?: (Buffer | Uint8Array | string);
}

export interface SubmitDecisionResponse__Output {
  /**
   * Line that recorded it.
   */
  'seq': (number);
  /**
   * State of the request after it.
   */
  'state': (string);
  /**
   * Checkpoint note with cosignatures that covers the line: "effective". Empty: recorded only.
   */
  'checkpoint': (Buffer);
  /**
   * Inclusion proof of the line in that checkpoint.
   */
  'proof': (Buffer)[];
  /**
   * The line itself.
   */
  'entry': (Buffer);
}
