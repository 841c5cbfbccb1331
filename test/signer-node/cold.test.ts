import { describe, expect, it } from 'vitest'
import { admit } from '../../policy/admit.ts'
import { parseNote } from '../../policy/audit/checkpoint.ts'
import { requestView } from '../../policy/audit/history.ts'
import { readReigns } from '../../policy/audit/reigns.ts'
import { readSync } from '../../policy/audit/rows.ts'
import { parseDigest, parseNodeId } from '../../proto/ids.ts'
import { allAtOnce } from '../../proto/in-turns.ts'
import { encode } from '../../proto/jcs.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { Admission, type Prepare } from '../../signer-node/admission.ts'
import { Brake } from '../../signer-node/brake.ts'
import { judgeRun } from '../../signer-node/key-change.ts'
import type { Parts } from '../../signer-node/parts.ts'
import { Releases } from '../../signer-node/release.ts'
import type { TestLog } from '../kit/audit-log.ts'
import type { Asked } from '../kit/change-log.ts'
import { allowed, Ceremony, coldAsks, keyedColdLog } from '../kit/cold-log.ts'
import { calledStory, headsOf } from '../kit/cold-story.ts'

/** What a node asks its parts when it judges, over this log; it holds no share. */
class Seat {
  plan: ReturnType<typeof parseDigest> | undefined
  wallMs: number
  accepted: { readonly warrant: string } | undefined
  readonly said: string[] = []
  readonly log: TestLog

  constructor(log: TestLog, { plan, terms }: Ceremony) {
    this.log = log
    this.plan = plan
    this.wallMs = terms.from
  }

  get parts(): Parts {
    const { log } = this
    return {
      plan: this.plan,
      sitting: this.plan === undefined ? undefined : { plan: this.plan },
      self: { node: 'node-a' },
      closed: () => undefined,
      rows: log.rows,
      bans: { isFrozen: () => false, isBanned: () => true, frozen: () => [] },
      pairings: { fence: { isQuiet: () => false } },
      ports: {
        clock: { wallMs: () => this.wallMs, monotonicMs: () => 0 },
        pause: (work: () => void) => work(),
        report: ({ because }: { because: string }) => this.said.push(because),
        send: () => undefined,
      },
      witness: {
        reigns: readSync(readReigns(), log.rows),
        coverage: () => ({ q: 2, seen: 2, isCovered: true }),
        heads: { ripe: () => [] },
      },
      copy: {
        line: (seq: number) => log.lines[seq],
        rootAt: (size: number) => rootAt(log, size),
        size: () => log.lines.length,
      },
      journal: {
        accepted: () => this.accepted,
        highestAccepted: () => (this.accepted === undefined ? 0 : 1),
      },
      keyshares: { of: () => undefined },
      peers: { peer: () => undefined },
    } as unknown as Parts
  }
}

function rootAt(log: TestLog, size: number): Uint8Array | undefined {
  const note = headsOf(log)[size - 1]
  return note && parseNote(note).checkpoint.root
}

const none = new Uint8Array(0)
const told = calledStory()
const attemptSeq = told.story.log.lines.length - 1
const warrant = told.payout.warrant()

function prepared(seat: Seat, participants: readonly string[] = ['node-a', 'node-c']): string {
  const prepare = { warrant, attemptSeq, keygen: none, order: none, participants } as unknown
  const admission = new Admission(seat.parts, new Brake())
  const named = admission.named(prepare as Prepare)
  if (isRefusal(named)) return named.code
  const considered = allAtOnce(admission.judge(prepare as Prepare, named))
  const judged = isRefusal(considered) ? considered : admission.able(considered)
  if (!('code' in judged)) return 'admitted'
  return `${'check' in judged ? judged.check : judged.rule} ${judged.code}`
}

const seatOf = (): Seat => new Seat(told.story.log, told.ceremony)
/** Everything was lawful: what this node lacks is the share. */
const able = 'N2 EPOCH'

