// Original file: custody/v1/node_link.proto

import type { KeyHeld as _custody_v1_KeyHeld, KeyHeld__Output as _custody_v1_KeyHeld__Output } from '../../custody/v1/KeyHeld.ts';
import type { PairingHeld as _custody_v1_PairingHeld, PairingHeld__Output as _custody_v1_PairingHeld__Output } from '../../custody/v1/PairingHeld.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * State of a node: sent in Hello and whenever it changes.
 */
export interface State {
  /**
   * sealed, checking, catching-up, ready, draining, fenced, frozen, forked.
   */
  'state'?: (string);
  'origin'?: (string);
  'size'?: (number | string | Long);
  'root'?: (Buffer | Uint8Array | string);
  /**
   * Keys this node holds.
   */
  'keys'?: (_custody_v1_KeyHeld)[];
  /**
   * Pairings it holds now.
   */
  'pairings'?: (_custody_v1_PairingHeld)[];
}

/**
 * State of a node: sent in Hello and whenever it changes.
 */
export interface State__Output {
  /**
   * sealed, checking, catching-up, ready, draining, fenced, frozen, forked.
   */
  'state': (string);
  'origin': (string);
  'size': (number);
  'root': (Buffer);
  /**
   * Keys this node holds.
   */
  'keys': (_custody_v1_KeyHeld__Output)[];
  /**
   * Pairings it holds now.
   */
  'pairings': (_custody_v1_PairingHeld__Output)[];
}
