// Real Stations at a table that lies about the Record right before a session, when no Station signs
// a line any more: another last line for one of them, a lot that one has not heard of, what was
// accepted in the try before, a Prepare before everybody has confirmed. No session begins of it.
import { describe, expect, it } from 'vitest'
import { parseRecordLine, signedLine } from '../../policy/ceremony/record.ts'
import { draftLine, type RecordState } from '../../policy/ceremony/record-chain.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorFrame, NodeFrame, WireSigned } from '../../proto/frames.ts'
import type { RoomLog } from '../../signer-node/ceremony/room-log.ts'
import { framesOf } from '../../signer-node/ceremony/station-log.ts'
import { readTurnPaper, turnPaper } from '../../signer-node/ceremony/turn-papers.ts'
import { about, sitting } from '../kit/key-sittings.ts'
import { endedWell } from '../kit/room-killed.ts'
import {
  broughtHome,
  judged,
  plannedRelease,
  type Read,
  recordSign,
  type Sat,
  sit,
  staged,
} from '../kit/room-played.ts'
import type { People } from '../kit/room-stage.ts'

staged()

type Down = (node: string, frame: CoordinatorFrame) => CoordinatorFrame[]

interface Played {
  readonly sat: Sat
  readonly up: readonly { readonly node: string; readonly frame: NodeFrame }[]
  readonly done: Awaited<ReturnType<ReturnType<Sat['lead']>['run']>>
}

interface Wish {
  /** Looked at a few times a second. */
  readonly meanwhile?: (sat: Sat) => void
  readonly typed?: (node: string) => People
}

async function played(
  plan: Read,
  down: (sat: () => Sat) => Down,
  { meanwhile = () => {}, ...wish }: Wish = {},
): Promise<Played> {
  let sat: Sat | undefined
  const here = (): Sat => sat ?? expect.fail('nobody sits yet')
  const up: { node: string; frame: NodeFrame }[] = []
  const bend = down(here)
  const tamper = {
    down: bend,
    up: (node: string, frame: NodeFrame) => {
      up.push({ node, frame })
      return [frame]
    },
  }
  sat = await sit(plan, { tamper: () => tamper, ...wish })
  const looking = setInterval(() => meanwhile(here()), 50)
  const conductor = sat.lead()
  await sat.come()
  try {
    return { sat, up, done: await conductor.run() }
  } finally {
    clearInterval(looking)
    for (const one of sat.seats.values()) one.close()
  }
}

const stopping = (isSo: (text: string) => boolean) => {
  let isStopped = false
  return (sat: Sat): void => {
    const seat = [...sat.seats.values()].find(({ said }) => said.some(isSo))
    if (isStopped || seat === undefined) return
    isStopped = true
    seat.performer.stop('the stations keep two Records')
  }
}

const line = (frame: CoordinatorFrame) =>
  frame.frame === 'paper' && frame.paper.kind === 'line'
    ? parseRecordLine(toUtf8(readTurnPaper('line', frame.paper).line))
    : undefined

const screens = ({ sat }: Played): string =>
  [...sat.seats.values()].flatMap(({ said }) => said).join('\n')

const signers = ({ up }: Played): readonly string[] => [
  ...new Set(up.flatMap(({ node, frame }) => (frame.frame === 'accepted' ? [node] : []))),
]

/** Nothing of a signature has left anybody. */
function nothingSigned({ up, done }: Played): void {
  expect(up.filter(({ frame }) => frame.frame === 'share' || frame.frame === 'envelope')).toEqual(
    [],
  )
  expect(done.outcome).toBe('aborted')
}

/** Signed by the recorder's token as well, and as true: another person confirmed the lot. */
function anotherLot(given: CoordinatorFrame, plan: Read, state: RecordState): CoordinatorFrame {
  const own = line(given)
  if (own?.type !== 'step.done') throw new Error('a lot is a step.done')
  const body = { ...own.body, confirmed: ['gus'] } as never
  const draft = { actor: own.actor, type: own.type, body, step: own.step, t: own.t }
  const unsigned = draftLine(state, draft, plan.plan.recordToken.identity)
  const bytes = signedLine(unsigned, recordSign(unsigned.message))
  const paper = turnPaper('line', { seq: own.seq, line: fromUtf8(bytes) ?? '' })
  return { frame: 'paper', paper }
}

