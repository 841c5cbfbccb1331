// Failed sessions in the words of the registry of reasons: what a coordinator may know and the log
// may say. The finer reason of a protocol stays in the node's own log.
import type { ReasonCode } from '../proto/reasons.ts'
import type { Failure } from './session.ts'

export function reasonOf({ reason, remedy, code }: Failure): ReasonCode {
  if (code !== undefined) return code
  if (reason === 'timeout') return 'SESSION_TIMEOUT'
  switch (remedy) {
    case 'retry':
      return 'VIEW'
    case 'fault':
      return 'PEER_FAULT'
    case 'ban':
      return 'PEER_BANNED'
    case 'abort':
      return 'INTERNAL'
  }
}
