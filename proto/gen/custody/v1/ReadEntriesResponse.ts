// Original file: custody/v1/audit.proto


export interface ReadEntriesResponse {
  'entries'?: (Buffer | Uint8Array | string)[];
}

export interface ReadEntriesResponse__Output {
  'entries': (Buffer)[];
}
