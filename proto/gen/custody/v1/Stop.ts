// Original file: custody/v1/node_link.proto


export interface Stop {
  'sid'?: (Buffer | Uint8Array | string);
}

export interface Stop__Output {
  'sid': (Buffer);
}
