import { describe, expect, it } from 'vitest'
import { type BundleFiles, writeBundle } from '../../../policy/ceremony/bundle.ts'
import { judgeCeremony } from '../../../policy/ceremony/judge.ts'
import type { Check, JudgedWord } from '../../../policy/ceremony/judgement.ts'
import type { LogView } from '../../../policy/ceremony/log-view.ts'
import type { Statement } from '../../../policy/ceremony/statement.ts'
import { toUtf8 } from '../../../proto/crypto.ts'
import { encode, type JsonObject, parse } from '../../../proto/jcs.ts'
import { digestNamed } from '../../kit/audit-log.ts'
import { Performance, type Uttered } from '../../kit/performed.ts'
import { actor, fileOf } from '../../kit/record.ts'
import { RoomStory } from '../../kit/room-story.ts'

const story = new RoomStory()
const room = new Performance(story)
const said = room.said()
const lines = room.lines(said)
const files = room.carriedOut(lines)
const view = room.view()
const closing = said.length - 4

/** What the judge finds first in each check, as "I4 VIOLATION: because". */
function heard(of: BundleFiles = files, log: LogView | undefined = view): readonly string[] {
  const { findings } = room.judge(of, log)
  const by = new Map<Check, string>()
  for (const { check, word, because } of findings) {
    if (!by.has(check)) by.set(check, `${check} ${word}: ${because}`)
  }
  return [...by.values()]
}

const performed = (all: readonly Uttered[]) => heard(room.carriedOut(room.lines(all)))
const spoken = (say: (one: Statement) => Statement | undefined) =>
  heard(room.carriedOut(lines, say))
/** The Bundle with other lines, and honest Statements over them. */
const withLines = (kept: readonly Uint8Array[]) => heard(room.carriedOut(kept))
const at = (step: string, type = 'any') =>
  said.findIndex((one) => one.step === step && (type === 'any' || one.type === type))
const changed = (index: number, change: Partial<Uttered>) =>
  said.map((one, place) => (place === index ? { ...one, ...change } : one))
const withBody = (index: number, change: JsonObject) =>
  changed(index, { body: { ...said[index]?.body, ...change } })
const inserted = (index: number, ...more: readonly Uttered[]) => [
  ...said.slice(0, index),
  ...more,
  ...said.slice(index),
]
/** Exceptions are counted in the closing line. */
const recount = (all: readonly Uttered[], exceptions: number) => [
  ...all.slice(0, -1),
  room.closed(exceptions),
]

describe('a ceremony that went as it should', () => {
  it('is OK in all eight checks, and the same again', () => {
    const judged = room.judge(files)
    expect(judged.findings).toEqual([])
    expect([judged.word, judged.exit]).toEqual(['OK', 0])
    expect(new Set(Object.values(judged.results))).toEqual(new Set<JudgedWord>(['OK']))
    const { out: _, brought: __, ...again } = room.judge(files)
    expect(judged).toMatchObject(again)
  })

  it('is told with its exceptions, for whoever confirms each', () => {
    const all = recount(inserted(closing, room.exception(1, 'S-11')), 1)
    const judged = room.judge(room.carriedOut(room.lines(all)))
    expect(judged.word).toBe('OK')
    expect(judged.exceptions).toMatchObject([{ number: 1, step: 'S-11', by: 'ada' }])
    expect(judged.exceptions[0]?.line).toMatch(/^[0-9a-f]{64}$/)
  })

  it('is not confirmed where no log is at hand', () => {
    const judged = judgeCeremony({ files, log: undefined })
    expect(judged.word).toBe('UNCONFIRMED')
    expect(judged.results.I8).toBe('NOT_CHECKED')
  })
})

