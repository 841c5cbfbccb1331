// Original file: custody/v1/node_link.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

/**
 * A backup of this node was opened in a test; said again until the log shows it.
 */
export interface BackupTested {
  /**
   * Statement signed by the node.
   */
  'statement'?: (_custody_v1_Signed | null);
}

/**
 * A backup of this node was opened in a test; said again until the log shows it.
 */
export interface BackupTested__Output {
  /**
   * Statement signed by the node.
   */
  'statement': (_custody_v1_Signed__Output | null);
}
