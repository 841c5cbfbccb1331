// Original file: custody/v1/node_link.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

export interface Start {
  'ticket'?: (Buffer | Uint8Array | string);
  /**
   * In participant order.
   */
  'acceptances'?: (_custody_v1_Signed)[];
}

export interface Start__Output {
  'ticket': (Buffer);
  /**
   * In participant order.
   */
  'acceptances': (_custody_v1_Signed__Output)[];
}
