// Original file: custody/v1/node_link.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

export interface KeyConfirm {
  'sid'?: (Buffer | Uint8Array | string);
  /**
   * Confirmation document signed by the node.
   */
  'confirm'?: (_custody_v1_Signed | null);
}

export interface KeyConfirm__Output {
  'sid': (Buffer);
  /**
   * Confirmation document signed by the node.
   */
  'confirm': (_custody_v1_Signed__Output | null);
}
