// Original file: custody/v1/audit.proto


export interface GetCheckpointResponse {
  /**
   * Signed note with the cosignatures collected so far.
   */
  'checkpoint'?: (Buffer | Uint8Array | string);
}

export interface GetCheckpointResponse__Output {
  /**
   * Signed note with the cosignatures collected so far.
   */
  'checkpoint': (Buffer);
}
