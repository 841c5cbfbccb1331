// Original file: custody/v1/node_link.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

/**
 * One for each path, in the same order; a no to any of them is `Refused`.
 */
export interface Certified {
  'ticket'?: (Buffer | Uint8Array | string);
  /**
   * Address certificates signed by the node.
   */
  'certificates'?: (_custody_v1_Signed)[];
}

/**
 * One for each path, in the same order; a no to any of them is `Refused`.
 */
export interface Certified__Output {
  'ticket': (Buffer);
  /**
   * Address certificates signed by the node.
   */
  'certificates': (_custody_v1_Signed__Output)[];
}
