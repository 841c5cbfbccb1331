// Original file: custody/v1/policy.proto

import type { Limit as _custody_v1_Limit, Limit__Output as _custody_v1_Limit__Output } from '../../custody/v1/Limit.ts';

export interface GetLimitsResponse {
  'limits'?: (_custody_v1_Limit)[];
}

export interface GetLimitsResponse__Output {
  'limits': (_custody_v1_Limit__Output)[];
}
