// Original file: custody/v1/node_link.proto


export interface Stopped {
  'sid'?: (Buffer | Uint8Array | string);
  'ticket'?: (Buffer | Uint8Array | string);
  /**
   * One word for every failure of the rounds; a reason only where nothing secret decides it.
   */
  'reason'?: (string);
}

export interface Stopped__Output {
  'sid': (Buffer);
  'ticket': (Buffer);
  /**
   * One word for every failure of the rounds; a reason only where nothing secret decides it.
   */
  'reason': (string);
}
