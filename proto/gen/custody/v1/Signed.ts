// Original file: custody/v1/common.proto


/**
 * A document as it was signed. Protobuf bytes are never signed: `document` is.
 */
export interface Signed {
  /**
   * Credential id of the signer (for nodes: the node id).
   */
  'credential'?: (string);
  /**
   * Canonical text of the document, exactly as signed.
   */
  'document'?: (Buffer | Uint8Array | string);
  /**
   * Ed25519 over tag || 0x0A || document.
   */
  'signature'?: (Buffer | Uint8Array | string);
}

/**
 * A document as it was signed. Protobuf bytes are never signed: `document` is.
 */
export interface Signed__Output {
  /**
   * Credential id of the signer (for nodes: the node id).
   */
  'credential': (string);
  /**
   * Canonical text of the document, exactly as signed.
   */
  'document': (Buffer);
  /**
   * Ed25519 over tag || 0x0A || document.
   */
  'signature': (Buffer);
}
