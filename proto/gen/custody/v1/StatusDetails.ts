// Original file: custody/v1/common.proto

import type { StatusDetail as _custody_v1_StatusDetail, StatusDetail__Output as _custody_v1_StatusDetail__Output } from '../../custody/v1/StatusDetail.ts';

/**
 * Content of the grpc-status-details-bin trailer: field for field google.rpc.Status, so that every
 * client library reads it.
 */
export interface StatusDetails {
  'code'?: (number);
  'message'?: (string);
  'details'?: (_custody_v1_StatusDetail)[];
}

/**
 * Content of the grpc-status-details-bin trailer: field for field google.rpc.Status, so that every
 * client library reads it.
 */
export interface StatusDetails__Output {
  'code': (number);
  'message': (string);
  'details': (_custody_v1_StatusDetail__Output)[];
}
