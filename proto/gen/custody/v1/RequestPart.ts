// Original file: custody/v1/node_link.proto


/**
 * Asks a node for its part of a key that was exported; refused until the line is witnessed.
 */
export interface RequestPart {
  /**
   * Names the answer; 16 bytes chosen by the coordinator.
   */
  'ticket'?: (Buffer | Uint8Array | string);
  /**
   * Digest of the change that people approved.
   */
  'change'?: (string);
  /**
   * The parts known so far do not fit together: make one over the pairings of now.
   */
  'anew'?: (boolean);
}

/**
 * Asks a node for its part of a key that was exported; refused until the line is witnessed.
 */
export interface RequestPart__Output {
  /**
   * Names the answer; 16 bytes chosen by the coordinator.
   */
  'ticket': (Buffer);
  /**
   * Digest of the change that people approved.
   */
  'change': (string);
  /**
   * The parts known so far do not fit together: make one over the pairings of now.
   */
  'anew': (boolean);
}
