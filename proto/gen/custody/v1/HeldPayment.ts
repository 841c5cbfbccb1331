// Original file: custody/v1/approval.proto


export interface HeldPayment {
  'id'?: (string);
  /**
   * Canonical text of the intent.
   */
  'intent'?: (Buffer | Uint8Array | string);
  /**
   * Code, check and reason.
   */
  'because'?: (string);
}

export interface HeldPayment__Output {
  'id': (string);
  /**
   * Canonical text of the intent.
   */
  'intent': (Buffer);
  /**
   * Code, check and reason.
   */
  'because': (string);
}
