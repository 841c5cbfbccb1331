// Original file: custody/v1/vault.proto


export interface ListVaultsRequest {
}

export interface ListVaultsRequest__Output {
}
