// N1 to N26 at a whole node, one case each: what fails the check is refused by its name, in the
// node's own signed words and in its log; nothing is accepted and no share leaves. A check without a
// case here fails the file. Every lie is in a log that the log's own key has signed.
import { globSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatNote, signCheckpoint } from '../../policy/audit/checkpoint.ts'
import { encodeUnsigned, transferCall } from '../../policy/chain/evm.ts'
import { issue, parseWarrant, type Warrant } from '../../policy/warrant.ts'
import { ed25519Verify, fromUtf8, plainDigest, tagged, toUtf8 } from '../../proto/crypto.ts'
import type { WireSigned } from '../../proto/frames.ts'
import { parseHandle } from '../../proto/ids.ts'
import { encode } from '../../proto/jcs.ts'
import { type Signed, signedJson } from '../../proto/signed.ts'
import { tags } from '../../proto/tags.ts'
import * as house from '../kit/audit-documents.ts'
import { digestNamed } from '../kit/audit-log.ts'
import type { Payout } from '../kit/audit-story.ts'
import { rulebook } from '../kit/story.ts'
import { SigningHouse } from './signing-kit.ts'
import { names } from './three-nodes.ts'

let three: SigningHouse
beforeAll(() => {
  three = new SigningHouse()
})
afterAll(() => three.close())

const token = rulebook.assets.get(parseHandle('usdt-eth'))!.contract
const stranger = `0x${'77'.repeat(20)}`

/** The warrant and the attempt line that names it, both with this change. */
function bentWarrant(payout: Payout, change: (honest: Warrant) => Partial<Warrant>): void {
  const honest = payout.warrant.bind(payout)
  payout.warrant = () => {
    const { warrant } = parseWarrant(honest())
    return issue({ ...warrant, ...change(warrant) })
  }
}

/** Other bytes in the warrant and the line, with the digest of the honest ones. */
function bentBytes(payout: Payout, change: (honest: Uint8Array) => Uint8Array): void {
  const bytes = change(payout.bytes())
  const attempt = payout.attempt.bind(payout)
  bentWarrant(payout, () => ({ bytes }))
  payout.attempt = (number = 1) => ({ ...attempt(number), bytes: plainDigest(bytes) })
}

/** A transfer to somebody else, or over another nonce, decoded and named as it is. */
function otherBytes(payout: Payout, change: { readonly to?: string; readonly nonce?: bigint }) {
  const { to = payout.intent.to, nonce = payout.nonce } = change
  payout.bytes = () =>
    encodeUnsigned({
      ...{ chainId: 31337n, nonce, tip: 1_000_000_000n, price: 20_000_000_000n },
      ...{
        gasLimit: 90_000n,
        to: token,
        value: 0n,
        calldata: transferCall(to, payout.intent.amount),
      },
    })
  const attempt = payout.attempt.bind(payout)
  payout.attempt = (number = 1) => ({ ...attempt(number), slot: `${payout.nonce}` })
}

/** With fields of the reservation changed. */
function bentReservation(payout: Payout, change: object): void {
  const { log } = payout.story
  const reserved = payout.reserved.bind(payout)
  payout.reserved = () => {
    const add = log.add.bind(log)
    log.add = (type, body, more) => add(type, { ...body, ...change }, more)
    try {
      return reserved()
    } finally {
      log.add = add
    }
  }
}

const cut = (signed: Signed): Signed => ({ ...signed, signature: new Uint8Array(64) })

interface Case {
  readonly says: string
  /** Makes the payout that is refused, or bends it on its way. */
  readonly bend?: (payout: Payout) => void
  /** Asks, where it is not asked as usual. */
  readonly ask?: (payout: Payout) => void
  readonly after?: () => void
  /** When all was looked at. */
  readonly mend?: () => void
}

/** The attempt line's own page, with this change of it. */
function askOver(payout: Payout, change: object): void {
  const lines = { ...three.page('node-a'), ...change }
  const attemptSeq = three.log.head.size - 1
  three.prepare('node-a', { warrant: payout.warrant(), attemptSeq, lines })
}

function noteOver(root: Uint8Array): Uint8Array {
  const body = `${house.origin}\n${three.log.head.size}\n${Buffer.from(root).toString('base64')}\n`
  return toUtf8(formatNote(body, [signCheckpoint(body, house.log, house.keyOf('log').sign)]))
}

