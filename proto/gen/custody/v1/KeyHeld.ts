// Original file: custody/v1/node_link.proto


export interface KeyHeld {
  'vault'?: (string);
  'key'?: (string);
  'epoch'?: (number);
}

export interface KeyHeld__Output {
  'vault': (string);
  'key': (string);
  'epoch': (number);
}
