// Original file: custody/v1/node_link.proto

import type { Long } from '@grpc/proto-loader';

/**
 * A restored coordinator asks a node for lines it lost.
 */
export interface RequestLines {
  'origin'?: (string);
  'from'?: (number | string | Long);
}

/**
 * A restored coordinator asks a node for lines it lost.
 */
export interface RequestLines__Output {
  'origin': (string);
  'from': (number);
}
