// Original file: custody/v1/approval.proto

import type { Pending as _custody_v1_Pending, Pending__Output as _custody_v1_Pending__Output } from '../../custody/v1/Pending.ts';
import type { HeldPayment as _custody_v1_HeldPayment, HeldPayment__Output as _custody_v1_HeldPayment__Output } from '../../custody/v1/HeldPayment.ts';

export interface ListPendingResponse {
  'pending'?: (_custody_v1_Pending)[];
  /**
   * Signed by a room, and not sent for as long as this stands against it (I9).
   */
  'held'?: (_custody_v1_HeldPayment)[];
}

export interface ListPendingResponse__Output {
  'pending': (_custody_v1_Pending__Output)[];
  /**
   * Signed by a room, and not sent for as long as this stands against it (I9).
   */
  'held': (_custody_v1_HeldPayment__Output)[];
}
