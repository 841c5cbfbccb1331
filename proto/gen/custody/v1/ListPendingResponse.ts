// Original file: custody/v1/approval.proto

import type { Pending as _custody_v1_Pending, Pending__Output as _custody_v1_Pending__Output } from '../../custody/v1/Pending.ts';

export interface ListPendingResponse {
  'pending'?: (_custody_v1_Pending)[];
}

export interface ListPendingResponse__Output {
  'pending': (_custody_v1_Pending__Output)[];
}
