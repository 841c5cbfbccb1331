// Original file: custody/v1/signing.proto

import type { Reason as _custody_v1_Reason, Reason__Output as _custody_v1_Reason__Output } from '../../custody/v1/Reason.ts';

export interface SimulateIntentResponse {
  /**
   * ALLOW, NEED, DENY or ERROR.
   */
  'result'?: (string);
  'rule'?: (string);
  'reasons'?: (_custody_v1_Reason)[];
  'missing'?: (string)[];
  /**
   * Canonical JSON trace of the evaluation.
   */
  'trace'?: (Buffer | Uint8Array | string);
}

export interface SimulateIntentResponse__Output {
  /**
   * ALLOW, NEED, DENY or ERROR.
   */
  'result': (string);
  'rule': (string);
  'reasons': (_custody_v1_Reason__Output)[];
  'missing': (string)[];
  /**
   * Canonical JSON trace of the evaluation.
   */
  'trace': (Buffer);
}
