// Original file: custody/v1/audit.proto

import type { Long } from '@grpc/proto-loader';

export interface NodeStatus {
  'node'?: (string);
  'attached'?: (boolean);
  /**
   * checking, catching-up, ready and so on.
   */
  'state'?: (string);
  'size'?: (number | string | Long);
  /**
   * Peers this node holds a pairing with.
   */
  'paired'?: (string)[];
}

export interface NodeStatus__Output {
  'node': (string);
  'attached': (boolean);
  /**
   * checking, catching-up, ready and so on.
   */
  'state': (string);
  'size': (number);
  /**
   * Peers this node holds a pairing with.
   */
  'paired': (string)[];
}
