// One export as its recipient gets it: a key of three nodes, the line in a witnessed log, and the
// parts of two of them, made by hand so that the second can lie in whatever a test says.
import { parseEntry } from '../../policy/audit/entry.ts'
import { consentMessage } from '../../policy/audit/key-confirm.ts'
import { inclusionProof, MemoryTree } from '../../policy/audit/merkle.ts'
import { parseRoot } from '../../policy/documents.ts'
import { fromUtf8, plainDigest, toHex, toUtf8, x25519PublicKey } from '../../proto/crypto.ts'
import {
  type ExportPart,
  type Parcel,
  partThing,
  recipientKeyDocument,
  spoiledDocument,
} from '../../proto/export-documents.ts'
import { parseDigest, parseHandle, parseNodeId } from '../../proto/ids.ts'
import { encode, type JsonObject } from '../../proto/jcs.ts'
import { sealToRecovery, unwrapDek } from '../../proto/seal-recovery.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { concat } from '../../signer-node/dkls23/bytes.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { encodeFacts } from '../../signer-node/dkls23/keyshare-format.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { lagrangeAtZero } from '../../signer-node/dkls23/polynomial.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { openParcel } from '../../signer-node/export-open.ts'
import { partiesOf } from '../../signer-node/self.ts'
import * as house from './audit-documents.ts'
import { bootedLog, digestNamed, type TestLog } from './audit-log.ts'
import { keygen, keygenRuns, keyTerms } from './keys.ts'
import { driveAll } from './protocol.ts'
import { secretOf } from './shares.ts'

/** Fields of the second node's statement. */
export type Lie = Readonly<Record<string, string | number | readonly string[] | JsonObject>>

export interface Odd {
  readonly lie?: Lie
  /** What the second node seals instead of its part. */
  readonly content?: (honest: Uint8Array) => Uint8Array
  /** The second part goes to a key that nobody has. */
  readonly sealedTo?: 'nobody'
  /** The recipient. */
  readonly to?: Uint8Array
}

const curve = nativeCurve()
const { scalars, points } = curve
const exporters = ['node-a', 'node-b'] as const
const change = digestNamed('the change')
const fragment = scalars.fromNumber(123_456_789)
const [one, two] = [parseParty(1), parseParty(2)]

