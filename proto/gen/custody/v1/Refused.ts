// Original file: custody/v1/node_link.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

export interface Refused {
  'ticket'?: (Buffer | Uint8Array | string);
  /**
   * Refusal document signed by the node.
   */
  'refusal'?: (_custody_v1_Signed | null);
}

export interface Refused__Output {
  'ticket': (Buffer);
  /**
   * Refusal document signed by the node.
   */
  'refusal': (_custody_v1_Signed__Output | null);
}
