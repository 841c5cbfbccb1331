// Original file: custody/v1/ceremony.proto


export interface PrepareCeremonyRequest {
  /**
   * Digest of the plan.
   */
  'plan'?: (string);
}

export interface PrepareCeremonyRequest__Output {
  /**
   * Digest of the plan.
   */
  'plan': (string);
}
