// Original file: custody/v1/signing.proto

import type { Request as _custody_v1_Request, Request__Output as _custody_v1_Request__Output } from '../../custody/v1/Request.ts';
import type { Long } from '@grpc/proto-loader';

export interface WatchRequestsResponse {
  /**
   * Absent in a heartbeat.
   */
  'request'?: (_custody_v1_Request | null);
  /**
   * Where to resume.
   */
  'seq'?: (number | string | Long);
}

export interface WatchRequestsResponse__Output {
  /**
   * Absent in a heartbeat.
   */
  'request': (_custody_v1_Request__Output | null);
  /**
   * Where to resume.
   */
  'seq': (number);
}
