// Original file: custody/v1/node_link.proto


export interface Heartbeat {
}

export interface Heartbeat__Output {
}
