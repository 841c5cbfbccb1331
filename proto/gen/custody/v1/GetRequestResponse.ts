// Original file: custody/v1/signing.proto

import type { Request as _custody_v1_Request, Request__Output as _custody_v1_Request__Output } from '../../custody/v1/Request.ts';

export interface GetRequestResponse {
  'request'?: (_custody_v1_Request | null);
}

export interface GetRequestResponse__Output {
  'request': (_custody_v1_Request__Output | null);
}