describe('I1: files and manifest', () => {
  it('refuses a file that was changed, added or taken out', () => {
    const results = files.get('results.json') ?? new Uint8Array(0)
    const bent = new Map(files).set(
      'results.json',
      results.map((byte) => byte ^ 1),
    )
    const more = new Map(files).set('notes.txt', toUtf8('x'))
    const less = new Map([...files].filter(([name]) => name !== 'record.jsonl'))
    for (const one of [bent, more, less]) expect(heard(one)[0]).toMatch(/^I1 TAMPERED/)
    expect(room.judge(more).results.I4).toBe('NOT_CHECKED')
  })

  it('refuses a Bundle of another environment than its plan (X-6)', () => {
    const kept = [...files].filter(([name]) => !/^(manifest|statements)/.test(name))
    const of = { direction: 'out', org: room.plan.org, env: 'prod', plan: room.digest } as const
    expect(heard(writeBundle(new Map(kept), of))[0]).toMatch(/^I1 TAMPERED.*X-6/)
  })
})

describe('I2: lines, chain and root', () => {
  it('notices a line that is gone, moved or edited, at its place', () => {
    const gone = lines.filter((_, place) => place !== 20)
    const moved = [...lines.slice(0, 20), lines[21], lines[20], ...lines.slice(22)]
    expect(withLines(gone)[0]).toMatch(/^I2 TAMPERED: expected seq 20/)
    expect(withLines(moved.filter((line) => line !== undefined))[0]).toMatch(/^I2 TAMPERED/)
    const edited = lines.map((line, place) => {
      return place === 20 ? encode({ ...(parse(line) as JsonObject), seq: 21 }) : line
    })
    expect(withLines(edited)[0]).toMatch(/^I2 TAMPERED/)
  })

  it('does not confirm a Record without lines, or one that was never closed', () => {
    const files = room.out([])
    const { org, env } = room.plan
    const all = new Map([
      ['plan.json', files.plan.bytes],
      ['record.jsonl', files.record],
      ['results.json', files.results],
    ])
    const of = { direction: 'out', org, env, plan: room.digest } as const
    expect(heard(writeBundle(all, of))[0]).toMatch(/^I2 UNCONFIRMED: the record has no lines/)
    expect(withLines(lines.slice(0, -1))[0]).toMatch(/^I2 UNCONFIRMED: the record was never closed/)
    const cut = new Map(all).set('record.jsonl', fileOf(lines).subarray(0, -1))
    expect(heard(writeBundle(cut, of))[0]).toMatch(/^I2 TAMPERED/)
  })

  it('begins at the plan that was carried', () => {
    const first = withBody(0, { plan: digestNamed('another plan') })
    expect(performed(first)[0]).toMatch(/^I4 VIOLATION: plan: expected/)
  })

  it('knows one Record for one closing: of two heads one has no Statements', () => {
    const other = room.lines(withBody(at('C-3'), { noted: ['late'] }))
    const out = room.carriedOut(other)
    const swapped = new Map(out).set('statements.json', files.get('statements.json') ?? toUtf8(''))
    expect(heard(swapped)[0]).toMatch(/^I6 VIOLATION: .* over another root of the record/)
  })
})

describe('I3: signatures of lines', () => {
  it('knows whose token signed', () => {
    const shown = at('S-3')
    for (const token of ['D-2', 'S-2', 'R-0', 'D-9']) {
      expect(performed(changed(shown, { token }))[0]).toMatch(/^I3 TAMPERED: key .* is not one of/)
    }
    expect(performed(changed(shown, { token: 'S-1' }))).toEqual([])
  })

  it('knows when what was signed is not what is written', () => {
    const edited = lines.map((line, place) => {
      const written = parse(line) as { body: JsonObject }
      const body = { ...written.body, amount: '50000001' }
      return place === at('S-6') ? encode({ ...written, body }) : line
    })
    expect(withLines(edited)[0]).toMatch(/^I3 TAMPERED: the signature of/)
  })

  it('lets no role speak for another', () => {
    expect(performed(changed(at('S-3'), { by: 'recorder/rita' }))[0]).toMatch(
      /^I3 TAMPERED.*not for/,
    )
    expect(performed(changed(at('S-3'), { by: 'witness/zoe' }))[0]).toMatch(/^I3 TAMPERED.*no part/)
  })
})

