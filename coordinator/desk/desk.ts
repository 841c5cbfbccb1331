// The desk: what each kind of proposal becomes. One table of handlers, run by the sequencer under
// the head's lock; each writes lines on its sheet or refuses.

import type { LogSigner } from '../ports.ts'
import type { Handler } from '../proposal.ts'
import type { Tree } from '../tree.ts'
import { attemptHandler } from './attempt.ts'
import { bootstrapHandler, type Governed } from './bootstrap.ts'
import { decisionHandler } from './decision.ts'
import { intentHandlers } from './intent.ts'
import { lineHandlers } from './lines.ts'
import type { RulesMemory } from './rules.ts'
import type { CannotSign } from './settle.ts'
import { successionHandler } from './succession.ts'

export interface DeskPorts {
  readonly memory: RulesMemory
  readonly tree: Tree
  readonly cannotSign: CannotSign
  readonly log: LogSigner
  readonly governed: Governed
}

export function handlersOf(ports: DeskPorts): ReadonlyMap<string, Handler> {
  return new Map([
    ...intentHandlers(ports),
    ['decision', decisionHandler(ports)],
    ['attempt', attemptHandler(ports)],
    ['bootstrap', bootstrapHandler(ports)],
    ['root', successionHandler],
    ...lineHandlers(),
  ])
}
