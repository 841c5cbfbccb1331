/** Documents of every kind that have no vector of their own, with honest values in every field. */

import type { JsonObject } from '../../proto/jcs.ts'

const digest = 'ab'.repeat(32)
const owner = { org: 'acme', env: 'dev' }
const head = { origin: 'acme.example/log', size: 41, root: digest }
const acceptor = {
  node: 'node-a',
  incarnation: '01'.repeat(16),
  counter: 3,
  nonce: '02'.repeat(32),
  x25519: '03'.repeat(32),
  deadline: '2026-12-01T00:00:10.000Z',
}

/** By the name of the kind in proto/node-documents.ts. */
export const nodeDocuments = {
  acceptance: {
    format: 'custody-acceptance/v1',
    ...owner,
    ...acceptor,
    ...head,
    intent: digest,
    attempt: 1,
    warrant: digest,
    bytes: digest,
    digest,
    vault: 'hot-eth',
    path: 'm/0/7',
    publicKey: `02${'79'.repeat(32)}`,
    key: 'k-hot-eth',
    epoch: 1,
    keyState: digest,
    participants: ['node-a', 'node-b'],
    pairings: { 'node-b': digest },
    policy: digest,
    trace: digest,
    display: digest,
  },
  keygenAcceptance: {
    format: 'custody-keygen-acceptance/v1',
    ...owner,
    ...acceptor,
    ...head,
    keygen: digest,
    purpose: 'refresh',
    change: digest,
    from: 1,
    keyState: digest,
    epoch: 2,
    facts: '',
  },
  keygen: {
    format: 'custody-keygen/v1',
    ...owner,
    vault: 'hot-eth',
    epoch: 1,
    t: 2,
    participants: [
      { node: 'node-a', x: 1 },
      { node: 'node-b', x: 2 },
      { node: 'node-c', x: 3 },
    ],
    attempt: 1,
  },
  changeRun: {
    format: 'custody-change-run/v1',
    ...owner,
    change: digest,
    order: digest,
    epoch: 2,
    attempt: 1,
  },
  proveRun: {
    format: 'custody-prove-run/v1',
    ...owner,
    change: digest,
    order: digest,
    attempt: 1,
    participants: ['node-a', 'node-b'],
  },
  refusal: {
    format: 'custody-refusal/v1',
    ...owner,
    node: 'node-a',
    intent: digest,
    attempt: 1,
    warrant: digest,
    check: 'N7',
    code: 'VIEW',
    expected: 'one',
    got: 'another',
    size: 41,
    root: digest,
  },
  receipt: {
    format: 'custody-share-receipt/v1',
    ...owner,
    node: 'node-a',
    counter: 2,
    previous: digest,
    sid: digest,
    intent: digest,
    attempt: 1,
    warrant: digest,
    digest,
    size: 41,
    root: digest,
  },
  hello: {
    format: 'custody-pair-hello/v1',
    ...owner,
    node: 'node-a',
    to: 'node-b',
    incarnation: '01'.repeat(16),
    attempt: 1,
    nonce: '02'.repeat(32),
    x25519: '03'.repeat(32),
    holds: '',
    answers: digest,
  },
  floorQuery: {
    format: 'custody-floor-query/v1',
    ...owner,
    node: 'node-a',
    to: 'node-b',
    incarnation: '01'.repeat(16),
    nonce: '02'.repeat(32),
    echo: '',
  },
  floorAnswer: {
    format: 'custody-floor-answer/v1',
    ...owner,
    node: 'node-a',
    to: 'node-b',
    nonce: '02'.repeat(32),
    cosigned: '',
    counter: 0,
    head: 'a note',
    other: [{ document: '{}', signature: '04'.repeat(64) }],
  },
}

const subject = { ...owner, vault: 'hot-eth', key: 'k-hot-eth' }

/** Of an import: what a node gives out, and what a dealer makes of it. */

const record = { size: 33, root: digest }
/** As a Station says it, beside those of a hot node. */
export const seated: { readonly [kind: string]: readonly JsonObject[] } = {
  acceptance: [{ ...nodeDocuments.acceptance, record }],
  keygenAcceptance: [{ ...nodeDocuments.keygenAcceptance, record }],
}

export const importDocuments = {
  invitation: {
    format: 'custody-import-invitation/v1',
    ...subject,
    node: 'node-a',
    x: 1,
    to: '09'.repeat(32),
  },
  dealing: {
    format: 'custody-import-dealing/v1',
    ...subject,
    t: 2,
    coefficients: [`02${'79'.repeat(32)}`, `03${'78'.repeat(32)}`],
    chainCode: '04'.repeat(32),
    commitments: digest,
    shares: ['node-a', 'node-b', 'node-c'].map((node, at) => {
      const sealed = { eph: '05'.repeat(32), sealed: '06'.repeat(48) }
      return { node, x: at + 1, invitation: digest, ...sealed }
    }),
  },
  invitations: {
    format: 'custody-import-invitations/v1',
    invitations: [{ credential: 'node-a', document: '{}', signature: '07'.repeat(64) }],
  },
}

const tls = { ca: 'ca.pem', cert: 'cert.pem', key: '/etc/key.pem' }

export const coordinatorConfig = {
  format: 'custody-coordinator/v1',
  ...owner,
  name: 'coordinator-1',
  root: digest,
  origin: 'acme.example/log',
  listen: '127.0.0.1:7000',
  httpListen: '[::1]:7001',
  tls,
  logKey: 'log.key',
  credential: '../credential',
  documents: { root: 'r', policy: 'p', directory: 'd', books: { customer: 'b' } },
  chains: [{ network: 'eip155:31337', rpc: ['http://127.0.0.1:8545'], confirmations: 1 }],
  clients: [{ pin: '01'.repeat(32), role: 'caller', id: 'svc-payouts' }],
  dataDir: 'data',
}

export const signerConfig = {
  format: 'custody-signer/v1',
  ...owner,
  node: 'node-1',
  x: 1,
  root: digest,
  origin: 'acme.example/log',
  coordinators: [{ name: 'coordinator-1', address: 'localhost:7000', pin: '02'.repeat(32) }],
  tls,
  keys: { identity: 'i', witness: 'w', secret: 's' },
  credential: 'credential',
  dataDir: 'data',
  floorDir: 'floor',
  backups: { directory: 'backups', recovery: [{ file: 'r.json', digest: 'cd'.repeat(32) }] },
  adminSocket: 'admin/socket',
  healthListen: '127.0.0.1:7010',
  curve: 'native',
}
