// Original file: custody/v1/approval.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

export interface SubmitDecisionRequest {
  'decision'?: (_custody_v1_Signed | null);
}

export interface SubmitDecisionRequest__Output {
  'decision': (_custody_v1_Signed__Output | null);
}
