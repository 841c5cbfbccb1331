// Confirmations of new keys: each node signs the key it has sealed, in exactly the words of the log
// line. n confirmations of one and the same key are the line. They may come late, again, and from
// different attempts; whoever confirmed never takes it back, so they are only gathered.
import type { Root } from '../policy/documents.ts'
import { fromUtf8, toHex } from '../proto/crypto.ts'
import { type Digest, type NodeId, parseNodeId } from '../proto/ids.ts'
import { encode, type JsonObject, parseText } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import {
  digest,
  handle,
  hex,
  integer,
  list,
  literal,
  object,
  objectWith,
  type Reader,
  type Shaped,
} from '../proto/shape.ts'
import { open, type Signed } from '../proto/signed.ts'
import { tags } from '../proto/tags.ts'
import { identityOf } from './signing.ts'

const count = integer(0, Number.MAX_SAFE_INTEGER)
const node: Reader<NodeId> = (value, path) => parseNodeId(handle(value, path))

const fields = {
  chainCode: hex(32),
  epoch: count,
  key: handle,
  keyState: digest,
  node,
  participants: list(object({ node, x: count }), 1, limits.nodesMax),
  publicKey: hex(33),
  t: count,
  vault: handle,
}

/** `change`: of a key that an approved change asked for. */
const shape = objectWith(fields, { change: digest })

export type Confirm = Shaped<typeof shape>

/** Keys that nodes confirm at one time; older ones are dropped, nodes send theirs again. */
const keysMax = 64

interface Complete {
  readonly epoch: number
  readonly body: JsonObject
}

const consentShape = object({ change: digest, format: literal('custody-consent/v1'), node })

/** Of a node that judged a change itself; nothing is said yet about who signed it. */
export function claimsConsent({ document }: Signed): boolean {
  return !isRefusal(attempt(() => consentShape(parseText(document), 'consent')))
}

export function openConsent(root: Root, from: string, signed: Signed): { readonly change: Digest } {
  const read = { shape: consentShape, refuseWith: 'VIEW' } as const
  const { value } = open(tags.confirm, signed, identityOf(root, from), read)
  if (value.node !== from) refuse('VIEW', `${from} consents in the name of ${value.node}`)
  return value
}

export class Confirms {
  readonly #ports: { readonly root: Root }
  readonly #byKey = new Map<string, Map<string, Uint8Array>>()
  /** Of the highest epoch that all have confirmed, by change. */
  readonly #complete = new Map<Digest, Complete>()

  /** `root` is read at each confirmation: the one in force then. */
  constructor(ports: { readonly root: Root }) {
    this.#ports = ports
  }

  /** The body of the line when this confirmation was the last one missing. */
  add(from: string, signed: Signed): { readonly confirm: Confirm; readonly body?: JsonObject } {
    const read = { shape, refuseWith: 'VIEW' } as const
    const { value: confirm } = open(tags.confirm, signed, identityOf(this.#ports.root, from), read)
    if (confirm.node !== from) refuse('VIEW', `${from} confirms in the name of ${confirm.node}`)
    const terms = termsOf(confirm)
    const name = fromUtf8(encode(terms)) ?? ''
    const given = this.#byKey.get(name) ?? new Map<string, Uint8Array>()
    this.#byKey.set(name, given.set(from, signed.signature))
    const [oldest] = this.#byKey.keys()
    if (this.#byKey.size > keysMax && oldest !== undefined) this.#byKey.delete(oldest)
    if (given.size < confirm.participants.length) return { confirm }
    const confirms = confirm.participants.map((member) => ({
      node: member.node,
      signature: toHex(given.get(member.node) ?? new Uint8Array(0)),
    }))
    const body = { ...terms, confirms }
    this.#keep(confirm, body)
    return { confirm, body }
  }

  complete(change: Digest): JsonObject | undefined {
    return this.#complete.get(change)?.body
  }

  #keep({ change, epoch }: Confirm, body: JsonObject): void {
    if (change === undefined || (this.#complete.get(change)?.epoch ?? -1) > epoch) return
    this.#complete.set(change, { epoch, body })
    const [oldest] = this.#complete.keys()
    if (this.#complete.size > keysMax && oldest !== undefined) this.#complete.delete(oldest)
  }
}

/** What all of them confirm: the document without the name of the node. */
function termsOf({ node: _, ...confirm }: Confirm): JsonObject {
  return {
    ...confirm,
    chainCode: toHex(confirm.chainCode),
    publicKey: toHex(confirm.publicKey),
    participants: confirm.participants.map((member) => ({ node: member.node, x: member.x })),
  }
}
