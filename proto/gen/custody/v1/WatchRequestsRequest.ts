// Original file: custody/v1/signing.proto

import type { Long } from '@grpc/proto-loader';

export interface WatchRequestsRequest {
  /**
   * First log sequence number of interest.
   */
  'fromSeq'?: (number | string | Long);
}

export interface WatchRequestsRequest__Output {
  /**
   * First log sequence number of interest.
   */
  'fromSeq': (number);
}
