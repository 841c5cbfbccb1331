// Original file: custody/v1/node_link.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

/**
 * A signed document of one node for another: pair hello, floor query, floor answer.
 */
export interface Note {
  'from'?: (string);
  'to'?: (string);
  /**
   * hello, floor-query or floor-answer.
   */
  'kind'?: (string);
  'document'?: (_custody_v1_Signed | null);
}

/**
 * A signed document of one node for another: pair hello, floor query, floor answer.
 */
export interface Note__Output {
  'from': (string);
  'to': (string);
  /**
   * hello, floor-query or floor-answer.
   */
  'kind': (string);
  'document': (_custody_v1_Signed__Output | null);
}
