// Original file: custody/v1/policy.proto


export interface GetLimitsRequest {
}

export interface GetLimitsRequest__Output {
}
