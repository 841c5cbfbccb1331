// Original file: custody/v1/ceremony.proto


export interface ImportCeremonyRequest {
  'plan'?: (string);
  'bundle'?: (string);
  /**
   * Digests of the lines of all exceptions, each confirmed by whoever imports.
   */
  'exceptions'?: (string)[];
}

export interface ImportCeremonyRequest__Output {
  'plan': (string);
  'bundle': (string);
  /**
   * Digests of the lines of all exceptions, each confirmed by whoever imports.
   */
  'exceptions': (string)[];
}
