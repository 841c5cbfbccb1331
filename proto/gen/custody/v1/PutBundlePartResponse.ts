// Original file: custody/v1/ceremony.proto

import type { Long } from '@grpc/proto-loader';

export interface PutBundlePartResponse {
  /**
   * Bytes of the file that are kept now.
   */
  'size'?: (number | string | Long);
}

export interface PutBundlePartResponse__Output {
  /**
   * Bytes of the file that are kept now.
   */
  'size': (number);
}
