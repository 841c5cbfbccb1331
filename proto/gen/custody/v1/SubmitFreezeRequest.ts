// Original file: custody/v1/policy.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

export interface SubmitFreezeRequest {
  'freeze'?: (_custody_v1_Signed | null);
}

export interface SubmitFreezeRequest__Output {
  'freeze': (_custody_v1_Signed__Output | null);
}
