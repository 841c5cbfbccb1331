// Original file: custody/v1/policy.proto

import type { Document as _custody_v1_Document, Document__Output as _custody_v1_Document__Output } from '../../custody/v1/Document.ts';

export interface SubmitRootRequest {
  'root'?: (Buffer | Uint8Array | string);
  'signatures'?: (Buffer | Uint8Array | string);
  'documents'?: (_custody_v1_Document)[];
}

export interface SubmitRootRequest__Output {
  'root': (Buffer);
  'signatures': (Buffer);
  'documents': (_custody_v1_Document__Output)[];
}
