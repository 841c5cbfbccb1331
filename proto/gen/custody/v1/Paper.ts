// Original file: custody/v1/node_link.proto


/**
 * At a ceremony only: a document of the script between the Record station and one station. Nodes
 * and coordinators do not hear it.
 */
export interface Paper {
  /**
   * What it is: certificate, signature, failure, and what the script adds.
   */
  'kind'?: (string);
  'content'?: (Buffer | Uint8Array | string);
}

/**
 * At a ceremony only: a document of the script between the Record station and one station. Nodes
 * and coordinators do not hear it.
 */
export interface Paper__Output {
  /**
   * What it is: certificate, signature, failure, and what the script adds.
   */
  'kind': (string);
  'content': (Buffer);
}
