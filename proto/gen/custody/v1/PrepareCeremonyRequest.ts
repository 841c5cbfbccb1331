// Original file: custody/v1/ceremony.proto


export interface PrepareCeremonyRequest {
  /**
   * Digest of the plan.
   */
  'plan'?: (string);
  /**
   * Head of the main log with its roots and proofs, where the plan names that log; else empty.
   */
  'main'?: (Buffer | Uint8Array | string);
}

export interface PrepareCeremonyRequest__Output {
  /**
   * Digest of the plan.
   */
  'plan': (string);
  /**
   * Head of the main log with its roots and proofs, where the plan names that log; else empty.
   */
  'main': (Buffer);
}
