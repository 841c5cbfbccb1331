// Original file: custody/v1/node_link.proto


/**
 * Asks for the one-time key to which a share of an imported key of this vault may be sealed.
 */
export interface Invite {
  /**
   * Names the answer; 16 bytes chosen by the coordinator.
   */
  'ticket'?: (Buffer | Uint8Array | string);
  'vault'?: (string);
}

/**
 * Asks for the one-time key to which a share of an imported key of this vault may be sealed.
 */
export interface Invite__Output {
  /**
   * Names the answer; 16 bytes chosen by the coordinator.
   */
  'ticket': (Buffer);
  'vault': (string);
}
