// Original file: custody/v1/node_link.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

/**
 * Bans of this node that the log does not show yet, each signed by the node.
 */
export interface Bans {
  'bans'?: (_custody_v1_Signed)[];
}

/**
 * Bans of this node that the log does not show yet, each signed by the node.
 */
export interface Bans__Output {
  'bans': (_custody_v1_Signed__Output)[];
}
