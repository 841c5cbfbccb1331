// The gRPC face: one table of handlers for all services. Translate, delegate, and let the channel
// map refusals; no decision is taken here. A node's stream is joined to the coordinator frame by
// frame.
import type { CoordinatorStream } from '../proto/frames.ts'
import type { Handlers } from '../proto/io/handlers.ts'
import { type Refusal, Refused } from '../proto/refusal.ts'
import type { Coordinator } from './coordinator.ts'
import { approvalService } from './service/approval.ts'
import { auditService } from './service/audit.ts'
import { ceremonyService } from './service/ceremony.ts'
import { policyService } from './service/policy.ts'
import { signingService } from './service/signing.ts'
import { vaultService } from './service/vault.ts'

export function handlersFor(coordinator: Coordinator): Handlers {
  return {
    SigningService: signingService(coordinator),
    ApprovalService: approvalService(coordinator),
    PolicyService: policyService(coordinator),
    VaultService: vaultService(coordinator),
    AuditService: auditService(coordinator),
    CeremonyService: ceremonyService(coordinator),
    NodeLinkService: {
      Attach: (stream, { id }) => {
        void carry(coordinator, id, stream)
      },
    },
  }
}

/** Until either end closes; `node` was proved by its certificate. */
async function carry(
  { attach, driver, stopping }: Pick<Coordinator, 'attach' | 'driver' | 'stopping'>,
  node: string,
  stream: CoordinatorStream,
): Promise<void> {
  const end = (): void => stream.close()
  stopping.addEventListener('abort', end, { once: true })
  let attached: ReturnType<typeof attach> | undefined
  let refused: Refusal | undefined
  try {
    attached = attach(node, (frame) => stream.send(frame))
    for await (const frame of stream.received) attached.receive(frame)
  } catch (error) {
    const because = error instanceof Error ? error.message : 'unknown'
    driver.report({ level: 'warn', name: 'node.stream', because, node })
    refused = error instanceof Refused ? error.refusal : undefined
  } finally {
    stopping.removeEventListener('abort', end)
    attached?.close()
    stream.close(refused)
  }
}
