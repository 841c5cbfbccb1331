// Original file: custody/v1/node_link.proto


export interface PairingHeld {
  'peer'?: (string);
  'pairing'?: (Buffer | Uint8Array | string);
  'banned'?: (boolean);
}

export interface PairingHeld__Output {
  'peer': (string);
  'pairing': (Buffer);
  'banned': (boolean);
}
