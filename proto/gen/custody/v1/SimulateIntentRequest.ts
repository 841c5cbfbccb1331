// Original file: custody/v1/signing.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';
import type { Document as _custody_v1_Document, Document__Output as _custody_v1_Document__Output } from '../../custody/v1/Document.ts';

export interface SimulateIntentRequest {
  'intent'?: (_custody_v1_Signed | null);
  'documents'?: (_custody_v1_Document)[];
}

export interface SimulateIntentRequest__Output {
  'intent': (_custody_v1_Signed__Output | null);
  'documents': (_custody_v1_Document__Output)[];
}
