// Original file: custody/v1/node_link.proto

import type { Peer as _custody_v1_Peer, Peer__Output as _custody_v1_Peer__Output } from '../../custody/v1/Peer.ts';
import type { Long } from '@grpc/proto-loader';

export interface Welcome {
  'coordinator'?: (string);
  'origin'?: (string);
  'size'?: (number | string | Long);
  /**
   * Everyone attached now; sent again when this changes.
   */
  'peers'?: (_custody_v1_Peer)[];
  /**
   * Protocol versions this coordinator speaks, newest first.
   */
  'versions'?: (string)[];
}

export interface Welcome__Output {
  'coordinator': (string);
  'origin': (string);
  'size': (number);
  /**
   * Everyone attached now; sent again when this changes.
   */
  'peers': (_custody_v1_Peer__Output)[];
  /**
   * Protocol versions this coordinator speaks, newest first.
   */
  'versions': (string)[];
}
