// Original file: custody/v1/ceremony.proto


export interface AnchorColdRequest {
  /**
   * Signed note of the log of cold vaults, with the cosignatures of its witnesses.
   */
  'checkpoint'?: (Buffer | Uint8Array | string);
}

export interface AnchorColdRequest__Output {
  /**
   * Signed note of the log of cold vaults, with the cosignatures of its witnesses.
   */
  'checkpoint': (Buffer);
}
