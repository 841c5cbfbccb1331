// One example of every frame, with each field set to something that a default is not.
import type { CoordinatorFrame, NodeFrame, NodePart, WireSigned } from '../../proto/frames.ts'

const bytes = (length: number, fill = 7): Uint8Array => new Uint8Array(length).fill(fill)
const signed: WireSigned = { credential: 'node-1', document: bytes(9), signature: bytes(64, 1) }
const origin = 'acme.example/log'
const root = bytes(32, 3)
const sid = bytes(32, 4)
const ticket = bytes(16, 5)
const envelope = { sid, round: 2, from: 'node-1', to: 'node-2', ciphertext: bytes(99) }
const note = { from: 'node-1', to: 'node-2', kind: 'hello', document: signed }
const lines = {
  origin,
  from: 2 ** 40,
  lines: [bytes(3), bytes(0)],
  documents: [{ kind: 'freeze', content: bytes(4) }],
  checkpoint: bytes(5),
  heads: [bytes(6)],
}
const state: NodePart<'state'> = {
  state: 'ready',
  origin,
  size: 41,
  root,
  keys: [{ vault: 'hot-eth', key: 'k1', epoch: 1 }],
  pairings: [{ peer: 'node-2', pairing: bytes(32), banned: true, fresh: ['hot-eth'] }],
}

export const nodeFrames: readonly NodeFrame[] = [
  {
    frame: 'hello',
    hello: { node: 'node-1', incarnation: bytes(16), versions: ['v1'], state },
  },
  { frame: 'cosigned', cosigned: { origin, size: 41, root, note: bytes(80) } },
  { frame: 'behind', behind: { origin, size: 40 } },
  { frame: 'ahead', ahead: { origin, size: 42, root } },
  { frame: 'fork', fork: { origin, held: bytes(1), offered: bytes(2) } },
  { frame: 'accepted', accepted: { ticket, acceptance: signed } },
  { frame: 'refused', refused: { ticket, refusal: signed } },
  { frame: 'envelope', envelope },
  { frame: 'note', note },
  {
    frame: 'share',
    share: { sid, rPoint: bytes(33), u: bytes(32), w: bytes(32, 8), receipt: signed },
  },
  { frame: 'bans', bans: { bans: [signed] } },
  { frame: 'stopped', stopped: { sid, ticket, reason: 'VIEW' } },
  { frame: 'receipts', receipts: { receipts: [signed, signed] } },
  { frame: 'heartbeat', heartbeat: {} },
  { frame: 'keyConfirm', keyConfirm: { sid, confirm: signed } },
  { frame: 'state', state },
  { frame: 'supplyLines', supplyLines: { lines } },
  { frame: 'exportPart', exportPart: { ticket, statement: signed, sealed: bytes(8) } },
  { frame: 'invited', invited: { ticket, invitation: signed } },
  { frame: 'exportPart', exportPart: { ticket, statement: signed, sealed: bytes(12) } },
  { frame: 'paper', paper: { kind: 'failure', content: bytes(11) } },
  { frame: 'certified', certified: { ticket, certificates: [signed, signed] } },
]

export const coordinatorFrames: readonly CoordinatorFrame[] = [
  {
    frame: 'welcome',
    welcome: {
      coordinator: 'coordinator-1',
      origin,
      size: 41,
      peers: [{ node: 'node-2', incarnation: bytes(16) }],
      versions: ['custody/v1'],
    },
  },
  { frame: 'lines', lines },
  { frame: 'heads', heads: { origin, heads: [bytes(6)] } },
  {
    frame: 'prepare',
    prepare: {
      lines,
      warrant: bytes(7),
      attemptSeq: 40,
      keygen: bytes(8),
      ticket,
      fresh: true,
      order: bytes(9),
      dealing: bytes(10),
      participants: ['node-1', 'node-3'],
    },
  },
  { frame: 'start', start: { ticket, acceptances: [signed, signed] } },
  { frame: 'envelope', envelope },
  { frame: 'note', note },
  { frame: 'stop', stop: { sid } },
  { frame: 'heartbeat', heartbeat: {} },
  { frame: 'requestLines', requestLines: { origin, from: 3 } },
  { frame: 'requestPart', requestPart: { ticket, change: 'ab'.repeat(32), anew: true } },
  { frame: 'invite', invite: { ticket, vault: 'hot' } },
  { frame: 'requestPart', requestPart: { ticket, change: 'ab'.repeat(32), anew: true } },
  { frame: 'paper', paper: { kind: 'certificate', content: bytes(11) } },
  { frame: 'certify', certify: { ticket, vault: 'hot', paths: ['m', 'm/1/7'] } },
]
