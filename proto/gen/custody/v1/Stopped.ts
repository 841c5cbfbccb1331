// Original file: custody/v1/node_link.proto


export interface Stopped {
  'sid'?: (Buffer | Uint8Array | string);
  'ticket'?: (Buffer | Uint8Array | string);
  'reason'?: (string);
  'culprit'?: (string);
}

export interface Stopped__Output {
  'sid': (Buffer);
  'ticket': (Buffer);
  'reason': (string);
  'culprit': (string);
}
