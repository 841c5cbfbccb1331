// Original file: custody/v1/ceremony.proto


export interface ListCeremoniesRequest {
}

export interface ListCeremoniesRequest__Output {
}
