// Original file: custody/v1/audit.proto

import type { Long } from '@grpc/proto-loader';

export interface GetProofRequest {
  /**
   * For inclusion: the entry. For consistency: unused.
   */
  'seq'?: (number | string | Long);
  /**
   * For consistency: the older size. Zero asks for inclusion.
   */
  'oldSize'?: (number | string | Long);
  'size'?: (number | string | Long);
}

export interface GetProofRequest__Output {
  /**
   * For inclusion: the entry. For consistency: unused.
   */
  'seq': (number);
  /**
   * For consistency: the older size. Zero asks for inclusion.
   */
  'oldSize': (number);
  'size': (number);
}
