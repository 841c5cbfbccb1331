// Original file: custody/v1/audit.proto


export interface ExportResponse {
  /**
   * Path inside the Export, for example entries/000000.
   */
  'path'?: (string);
  'content'?: (Buffer | Uint8Array | string);
  /**
   * More of the same file follows.
   */
  'partial'?: (boolean);
}

export interface ExportResponse__Output {
  /**
   * Path inside the Export, for example entries/000000.
   */
  'path': (string);
  'content': (Buffer);
  /**
   * More of the same file follows.
   */
  'partial': (boolean);
}
