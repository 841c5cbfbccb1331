// Carries out approved changes with the nodes: a new or imported key, a refresh (also the one that
// an import carries), a reshare by sessions in which every holder confirms what it has sealed; an
// export, a destruction and a re-admission by consents, after which an export's parts are gathered
// (`exports.ts`). The lines
// are all that is remembered: whatever is killed half-way, the nodes confirm again what they have
// sealed, and the next drive writes the line or tries a higher epoch.
// INVARIANT: one epoch a try, above any that a node has prepared; a change is one line, whoever
// writes it. The coordinator knows no share; the fold checks every line.
import type { EntryType } from '../policy/audit/bodies.ts'
import type { ChangeOp } from '../policy/change.ts'
import { stopsWhenFrozen } from '../policy/change-fit.ts'
import { isCovered } from '../policy/covered-refresh.ts'
import type { VaultRow } from '../policy/view.ts'
import { toHex } from '../proto/crypto.ts'
import type { Digest } from '../proto/ids.ts'
import { encode, type JsonObject } from '../proto/jcs.ts'
import { isRefusal, type Refusal, refusal, refuse } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import type { RipeChange } from './changes.ts'
import { chooseNodes } from './choose.ts'
import type { Ended } from './exchange.ts'
import type { KeySessions, KeySessionsPorts } from './key-sessions.ts'
import { failureOf, mayPass, nextEpoch, restBetweenTries, triesMax } from './key-tries.ts'
import type { Past } from './past-nonces.ts'
import type { Proving } from './proving.ts'

interface Committee {
  readonly line: EntryType
  /** Everyone of the session, in ascending x. */
  readonly nodes: readonly string[]
  readonly holders: readonly string[]
  /** The epoch in force, 0 for none. */
  readonly from: number
  readonly more: JsonObject
}

interface Asking {
  readonly line: EntryType
  /** In the order of the line. */
  readonly nodes: readonly string[]
  readonly enough: number
  /** Of whom exactly `enough` are asked, all paired with each other: their parts must fit. */
  readonly among?: VaultRow
  readonly body: JsonObject
}

type Plan =
  | { readonly kind: 'deal'; readonly committee: Committee }
  | { readonly kind: 'ask'; readonly asking: Asking }
  | { readonly kind: 'prove' }
  | Refusal

export interface KeyChangesPorts extends KeySessionsPorts {
  /** What came with the request of an import. */
  readonly dealing: (change: Digest) => Promise<Uint8Array | undefined>
  /** Why its addresses do not go on where an import says. */
  readonly otherPast: Past
}

export class KeyChanges {
  readonly #ports: KeyChangesPorts
  readonly #sessions: KeySessions
  readonly #proving: Proving

  constructor(ports: KeyChangesPorts, sessions: KeySessions, proving: Proving) {
    this.#ports = ports
    this.#proving = proving
    this.#sessions = sessions
  }

  /** A Refusal says why it did not come to a line this time. */
  async drive(ripe: RipeChange): Promise<Refusal | undefined> {
    const plan = planOf(ripe)
    if (isRefusal(plan)) return plan
    if (plan.kind === 'deal') return await this.#deal(ripe, plan.committee)
    if (plan.kind === 'prove') return await this.#proving.drive(ripe)
    const { asking } = plan
    const { among } = asking
    return among === undefined
      ? await this.#ask(ripe, asking)
      : await this.#askExactly(ripe, asking, among)
  }

