// Original file: custody/v1/node_link.proto


export interface PairingHeld {
  'peer'?: (string);
  'pairing'?: (Buffer | Uint8Array | string);
  'banned'?: (boolean);
  /**
   * Vaults of which this node signs with the peer only over a pairing made in the session.
   */
  'fresh'?: (string)[];
}

export interface PairingHeld__Output {
  'peer': (string);
  'pairing': (Buffer);
  'banned': (boolean);
  /**
   * Vaults of which this node signs with the peer only over a pairing made in the session.
   */
  'fresh': (string)[];
}
