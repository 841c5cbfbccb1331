// Original file: custody/v1/ceremony.proto


export interface AbortCeremonyRequest {
  'plan'?: (string);
  /**
   * A reason code.
   */
  'reason'?: (string);
}

export interface AbortCeremonyRequest__Output {
  'plan': (string);
  /**
   * A reason code.
   */
  'reason': (string);
}
