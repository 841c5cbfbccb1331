// Original file: custody/v1/node_link.proto

import type { State as _custody_v1_State, State__Output as _custody_v1_State__Output } from '../../custody/v1/State.ts';

export interface Hello {
  'node'?: (string);
  /**
   * 16 random bytes made at process start.
   */
  'incarnation'?: (Buffer | Uint8Array | string);
  /**
   * Protocol versions this node speaks, newest first.
   */
  'versions'?: (string)[];
  'state'?: (_custody_v1_State | null);
}

export interface Hello__Output {
  'node': (string);
  /**
   * 16 random bytes made at process start.
   */
  'incarnation': (Buffer);
  /**
   * Protocol versions this node speaks, newest first.
   */
  'versions': (string)[];
  'state': (_custody_v1_State__Output | null);
}