describe('a node that is asked to sign for a cold vault', () => {
  it('signs where it sits in the ceremony that names the request, within its window', () => {
    expect(prepared(seatOf())).toBe(able)
    const late = seatOf()
    late.wallMs = told.ceremony.terms.until
    expect(prepared(late)).toBe('N3 CLOCK')
  })

  it('refuses where it sits in none, or in another one', () => {
    const online = seatOf()
    online.plan = undefined
    expect(prepared(online, [])).toBe('N9 CEREMONY')
    expect(prepared(online)).toBe('N2 PARTICIPANTS')
    const elsewhere = seatOf()
    elsewhere.plan = parseDigest('ab'.repeat(32))
    expect(prepared(elsewhere)).toBe('N2 CEREMONY')
  })

  it('takes part when the room has chosen it, and when all are chosen by the line alone', () => {
    expect(prepared(seatOf(), ['node-b', 'node-c'])).toBe('N2 PARTICIPANTS')
    expect(prepared(seatOf(), [])).toBe('N2 PARTICIPANTS')
    expect(prepared(seatOf(), ['node-a', 'node-b'])).toBe(able)
  })

  it('tries the same warrant again at its table, because nobody there can write a line', () => {
    const again = seatOf()
    again.accepted = { warrant: String(told.payout.attempt()['warrant']) }
    expect(prepared(again)).toBe(able)
    again.accepted = { warrant: 'cd'.repeat(32) }
    expect(prepared(again)).toBe('N1 STALE_ATTEMPT')
  })
})

describe('a share of a cold vault that waits', () => {
  function released(seat: Seat): readonly string[] {
    const { story, payout, ceremony } = told
    const admitted = admit({
      warrant,
      attempt: 1,
      own: {
        view: readSync(requestView(payout.digest), story.log.rows),
        clockMs: ceremony.terms.from,
        frozenLocally: false,
        witnessedAt: () => undefined,
        ceremony: {
          plan: ceremony.plan,
          signers: [parseNodeId('node-a'), parseNodeId('node-c')],
        },
      },
    })
    if (isRefusal(admitted)) throw new Error(admitted.because)
    const share = { nonce: none, u: new Uint8Array(32), w: new Uint8Array(32) }
    const waiting = { sid: none, ticket: none, coordinator: 'table', admitted, share }
    const more = { pairings: new Map(), deadlineMs: 1, over: () => undefined }
    const held = { ...seat.parts, keyshares: { of: () => ({}) } }
    new Releases(held as never).add({ ...waiting, ...more } as never)
    return seat.said
  }

  it('leaves in its room, while the window lasts', () => {
    // The room is asked before the peers, of which this node knows none.
    expect(released(seatOf())).toEqual(['node-c has left the root meanwhile'])
    const late = seatOf()
    late.wallMs = told.ceremony.terms.until
    expect(released(late)[0]).toMatch(/^expected a clock from /)
    const away = seatOf()
    away.plan = undefined
    expect(released(away)[0]).toMatch(/^this node does not sit in /)
  })
})

describe('a node that is asked to deal a cold key', () => {
  function dealt(asked: Asked, seat: Seat): string {
    const { change, order } = asked.carried
    const run = { org: 'acme', env: 'dev', change, order, epoch: 2, attempt: 1 }
    const keygen = encode({ format: 'custody-change-run/v1', ...run })
    const work = allAtOnce(judgeRun(seat.parts, { keygen, order: asked.order, dealing: none }))()
    if (!('code' in work)) return 'dealt'
    return `${'check' in work ? work.check : ''} ${work.code}`
  }

  it('deals where it sits in the ceremony that names the change, and nowhere else', () => {
    const log = keyedColdLog()
    const heads: string[] = []
    const asked = allowed(log, coldAsks.refresh, { order: { heads } })
    const created = log.lines.findLastIndex((line) => {
      return new TextDecoder().decode(line).includes('"type":"intent.created"')
    })
    heads.push(new TextDecoder().decode(headsOf(log)[created]))
    const wanted = { kind: 'reshare', requests: [asked.digest] } as const
    const ceremony = new Ceremony(log, 'care', wanted).planned()
    const parts = (): Seat => new Seat(log, ceremony)
    const online = parts()
    online.plan = undefined
    expect(dealt(asked, online)).toBe('N3 CEREMONY')
    const late = parts()
    late.wallMs = ceremony.terms.until
    expect(dealt(asked, late)).toBe('N3 CLOCK')
    // Judged and admitted: now its peers are looked at, and here it has banned them all.
    expect(dealt(asked, parts())).toBe(' PEER_BANNED')
  })
})
