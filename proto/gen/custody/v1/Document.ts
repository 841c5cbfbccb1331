// Original file: custody/v1/common.proto


/**
 * A document of any kind that travels beside lines or a submit, named by its digest.
 */
export interface Document {
  /**
   * Kind of the document: the name of its tag, for example "dest" or "freeze".
   */
  'kind'?: (string);
  /**
   * Canonical text; for signed kinds the canonical {credential, document, signature}.
   */
  'content'?: (Buffer | Uint8Array | string);
}

/**
 * A document of any kind that travels beside lines or a submit, named by its digest.
 */
export interface Document__Output {
  /**
   * Kind of the document: the name of its tag, for example "dest" or "freeze".
   */
  'kind': (string);
  /**
   * Canonical text; for signed kinds the canonical {credential, document, signature}.
   */
  'content': (Buffer);
}