const cases: Readonly<Record<string, Case>> = {
  N1: {
    says: 'WARRANT: another warrant than the attempt line names',
    ask: (payout) => {
      bentWarrant(payout, () => ({ ruleset: digestNamed('other') }))
      three.ask('node-a', payout)
    },
  },
  N2: {
    says: 'PARTICIPANTS: fewer nodes than the key needs',
    bend: (payout) => {
      const attempt = payout.attempt.bind(payout)
      payout.attempt = () => ({ ...attempt(), participants: ['node-b', 'node-c'] })
    },
  },
  N3: {
    says: 'CLOCK: a line of two minutes ago',
    ask: (payout) => {
      three.tick(121_000)
      three.ask('node-a', payout)
    },
  },
  N4: {
    says: 'FROZEN: by the operator of this node',
    ask: (payout) => {
      three.at('node-a').node.freeze('hot-eth')
      three.ask('node-a', payout)
    },
    after: () => three.at('node-a').node.unfreeze('hot-eth'),
  },
  N5: {
    says: 'LOG_MALFORMED: a checkpoint that the log did not sign',
    ask: (payout) => {
      const written = fromUtf8(three.page('node-a').checkpoint)!
      askOver(payout, { checkpoint: toUtf8(written.replace(/^(.*\n.*\n)./, '$1A')) })
    },
  },
  N6: {
    says: 'LOG_MALFORMED: a checkpoint that the log signed over another tree',
    ask: (payout) => askOver(payout, { checkpoint: noteOver(new Uint8Array(32).fill(7)) }),
    mend: () => {
      // Two trees of one size under one key: with the lines of either that is a fork.
      three.lines('node-a')
      expect(three.state('node-a')).toBe('forked')
      three.at('node-a').store.run('delete from fork')
      three.restart('node-a')
      three.tick(30_000)
      three.welcome()
    },
  },
  N7: {
    says: 'LOG_BEHIND: lines that do not begin where the copy ends',
    ask: (payout) => {
      const { from, lines } = three.page('node-a')
      askOver(payout, { from: from + 1, lines: lines.slice(1) })
    },
  },
  N8: {
    says: 'LINE_MISSING: no attempt line where it is said to be',
    ask: (payout) => three.prepare('node-a', { warrant: payout.warrant(), attemptSeq: 0 }),
  },
  N9: {
    says: 'RULESET_VERSION: a ruleset that is not in force',
    bend: (payout) => bentWarrant(payout, () => ({ ruleset: digestNamed('other rules') })),
  },
  N10: {
    says: 'DEST_UNKNOWN: no record of who is paid',
    bend: (payout) => bentWarrant(payout, () => ({ dest: { kind: 'vault' } })),
  },
  N12: {
    says: 'BYTES_SHAPE: bytes behind the transaction',
    bend: (payout) => bentBytes(payout, (honest) => Uint8Array.from([...honest, 0])),
  },
  N13: {
    says: 'BYTES_DIGEST: the line names another digest',
    bend: (payout) => {
      const attempt = payout.attempt.bind(payout)
      payout.attempt = () => ({ ...attempt(), digest: digestNamed(`other ${payout.digest}`) })
    },
  },
  N14: {
    says: 'BYTES_FROM: reserved under another path',
    bend: (payout) => {
      payout.nonce = 0n
      bentReservation(payout, { path: 'm/7' })
    },
  },
  N15: {
    says: 'BYTES_TO: somebody else is paid',
    bend: (payout) => otherBytes(payout, { to: stranger }),
  },
  N16: {
    says: 'NONCE: another nonce than was reserved',
    bend: (payout) => otherBytes(payout, { nonce: payout.nonce + 1n }),
  },
  N17: {
    says: 'INTENT_SIG: the caller did not sign it',
    bend: (payout) => bentWarrant(payout, ({ intent }) => ({ intent: cut(intent) })),
  },
  N18: {
    says: 'APPROVAL_SIG: nobody signed the approval',
    bend: (payout) => approvedBy(payout, (approvals) => approvals.map(cut)),
  },
  N19: {
    says: 'REJECTED: somebody said no',
    ask: (payout) => {
      const about = { approval: digestNamed('no'), intent: payout.digest, person: 'bo' }
      three.log.add('approval.rejected', { ...about, rule: 'payout-auto' })
      const attemptSeq = three.log.head.size - 2
      three.prepare('node-a', { warrant: payout.warrant(), attemptSeq })
    },
  },
  N20: {
    says: 'DISPLAY: people saw something else',
    bend: (payout) => approvedBy(payout, ([first]) => [seeing(first!, digestNamed('a kitten'))]),
  },
  N21: {
    says: 'QUORUM: nobody approved it',
    bend: (payout) => large(payout),
  },
  N22: {
    says: 'RULE: reserved under a rule that the policy does not have',
    bend: (payout) => bentReservation(payout, { rule: 'payout-ghost' }),
  },
  N23: {
    says: 'LIMIT: less was reserved than is paid',
    bend: (payout) => bentReservation(payout, { amount: '1' }),
  },
}

let larges = 0
/** Too much to go without people; no two are the same. */
function large(payout: Payout): void {
  larges += 1
  const { story, intent, nonce } = payout
  const Kind = payout.constructor as typeof Payout
  Object.assign(payout, new Kind(story, intent.id, 100 + larges), { nonce })
}

/** Approved and recorded honestly; what is shown to the node is bent. */
function approvedBy(payout: Payout, bend: (given: readonly Signed[]) => readonly Signed[]): void {
  large(payout)
  const evaluated = payout.evaluated.bind(payout)
  payout.evaluated = () => {
    evaluated()
    return payout.approved('bo')
  }
  bentWarrant(payout, ({ approvals }) => ({ approvals: [...bend(approvals)] }))
}

