// Original file: custody/v1/approval.proto


export interface GetApprovalPackageRequest {
  'id'?: (string);
}

export interface GetApprovalPackageRequest__Output {
  'id': (string);
}
