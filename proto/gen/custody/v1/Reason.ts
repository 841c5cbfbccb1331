// Original file: custody/v1/signing.proto


export interface Reason {
  'code'?: (string);
  /**
   * Rule, guard or limit.
   */
  'rule'?: (string);
  'because'?: (string);
}

export interface Reason__Output {
  'code': (string);
  /**
   * Rule, guard or limit.
   */
  'rule': (string);
  'because': (string);
}