export class ExportCase {
  readonly secret = house.keyOf('rita').publicKey
  readonly root = parseRoot(house.rootText)
  readonly stranger = parseHandle('node-z')
  readonly #key = (() => {
    const members = partiesOf(house.nodeNames.map((node, at) => ({ node, x: at + 1 })))
    const runs = [...keygenRuns(curve, 2, members)]
    return driveAll(new Map(runs.map(([x, run]) => [x, keygen(run, keyTerms(2))] as const)))
  })()

  get publicKey(): Uint8Array {
    return this.#facts.publicKey
  }

  /** Hex: a test looks for it where it must not be. */
  get privateKey(): string {
    return toHex(secretOf(curve, this.#key.values()))
  }

  get genesis(): string {
    return fromUtf8(this.#log().lines[0]!)!
  }

  /** The same line without the word of its exporters. */
  get unsigned(): string {
    const bare = exporters.map((node) => ({ node, signature: '00'.repeat(64) }))
    return fromUtf8(this.#log(undefined, bare).lines.at(-1)!)!
  }

  get unsignedCheckpoint(): string {
    const [body, , ...witnesses] = this.checkpoint().split(/(?<=\n)(?=\u2014 )/)
    return [body, ...witnesses].join('')
  }

  checkpoint(cosigners = 3): string {
    return this.#log().note([0, 1, 2].slice(0, cosigners))
  }

  parcel({ to = x25519PublicKey(this.secret), ...odd }: Odd = {}): Parcel {
    const log = this.#log(to)
    const entries = log.lines.map(parseEntry)
    const tree = new MemoryTree()
    for (const { leaf } of entries) tree.append(leaf)
    const { seq, bytes } = entries.at(-1)!
    const parts = exporters.map((node, at) => this.#part(node, { seq, to }, at === 1 ? odd : {}))
    const proof = inclusionProof(tree, seq, entries.length)
    const proved = { root: house.rootText, line: fromUtf8(bytes)!, checkpoint: log.note(), proof }
    return { format: 'custody-export-parcel/v1', ...proved, parts }
  }

  /** Bytes at these places changed to lawful other ones. */
  bent(...places: readonly number[]): (honest: Uint8Array) => Uint8Array {
    return (honest) => {
      const other = concat(scalars.fromNumber(9), points.generator)
      return places.includes(33) ? other : concat(other.subarray(0, 32), honest.subarray(32))
    }
  }

  /** Part and fragment agree with each other, and with nobody else. */
  readonly otherFragment = (honest: Uint8Array): Uint8Array => {
    const part = scalars.add(scalars.decodeScalar(honest.slice(0, 32)), scalars.one)
    return concat(part, points.add(points.decodePoint(honest.slice(32)), points.generator)!)
  }

  /** Against an honest node, by a recipient who would blame it. */
  falseEvidence(): Uint8Array {
    const { parts, format: _, ...proved } = this.parcel()
    const part = parts[1]!
    const said = JSON.parse(part.statement.document) as ExportPart
    const thing = partThing(said, toHex(this.publicKey))
    const dek = unwrapDek(toUtf8(part.sealed), thing, this.secret)
    return spoiledDocument({ ...proved, part, dek })
  }

  /** Of a recipient against a node that spoiled its part. */
  evidence(): Uint8Array {
    using secret = new Secret(this.secret.slice())
    const own = { curve, secret, root: this.root.digest }
    const opened = openParcel(this.parcel({ content: this.bent(0) }), own)
    if (opened.kind === 'opened' || opened.evidence === undefined) throw new Error('not spoiled')
    return opened.evidence
  }

  recipientDocument(): Uint8Array {
    const seal = toHex(x25519PublicKey(this.secret))
    return recipientKeyDocument({ org: house.org, env: house.env, id: 'rita', seal })
  }

  get #facts() {
    return this.#key.get(one)!.facts
  }

  get #keyState() {
    return parseDigest(toHex(this.#key.get(one)!.keyState))
  }

  #log(to = x25519PublicKey(this.secret), confirms = consents()): TestLog {
    const key = { epoch: 1, keyState: this.#keyState, vault: 'hot-eth' }
    const named = { change, order: digestNamed('order'), recipient: toHex(to) }
    return bootedLog().force('key.exported', { ...named, ...key, confirms })
  }

  #part(
    name: string,
    { seq, to }: { readonly seq: number; readonly to: Uint8Array },
    { lie = {}, content = (honest) => honest, sealedTo }: Odd,
  ): Parcel['parts'][number] {
    const node = parseNodeId(name)
    const x = name === 'node-a' ? one : two
    const said = {
      ...{ format: 'custody-export-part/v1', org: house.org, env: house.env, node, x },
      ...{ vault: 'hot-eth', key: 'k-hot-eth', epoch: 1, keyState: this.#keyState, change, seq },
      ...{ recipient: toHex(to), exporters: [...exporters] },
      pairings: { [name === 'node-a' ? 'node-b' : 'node-a']: digestNamed('pairing') },
      facts: toHex(encodeFacts(this.#facts)),
    }
    const thing = partThing(said as never, toHex(this.publicKey))
    const receiver = sealedTo === 'nobody' ? x25519PublicKey(house.keyOf('x').publicKey) : to
    const fresh = { dek: house.keyOf('dek').publicKey, ephemerals: [house.keyOf(name).publicKey] }
    const sealed = sealToRecovery(thing, content(this.#content(x)), [receiver], fresh)
    const document = encode({ ...said, sealed: plainDigest(sealed), ...lie } as JsonObject)
    const statement = sign(tags.exportPart, document, node, house.keyOf(`${name}-identity`).sign)
    return { statement, sealed: fromUtf8(sealed)! }
  }

  /** What an honest node seals: the lower one subtracts the fragment, the higher one adds it. */
  #content(x: typeof one): Uint8Array {
    const weight = lagrangeAtZero(curve, [one, two], x)
    const weighed = scalars.multiply(weight, this.#key.get(x)!.secretShare.bytes)
    const part = x === one ? scalars.subtract(weighed, fragment) : scalars.add(weighed, fragment)
    return concat(part, points.multiplyBase(fragment)!)
  }
}

function consents(): readonly JsonObject[] {
  return exporters.map((node) => {
    const signature = house.keyOf(`${node}-identity`).sign(consentMessage(change, node))
    return { node, signature: toHex(signature) }
  })
}
