// Original file: custody/v1/node_link.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

export interface Share {
  'sid'?: (Buffer | Uint8Array | string);
  /**
   * 33 bytes.
   */
  'rPoint'?: (Buffer | Uint8Array | string);
  /**
   * 32 bytes each.
   */
  'u'?: (Buffer | Uint8Array | string);
  'w'?: (Buffer | Uint8Array | string);
  /**
   * Share receipt signed by the node.
   */
  'receipt'?: (_custody_v1_Signed | null);
}

export interface Share__Output {
  'sid': (Buffer);
  /**
   * 33 bytes.
   */
  'rPoint': (Buffer);
  /**
   * 32 bytes each.
   */
  'u': (Buffer);
  'w': (Buffer);
  /**
   * Share receipt signed by the node.
   */
  'receipt': (_custody_v1_Signed__Output | null);
}
