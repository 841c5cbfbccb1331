// AuditService: the log for anyone who may read it, the Export, and who is attached. Everything
// that matters here can be checked by its signatures and proofs; the status is this program's word.
import { membersOf } from '../../policy/documents.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import type { Handlers } from '../../proto/io/handlers.ts'
import type { Coordinator } from '../coordinator.ts'
import { exportParts } from '../export.ts'
import type { Link } from '../link.ts'

export function auditService(coordinator: Coordinator): Handlers['AuditService'] {
  const { proofs, tree, roots, links } = coordinator
  return {
    GetCheckpoint: async () => ({ checkpoint: toUtf8(await proofs.checkpoint()) }),
    ReadEntries: async ({ fromSeq, countMax }) => ({
      entries: [...(await proofs.lines(fromSeq, countMax))],
    }),
    GetProof: async ({ seq, oldSize, size }) => ({
      proof: [...(oldSize === 0 ? proofs.inclusion(seq, size) : proofs.consistency(oldSize, size))],
    }),
    Export: () => exportParts(proofs.ports),
    GetStatus: async () => ({
      size: tree.size,
      nodes: membersOf(roots.now).map(({ node }) => statusOf(node, links.link(node))),
      witnessQuorum: roots.now.witness.q,
    }),
  }
}

function statusOf(node: string, link: Link | undefined) {
  const state = link?.state
  return {
    node,
    attached: link !== undefined,
    state: state?.state ?? '',
    size: state?.size ?? 0,
    paired: (state?.pairings ?? []).filter(({ banned }) => !banned).map(({ peer }) => peer),
  }
}
