// Real Stations at a table that lies to them: lines come doubled and in another order, turns before
// their time, places that nobody drafted for, frames of the sitting before, another list of what is
// carried out, and to one of them another Record. What is bent is refused where it arrives; the
// sitting ends well all the same, or with no Statement of whom it was shown another way.
import { afterAll, describe, expect, it } from 'vitest'
import { parseRecordLine, signedLine } from '../../policy/ceremony/record.ts'
import { beginRecord, draftLine, follow } from '../../policy/ceremony/record-chain.ts'
import { seatsOf } from '../../policy/ceremony/record-seats.ts'
import { turnsOf } from '../../policy/ceremony/script.ts'
import { fromUtf8, toUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorFrame } from '../../proto/frames.ts'
import {
  readTurnPaper,
  type TurnKind,
  type TurnPaper,
  turnPaper,
} from '../../signer-node/ceremony/turn-papers.ts'
import type { Tamper } from '../kit/frame-pair.ts'
import { about, sitting } from '../kit/key-sittings.ts'
import { endedWell } from '../kit/room-killed.ts'
import {
  broughtHome,
  judged,
  plannedRelease,
  plannedReleases,
  type Read,
  recordSign,
  type Sat,
  sit,
  staged,
} from '../kit/room-played.ts'

staged()

const paper = (made: ReturnType<typeof turnPaper>): CoordinatorFrame => {
  return { frame: 'paper', paper: made }
}

function read<K extends TurnKind>(kind: K, frame: CoordinatorFrame): TurnPaper<K> | undefined {
  const isOf = frame.frame === 'paper' && frame.paper.kind === kind
  return isOf ? readTurnPaper(kind, frame.paper) : undefined
}

/** Bends each step of a kind once. */
class Once {
  readonly done = new Set<string>()
  is(key: string): boolean {
    if (this.done.has(key)) return false
    this.done.add(key)
    return true
  }
}

async function played(plan: Read, tamper: Tamper, typed?: (sat: () => Sat) => Typed) {
  let sat: Sat | undefined
  const here = (): Sat => {
    if (sat === undefined) throw new Error('nobody sits yet')
    return sat
  }
  const wish = typed === undefined ? {} : { typed: typed(here) }
  sat = await sit(plan, { tamper: () => tamper, ...wish })
  const conductor = sat.lead()
  await sat.come()
  try {
    return { done: await conductor.run(), sat, signed: [], resumed: [] }
  } finally {
    for (const one of sat.seats.values()) one.close()
  }
}
type Typed = NonNullable<Parameters<typeof sit>[1]>['typed'] & {}

const before: { frames: CoordinatorFrame[] } = { frames: [] }
afterAll(() => before.frames.splice(0))

