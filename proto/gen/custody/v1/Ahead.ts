// Original file: custody/v1/node_link.proto

import type { Long } from '@grpc/proto-loader';

export interface Ahead {
  'origin'?: (string);
  'size'?: (number | string | Long);
  'root'?: (Buffer | Uint8Array | string);
}

export interface Ahead__Output {
  'origin': (string);
  'size': (number);
  'root': (Buffer);
}
