// Original file: custody/v1/node_link.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

/**
 * The same invitation as often as it is asked for; a no is `Refused`.
 */
export interface Invited {
  'ticket'?: (Buffer | Uint8Array | string);
  /**
   * Invitation document signed by the node.
   */
  'invitation'?: (_custody_v1_Signed | null);
}

/**
 * The same invitation as often as it is asked for; a no is `Refused`.
 */
export interface Invited__Output {
  'ticket': (Buffer);
  /**
   * Invitation document signed by the node.
   */
  'invitation': (_custody_v1_Signed__Output | null);
}
