// Original file: custody/v1/ceremony.proto

import type { Long } from '@grpc/proto-loader';

export interface AnchorColdResponse {
  /**
   * The line of the main log that says it, and how many lines it speaks of.
   */
  'seq'?: (number | string | Long);
  'size'?: (number | string | Long);
}

export interface AnchorColdResponse__Output {
  /**
   * The line of the main log that says it, and how many lines it speaks of.
   */
  'seq': (number);
  'size': (number);
}
