// Original file: custody/v1/policy.proto


export interface Limit {
  'id'?: (string);
  'unit'?: (string);
  /**
   * Base units.
   */
  'max'?: (string);
  'used'?: (string);
  'window'?: (string);
}

export interface Limit__Output {
  'id': (string);
  'unit': (string);
  /**
   * Base units.
   */
  'max': (string);
  'used': (string);
  'window': (string);
}