  async #deal(ripe: RipeChange, committee: Committee): Promise<Refusal | undefined> {
    const { change } = ripe.admitted
    const dealing = await this.#dealingOf(ripe)
    if (isRefusal(dealing)) return dealing
    let epoch = committee.from + 1
    let last = noTry
    for (let attempt = 1; attempt <= triesMax; attempt += 1) {
      // Perhaps of an earlier life: whoever confirmed says so again when it attaches.
      const confirmed = this.#sessions.confirmed(ripe.named)
      if (confirmed !== undefined) return await written(ripe, committee, confirmed)
      const absent = this.#absent(committee.nodes, operationOf(ripe))
      if (absent !== undefined) return absent
      const { nodes, holders } = committee
      const document = this.#document(ripe, epoch, attempt)
      const about = { vault: change.vault, epoch, nodes, holders }
      const ended = await this.#sessions.deal({ ...about, document, order: ripe.order, dealing })
      if (ended.kind === 'failed') {
        last = failureOf(ended)
        // Other refusals than of the epoch are not mended by another one.
        if (!mayPass(ended)) return last
        epoch = nextEpoch(epoch, ended)
        await restBetweenTries(this.#ports)
      }
    }
    const confirmed = this.#sessions.confirmed(ripe.named)
    return confirmed === undefined ? last : await written(ripe, committee, confirmed)
  }

  /** Those who refuse or are silent are left out, as long as enough are left. */
  async #ask(ripe: RipeChange, asking: Asking): Promise<Refusal | undefined> {
    const { change } = ripe.admitted
    let nodes = asking.nodes.filter((node) => this.#absent([node], change.op) === undefined)
    let last = refusal('NOT_ENOUGH_SIGNERS', `expected ${asking.enough} nodes ready`)
    while (nodes.length >= asking.enough) {
      const ended = await this.#consents(ripe, nodes)
      if (ended.kind === 'done') return await consented(ripe, asking, nodes, ended.results)
      last = failureOf(ended)
      nodes = ended.slow.length === 0 ? [] : nodes.filter((node) => !ended.slow.includes(node))
    }
    return last
  }

  /** Whoever refuses or is silent is asked last the next time. */
  async #askExactly(
    ripe: RipeChange,
    asking: Asking,
    vault: VaultRow,
  ): Promise<Refusal | undefined> {
    const { links, tree } = this.#ports
    let [last, avoid]: [Refusal, readonly string[]] = [noTry, []]
    for (let attempt = 1; attempt <= triesMax; attempt += 1) {
      const choosing = { vault, links: links.signers, size: tree.size, avoid }
      const nodes = chooseNodes(choosing)
      if (isRefusal(nodes)) return nodes
      const ended = await this.#consents(ripe, nodes)
      if (ended.kind === 'done') return await consented(ripe, asking, nodes, ended.results)
      last = failureOf(ended)
      links.putLast(ended.slow)
      avoid = nodes
    }
    return last
  }

  #consents(ripe: RipeChange, nodes: readonly string[]): Promise<Ended<Signed>> {
    const document = this.#document(ripe, 0, 1)
    return this.#sessions.consents(ripe.admitted.digest, { document, order: ripe.order, nodes })
  }

  /** Nothing for whatever is dealt by the nodes themselves. */
  async #dealingOf(ripe: RipeChange): Promise<Uint8Array | Refusal> {
    const { change } = ripe.admitted
    if (change.op !== 'key.import' || isCovered(ripe.admitted)) return new Uint8Array(0)
    // Between the request and its approvals somebody may have signed with the key.
    const past = await this.#ports.otherPast(change)
    if (past !== undefined) return past
    const dealing = await this.#ports.dealing(ripe.admitted.digest)
    return dealing ?? refusal('DEALING', 'no dealing came with this request')
  }

  #document({ admitted }: RipeChange, epoch: number, attempt: number): Uint8Array {
    const { org, env } = this.#ports.root
    const { digest: change, order } = admitted
    return encode({ format: 'custody-change-run/v1', org, env, change, order, epoch, attempt })
  }

  /** A fenced node takes part where it gets a new share; a frozen one in what no freeze stops. */
  #absent(nodes: readonly string[], op: ChangeOp): Refusal | undefined {
    const able = new Set(['ready'])
    if (!stopsWhenFrozen(op)) able.add('frozen')
    if (op === 'key.refresh' || op === 'key.reshare') able.add('fenced')
    const { links } = this.#ports
    const absent = nodes.filter((node) => !able.has(links.link(node)?.state?.state ?? ''))
    if (absent.length === 0) return undefined
    return refusal('NOT_ENOUGH_SIGNERS', `expected every node ready, not so: ${absent.join(', ')}`)
  }
}

