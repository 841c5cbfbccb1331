// This node's part of a key that leaves the house (protocol document 2.4). People approved it, t
// holders consented and the line is in the log, before anything leaves: the key signs no more from
// its line on. Only then, asked by a coordinator, one of the t makes its part, seals it to the
// recipient of the line and signs what it is.
// INVARIANT: no part without q cosignatures over the line, for nobody but the recipient of the
// newest line, from no keyshare that does not say itself that it was exported, and none while
// anything stops this node. Asked again it gives what it gave, or a part over later pairings,
// which tells its recipient no more: see docs/protocol.md, "Export".
import { frozenByPeople } from '../policy/audit/history.ts'
import { consentMessage } from '../policy/audit/key-confirm.ts'
import { readSync } from '../policy/audit/rows.ts'
import { get, type RowOf, tables } from '../policy/audit/tables.ts'
import type { VaultRow } from '../policy/view.ts'
import { fromHex, plainDigest, sha256, toHex, toUtf8 } from '../proto/crypto.ts'
import { type ExportPart, exportPartKind, partThing } from '../proto/export-documents.ts'
import { type CoordinatorPart, writeSigned } from '../proto/frames.ts'
import { type Digest, type NodeId, parseDigest } from '../proto/ids.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { signBy } from '../proto/node-documents.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { sealToRecovery } from '../proto/seal-recovery.ts'
import { requireNotBanned } from './admission.ts'
import { participantOf } from './counterparts.ts'
import { exportPart } from './dkls23/exporting.ts'
import { encodeFacts } from './dkls23/keyshare-format.ts'
import type { Pairing } from './dkls23/pairing.ts'
import { type Party, parseParty } from './dkls23/party.ts'
import type { Run } from './dkls23/protocol.ts'
import { Secret } from './dkls23/secret.ts'
import { sessionId } from './dkls23/session-id.ts'
import { ExportedParts, type MadePart } from './exported-parts.ts'
import type { HeldKeyshare } from './held-keyshare.ts'
import type { Parts } from './parts.ts'
import { nothingNamed, refusedFrame } from './refusals.ts'
import { networkId, partiesOf, sessionRandomness } from './self.ts'

type Line = RowOf<typeof tables.exported>

/** An export that this node may give its part of. */
interface Due {
  readonly line: Line
  readonly row: VaultRow
  readonly keyshare: HeldKeyshare
  /** With every other exporter. */
  readonly pairings: ReadonlyMap<NodeId, Pairing>
}

export class ExportDuty {
  readonly #parts: Parts
  readonly #made: ExportedParts

  constructor(parts: Parts) {
    this.#parts = parts
    this.#made = new ExportedParts(parts.store, parts.self.node)
  }

