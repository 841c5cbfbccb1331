// Original file: custody/v1/policy.proto


export interface GetRulesetRequest {
}

export interface GetRulesetRequest__Output {
}
