// Original file: custody/v1/node_link.proto


export interface Heads {
  'origin'?: (string);
  /**
   * Cosigned heads collected so far, as notes.
   */
  'heads'?: (Buffer | Uint8Array | string)[];
}

export interface Heads__Output {
  'origin': (string);
  /**
   * Cosigned heads collected so far, as notes.
   */
  'heads': (Buffer)[];
}
