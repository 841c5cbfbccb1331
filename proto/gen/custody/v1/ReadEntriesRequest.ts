// Original file: custody/v1/audit.proto

import type { Long } from '@grpc/proto-loader';

export interface ReadEntriesRequest {
  'fromSeq'?: (number | string | Long);
  'countMax'?: (number);
}

export interface ReadEntriesRequest__Output {
  'fromSeq': (number);
  'countMax': (number);
}
