// Original file: custody/v1/vault.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

export interface SealedPart {
  /**
   * Statement about the part, signed by its node.
   */
  'statement'?: (_custody_v1_Signed | null);
  'sealed'?: (Buffer | Uint8Array | string);
}

export interface SealedPart__Output {
  /**
   * Statement about the part, signed by its node.
   */
  'statement': (_custody_v1_Signed__Output | null);
  'sealed': (Buffer);
}