function planOf({ admitted }: RipeChange): Plan {
  const { change, vault, root } = admitted
  if (isCovered(admitted)) return refreshOf(admitted.vault)
  switch (change.op) {
    case 'key.create':
    case 'key.import': {
      const nodes = [...root.nodes].sort((a, b) => a.x - b.x).map(({ node }) => node)
      const line = change.op === 'key.import' ? 'key.imported' : 'key.created'
      return dealing({ line, nodes, holders: nodes, from: 0, more: {} })
    }
    case 'key.refresh':
      return refreshOf(vault)
    case 'key.reshare': {
      const { dealers, participants, from } = change.terms
      const old = (vault?.participants ?? []).filter(({ node }) => dealers.includes(node))
      const joining = participants.filter(({ node }) => !dealers.includes(node))
      const nodes = [...old, ...joining].sort((a, b) => a.x - b.x).map(({ node }) => node)
      const holders = participants.map(({ node }) => node)
      return dealing({ line: 'key.reshared', nodes, holders, from, more: { from } })
    }
    case 'key.destroy': {
      const nodes = (vault?.participants ?? []).map(({ node }) => node)
      const { epoch, keyState } = change.terms
      const body = { epoch, keyState, vault: change.vault }
      return { kind: 'ask', asking: { line: 'key.disabled', nodes, enough: vault?.t ?? 1, body } }
    }
    case 'key.prove':
      return { kind: 'prove' }
    case 'peer.readmit': {
      const { node, peer } = change.terms
      const asking = { line: 'peer.readmitted', nodes: [node], enough: 1 } as const
      return { kind: 'ask', asking: { ...asking, body: { node, peer } } }
    }
    case 'key.export': {
      const among = vault ?? refuse('VAULT_NOT_FOUND', 'the vault has no key')
      const { epoch, keyState, t: enough } = among
      const recipient = toHex(change.terms.recipient)
      const body = { epoch, keyState, recipient, vault: change.vault }
      const nodes = among.participants.map(({ node }) => node)
      return { kind: 'ask', asking: { line: 'key.exported', nodes, enough, among, body } }
    }
    case 'ceremony.plan':
      return refuse('NOT_SUPPORTED', 'a plan asks nothing of the nodes')
  }
}

function refreshOf(vault: VaultRow | undefined): Plan {
  const nodes = (vault?.participants ?? []).map(({ node }) => node)
  const from = vault?.epoch ?? 0
  return dealing({ line: 'key.refreshed', nodes, holders: nodes, from, more: {} })
}

/** What is carried out now: of an import whose key is in force, its refresh. */
function operationOf({ admitted }: RipeChange): ChangeOp {
  return isCovered(admitted) ? 'key.refresh' : admitted.change.op
}

function dealing(committee: Committee): Plan {
  return { kind: 'deal', committee }
}

const noTry = refusal('NOT_ENOUGH_SIGNERS', 'no attempt was made')

async function consented(
  ripe: RipeChange,
  { line, body }: Asking,
  nodes: readonly string[],
  given: readonly Signed[],
): Promise<Refusal | undefined> {
  const answer = await ripe.carryOut(line, { ...body, confirms: confirmsOf(nodes, given) })
  return isRefusal(answer) ? answer : undefined
}

async function written(
  ripe: RipeChange,
  { line, more }: Committee,
  confirmed: JsonObject,
): Promise<Refusal | undefined> {
  const answer = await ripe.carryOut(line, { ...confirmed, ...more })
  return isRefusal(answer) ? answer : undefined
}

function confirmsOf(nodes: readonly string[], given: readonly Signed[]): readonly JsonObject[] {
  return nodes.map((node, at) => {
    return { node, signature: toHex(given[at]?.signature ?? new Uint8Array(0)) }
  })
}
