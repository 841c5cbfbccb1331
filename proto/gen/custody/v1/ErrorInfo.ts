// Original file: custody/v1/common.proto


/**
 * The reason of a refusal, also carried in the status details trailer.
 */
export interface ErrorInfo {
  /**
   * Code from the registry of reasons.
   */
  'reason'?: (string);
  /**
   * Always "custody".
   */
  'domain'?: (string);
  /**
   * Retry class, stage, node codes, log sequence number.
   */
  'metadata'?: ({[key: string]: string});
  /**
   * Expected and got.
   */
  'because'?: (string);
}

/**
 * The reason of a refusal, also carried in the status details trailer.
 */
export interface ErrorInfo__Output {
  /**
   * Code from the registry of reasons.
   */
  'reason': (string);
  /**
   * Always "custody".
   */
  'domain': (string);
  /**
   * Retry class, stage, node codes, log sequence number.
   */
  'metadata': ({[key: string]: string});
  /**
   * Expected and got.
   */
  'because': (string);
}