/** As the Hub asks for a session, too early. */
function early(log: RoomLog, plan: Read, two: readonly string[]): CoordinatorFrame {
  const [request] = plan.plan.requests
  const { warrant, seq: attemptSeq } = log.signOrder(request ?? expect.fail('a payment'), two)
  const last = framesOf(log.bundle, plan.plan.origin).at(-1) ?? expect.fail('a page')
  const from = last.from + last.lines.length
  const lines = { ...last, from, lines: [], documents: [], heads: [] }
  const [none, ticket] = [new Uint8Array(0), new Uint8Array(16).fill(7)]
  const asked = { warrant, attemptSeq, keygen: none, order: none, dealing: none, fresh: true }
  return { frame: 'prepare', prepare: { ...asked, lines, ticket, participants: [...two] } }
}

describe('a table that lies about the Record right before a session', () => {
  it('begins none at a Station that has not heard of the lot, and one when it has', async () => {
    await sitting('genesis', { ...about(), op: 'key.create', terms: {} })
    const plan = await plannedRelease()
    const down = (): Down => {
      let kept = ''
      return (node, frame) => {
        const own = line(frame)
        if (own?.step !== 'S-7' || own.type !== 'step.done' || kept !== '') return [frame]
        if (node !== own.body.noted[0]) return [frame]
        kept = node
        return []
      }
    }
    const ended = await played(plan, down)
    expect(screens(ended)).toContain('refused: X-16 CEREMONY: no lot of')
    expect(screens(ended)).toMatch(/line-early/)
    await endedWell(plan, { ...ended, signed: [], resumed: [] })
  }, 300_000)

  it('begins none of what was accepted in the try before', async () => {
    const plan = await plannedRelease()
    let tries = 0
    const old = new Map<string, WireSigned>()
    const down = (): Down => {
      let ticket = ''
      return (_, frame) => {
        if (frame.frame !== 'start') return [frame]
        const { start } = frame
        if (`${start.ticket}` !== ticket) tries += 1
        ticket = `${start.ticket}`
        if (tries === 1) {
          for (const one of start.acceptances) old.set(one.credential, one)
          return [{ ...frame, start: { ...start, acceptances: [...start.acceptances].reverse() } }]
        }
        if (tries !== 2) return [frame]
        const [first, second] = start.acceptances
        const acceptances = [first!, old.get(second!.credential) ?? second!]
        return [{ ...frame, start: { ...start, acceptances } }]
      }
    }
    // The same two sign at each try: an old word of another would be of no use anyhow.
    const typed = (node: string) => (what: string) =>
      node === 'node-3' && what === 'tail' ? '000000' : undefined
    const ended = await played(plan, down, { typed })
    expect(screens(ended)).toMatch(
      /record-differs: X-16: node-\d: expected confirmations of \w+ since its last session/,
    )
    expect([tries, signers(ended)]).toEqual([3, ['node-1', 'node-2']])
    await endedWell(plan, { ...ended, signed: [], resumed: [] })
  }, 300_000)

  it('gets no acceptance before everybody has confirmed', async () => {
    const plan = await plannedRelease()
    const down = (here: () => Sat): Down => {
      let isSaid = false
      return (node, frame) => {
        const isPlace = frame.frame === 'paper' && frame.paper.kind === 'place'
        const isNext = here().seats.get(node)?.record.lines.at(-1)?.step === 'S-4'
        if (isSaid || !isPlace || !isNext) return [frame]
        isSaid = true
        // Its custodian has confirmed, and nothing of that is a line yet.
        return [early(here().log, plan, [node, 'node-3']), frame]
      }
    }
    const meanwhile = stopping((text) => text.startsWith('refused: X-16'))
    const ended = await played(plan, down, { meanwhile })
    expect(screens(ended)).toMatch(/refused: X-16 CEREMONY: no lot of/)
    nothingSigned(ended)
    await broughtHome(plan, ended.done.files)
  }, 300_000)

  it('begins none between Stations that were shown two', async () => {
    const plan = await plannedRelease()
    const down = (here: () => Sat): Down => {
      let bent = ''
      return (node, frame) => {
        const own = line(frame)
        if (own?.step !== 'S-7' || own.type !== 'step.done') return [frame]
        const signer = own.body.noted[1]
        if (node !== signer || bent !== '') return [frame]
        bent = node
        const { record } = here().seats.get(node) ?? expect.fail('it sits')
        return [anotherLot(frame, plan, record.state)]
      }
    }
    const ended = await played(plan, down, {
      meanwhile: stopping((text) => text.startsWith('line-refused')),
    })
    nothingSigned(ended)
    expect(signers(ended)).toHaveLength(2)
    expect(screens(ended)).toMatch(/record-differs: X-14: node-\d: names another Record/)
    const told = ended.up.flatMap(({ frame }) => frame.frame === 'stopped' && frame.stopped.reason)
    expect(told).toContain('RECORD')
    const { findings } = await judged(plan, ended.done.files)
    expect(findings.map(({ because }) => because).join()).toMatch(/no statement of custodian/)
  }, 300_000)
})
