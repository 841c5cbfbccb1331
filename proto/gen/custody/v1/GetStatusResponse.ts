// Original file: custody/v1/audit.proto

import type { NodeStatus as _custody_v1_NodeStatus, NodeStatus__Output as _custody_v1_NodeStatus__Output } from '../../custody/v1/NodeStatus.ts';
import type { Long } from '@grpc/proto-loader';

export interface GetStatusResponse {
  'size'?: (number | string | Long);
  'nodes'?: (_custody_v1_NodeStatus)[];
  'witnessQuorum'?: (number);
}

export interface GetStatusResponse__Output {
  'size': (number);
  'nodes': (_custody_v1_NodeStatus__Output)[];
  'witnessQuorum': (number);
}
