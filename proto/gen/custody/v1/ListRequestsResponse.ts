// Original file: custody/v1/signing.proto

import type { Request as _custody_v1_Request, Request__Output as _custody_v1_Request__Output } from '../../custody/v1/Request.ts';

export interface ListRequestsResponse {
  'requests'?: (_custody_v1_Request)[];
  'nextPageToken'?: (string);
}

export interface ListRequestsResponse__Output {
  'requests': (_custody_v1_Request__Output)[];
  'nextPageToken': (string);
}
