// Making the first key of a vault (first-walk): all nodes of the root take part, each confirms what
// it has sealed, and the n confirmations become the line that brings the key into force. Every try
// has a new epoch, because a node never prepares one epoch twice.
// The coordinator knows no share and decides nothing about the key; the fold checks the line.
import { get, tables } from '../policy/audit/tables.ts'
import type { VaultRow } from '../policy/view.ts'
import type { VaultId } from '../proto/ids.ts'
import { encode, type JsonObject } from '../proto/jcs.ts'
import { isRefusal, type Refusal, refusal } from '../proto/refusal.ts'
import type { Confirm } from './confirms.ts'
import type { RulesMemory } from './desk/rules.ts'
import type { Ended } from './exchange.ts'
import type { KeySessions } from './key-sessions.ts'
import { failureOf, nextEpoch, restBetweenTries, triesMax } from './key-tries.ts'
import type { Copy } from './page.ts'
import type { SigningPorts } from './signing.ts'

export interface KeysPorts extends SigningPorts {
  readonly copy: Copy
  readonly memory: RulesMemory
}

export class Keys {
  readonly #ports: KeysPorts
  readonly #sessions: KeySessions
  readonly #making = new Set<VaultId>()

  constructor(ports: KeysPorts, sessions: KeySessions) {
    this.#ports = ports
    this.#sessions = sessions
    sessions.onFirstKey((body) => this.#write(body))
  }

  async create(vault: VaultId): Promise<VaultRow | Refusal> {
    if (this.#making.has(vault)) return refusal('BUSY', `the key of ${vault} is being made`)
    this.#making.add(vault)
    try {
      return await this.#create(vault)
    } finally {
      this.#making.delete(vault)
    }
  }

  async #create(vault: VaultId): Promise<VaultRow | Refusal> {
    const { copy, memory } = this.#ports
    const { rulebook } = (await memory.at(copy)).inForce
    const named = rulebook.vaults.get(vault)
    if (named === undefined) return refusal('VAULT_NOT_FOUND', `the policy names no ${vault}`)
    if (named.tier === 'cold') return refusal('NOT_SUPPORTED', 'cold keys are made in a ceremony')
    let epoch = this.#firstEpoch(vault)
    let last = refusal('NOT_ENOUGH_SIGNERS', 'no attempt was made')
    for (let attempt = 1; attempt <= triesMax; attempt += 1) {
      const known = await copy.read(get(tables.vault, vault))
      if (known !== undefined) return attempt === 1 ? exists(vault) : known
      const absent = this.#absent()
      if (absent !== undefined) return absent
      const ended = await this.#attempt(vault, { epoch, attempt, t: rulebook.quorumCrypto.t })
      if (ended.kind === 'done') return await this.#inForce(vault)
      last = failureOf(ended)
      epoch = nextEpoch(epoch, ended)
      await restBetweenTries(this.#ports)
    }
    return last
  }

  /** One try with every node of the root. */
  #attempt(
    vault: VaultId,
    { epoch, attempt, t }: { epoch: number; attempt: number; t: number },
  ): Promise<Ended<Confirm>> {
    const { org, env, nodes: named } = this.#ports.root
    const members = [...named].sort((a, b) => a.x - b.x).map(({ node, x }) => ({ node, x }))
    const format = 'custody-keygen/v1'
    const document = encode({ format, org, env, vault, epoch, t, participants: members, attempt })
    const nodes = members.map(({ node }) => node)
    const order = new Uint8Array(0)
    return this.#sessions.deal({ vault, epoch, document, order, nodes, holders: nodes })
  }

  /** The confirmations are here; the line is being written. */
  async #inForce(vault: VaultId): Promise<VaultRow | Refusal> {
    const { copy, sequencer } = this.#ports
    await sequencer.kick()
    const row = await copy.read(get(tables.vault, vault))
    return row ?? refusal('INTERNAL', 'all nodes confirmed and the line was not written')
  }

  #firstEpoch(vault: VaultId): number {
    const held = this.#ports.links.attached.flatMap(({ state }) => state?.keys ?? [])
    return Math.max(0, ...held.filter((key) => key.vault === vault).map((key) => key.epoch)) + 1
  }

  #absent(): Refusal | undefined {
    const { root, links } = this.#ports
    const absent = root.nodes.filter(({ node }) => links.link(node)?.state?.state !== 'ready')
    if (absent.length === 0) return undefined
    const names = absent.map(({ node }) => node).join(', ')
    return refusal('NOT_ENOUGH_SIGNERS', `expected every node ready, not so: ${names}`)
  }

  #write(body: JsonObject): void {
    const { sequencer, report } = this.#ports
    const line = { actor: 'coordinator', type: 'key.generated', body }
    const content = { receipts: [], lines: [line], documents: [] }
    const failed = (because: string) => report({ level: 'warn', name: 'key.line', because })
    sequencer.propose({ kind: 'lines', content }).then(
      (answer) => isRefusal(answer) && failed(answer.because),
      (error: unknown) => failed(String(error)),
    )
  }
}

function exists(vault: VaultId): Refusal {
  return refusal('KEY_EXISTS', `${vault} has a key`)
}
