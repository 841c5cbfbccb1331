import { describe, expect, it } from 'vitest'
import { ascii } from '../../signer-node/dkls23/bytes.ts'
import {
  pairSessionId,
  participantParts,
  pathBytes,
  type SessionFacts,
  type Statement,
  sessionId,
} from '../../signer-node/dkls23/session-id.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { nodes, vectorAcceptance } from '../kit/protocol.ts'
import { hex, unhex, vector } from '../kit/vectors.ts'

const [one, two, three] = nodes(1, 2, 3)

const SIGN: Statement = {
  purpose: 'sign',
  requestId: ascii('request sign'),
  path: [],
  publicKey: unhex(vector('pk')),
  digest: unhex(vector('m')),
}

const FACTS: SessionFacts = {
  statement: SIGN,
  networkId: ascii('vectors'),
  keyId: ascii('key-1'),
  epoch: 1,
  keyState: unhex(vector('key-state')),
  participants: nodes(1, 2),
  acceptances: [1, 2].map((x) => vectorAcceptance('sign', x)),
}

const incarnation = (x: number) => sha256(ascii(`mpc1 vector incarnation ${x}`)).slice(0, 16)
const PAIR: Statement = {
  purpose: 'pair',
  incarnationLow: incarnation(1),
  incarnationHigh: incarnation(2),
  attempt: 1,
}

describe('the session id of the vectors', () => {
  it('is reproduced for a key making', () => {
    const sid = sessionId({
      ...FACTS,
      statement: { purpose: 'dkg', threshold: 2, nodes: 3 },
      keyState: new Uint8Array(),
      participants: nodes(1, 2, 3),
      acceptances: [1, 2, 3].map((x) => vectorAcceptance('dkg', x)),
    })
    expect(hex(sid)).toBe(vector('dkg sid'))
  })

  it('is reproduced for a signature', () => {
    expect(hex(sessionId(FACTS))).toBe(vector('sign sid'))
  })

  it('is reproduced for presignatures', () => {
    const sid = sessionId({
      ...FACTS,
      statement: { purpose: 'presign', presignatureId: ascii('presignature presign') },
      acceptances: [1, 2].map((x) => vectorAcceptance('presign', x)),
    })
    expect(hex(sid)).toBe(vector('presign sid'))
  })

  it('is the pairing id for a pair', () => {
    const sid = sessionId({
      ...FACTS,
      statement: PAIR,
      keyId: new Uint8Array(),
      epoch: 0,
      keyState: new Uint8Array(),
      acceptances: [1, 2].map((x) => vectorAcceptance('pair-1-2', x)),
    })
    expect(hex(sid)).toBe(vector('pairing id'))
  })
})

const IMPORT = {
  purpose: 'import',
  threshold: 2,
  nodes: 3,
  commitments: new Uint8Array(32).fill(1),
} as const

describe('a session id', () => {
  it('is another for two imports of one dealing, because nobody accepts twice alike (A45)', () => {
    const ids = ['first', 'second'].map((name) => {
      const acceptances = [1, 2].map((x) => vectorAcceptance(name, x))
      return hex(sessionId({ ...FACTS, statement: IMPORT, acceptances }))
    })
    expect(new Set(ids).size).toBe(2)
  })

  const reshare: Statement = {
    purpose: 'reshare',
    newEpoch: 3,
    newThreshold: 3,
    dealers: [one!.x, three!.x],
    receivers: [one!.x, two!.x],
  }
  const changes: readonly (readonly [string, Partial<SessionFacts>])[] = [
    ['the network', { networkId: ascii('other') }],
    ['the key', { keyId: ascii('key-2') }],
    ['the epoch', { epoch: 2 }],
    ['the key state', { keyState: new Uint8Array(32) }],
    ['the participants', { participants: nodes(1, 3) }],
    ['an acceptance', { acceptances: [vectorAcceptance('sign', 2), vectorAcceptance('x', 2)] }],
    ['the order of acceptances', { acceptances: [...FACTS.acceptances].reverse() }],
    ['the request', { statement: { ...SIGN, requestId: ascii('another') } }],
    ['the path', { statement: { ...SIGN, path: [0] } }],
    ['the public key', { statement: { ...SIGN, publicKey: unhex(vector('R')) } }],
    ['the digest', { statement: { ...SIGN, digest: new Uint8Array(32) } }],
    ['a refresh', { statement: { purpose: 'refresh', newEpoch: 2 } }],
    ['another refresh', { statement: { purpose: 'refresh', newEpoch: 3 } }],
    ['a reshare', { statement: reshare }],
    ['its dealers', { statement: { ...reshare, dealers: [one!.x] } }],
    ['its receivers', { statement: { ...reshare, receivers: [one!.x] } }],
    ['its threshold', { statement: { ...reshare, newThreshold: 2 } }],
    ['its epoch', { statement: { ...reshare, newEpoch: 4 } }],
    ['an import', { statement: IMPORT }],
    ['its dealing', { statement: { ...IMPORT, commitments: new Uint8Array(32).fill(2) } }],
    ['its threshold', { statement: { ...IMPORT, threshold: 3 } }],
    ['its nodes', { statement: { ...IMPORT, nodes: 5 } }],
    ['an export', { statement: { purpose: 'export', recipient: new Uint8Array(32) } }],
    ['its recipient', { statement: { purpose: 'export', recipient: new Uint8Array(32).fill(2) } }],
    ['a pair', { statement: PAIR }],
    ['another attempt', { statement: { ...PAIR, attempt: 2 } }],
    ['the sides of a pair', { statement: { ...PAIR, incarnationLow: incarnation(2) } }],
  ]

  it('changes with every fact it names', () => {
    const all = [{}, ...changes.map(([, change]) => change)]
    const ids = all.map((change) => hex(sessionId({ ...FACTS, ...change })))
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('needs one acceptance of every participant', () => {
    const acceptances = FACTS.acceptances.slice(1)
    expect(() => sessionId({ ...FACTS, acceptances })).toThrow(RangeError)
  })
})

describe('a pair session id', () => {
  const direction = {
    pairingId: unhex(vector('pairing id')),
    nodeIdA: ascii('node-1'),
    nodeIdB: ascii('node-2'),
  }
  const back = { ...direction, nodeIdA: direction.nodeIdB, nodeIdB: direction.nodeIdA }
  const sid = unhex(vector('sign sid'))

  it('is that of the vectors', () => {
    expect(hex(pairSessionId(sid, direction, 'ote'))).toBe(vector('psid ote A=1 B=2'))
  })

  it('differs by direction and by layer (A11)', () => {
    const layers = ['base-ot', 'pprf', 'ote', 'rvole'] as const
    const ids = [direction, back].flatMap((way) =>
      layers.map((layer) => hex(pairSessionId(sid, way, layer))),
    )
    expect(new Set(ids).size).toBe(8)
  })
})

describe('the parts of a session id', () => {
  it('write a participant as its index and its node id', () => {
    expect(participantParts(nodes(258)).map((part) => hex(part as Uint8Array))).toEqual([
      '01026e6f64652d323538',
    ])
  })

  it('write a path as one u32 per index', () => {
    expect(hex(pathBytes([0, 7]))).toBe('0000000000000007')
    expect(hex(pathBytes([]))).toBe('')
  })
})
