// Original file: custody/v1/node_link.proto


export interface Envelope {
  /**
   * Session id or pairing id.
   */
  'sid'?: (Buffer | Uint8Array | string);
  'round'?: (number);
  'from'?: (string);
  'to'?: (string);
  'ciphertext'?: (Buffer | Uint8Array | string);
}

export interface Envelope__Output {
  /**
   * Session id or pairing id.
   */
  'sid': (Buffer);
  'round': (number);
  'from': (string);
  'to': (string);
  'ciphertext': (Buffer);
}
