// Original file: custody/v1/signing.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';
import type { Document as _custody_v1_Document, Document__Output as _custody_v1_Document__Output } from '../../custody/v1/Document.ts';

export interface SubmitIntentRequest {
  /**
   * The intent, signed by its initiator.
   */
  'intent'?: (_custody_v1_Signed | null);
  /**
   * Destination record and the like.
   */
  'documents'?: (_custody_v1_Document)[];
}

export interface SubmitIntentRequest__Output {
  /**
   * The intent, signed by its initiator.
   */
  'intent': (_custody_v1_Signed__Output | null);
  /**
   * Destination record and the like.
   */
  'documents': (_custody_v1_Document__Output)[];
}
