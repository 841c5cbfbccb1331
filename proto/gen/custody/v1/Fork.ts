// Original file: custody/v1/node_link.proto


export interface Fork {
  'origin'?: (string);
  /**
   * Both checkpoints.
   */
  'held'?: (Buffer | Uint8Array | string);
  'offered'?: (Buffer | Uint8Array | string);
}

export interface Fork__Output {
  'origin': (string);
  /**
   * Both checkpoints.
   */
  'held': (Buffer);
  'offered': (Buffer);
}