describe('I5: plan and log', () => {
  const otherView = (change: Partial<LogView>) => heard(files, { ...view, ...change })

  it('begins at a head of this log', () => {
    const head = { root: digestNamed('fork'), size: view.entries.length }
    expect(performed(withBody(0, { checkpoint: head })).join()).toMatch(
      /I5 VIOLATION.* of another log/,
    )
    const beyond = { ...head, size: view.entries.length + 1 }
    expect(performed(withBody(0, { checkpoint: beyond })).join()).toMatch(
      /I5 VIOLATION.* of another log/,
    )
  })

  it('carries out a plan that people approved there before', () => {
    const before = view.entries.findIndex(({ type }) => type === 'ceremony.planned')
    const size = before
    const root = Buffer.from(view.rootAt(size)).toString('hex')
    const early = room.carriedOut(room.lines(withBody(0, { checkpoint: { root, size } })))
    expect(heard(early, { ...view, bundle: '' }).join()).toMatch(
      /I5 VIOLATION: nobody planned this ceremony .*\(X-20\)/,
    )
  })

  it('begins where the Bundle ended, and not before something that it brought', () => {
    const size = view.entries.length - 1
    const root = Buffer.from(view.rootAt(size)).toString('hex')
    const found = performed(withBody(0, { checkpoint: { root, size } }))
    expect(found.join()).toMatch(/the Bundle went in with/)
  })

  it('begins with the Bundle that left for the room', () => {
    const found = performed(withBody(0, { bundle: digestNamed('other') }))
    expect(found.join()).toMatch(/I5 VIOLATION: another Bundle left/)
    expect(otherView({ bundle: '' })[0]).toMatch(/^I5 UNCONFIRMED: neither the log nor a Bundle/)
  })

  it('is of the organisation, environment, log, root and stations of the log', () => {
    const [reign] = view.reigns
    if (reign === undefined) throw new Error('expected a root')
    const rooted = (change: object) =>
      otherView({ reigns: [{ ...reign, root: { ...reign.root, ...change } }] })
    expect(rooted({})).toEqual([])
    expect(rooted({ env: 'prod' })[0]).toMatch(/^I5 VIOLATION: environment.*X-20/)
    expect(rooted({ org: 'other' })[0]).toMatch(/^I5 VIOLATION: organisation/)
    expect(rooted({ digest: digestNamed('root') })[0]).toMatch(/^I5 VIOLATION: root/)
    expect(rooted({ cold: false })[0]).toMatch(/^I5 VIOLATION: the log is none of cold/)
    expect(rooted({ nodes: reign.root.nodes.slice(1) })[0]).toMatch(
      /^I5 VIOLATION: node-a at place/,
    )
    const log = { ...reign.root.log, origin: 'other' }
    expect(rooted({ log })[0]).toMatch(/^I5 VIOLATION: log/)
  })
})

