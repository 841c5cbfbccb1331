// Making the key of a vault (first-walk): all nodes of the root take part, each confirms what it
// has sealed, and the n confirmations become the line that brings the key into force. Every try has
// a new epoch, because a node never prepares one epoch twice.
// The coordinator knows no share and decides nothing about the key; the fold checks the line.
import { get, tables } from '../policy/audit/tables.ts'
import type { VaultRow } from '../policy/view.ts'
import { toHex } from '../proto/crypto.ts'
import { readSigned } from '../proto/frames.ts'
import type { VaultId } from '../proto/ids.ts'
import { encode, type JsonObject, parseText } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { kinds, openBy, type RefusalDocument } from '../proto/node-documents.ts'
import { isReasonCode } from '../proto/reasons.ts'
import { attempt as attempting, isRefusal, type Refusal, refusal } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import { type Confirm, Confirms } from './confirms.ts'
import type { RulesMemory } from './desk/rules.ts'
import { type Ended, Exchange } from './exchange.ts'
import type { Answer } from './links.ts'
import type { Copy } from './page.ts'
import { identityOf, type SigningPorts } from './signing.ts'
import type { Tree } from './tree.ts'

export interface KeysPorts extends SigningPorts {
  readonly tree: Tree
  readonly copy: Copy
  readonly memory: RulesMemory
}

const triesMax = 4
const betweenTriesMs = 1_000
const patienceMs = { accept: limits.acceptanceLifetimeMs, work: limits.sessionTimeoutMs } as const
const nothing = new Uint8Array(0)

export class Keys {
  readonly #ports: KeysPorts
  readonly #confirms: Confirms
  readonly #exchanges = new Map<string, Exchange<Confirm>>()
  readonly #byKey = new Map<string, Exchange<Confirm>>()
  readonly #making = new Set<VaultId>()

  constructor(ports: KeysPorts) {
    this.#ports = ports
    this.#confirms = new Confirms(ports)
    ports.links.onAnswer((node, answer) => this.#hear(node, answer))
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
      epoch = Math.max(epoch, ...ended.refusals.map(epochNamed)) + 1
      await this.#ports.clock.sleep(betweenTriesMs)
    }
    return last
  }

  /** One try with every node of the root. */
  async #attempt(
    vault: VaultId,
    { epoch, attempt, t }: { epoch: number; attempt: number; t: number },
  ): Promise<Ended<Confirm>> {
    const { root, random, clock, links, tree } = this.#ports
    const members = [...root.nodes].sort((a, b) => a.x - b.x).map(({ node, x }) => ({ node, x }))
    const { org, env } = root
    const format = 'custody-keygen/v1'
    const keygen = encode({ format, org, env, vault, epoch, t, participants: members, attempt })
    const nodes = members.map(({ node }) => node)
    const exchange = new Exchange<Confirm>(random(16), nodes, {
      start: (node, start) => links.send(node, { frame: 'start', start }),
      patience: (phase, stop) => clock.sleep(patienceMs[phase], stop),
    })
    const [ticket, key] = [toHex(exchange.ticket), `${vault}/${epoch}`]
    this.#exchanges.set(ticket, exchange)
    this.#byKey.set(key, exchange)
    const part = { warrant: nothing, attemptSeq: 0, keygen, ticket: exchange.ticket, fresh: false }
    for (const node of nodes) links.prepare(node, tree.size, part)
    links.push()
    try {
      return await exchange.ended
    } finally {
      this.#exchanges.delete(ticket)
      this.#byKey.delete(key)
    }
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

  #hear(node: string, answer: Answer): void {
    const heard = attempting(() => this.#take(node, answer))
    if (isRefusal(heard)) {
      this.#ports.report({ level: 'warn', name: 'node.answer', because: heard.because, node })
    }
  }

  #take(node: string, answer: Answer): void {
    const exchange = (ticket: Uint8Array) => this.#exchanges.get(toHex(ticket))
    switch (answer.frame) {
      case 'accepted':
        exchange(answer.accepted.ticket)?.accept(node, answer.accepted.acceptance)
        break
      case 'refused': {
        const found = exchange(answer.refused.ticket)
        const signed = readSigned(answer.refused.refusal)
        if (found !== undefined) openBy(kinds.refusal, signed, identityOf(this.#ports.root, node))
        found?.refuse(node, signed)
        break
      }
      case 'stopped': {
        const { ticket, reason } = answer.stopped
        exchange(ticket)?.stop(node, reason)
        break
      }
      case 'keyConfirm':
        this.#confirm(node, readSigned(answer.keyConfirm.confirm))
        break
      default:
    }
  }

  #confirm(node: string, signed: Signed): void {
    const { confirm, body } = this.#confirms.add(node, signed)
    if (body !== undefined) this.#write(body)
    this.#byKey.get(`${confirm.vault}/${confirm.epoch}`)?.result(node, confirm)
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

function failureOf({ reason, refusals }: Ended<Confirm> & { readonly kind: 'failed' }): Refusal {
  const said = refusals.map(read).map(({ node, code, expected, got }) => {
    return `${node} ${code}: ${expected}${got === '' ? '' : `, got ${got}`}`
  })
  const code = isReasonCode(reason) ? reason : 'INTERNAL'
  return refusal(code, said.length === 0 ? 'the nodes did not finish' : said.join('; '))
}

/** A node that prepared an epoch before says which; 0 where it said something else. */
function epochNamed(signed: Signed): number {
  const { code, expected } = read(signed)
  return code === 'EPOCH' ? Number(/above (\d{1,10})/.exec(expected)?.[1] ?? 0) : 0
}

function read({ document }: Signed): RefusalDocument {
  return kinds.refusal.shape(parseText(document), 'refusal')
}
