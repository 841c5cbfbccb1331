// How failures cross the wire: the one table from Refusal, Unavailable and bug to a gRPC status
// with an ErrorInfo in the standard status-details trailer, and the way back, which grpc-js
// leaves to us.
// INVARIANT: of a bug only a correlation id leaves the process.
// Source: house style, four ways to fail; the API design, section 7.6.
import { Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js'
import { type GrpcStatus, grpcStatus, isReasonCode, retryClass } from '../reasons.ts'
import { isRefusal, type Refusal, Refused, refusal } from '../refusal.ts'
import { Unavailable } from '../unavailable.ts'
import { lineText } from './line-text.ts'
import { errorInfo, statusDetails } from './wire.ts'

export interface BugReport {
  /** Names the bug in our log and to the caller. */
  readonly correlationId: () => string
  readonly onBug: (error: unknown, correlationId: string) => void
}

const trailer = 'grpc-status-details-bin'
const infoType = 'type.googleapis.com/google.rpc.ErrorInfo'
const domain = 'custody'
const becauseMax = 512
const tooLargeForm = /larger than (max|\d+)/

/** What a handler returned or threw, as the status of its call. */
export function statusOf(failure: unknown, bugs: BugReport): StatusObject {
  if (isRefusal(failure)) return refusalStatus(failure)
  if (failure instanceof Refused) return refusalStatus(failure.refusal)
  if (failure instanceof Unavailable) {
    const { code, message } = failure
    if (code !== undefined) return refusalStatus(refusal(code, message))
    return { code: status.UNAVAILABLE, details: shown(message), metadata: new Metadata() }
  }
  const correlationId = bugs.correlationId()
  bugs.onBug(failure, correlationId)
  return refusalStatus(refusal('INTERNAL', `internal error ${correlationId}`))
}

export function refusalStatus(refused: Refusal): StatusObject {
  const code = statusCode(grpcStatus(refused.code))
  const because = shown(refused.because)
  const info = errorInfo.encode({
    reason: refused.code,
    domain,
    metadata: {
      retry: retryClass(refused.code),
      ...(refused.rule === undefined ? {} : { rule: refused.rule }),
    },
    because,
  })
  const details = [{ typeUrl: infoType, value: info }]
  const metadata = new Metadata()
  metadata.set(trailer, statusDetails.encode({ code, message: because, details }))
  return { code, details: because, metadata }
}

/** The server's no, or that it could not be asked. */
export function readFailure(error: ServiceError): Refusal | Unavailable {
  const refused = unpack(error.metadata)
  if (refused !== undefined) return refused
  // Said by the gRPC library itself, before any handler.
  if (tooLargeForm.test(error.details)) return refusal('TOO_LARGE', shown(error.details))
  if (error.code === status.UNIMPLEMENTED) return refusal('NOT_SUPPORTED', shown(error.details))
  return new Unavailable(shown(error.details), undefined, error)
}

function unpack(metadata: Metadata | undefined): Refusal | undefined {
  const bytes = metadata?.get(trailer)[0]
  if (!Buffer.isBuffer(bytes)) return undefined
  try {
    const detail = statusDetails.decode(bytes).details.find((item) => item.typeUrl === infoType)
    if (detail === undefined) return undefined
    const info = errorInfo.decode(detail.value)
    if (info.domain !== domain || !isReasonCode(info.reason)) return undefined
    const rule = info.metadata['rule']
    return refusal(info.reason, shown(info.because), rule && shown(rule))
  } catch {
    return undefined
  }
}

function statusCode(name: GrpcStatus): status {
  return status[name]
}

// Status text travels in a header and ends on a screen: bounded, one line, and well-formed.
function shown(text: string): string {
  return lineText(text.slice(0, becauseMax))
}
