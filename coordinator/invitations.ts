// Gathers the invitations of all nodes for the import of a key: each node is asked once and answers
// in its own signed words. They are given out only together, because a dealer needs all of them;
// who is missing or refuses is named.
// Believes and keeps nothing: the dealer checks every signature against the root that it pinned.
import { toHex } from '../proto/crypto.ts'
import { readSigned } from '../proto/frames.ts'
import type { VaultId } from '../proto/ids.ts'
import { invitationKind } from '../proto/import-documents.ts'
import { limits } from '../proto/limits.ts'
import { kinds, openBy } from '../proto/node-documents.ts'
import { attempt as attempting, isRefusal, type Refusal, refusal } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import { Exchange } from './exchange.ts'
import { failureOf } from './key-tries.ts'
import type { Answer } from './links.ts'
import { identityOf, type SigningPorts } from './signing.ts'

export class Invitations {
  readonly #ports: SigningPorts
  readonly #asked = new Map<string, Exchange<Signed>>()

  constructor(ports: SigningPorts) {
    this.#ports = ports
    ports.links.onAnswer((node, answer) => {
      const heard = attempting(() => this.#hear(node, answer))
      if (!isRefusal(heard)) return
      ports.report({ level: 'warn', name: 'node.answer', because: heard.because, node })
    })
  }

  /** One of each node of the root, in ascending x. */
  async gather(vault: VaultId): Promise<readonly Signed[] | Refusal> {
    const { root, links, random, clock } = this.#ports
    const nodes = [...root.nodes].sort((a, b) => a.x - b.x).map(({ node }) => node)
    const absent = nodes.filter((node) => links.link(node) === undefined)
    if (absent.length > 0) {
      return refusal('NOT_ENOUGH_SIGNERS', `expected every node, not here: ${absent.join(', ')}`)
    }
    const exchange = new Exchange<Signed>(random(16), nodes, {
      start: () => {},
      patience: (_phase, stop) => clock.sleep(limits.acceptanceLifetimeMs, stop),
    })
    const { ticket } = exchange
    this.#asked.set(toHex(ticket), exchange)
    for (const node of nodes) links.send(node, { frame: 'invite', invite: { ticket, vault } })
    try {
      const ended = await exchange.ended
      return ended.kind === 'done' ? ended.results : failureOf(ended)
    } finally {
      this.#asked.delete(toHex(ticket))
    }
  }

  #hear(node: string, answer: Answer): void {
    const { root } = this.#ports
    if (answer.frame === 'invited') {
      const { ticket, invitation } = answer.invited
      const signed = readSigned(invitation)
      openBy(invitationKind, signed, identityOf(root, node))
      this.#asked.get(toHex(ticket))?.result(node, signed)
    }
    if (answer.frame !== 'refused') return
    const exchange = this.#asked.get(toHex(answer.refused.ticket))
    const signed = readSigned(answer.refused.refusal)
    if (exchange === undefined) return
    openBy(kinds.refusal, signed, identityOf(root, node))
    exchange.refuse(node, signed)
  }
}
