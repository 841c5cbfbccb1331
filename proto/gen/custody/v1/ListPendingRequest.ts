// Original file: custody/v1/approval.proto


export interface ListPendingRequest {
}

export interface ListPendingRequest__Output {
}