describe('I6: statements', () => {
  it('are of everybody who was present, once', () => {
    expect(spoken((one) => one)).toEqual([])
    const [first] = spoken((one) => (one.actor.person === 'bo' ? undefined : one))
    expect(first).toBe('I6 UNCONFIRMED: no statement of auditor/bo, who was present (X-19)')
    const none = new Map([...files].filter(([name]) => name !== 'statements.json'))
    expect(heard(none)[0]).toMatch(/^I6 UNCONFIRMED: no statement/)
    const two = room.carriedOut(lines)
    const written = parse(two.get('statements.json') ?? toUtf8('')) as { statements: JsonObject[] }
    const doubled = { ...written, statements: [...written.statements, written.statements[0] ?? {}] }
    const again = new Map(two).set('statements.json', encode(doubled as unknown as JsonObject))
    expect(heard(again)[0]).toMatch(/^I6 VIOLATION: .* has two statements/)
  })

  it('agree, and a no is no import', () => {
    const refusing = (one: Statement): Statement =>
      one.actor.person === 'chen'
        ? { ...one, verdict: 'do-not-agree', because: 'a bag was open' }
        : one
    const [first] = spoken(refusing)
    expect(first).toBe('I6 VIOLATION: witness/chen does not agree (X-20): a bag was open')
    expect(room.judge(room.carriedOut(lines, refusing)).exit).toBe(4)
  })

  it('are over this plan, Record, Bundle, and the whole time of those who acted', () => {
    const bo = (change: Partial<Statement>) =>
      spoken((one) => (one.actor.person === 'bo' ? { ...one, ...change } : one))[0]
    expect(bo({})).toBeUndefined()
    expect(bo({ plan: digestNamed('x') })).toMatch(/another plan/)
    expect(bo({ bundle: digestNamed('x') })).toMatch(/another bundle/)
    expect(bo({ env: 'prod' })).toMatch(/another environment/)
    expect(bo({ exceptions: 1 })).toMatch(/another exceptions/)
    expect(bo({ record: { root: digestNamed('x'), size: lines.length } })).toMatch(/another root/)
    expect(bo({ from: room.plan.from + 45_000 })).toMatch(/less than/)
    expect(bo({ actor: actor('courier/zoe') })).toMatch(/not signed by a key of theirs/)
    expect(bo({ actor: actor('courier/kim') })).toMatch(/was not present/)
  })

  it('are signed by those who make them', () => {
    const two = room.carriedOut(lines)
    const written = two.get('statements.json') ?? toUtf8('')
    const { statements } = parse(written) as { statements: { signature: string }[] }
    const bent = statements.map((one, place) => {
      return place === 0 ? { ...one, signature: '00'.repeat(64) } : one
    })
    const file = encode({
      format: 'custody-statements/v1',
      statements: bent,
    } as unknown as JsonObject)
    expect(heard(new Map(two).set('statements.json', file))[0]).toMatch(/^I6 TAMPERED/)
    expect(heard(new Map(two).set('statements.json', toUtf8('{}')))[0]).toMatch(/^I6 TAMPERED/)
  })
})

describe('I7: people and roles', () => {
  it('needs everybody whom a ceremony needs', () => {
    const only = said.filter(({ body, by }) => body['person'] !== 'chen' && by !== 'witness/chen')
    const read = only.map((one) =>
      one.type === 'words.read' || one.type === 'step.done'
        ? { ...one, body: { ...one.body, confirmed: ['sam'] } }
        : one,
    )
    const seen = read.map((one) =>
      one.body['confirmed'] === undefined
        ? one
        : { ...one, body: { ...one.body, confirmed: ['pia'] } },
    )
    expect(performed(seen).join()).toMatch(/I7 VIOLATION: witness: expected/)
  })

  it('needs t stations that were ready', () => {
    const one = said.filter(({ type, by }) => type !== 'station.ready' || by === 'custodian/ana')
    expect(performed(one).join()).toMatch(/I7 VIOLATION: .*stations were ready/)
  })
})

describe('what was read and shown', () => {
  it('is read by the role of the step, of what the step names, with the digest that it has', () => {
    const build = at('O-6')
    const read = said[build]?.body ?? {}
    expect(performed(withBody(build, { digest: digestNamed('x') })).join()).toMatch(
      /words of build/,
    )
    expect(performed(withBody(build, { what: 'bundle' })).join()).toMatch(
      /reads the words of build/,
    )
    const other = { ...read, by: 'pia' }
    expect(performed(changed(build, { body: other })).join()).toMatch(/read by the auditor/)
    expect(performed(withBody(at('S-10'), { digest: digestNamed('x') })).join()).toMatch(
      /words of signature/,
    )
    expect(performed(withBody(at('S-4'), { digest: digestNamed('x') })).join()).toMatch(
      /words of request/,
    )
  })

  it('is of the program, the module, the token and the log of the plan', () => {
    const first = at('O-5')
    expect(performed(withBody(first, { build: digestNamed('x') })).join()).toMatch(/the program/)
    expect(performed(withBody(first, { module: digestNamed('x') })).join()).toMatch(/the module/)
    expect(performed(withBody(first, { token: 'D-2' })).join()).toMatch(/expected token D-1/)
    const log = { root: digestNamed('x'), size: 3 }
    expect(performed(withBody(at('O-8'), { log })).join()).toMatch(/another log/)
  })
})
