// Original file: custody/v1/approval.proto


export interface Decision {
  'person'?: (string);
  /**
   * approve or reject.
   */
  'decision'?: (string);
  'digest'?: (string);
}

export interface Decision__Output {
  'person': (string);
  /**
   * approve or reject.
   */
  'decision': (string);
  'digest': (string);
}
