// Original file: custody/v1/policy.proto

import type { Long } from '@grpc/proto-loader';

export interface SubmitRootResponse {
  'seq'?: (number | string | Long);
  'checkpoint'?: (Buffer | Uint8Array | string);
  'proof'?: (Buffer | Uint8Array | string)[];
  'entry'?: (Buffer | Uint8Array | string);
}

export interface SubmitRootResponse__Output {
  'seq': (number);
  'checkpoint': (Buffer);
  'proof': (Buffer)[];
  'entry': (Buffer);
}
