// The gate every call passes before its message is read: a known connection, a method that the
// caller's role may call, and for unary methods a deadline of at most 30 s. Default is no.
// Source: README D27, reliability API-03 and API-41.
import {
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  ServerListenerBuilder,
} from '@grpc/grpc-js'
import { limits } from '../limits.ts'
import { type Refusal, refusal } from '../refusal.ts'
import { refusalStatus } from './errors.ts'
import type { Caller } from './identity.ts'
import { routeOf } from './routes.ts'

/** An open connection of a known caller, by its remote address and port. */
export interface Connection {
  readonly caller: Caller
  /** Ends the connection with all its calls and whatever is queued for it. */
  cut(why: Refusal): void
}
export type Connections = ReadonlyMap<string, Connection>

export function gate(connections: Connections, nowMs: () => number): ServerInterceptor {
  return (method, call) => {
    const refused = judge(method.path, call, { connections, nowMs })
    if (refused === undefined) return new ServerInterceptingCall(call)
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata(() => call.sendStatus(refusalStatus(refused)))
      .build()
    const responder = new ResponderBuilder().withStart((next) => next(listener)).build()
    return new ServerInterceptingCall(call, responder)
  }
}

function judge(
  path: string,
  call: ServerInterceptingCallInterface,
  known: { readonly connections: Connections; readonly nowMs: () => number },
): Refusal | undefined {
  const caller = known.connections.get(call.getPeer())?.caller
  const route = routeOf(path)
  if (caller === undefined) return refusal('UNAUTHENTICATED', 'connection of nobody')
  if (route === undefined || !route.roles.includes(caller.role)) {
    return refusal('CALLER_NOT_ALLOWED', `${path} is not open to role ${caller.role}`)
  }
  if (route.kind !== 'unary') return undefined
  const remainingMs = Number(call.getDeadline()) - known.nowMs()
  if (remainingMs <= limits.callDeadlineMs) return undefined
  return refusal('DEADLINE_REQUIRED', `deadline: expected at most ${limits.callDeadlineMs} ms`)
}
