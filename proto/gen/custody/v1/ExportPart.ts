// Original file: custody/v1/node_link.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

/**
 * Sealed to the recipient that people approved; nobody else can open it.
 */
export interface ExportPart {
  'ticket'?: (Buffer | Uint8Array | string);
  /**
   * Statement about the part, signed by the node.
   */
  'statement'?: (_custody_v1_Signed | null);
  'sealed'?: (Buffer | Uint8Array | string);
}

/**
 * Sealed to the recipient that people approved; nobody else can open it.
 */
export interface ExportPart__Output {
  'ticket': (Buffer);
  /**
   * Statement about the part, signed by the node.
   */
  'statement': (_custody_v1_Signed__Output | null);
  'sealed': (Buffer);
}