describe('a table that lies', () => {
  it('is the same table while it does not: a key, and a payment', async () => {
    await sitting('genesis', { ...about(), op: 'key.create', terms: {} })
    const plan = await plannedRelease()
    const told = new Map<string, CoordinatorFrame[]>()
    const down = (node: string, frame: CoordinatorFrame): CoordinatorFrame[] => {
      told.set(node, [...(told.get(node) ?? []), frame])
      return [frame]
    }
    await endedWell(plan, await played(plan, { down }))
    // Of one whom the lot chose.
    const signer = [...told.values()].find((all) => all.some(({ frame }) => frame === 'prepare'))
    before.frames.push(...(signer ?? []))
    expect(before.frames.map(({ frame }) => frame)).toContain('prepare')
  }, 300_000)

  it('about turns, places, order and what is carried out does nothing, and is told', async () => {
    const plan = await plannedRelease()
    const turns = turnsOf(plan.plan)
    const index = (id: string): number => turns.findIndex(({ step }) => step.id === id)
    const [once, held] = [new Once(), new Map<string, CoordinatorFrame>()]
    const more = { round: 9, signers: ['node-1', 'node-2', 'node-3'] as never, manifest: '' }
    const down = (node: string, frame: CoordinatorFrame): CoordinatorFrame[] => {
      const turn = read('turn', frame)
      const step = turn && turns[turn.turn]?.step.id
      if (step === 'S-3' && once.is(`early ${node}`)) {
        // To sign before it was confirmed, to close, to do what another station does, what nobody does.
        const early = ['S-8', 'C-4', 'C-8'].map(index)
        const others = turns.findIndex((one) => one.step.id === 'O-5' && one.node !== node)
        const asked = [...early, others, turns.length].map((at) => {
          return paper(turnPaper('turn', { ...more, turn: at, ended: true }))
        })
        return [...asked, paper(turnPaper('over', {})), frame]
      }
      if (step === 'S-9' && once.is(`replayed ${node}`)) {
        // What made a signature yesterday.
        const old = before.frames.filter(
          (one) => !['paper', 'lines', 'welcome'].includes(one.frame),
        )
        return [...old, frame]
      }
      if (step === 'C-5' && turn !== undefined && once.is(`manifest ${node}`)) {
        const manifest = turn.manifest.replace(/("record.jsonl","sha256":")..../, '$10000')
        return [paper(turnPaper('turn', { ...turn, manifest }))]
      }
      const place = read('place', frame)
      if (place !== undefined && once.is(`place ${node}`)) {
        const bent = [{ seq: place.seq + 1 }, { prev: 'ab'.repeat(32) as never }, { at: 99 }]
        return [...bent.map((change) => paper(turnPaper('place', { ...place, ...change }))), frame]
      }
      const line = read('line', frame)
      const waits = held.get(node)
      if (line !== undefined && waits !== undefined) {
        held.delete(node)
        return [frame, frame, waits, waits]
      }
      // Of those whom the recorder marks: nobody waits for them.
      if (line?.seq === 3 && once.is(`order ${node}`)) {
        held.set(node, frame)
        return []
      }
      return [frame]
    }
    const typed: Typed = (node) => (what) =>
      node === 'room' && what === 'again' ? 'yes' : undefined
    const ended = await played(plan, { down }, () => typed)
    const screens = [...ended.sat.seats.values()].flatMap(({ said }) => said).join('\n')
    await endedWell(plan, ended)
    for (const told of [
      'turn-refused: S-8 is not next',
      'turn-refused: C-4 is not next',
      'turn-refused: C-8 is no turn of this station',
      'turn-refused: the script has no turn',
      'turn-refused: the table says that all is over, and the Record is not closed',
      'line-refused: no draft 0 for line',
      'line-refused: no draft 99 for line',
      'line-early: line 4, and line 3 is next',
      'RECORD: what is carried out holds another Record than this copy',
    ]) {
      expect(screens).toContain(told)
    }
    expect([...once.done].map((key) => key.split(' ')[0]).sort()).toEqual(
      ['early', 'manifest', 'order', 'place']
        .flatMap((key) => [key, key, key])
        .concat(['replayed', 'replayed']),
    )
  }, 300_000)

  it('that swaps the request between showing and confirming gets nothing confirmed for it', async () => {
    const plan = await plannedReleases(2)
    const [first, second] = plan.plan.requests.map(({ request }) => request)
    const turns = turnsOf(plan.plan)
    const once = new Once()
    const down = (node: string, frame: CoordinatorFrame): CoordinatorFrame[] => {
      const turn = read('turn', frame)
      const asked = turn && turns[turn.turn]
      const isIts = asked?.step.id === 'S-6' && asked.request?.request === first
      if (turn === undefined || asked === undefined || !isIts) return [frame]
      if (!once.is(node)) return [frame]
      const at = turns.findIndex((one) => {
        return one.step.id === 'S-6' && one.request?.request === second && one.node === asked.node
      })
      return [paper(turnPaper('turn', { ...turn, turn: at })), frame]
    }
    const tails: string[] = []
    const typed: Typed = (node) => (what, question) => {
      if (node === 'node-1' && what === 'tail') tails.push(question)
      return undefined
    }
    const ended = await played(plan, { down }, () => typed)
    expect(ended.done.outcome).toBe('done')
    const { findings } = await judged(plan, ended.done.files)
    expect(findings).toEqual([])
    for (const { said } of ended.sat.seats.values()) {
      expect(said.join('\n')).toContain('turn-refused: S-6 is not next')
    }
    // Asked for once for each of them, when it was its turn.
    expect([once.done.size, tails.length]).toEqual([3, 2])
    await broughtHome(plan, ended.done.files)
  }, 300_000)

  it('about the Record to one of them gets no Statement of that one, so nothing is imported', async () => {
    const plan = await plannedRelease()
    const bend = anotherRecord(plan)
    const down = (node: string, frame: CoordinatorFrame): CoordinatorFrame[] => {
      const line = node === 'node-2' ? read('line', frame) : undefined
      if (line === undefined) return [frame]
      return [paper(turnPaper('line', { ...line, line: bend(line.line) }))]
    }
    // It is asked for a line that its copy has no place for; its custodian says so, and one stops.
    const isSeen = (sat: Sat) =>
      sat.seats.get('node-2')?.said.some((text) => text.startsWith('line-refused'))
    let seen: NodeJS.Timeout | undefined
    const typed =
      (here: () => Sat): Typed =>
      () => {
        seen ??= setInterval(() => {
          if (isSeen(here())) here().seats.get('node-1')?.performer.stop('node-2 waits')
        }, 50)
        return () => undefined
      }
    const { done, sat } = await played(plan, { down }, typed)
    clearInterval(seen)
    const screen = sat.seats.get('node-2')?.said.join('\n') ?? ''
    expect(screen).toMatch(/line-refused: no draft 0 for line|this copy has another one/)
    expect(done.outcome).toBe('aborted')
    const { findings } = await judged(plan, done.files)
    expect(findings.map(({ because }) => because)).toContain(
      'no statement of custodian/ben, who was present (X-19)',
    )
  }, 300_000)
})

/** The same, but for what is said of one bag: every line of the recorder's from there on is another. */
function anotherRecord(plan: Read): (line: string) => string {
  let state: ReturnType<typeof beginRecord> | undefined
  return (given) => {
    const line = parseRecordLine(toUtf8(given))
    if (line.type === 'record.genesis') state = beginRecord(seatsOf(plan, line.body.bundle))
    if (state === undefined) return given
    const isMine = line.actor.role !== 'custodian'
    const body =
      line.type === 'item.checked' && line.step === 'O-3'
        ? { ...line.body, number: 'B-9' }
        : line.body
    const bytes = isMine ? resigned() : toUtf8(given)
    try {
      state = follow(state, bytes).state
    } catch {
      return given
    }
    return fromUtf8(bytes) ?? ''

    function resigned(): Uint8Array {
      if (state === undefined) throw new Error('a Record begins')
      const draft = { ...line, body: body as never }
      const unsigned = draftLine(state, draft, plan.plan.recordToken.identity)
      return signedLine(unsigned, recordSign(unsigned.message))
    }
  }
}
