// Original file: custody/v1/policy.proto


/**
 * One root, the signatures of the quorum before it, and the line that brought it.
 */
export interface RootStep {
  'root'?: (Buffer | Uint8Array | string);
  /**
   * Empty for the first.
   */
  'signatures'?: (Buffer | Uint8Array | string);
  'entry'?: (Buffer | Uint8Array | string);
}

/**
 * One root, the signatures of the quorum before it, and the line that brought it.
 */
export interface RootStep__Output {
  'root': (Buffer);
  /**
   * Empty for the first.
   */
  'signatures': (Buffer);
  'entry': (Buffer);
}
