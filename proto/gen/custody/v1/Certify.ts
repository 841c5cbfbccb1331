// Original file: custody/v1/node_link.proto


/**
 * Asks a node whose these addresses are, as it derives them itself.
 */
export interface Certify {
  /**
   * Names the answer; 16 bytes chosen by the coordinator.
   */
  'ticket'?: (Buffer | Uint8Array | string);
  'vault'?: (string);
  /**
   * `m`, or that of a deposit address whose index the log has opened.
   */
  'paths'?: (string)[];
}

/**
 * Asks a node whose these addresses are, as it derives them itself.
 */
export interface Certify__Output {
  /**
   * Names the answer; 16 bytes chosen by the coordinator.
   */
  'ticket': (Buffer);
  'vault': (string);
  /**
   * `m`, or that of a deposit address whose index the log has opened.
   */
  'paths': (string)[];
}
