// Original file: custody/v1/approval.proto


export interface Pending {
  'id'?: (string);
  /**
   * Canonical text of the intent.
   */
  'intent'?: (Buffer | Uint8Array | string);
  'rule'?: (string);
  'missing'?: (string)[];
  /**
   * RFC 3339, UTC.
   */
  'expires'?: (string);
}

export interface Pending__Output {
  'id': (string);
  /**
   * Canonical text of the intent.
   */
  'intent': (Buffer);
  'rule': (string);
  'missing': (string)[];
  /**
   * RFC 3339, UTC.
   */
  'expires': (string);
}
