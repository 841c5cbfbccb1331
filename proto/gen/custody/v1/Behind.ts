// Original file: custody/v1/node_link.proto

import type { Long } from '@grpc/proto-loader';

export interface Behind {
  'origin'?: (string);
  'size'?: (number | string | Long);
}

export interface Behind__Output {
  'origin': (string);
  'size': (number);
}
