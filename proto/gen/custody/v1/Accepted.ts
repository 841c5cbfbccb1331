// Original file: custody/v1/node_link.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

export interface Accepted {
  'ticket'?: (Buffer | Uint8Array | string);
  /**
   * Acceptance document signed by the node.
   */
  'acceptance'?: (_custody_v1_Signed | null);
}

export interface Accepted__Output {
  'ticket': (Buffer);
  /**
   * Acceptance document signed by the node.
   */
  'acceptance': (_custody_v1_Signed__Output | null);
}
