// Original file: custody/v1/ceremony.proto

import type { Long } from '@grpc/proto-loader';

export interface AbortCeremonyRequest {
  'plan'?: (string);
  /**
   * A reason code.
   */
  'reason'?: (string);
  /**
   * The Record that came out of the room, whatever a judge says of it; zero and empty where none
   * came. Of a ceremony that was aborted without one it may be told later, once.
   */
  'recordSize'?: (number | string | Long);
  'recordRoot'?: (string);
}

export interface AbortCeremonyRequest__Output {
  'plan': (string);
  /**
   * A reason code.
   */
  'reason': (string);
  /**
   * The Record that came out of the room, whatever a judge says of it; zero and empty where none
   * came. Of a ceremony that was aborted without one it may be told later, once.
   */
  'recordSize': (number);
  'recordRoot': (string);
}
