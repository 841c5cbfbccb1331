// Original file: custody/v1/node_link.proto


export interface Peer {
  'node'?: (string);
  'incarnation'?: (Buffer | Uint8Array | string);
}

export interface Peer__Output {
  'node': (string);
  'incarnation': (Buffer);
}