/** The same approval over another rendering, signed by the same person. */
function seeing(signed: Signed, display: string): Signed {
  const document = signed.document.replace(/"display":"[0-9a-f]{64}"/, `"display":"${display}"`)
  const key = house.keyOf('bo')
  return { ...signed, document, signature: key.sign(tagged(tags.approval, toUtf8(document))) }
}

/** Checks that are not refusals of a Prepare, or take long: the tests that hold them. */
const elsewhere: Readonly<Record<string, readonly [string, string]>> = {
  N11: ['policy/rulebook', 'is refused at load, with every field that is not supported yet'],
  N24: ['signer-node/cheating', 'refuses a vault whose sessions ended by fault again and again'],
  N25: ['signer-node/checks', 'leaves nothing when the journal cannot be written'],
  N26: ['signer-node/checks', 'sends its receipt with the share, and again until the log shows it'],
}

describe('a check at a whole node', () => {
  it('has a case here, each of them, or a test elsewhere that exists', () => {
    const all = Array.from({ length: 26 }, (_, at) => `N${at + 1}`)
    expect([...Object.keys(cases), ...Object.keys(elsewhere)].sort()).toEqual([...all].sort())
    const files = ['policy/admit.ts', ...globSync('signer-node/*.ts')]
    const named = files.flatMap((file) => {
      return [...readFileSync(file, 'utf8').matchAll(/'(N[0-9]+)'/g)].map(([, name = '']) => name)
    })
    expect(named.length).toBeGreaterThan(30)
    // N25 and N26 are acts; N11 waits for lists.
    const acts = ['N11', 'N25', 'N26']
    expect([...new Set(named)].sort()).toEqual(all.filter((name) => !acts.includes(name)).sort())
    for (const [file, name] of Object.values(elsewhere)) {
      expect(readFileSync(`test/${file}.test.ts`, 'utf8')).toContain(name)
    }
  })

  it.each(Object.entries(cases))('%s refuses by its name, signed and told', (check, the) => {
    const { ports, said } = three.at('node-a')
    said.length = 0
    ports.events.length = 0
    const payout = three.payout(3_700_000, the.bend)
    if (the.ask === undefined) three.ask('node-a', payout)
    else the.ask(payout)
    the.after?.()
    const refused = three.heard('node-a', 'refused')
    expect(refused).toHaveLength(1)
    const { document, signature } = refused[0]!.refusal
    const [code] = the.says.split(':')
    expect(JSON.parse(fromUtf8(document)!)).toMatchObject({ node: 'node-a', check, code })
    const key = house.keyOf('node-a-identity').publicKey
    expect(ed25519Verify(key, tagged(tags.refusal, document), signature)).toBe(true)
    const told = ports.events.filter(({ name }) => name === 'refused')
    expect(told).toMatchObject([{ level: 'warn' }])
    expect(told[0]!.because).toMatch(new RegExp(`^${check} ${code}: .`))
    expect(three.heard('node-a', 'accepted')).toEqual([])
    the.mend?.()
    three.lines(...names)
    three.tick(30_000)
  })

  it('sticks to nothing: an honest payout after all of them is signed', () => {
    const payout = three.payout()
    const shares = three.sign(payout)
    expect(three.signature(payout, shares)).toMatch(/^[0-9a-f]{130}$/)
  })
})

describe('the release of a node', () => {
  it('sends its receipt with the share, and again until the log shows it', () => {
    const payout = three.payout()
    const [share] = three.sign(payout)
    const { document } = share!.receipt
    const { counter } = JSON.parse(fromUtf8(document)!) as { counter: number }
    const again = () => three.heard('node-a', 'receipts').flatMap(({ receipts }) => receipts)
    three.tick(60_000)
    expect(again().map((one) => fromUtf8(one.document))).toContain(fromUtf8(document))
    const receipt = receiptDigest(share!.receipt)
    three.log.add('share.receipt', { counter, node: 'node-a', receipt })
    three.lines('node-a')
    again()
    three.tick(60_000)
    expect(again().map((one) => fromUtf8(one.document))).not.toContain(fromUtf8(document))
  })

  it('leaves nothing when the journal cannot be written', () => {
    const payout = three.payout()
    const acceptances = three.askSigners(payout)
    const { store } = three.at('node-a')
    store.run(
      `create trigger full before insert on journal begin select raise(abort, 'disk full'); end`,
    )
    // Whoever runs the node stops with it: a failed step is no refusal.
    expect(() => three.begin(payout, acceptances)).toThrow('disk full')
    expect(three.heard('node-a', 'share')).toEqual([])
    store.run('drop trigger full')
  })
})

function receiptDigest({ credential, document, signature }: WireSigned): string {
  const handle = parseHandle(credential)
  return plainDigest(
    encode(signedJson({ credential: handle, document: fromUtf8(document)!, signature })),
  )
}