  asked(coordinator: string, { ticket, change, anew }: CoordinatorPart<'requestPart'>): void {
    const { ports } = this.#parts
    const intent = attempt(() => parseDigest(change, 'change'))
    const part = isRefusal(intent) ? intent : attempt(() => this.#part(intent, anew))
    if (isRefusal(part)) {
      const about = isRefusal(intent) ? nothingNamed : { ...nothingNamed, intent }
      ports.send(coordinator, refusedFrame(this.#parts, ticket, about, part))
      return
    }
    const statement = writeSigned(part.statement)
    const { sealed } = part
    ports.send(coordinator, { frame: 'exportPart', exportPart: { ticket, statement, sealed } })
  }

  /** After anything that may have moved the own copy: parts that nobody is to have any more. */
  review(): void {
    const { keyshares, store, rows, ports } = this.#parts
    for (const { vault, standing, exported } of keyshares.vaults()) {
      if (!exported) continue
      const newest = readSync(get(tables.exported, vault), rows)
      const kept = standing === 'exported' ? (newest?.change ?? '') : ''
      if (!store.step(() => this.#made.dropOthers(vault, kept))) continue
      const because = 'its recipient is not the newest, or the key was destroyed'
      ports.report({ level: 'info', name: 'part-dropped', vault, because })
    }
  }

  #part(change: Digest, isAnew: boolean): MadePart {
    const { store, ports } = this.#parts
    const { line, row } = this.#requireLine(change)
    this.#requireOpen(line)
    const known = this.#made.of(change)
    if (known !== undefined && !isAnew) return known
    const keyshare = this.#keyshareOf(row)
    const due = { line, row, keyshare, pairings: this.#pairings(line.nodes) }
    if (known !== undefined && this.#isOver(known, due)) return known
    const made = this.#make(due)
    // Remembered before it leaves, so that it is the same when it is asked for again.
    store.step(() => this.#made.keep(line.vault, change, made))
    ports.report({ level: 'warn', name: 'part-made', vault: line.vault, because: change })
    return made
  }

  /** The newest lawful line of the key, which names this node, and which q witnesses have seen. */
  #requireLine(change: Digest): Pick<Due, 'line' | 'row'> {
    const { self, rows, witness, keyshares } = this.#parts
    const row = keyshares
      .vaults()
      .find(({ vault }) => readSync(get(tables.exported, vault), rows)?.change === change)
    const line = row && readSync(get(tables.exported, row.vault), rows)
    if (row === undefined || line === undefined) {
      return refuse('LINE_MISSING', 'no newest line of an export carries out this change')
    }
    if (row.standing !== 'exported' || row.keyState !== line.keyState) {
      refuse('KEY_DISABLED', `the key of ${row.vault} is ${row.standing}`)
    }
    if (!line.nodes.includes(self.node)) {
      refuse('PARTICIPANTS', `${self.node} is none of the exporters, ${line.nodes.join(', ')}`)
    }
    const { q, seen, isCovered } = witness.coverage(line.seq)
    if (!isCovered) refuse('COSIGN', `line ${line.seq}: expected ${q} witnesses, got ${seen}`)
    return { line, row }
  }

  /** What stops everything else that cannot be taken back. */
  #requireOpen({ vault }: Line): void {
    const { closed, bans, rows, witness } = this.#parts
    const shut = closed()
    if (shut !== undefined) refuse(shut.code, shut.because)
    // One of them may prove a fork.
    if (witness.heads.ripe().length > 0) refuse('BUSY', 'a head waits to be compared')
    const frozen = readSync(frozenByPeople(vault), rows)
    if (frozen.length > 0) refuse('FROZEN', `frozen: ${frozen.join(', ')}`)
    if (bans.isFrozen(vault)) refuse('FROZEN', 'frozen by the operator')
  }

  /** Not before its file says what becomes of it. */
  #keyshareOf(row: VaultRow): HeldKeyshare {
    const held = this.#parts.keyshares.of(row)
    if (held === undefined) {
      return refuse('EPOCH', `no keyshare of ${row.vault} for epoch ${row.epoch}`)
    }
    if (!held.facts.past.isExported) {
      refuse('KEY_DISABLED', `the keyshare of ${row.vault} does not say yet that it was exported`)
    }
    return held
  }

  /** A missing one is made by and by; one that was banned is not, and needs another export. */
  #pairings(exporters: readonly NodeId[]): ReadonlyMap<NodeId, Pairing> {
    const { self, pairings } = this.#parts
    const others = exporters.filter((node) => node !== self.node)
    return new Map(
      others.map((node) => {
        requireNotBanned(this.#parts, node)
        const pairing = pairings.with(node)
        return [node, pairing ?? refuse('BUSY', `no pairing with ${node} yet`)]
      }),
    )
  }

  /** Made over exactly the pairings of now. */
  #isOver({ statement }: MadePart, { pairings }: Due): boolean {
    const said = exportPartKind.shape(JSON.parse(statement.document), 'part')
    return [...pairings].every(([node, { id }]) => said.pairings.get(node) === toHex(id))
  }

  #make(due: Due): MadePart {
    const { line, row, keyshare, pairings } = due
    const { self, ports, incarnation } = this.#parts
    const members = row.participants.filter(({ node }) => line.nodes.includes(node))
    const parties = partiesOf(members)
    const sid = sessionId({
      statement: { purpose: 'export', recipient: line.recipient },
      networkId: networkId(self),
      keyId: toUtf8(row.key),
      epoch: row.epoch,
      keyState: fromHex(row.keyState) ?? new Uint8Array(),
      participants: parties,
      // What each of them said yes to: the change, by its own name.
      acceptances: members.map(({ node }) => sha256(consentMessage(line.change, node))),
    })
    const about = { purpose: 'export', sid }
    using randomness = sessionRandomness(self, incarnation, ports.random, about)
    const me = participantOf(parties, self.x)
    const run = { sid, self: me, participants: parties, curve: self.curve, randomness }
    const places = new Map(members.map(({ node, x }) => [node, parseParty(x)]))
    using part = partOf(run, keyshare, placed(pairings, places))
    return this.#seal(due, part)
  }

  #seal({ line, row, keyshare, pairings }: Due, part: Secret): MadePart {
    const { self, ports } = this.#parts
    const { org, env, node, x } = self
    const { vault, key, epoch, keyState } = row
    const whose = { org, env, node, x, vault, key, epoch, keyState, change: line.change }
    const said: Omit<ExportPart, 'format' | 'sealed'> = {
      ...whose,
      seq: line.seq,
      recipient: line.recipient,
      exporters: line.nodes,
      pairings: new Map([...pairings].map(([peer, { id }]) => [peer, digestOfId(id)])),
      facts: toHex(encodeFacts(keyshare.facts)),
    }
    using dek = new Secret(ports.random(32))
    using ephemeral = new Secret(ports.random(32))
    const thing = partThing(said, toHex(row.publicKey))
    const fresh = { dek: dek.bytes, ephemerals: [ephemeral.bytes] }
    const sealed = sealToRecovery(thing, part.bytes, [line.recipient], fresh)
    const document: JsonObject = {
      ...said,
      format: 'custody-export-part/v1',
      recipient: toHex(line.recipient),
      pairings: Object.fromEntries(said.pairings),
      sealed: plainDigest(sealed),
    }
    return { statement: signBy(exportPartKind, document, self), sealed }
  }
}

function partOf(run: Run, held: HeldKeyshare, pairings: ReadonlyMap<Party, Pairing>): Secret {
  using keyshare = held.open()
  return exportPart(run, { keyshare, pairings })
}

function placed(
  pairings: ReadonlyMap<NodeId, Pairing>,
  places: ReadonlyMap<NodeId, Party>,
): ReadonlyMap<Party, Pairing> {
  return new Map(
    [...pairings].flatMap(([node, pairing]) => {
      const x = places.get(node)
      return x === undefined ? [] : [[x, pairing] as const]
    }),
  )
}

function digestOfId(id: Uint8Array): Digest {
  return parseDigest(toHex(id), 'pairing')
}
