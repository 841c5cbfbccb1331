// Three whole nodes whose key was exported by a line that their fold found lawful, as far as a node
// can tell: the line stands in their log, and the rows that such a line writes in their history.
// The people's side of it is tested where the fold is.

import { readSync } from '../../policy/audit/rows.ts'
import { get, type RowOf, tables } from '../../policy/audit/tables.ts'
import { parseRoot } from '../../policy/documents.ts'
import { openPart, requireWhole } from '../../policy/export-parts.ts'
import type { VaultRow } from '../../policy/view.ts'
import { fromHex, fromUtf8, toHex, x25519PublicKey } from '../../proto/crypto.ts'
import { type ExportPart, partThing } from '../../proto/export-documents.ts'
import { type NodePart, readSigned } from '../../proto/frames.ts'
import { parseNodeId, parseVaultId } from '../../proto/ids.ts'
import { text } from '../../proto/jcs.ts'
import { openWithRecovery } from '../../proto/seal-recovery.ts'
import { Reader } from '../../signer-node/dkls23/bytes.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { openExport } from '../../signer-node/dkls23/exporting.ts'
import { readFacts } from '../../signer-node/dkls23/keyshare-format.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { HistoryRows } from '../../signer-node/history-rows.ts'
import { SigningHouse } from '../signer-node/signing-kit.ts'
import { coordinator, type Name, names } from '../signer-node/three-nodes.ts'
import { seedOf } from '../signer-node/world.ts'
import { root } from './audit-documents.ts'
import { digestNamed } from './audit-log.ts'

type Line = RowOf<typeof tables.exported>
export type Given = NodePart<'exportPart'>

const curve = nativeCurve()
const secret = seedOf('recipient')
export const recipient = x25519PublicKey(secret)
const exporters = ['node-a', 'node-b'] as const

export class ExportingNodes extends SigningHouse {
  #asked = 0

  /** The key in force as a node's own history has it. */
  vaultRow(name: Name = 'node-a'): VaultRow {
    const row = readSync(get(tables.vault, 'hot-eth'), new HistoryRows(this.at(name).store))
    if (row === undefined) throw new Error('no key')
    return row
  }

  /** A line of an export on everybody's log, and what its fold writes; nobody has heard it yet. */
  exported(change: string, patch: Partial<Line> = {}, hearers: readonly Name[] = names): Line {
    const { keyState, epoch } = this.vaultRow()
    const nodes = exporters.map((name) => parseNodeId(name))
    const named = { change: digestNamed(change), keyState, nodes, recipient }
    const vault = parseVaultId('hot-eth')
    const line: Line = { ...named, vault, seq: this.log.head.size, t: this.log.t, ...patch }
    // Void without the order that proves it; what a lawful one would write stands below.
    const confirms = line.nodes.map((node) => ({ node, signature: '00'.repeat(64) }))
    const of = { change: line.change, order: digestNamed('order'), epoch, keyState, vault }
    this.log.force('key.exported', { ...of, confirms, recipient: toHex(line.recipient) })
    for (const name of hearers) this.fold(name, line)
    return line
  }

  fold(name: Name, line: Line): void {
    const row = { ...line, recipient: toHex(line.recipient) }
    this.#write(name, 'exported', row)
    this.standing(name, 'exported', true)
  }

  standing(name: Name, standing: VaultRow['standing'], exported: boolean): void {
    const row = this.vaultRow(name)
    const [publicKey, chainCode] = [toHex(row.publicKey), toHex(row.chainCode)]
    this.#write(name, 'vault', { ...row, publicKey, chainCode, standing, exported })
  }

  #write(name: Name, table: string, row: object): void {
    this.at(name).store.run(
      `insert into history (tbl, key, value) values (?, 'hot-eth', ?)
       on conflict do update set value = excluded.value`,
      table,
      text(JSON.parse(JSON.stringify(row))),
    )
  }

  /** What the node answers: its part, or the code of its refusal. */
  askPart(name: Name, { change }: Pick<Line, 'change'> | { change: string }, anew = false) {
    this.#asked += 1
    const ticket = new Uint8Array(16).fill(this.#asked)
    const requestPart = { ticket, change, anew }
    this.at(name).node.receive(coordinator, { frame: 'requestPart', requestPart })
    this.settle()
    const [part] = this.heard(name, 'exportPart')
    return part ?? this.refusal(name).replace(' session', '')
  }

  part(name: Name, line: Pick<Line, 'change'>, anew = false): Given {
    const given = this.askPart(name, line, anew)
    if (typeof given === 'string') throw new Error(`${name}: ${given}`)
    return given
  }

  /** The public key of what the recipient finds, or the refusal of whoever carries it. */
  opened(line: Line, given: readonly Given[]): string {
    const parts = given.map(({ statement, sealed }) => ({
      statement: readSigned(statement),
      sealed,
    }))
    const said = parts.map((part) => openPart(part, line, parseRoot(text(root))))
    requireWhole(line, said)
    const contents = said.map((one, at) => {
      const content = openWithRecovery(parts[at]!.sealed, thingOf(one), secret)
      return [parseParty(one.x), new Secret(content)] as const
    })
    const keyState = fromHex(line.keyState)!
    using key = openExport(curve, { facts: factsOf(said[0]!), keyState }, new Map(contents))
    return toHex(curve.points.multiplyBase(key.bytes)!)
  }
}

export function factsOf({ facts }: ExportPart) {
  return readFacts(curve, new Reader(fromHex(facts)!))
}

function thingOf(said: ExportPart) {
  return partThing(said, toHex(factsOf(said).publicKey))
}

export function statementOf({ statement }: Given) {
  return JSON.parse(fromUtf8(statement.document)!) as Record<string, string>
}
