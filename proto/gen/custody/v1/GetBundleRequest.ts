// Original file: custody/v1/ceremony.proto


export interface GetBundleRequest {
  'plan'?: (string);
}

export interface GetBundleRequest__Output {
  'plan': (string);
}
