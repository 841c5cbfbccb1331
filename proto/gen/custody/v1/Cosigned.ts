// Original file: custody/v1/node_link.proto

import type { Long } from '@grpc/proto-loader';

export interface Cosigned {
  'origin'?: (string);
  'size'?: (number | string | Long);
  'root'?: (Buffer | Uint8Array | string);
  /**
   * The checkpoint body with this witness's signature line.
   */
  'note'?: (Buffer | Uint8Array | string);
}

export interface Cosigned__Output {
  'origin': (string);
  'size': (number);
  'root': (Buffer);
  /**
   * The checkpoint body with this witness's signature line.
   */
  'note': (Buffer);
}
