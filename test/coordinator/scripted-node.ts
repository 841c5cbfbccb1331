// A scripted node for tests of links and drivers: it keeps a real copy of the log, cosigns real heads
// and answers every frame honestly, but knows the vault's whole key instead of a share, and judges
// nothing. Its parts of a signature sum to a real one. Real nodes are tested in test/house.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import type { Attached } from '../../coordinator/links.ts'
import { addressWord } from '../../policy/address-word.ts'
import { emptyHead, extend, type Head } from '../../policy/audit/chain.ts'
import {
  checkpointBody,
  cosignCheckpoint,
  formatNote,
  parseNote,
  parseVkey,
  signedByLog,
} from '../../policy/audit/checkpoint.ts'
import { type EntryOf, parseEntry } from '../../policy/audit/entry.ts'
import { confirmDocument } from '../../policy/audit/key-confirm.ts'
import { rootOf } from '../../policy/audit/merkle.ts'
import { madeHere } from '../../policy/key-standing.ts'
import { addressKind } from '../../proto/address-documents.ts'
import { digestOf, ed25519Signer, equalBytes, sha256, toHex, toUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorFrame, CoordinatorPart, NodeFrame } from '../../proto/frames.ts'
import { writeSigned } from '../../proto/frames.ts'
import { parseNodeId } from '../../proto/ids.ts'
import { parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { kinds, signBy } from '../../proto/node-documents.ts'
import { sign } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import { spoken } from '../../proto/versions.ts'
import { digestFor, seedOf, witnessKey } from '../policy/dev-fixture.ts'
import { logSigner, nodes, origin, root, type TestClock, vaultRow, vaultSecret } from './world.ts'

const { Fn, BASE } = secp256k1.Point

export interface Script {
  /** Undefined: accept. */
  refuseWith?: string | undefined
  /** Nothing is answered to Prepare. */
  silent?: boolean
  /** Sent instead of a share. */
  /** Vaults of which it signs only over pairings of the session. */
  fresh?: readonly string[]
  stopWith?: { readonly reason: string } | undefined
  /** To a question about addresses; undefined: honest words. */
  certify?: 'silent' | 'refused' | 'bent' | 'fewer' | 'early' | undefined
  /** The share does not fit the others. */
  spoilShare?: boolean
  cosigns: boolean
}

export interface ScriptedNode {
  readonly name: string
  readonly script: Script
  readonly received: CoordinatorFrame[]
  readonly size: number
  /** Dials a coordinator; the answer ends the stream. */
  attach(to: {
    attach(node: string, send: (frame: CoordinatorFrame) => void): Attached
  }): () => void
  send(frame: NodeFrame): void
  say(state: string): void
  /** Cosigns the head that it has, as one does that comes back. */
  cosign(): void
}

interface Judging {
  readonly started: EntryOf<'session.started'>['body']
  readonly ticket: Uint8Array
}

export function scriptedNode(name: string, clock: TestClock): ScriptedNode {
  const script: Script = { cosigns: true }
  const received: CoordinatorFrame[] = []
  const lines: Uint8Array[] = []
  const judging = new Map<string, Judging>()
  const keygens = new Map<string, CoordinatorPart<'prepare'>>()
  let head: Head = emptyHead
  let counter = 0
  let up: Attached | undefined
  const send = (frame: NodeFrame): void => up?.receive(frame)
  const identity = { node: parseNodeId(name), sign: ed25519Signer(seedOf(name)) }

  const state = (word = 'ready') => ({
    state: word,
    origin,
    size: head.size,
    root: rootOf(head.frontier),
    keys: ['hot', 'warm'].map((vault) => ({ vault, key: `k-${vault}`, epoch: 0 })),
    pairings: nodes
      .filter((peer) => peer !== name)
      .map((peer) => ({
        peer,
        pairing: pairingOf(name, peer),
        banned: false,
        fresh: script.fresh ?? [],
      })),
  })

  const take = (page: CoordinatorPart<'lines'>): void => {
    const note = parseNote(page.checkpoint)
    if (!signedByLog(note, logSigner.vkey)) throw new Error('a checkpoint without the log')
    if (page.from > head.size) {
      send({ frame: 'behind', behind: { origin, size: head.size } })
      return
    }
    const fresh = page.lines.slice(head.size - page.from)
    head = extend(head, fresh).head
    lines.push(...fresh)
    if (
      note.checkpoint.size === head.size &&
      !equalBytes(note.checkpoint.root, rootOf(head.frontier))
    ) {
      throw new Error('a checkpoint over other lines')
    }
    if (script.cosigns) send(cosigned())
  }

  const cosigned = (): NodeFrame => {
    const root = rootOf(head.frontier)
    const body = checkpointBody({ origin, size: head.size, root })
    const key = ed25519Signer(seedOf(`${name}-witness`))
    const line = cosignCheckpoint(body, parseVkey(witnessKey(name)), clock.now(), key)
    const note = toUtf8(formatNote(body, [line]))
    return { frame: 'cosigned', cosigned: { origin, size: head.size, root, note } }
  }

  const prepare = (part: CoordinatorPart<'prepare'>): void => {
    take(part.lines)
    if (script.silent === true) return
    if (script.refuseWith !== undefined) {
      send(refused(part, script.refuseWith))
      return
    }
    // Of a change it knows nothing: the nodes of `test/house/` do.
    if (part.order.length > 0) {
      send(refused(part, 'NOT_SUPPORTED'))
      return
    }
    const ticket = toHex(part.ticket)
    if (part.keygen.length > 0) keygens.set(ticket, part)
    else judging.set(ticket, { started: attemptAt(part.attemptSeq), ticket: part.ticket })
    // What an acceptance says is the nodes' own business.
    const acceptance = writeSigned(
      sign(tags.acceptance, toUtf8('{}'), identity.node, identity.sign),
    )
    send({ frame: 'accepted', accepted: { ticket: part.ticket, acceptance } })
  }

  const certify = ({ ticket, vault, paths }: CoordinatorPart<'certify'>): void => {
    if (script.certify === 'silent') return
    if (script.certify === 'refused') {
      const document = { ...refusal('BACKUP'), intent: '', attempt: 0, warrant: '' }
      const signed = writeSigned(signBy(kinds.refusal, document, identity))
      send({ frame: 'refused', refused: { ticket, refusal: signed } })
      return
    }
    const row = { ...vaultRow(vault), ...madeHere }
    const network = 'eip155:31337'
    const early = script.certify === 'early' ? 2 * limits.clockSkewMs : 0
    const own = { node: name, issuedMs: clock.now() + early, size: head.size }
    const bent = script.certify === 'bent' ? { address: `0x${'ee'.repeat(20)}` } : {}
    const said = script.certify === 'fewer' ? paths.slice(1) : paths
    const certificates = said.map((path) => {
      const document = { ...addressWord({ root, row, network, path }, own), ...bent }
      return writeSigned(signBy(addressKind, document, identity))
    })
    send({ frame: 'certified', certified: { ticket, certificates } })
  }

  const attemptAt = (seq: number) => {
    const entry = parseEntry(lines[seq] ?? new Uint8Array(0))
    if (entry.type !== 'session.started') throw new Error('not the line of an attempt')
    return entry.body
  }

  const refusal = (code: string) => ({
    format: 'custody-refusal/v1',
    org: 'acme-dev',
    env: 'dev',
    node: name,
    check: 'session',
    code,
    expected: 'expected an epoch above 0',
    got: '',
    size: head.size,
    root: toHex(rootOf(head.frontier)),
  })

  const refused = (part: CoordinatorPart<'prepare'>, code: string): NodeFrame => {
    const warrant = digestOf(tags.warrant, part.warrant)
    const about = part.keygen.length > 0 ? undefined : attemptAt(part.attemptSeq)
    const document = {
      ...refusal(code),
      intent: about?.intent ?? '',
      attempt: about?.attempt ?? 0,
      warrant,
    }
    const signed = writeSigned(signBy(kinds.refusal, document, identity))
    return { frame: 'refused', refused: { ticket: part.ticket, refusal: signed } }
  }

  const start = ({ ticket, acceptances }: CoordinatorPart<'start'>): void => {
    const found = judging.get(toHex(ticket))
    const keygen = keygens.get(toHex(ticket))
    if (script.stopWith !== undefined) {
      send({ frame: 'stopped', stopped: { sid: new Uint8Array(0), ticket, ...script.stopWith } })
    } else if (found !== undefined) {
      send(share(found.started, acceptances.length))
    } else if (keygen !== undefined) {
      send(confirm(keygen))
    }
  }

  const share = (started: Judging['started'], count: number): NodeFrame => {
    const sid = sha256(toUtf8(`${started.warrant} ${started.attempt}`))
    counter += 1
    const document = {
      format: 'custody-share-receipt/v1',
      org: 'acme-dev',
      env: 'dev',
      node: name,
      counter,
      previous: '',
      sid: toHex(sid),
      intent: started.intent,
      attempt: started.attempt,
      warrant: started.warrant,
      digest: toHex(started.digest),
      size: head.size,
      root: toHex(rootOf(head.frontier)),
    }
    const receipt = writeSigned(signBy(kinds.receipt, document, identity))
    const part = partOf(sid, started.digest, {
      at: started.participants.indexOf(identity.node),
      count,
    })
    const w = script.spoilShare === true ? Fn.toBytes(1n) : part.w
    return { frame: 'share', share: { sid, ...part, w, receipt } }
  }

  const confirm = ({ keygen }: CoordinatorPart<'prepare'>): NodeFrame => {
    const { vault, epoch } = kinds.keygen.shape(parse(keygen), 'keygen')
    const row = { ...vaultRow(vault), epoch }
    const signed = sign(tags.confirm, confirmDocument(row, name), identity.node, identity.sign)
    return {
      frame: 'keyConfirm',
      keyConfirm: { sid: new Uint8Array(32), confirm: writeSigned(signed) },
    }
  }

  const hear = (frame: CoordinatorFrame): void => {
    received.push(frame)
    if (frame.frame === 'heartbeat') send({ frame: 'heartbeat', heartbeat: {} })
    if (frame.frame === 'lines') take(frame.lines)
    if (frame.frame === 'prepare') prepare(frame.prepare)
    if (frame.frame === 'start') start(frame.start)
    if (frame.frame === 'certify') certify(frame.certify)
  }

  return {
    name,
    script,
    received,
    get size() {
      return head.size
    },
    attach: (to) => {
      // As over a wire: nothing is heard within the call that said it.
      const end = to.attach(name, (frame) => void Promise.resolve().then(() => hear(frame)))
      up = end
      const incarnation = digestBytes(`incarnation of ${name}`).slice(0, 16)
      send({
        frame: 'hello',
        hello: { node: name, incarnation, versions: [...spoken], state: state() },
      })
      return () => {
        up = undefined
        end.close()
      }
    },
    send,
    say: (word) => send({ frame: 'state', state: state(word) }),
    cosign: () => send(cosigned()),
  }
}

function digestBytes(name: string): Uint8Array {
  return Buffer.from(digestFor(name), 'hex')
}

function pairingOf(a: string, b: string): Uint8Array {
  return digestBytes(`pairing of ${[a, b].sort().join(' and ')}`)
}

/** u and w of which all participants' sums are r·phi and phi·(m + r_x·key). */
function partOf(sid: Uint8Array, digest: Uint8Array, my: { at: number; count: number }) {
  const scalar = (name: string) => Fn.create(BigInt(`0x${toHex(sha256(sid, toUtf8(name)))}`))
  const [k, phi] = [scalar('k'), scalar('phi')]
  const key = BigInt(`0x${toHex(vaultSecret('hot'))}`)
  const point = BASE.multiply(k)
  const m = Fn.create(BigInt(`0x${toHex(digest)}`))
  const u = Fn.mul(k, phi)
  const w = Fn.mul(phi, Fn.add(m, Fn.mul(Fn.create(point.toAffine().x), key)))
  const others = Array.from({ length: my.count - 1 }, (_, at) => [
    scalar(`u${at}`),
    scalar(`w${at}`),
  ])
  const last = my.at === my.count - 1
  const mine = (whole: bigint, which: 0 | 1): bigint =>
    last
      ? others.reduce((rest, part) => Fn.sub(rest, part[which] ?? 0n), whole)
      : (others[my.at]?.[which] ?? 0n)
  return { rPoint: point.toBytes(true), u: Fn.toBytes(mine(u, 0)), w: Fn.toBytes(mine(w, 1)) }
}
