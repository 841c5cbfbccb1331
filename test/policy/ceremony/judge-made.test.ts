import { p256 } from '@noble/curves/nist.js'
import { describe, expect, it } from 'vitest'
import { wentOnWithout } from '../../../policy/ceremony/begun.ts'
import type { BundleFiles } from '../../../policy/ceremony/bundle.ts'
import { parseRecordLine } from '../../../policy/ceremony/record.ts'
import { headAt } from '../../../policy/ceremony/record-chain.ts'
import type { WrittenResults } from '../../../policy/ceremony/results.ts'
import { parseVaultId } from '../../../proto/ids.ts'
import type { JsonObject } from '../../../proto/jcs.ts'
import { digestNamed, signature } from '../../kit/audit-log.ts'
import { Performance, type Uttered } from '../../kit/performed.ts'
import { tokenSecret } from '../../kit/planned.ts'
import { RoomStory } from '../../kit/room-story.ts'

const story = new RoomStory()
const room = new Performance(story)
const said = room.said()
const view = room.view()

/** Everything that the judge finds. */
function heard(files: BundleFiles): readonly string[] {
  const { findings } = room.judge(files, view)
  return findings.map(({ check, word, because }) => `${check} ${word}: ${because}`)
}

const performed = (all: readonly Uttered[]) => heard(room.carriedOut(room.lines(all))).join('\n')
const at = (step: string, type = 'any', nth = 0) =>
  said
    .map((one, place) => ({ ...one, place }))
    .filter((one) => one.step === step && (type === 'any' || one.type === type))[nth]?.place ?? -1
const without = (...places: readonly number[]) => said.filter((_, place) => !places.includes(place))
const changed = (index: number, change: Partial<Uttered>) =>
  said.map((one, place) => (place === index ? { ...one, ...change } : one))
const withBody = (index: number, change: JsonObject) =>
  changed(index, { body: { ...said[index]?.body, ...change } })
const following = (index: number, ...more: readonly Uttered[]) => [
  ...said.slice(0, index + 1),
  ...more,
  ...said.slice(index + 1),
]
const recount = (all: readonly Uttered[], exceptions: number) => [
  ...all.slice(0, -1),
  room.closed(exceptions),
]
const lineAt = (index: number): Uttered => said[index] ?? said[0] ?? room.closed(0)

describe('I4: the script, step by step', () => {
  it('misses every step that was left out', () => {
    const steps = [...new Set(said.map(({ step }) => step))].slice(2, -1)
    const found = steps.map((step) => {
      const left = said.filter((one) => one.step !== step)
      return [step, /I4 VIOLATION/.test(performed(left))]
    })
    expect(found).toEqual(steps.map((step) => [step, true]))
  })

  it('lets one of the called stay away where t are left, and no more', () => {
    const of = (person: string) => said.filter(({ by }) => by !== `custodian/${person}`)
    expect(performed(of('cleo'))).toBe('')
    expect(
      performed(of('cleo').filter(({ by, step }) => by !== 'custodian/ben' || step !== 'S-3')),
    ).toMatch(/S-3 for .*: expected 2 of request.shown, got 1 \(X-20\)/)
  })

  it('lets nobody act later whose station skipped a step of its own', () => {
    const of = (step: string) =>
      said.filter((one) => one.step !== step || one.by !== 'custodian/ana')
    expect(performed(of('O-5'))).toMatch(/custodian\/ana acts and has no station.ready at O-5/)
    expect(performed(of('O-8'))).toMatch(/custodian\/ana acts and has no station.ready at O-8/)
    expect(performed(of('S-1'))).toMatch(/custodian\/ana acts and has no item.checked at S-1/)
  })

  it('has no step and no line that the script does not have', () => {
    const extra: Uttered = { ...lineAt(at('S-2')), step: 'G-4' }
    expect(performed(following(at('S-2'), extra))).toMatch(/G-4 is no step of this script/)
    const stray: Uttered = { ...lineAt(at('O-3')), step: 'S-4' }
    expect(performed(following(at('S-4'), stray))).toMatch(/S-4 leaves no item.checked/)
  })

  it('keeps the order of steps, unless a line says why not', () => {
    const late = at('S-3', 'request.shown', 2)
    const moved = [...without(late).slice(0, at('S-11') - 1), lineAt(late)]
    const all = [...moved, ...said.slice(at('S-11'))]
    expect(performed(all)).toMatch(/S-3 comes too late/)
    const why = room.exception(1, 'S-10')
    const excused = [...moved.slice(0, -1), why, lineAt(late), ...said.slice(at('S-11'))]
    expect(performed(recount(excused, 1))).toBe('')
    const opening = [...without(at('O-6')).slice(0, at('S-2')), lineAt(at('O-6'))]
    expect(performed([...opening, ...said.slice(at('S-2') + 1)])).toMatch(/O-6 comes too late/)
  })

  it('does a turn once, and again only for a reason', () => {
    const shown = at('S-3')
    expect(performed(following(shown, lineAt(shown)))).toMatch(/S-3 has a second request.shown/)
    const why = room.exception(1, 'S-3')
    expect(performed(recount(following(shown, why, lineAt(shown)), 1))).toBe('')
    const reason = { culprit: '', reason: 'SESSION_TIMEOUT', request: story.request, session: '' }
    const aborted: Uttered = {
      ...{ by: 'custodian/ana', type: 'session.aborted', step: 'S-8', body: reason },
    }
    const again = [at('S-6'), at('S-6') + 1, at('S-6') + 2, at('S-7')].map(lineAt)
    expect(performed(following(at('S-7'), aborted, ...again))).toBe('')
    expect(performed(following(at('S-7'), ...again))).toMatch(/S-6 comes too late/)
    expect(performed(following(at('S-2'), lineAt(at('S-2'))))).toMatch(/S-2 has a second step.done/)
  })

  it('lets who comes back be marked at any step', () => {
    const left = { person: 'bo', role: 'auditor' }
    const by = 'recorder/rita'
    const gone: Uttered = { by, type: 'person.left', step: 'S-2', body: left }
    const back: Uttered = {
      by,
      type: 'person.present',
      step: 'S-2',
      body: { ...left, how: 'known' },
    }
    expect(performed(following(at('S-2'), gone, back))).toBe('')
  })

  it('needs a reason for a request that came to nothing', () => {
    const unsigned = said.filter(({ step }) => !/^S-([4-9]|1[01])$/.test(step))
    const nothing = { ...room.results, lines: [], documents: [] }
    expect(withResults(nothing, unsigned)).toMatch(/I4 VIOLATION: S-4 for/)
    const place = unsigned.findLastIndex(({ step }) => step === 'S-3')
    const why = room.exception(1, 'S-3')
    const excused = [...unsigned.slice(0, place + 1), why, ...unsigned.slice(place + 1)]
    expect(withResults(nothing, excused, 1)).toBe('')
  })

  it('lets a ceremony be stopped, and still asks whether anybody objects', () => {
    const stopped = [...said.slice(0, at('S-3')), ...said.slice(at('C-1'))]
    const nothing = { ...room.results, lines: [], documents: [] }
    const aborted = { ...nothing, outcome: 'aborted', reason: 'REFUSED' } as const
    expect(withResults(aborted, stopped)).toBe('')
    const silent = stopped.filter(({ step }) => step !== 'C-3')
    expect(withResults(aborted, silent)).toMatch(/I4 VIOLATION: C-3/)
  })
})

/** The room with other results, over which it is closed. */
function withResults(
  results: WrittenResults,
  all: readonly Uttered[] = said,
  exceptions = 0,
): string {
  const kept = room.results
  room.results = results
  const found = performed(recount(all, exceptions))
  room.results = kept
  return found
}

describe('I8: results by themselves', () => {
  const line = (change: JsonObject): WrittenResults => ({
    ...room.results,
    lines: [{ type: 'sign.completed', body: { ...room.completed, ...change } }],
  })

  it('verify under the key of the vault, over what the attempt names', () => {
    expect(withResults(room.results)).toBe('')
    const other = signature('cold-eth', digestNamed('another digest'))
    expect(withResults(line({ signature: other }))).toMatch(/I8 VIOLATION: .*does not verify/)
    const stranger = signature('cold-eth', room.sighash, story.log.head.frontier.roots[0])
    expect(withResults(line({ signature: stranger }))).toMatch(/does not verify/)
  })

  it('are of this attempt, warrant and transaction', () => {
    expect(withResults(line({ attempt: 2 }))).toMatch(/I8 VIOLATION/)
    expect(withResults(line({ warrant: digestNamed('x') }))).toMatch(/I8 VIOLATION/)
    expect(withResults(line({ txid: `0x${digestNamed('x')}` }))).toMatch(/TX_INTENT_MISMATCH/)
    expect(withResults(line({ intent: digestNamed('x') }))).toMatch(/is no request of the plan/)
  })

  it('have the receipts of exactly the stations that signed', () => {
    const [one = '', two = ''] = room.receipts
    const named = (receipts: readonly string[]) => story.completed(receipts)['receipts'] ?? []
    const documents = room.results.documents
    expect(withResults({ ...line({ receipts: named([one]) }), documents })).toMatch(/I8/)
    expect(withResults({ ...line({ receipts: named([one, one]) }), documents })).toMatch(/I8/)
    expect(withResults({ ...line({}), documents: documents.slice(1) })).toMatch(/I8/)
    const third = story.receipts(['node-c'])[0] ?? ''
    const kinds = [one, third].map((text) => ({ kind: 'shareReceipt', text }) as const)
    const found = withResults({ ...line({ receipts: named([one, third]) }), documents: kinds })
    expect(found).toMatch(/node-c signed without a session.done/)
    expect(two).not.toBe(one)
  })

  it('are lines that fold', () => {
    const twice = [...room.results.lines, ...room.results.lines]
    expect(withResults({ ...room.results, lines: twice })).toMatch(/I8 VIOLATION/)
    const address = { address: '0x00', vault: parseVaultId('cold-eth') }
    expect(withResults({ ...room.results, addresses: [address] })).toMatch(/expected the address/)
    const none = { address: '0x00', vault: parseVaultId('cold-none') }
    expect(withResults({ ...room.results, addresses: [none] })).toMatch(/has no key/)
  })

  it('are what the Record was closed over, of this plan', () => {
    const other = { ...room.results, plan: digestNamed('x') }
    expect(withResults(other)).toMatch(/I8 TAMPERED: the results are of another plan/)
    const lines = room.lines(withBody(said.length - 1, { results: digestNamed('x') }))
    expect(heard(room.carriedOut(lines)).join()).toMatch(/the record was closed over other results/)
  })
})

describe('I8: where sessions began', () => {
  const done = at('S-8', 'session.done')
  const drawn = at('S-7')
  const bent = (head: JsonObject) => performed(withBody(done, { head }))

  it('is a head of this Record, before their own lines', () => {
    expect(bent({ root: digestNamed('another record'), size: drawn + 1 })).toMatch(
      /was begun at \d+ lines of another Record/,
    )
    expect(bent({ root: digestNamed('of later'), size: drawn + 4 })).toMatch(/its own begin at/)
    // A token signs no line twice the same, and here each must: the head is of this very Record.
    const { signWith } = room
    room.signWith = (serial, message) => p256.sign(message, tokenSecret(serial))
    const { root } = headAt(room.lines().map(parseRecordLine), drawn)
    const early = bent({ root, size: drawn })
    room.signWith = signWith
    expect(early).toMatch(/begun too early: no lot of .* \(X-16\)/)
  })

  it('has everybody’s confirmation, or why there is none', () => {
    const of = at('S-6', 'request.confirmed', 2)
    expect(performed(without(of))).toMatch(/too early: node-c has not confirmed/)
    const out = (node: string): Uttered => {
      const body = { by: 'ada', expected: 'what the step asks', number: 1 }
      const more = { decided: wentOnWithout, happened: `${node}: CEREMONY: typed wrong twice` }
      return { by: 'recorder/rita', type: 'exception', step: 'S-6', body: { ...body, ...more } }
    }
    const left = without(of)
    const excused = (node: string) => [...left.slice(0, of), out(node), ...left.slice(of)]
    expect(performed(recount(excused('node-c'), 1))).toBe('')
    expect(performed(recount(excused('node-b'), 1))).toMatch(/node-c has not confirmed/)
    // A signer is never excused.
    const first = without(at('S-6'))
    const late = [...first.slice(0, at('S-6')), out('node-a'), ...first.slice(at('S-6'))]
    expect(performed(recount(late, 1))).toMatch(/too early: node-a has not confirmed/)
  })

  it('is after the lot of these very signers, and of one text', () => {
    const noted = { confirmed: ['bo'], noted: ['node-a', 'node-c'] }
    expect(performed(withBody(drawn, noted))).toMatch(/expected the signers of the lot, node-a, /)
    const other = { display: digestNamed('another text') }
    expect(performed(withBody(at('S-6', 'request.confirmed', 2), other))).toMatch(
      /node-c confirmed another text/,
    )
  })

  it('has confirmations of its own after a session that failed', () => {
    const why = room.exception(1, 'S-8')
    const again = said.slice(at('S-6'), drawn + 1)
    const tried = (second: readonly Uttered[]) =>
      recount([...said.slice(0, drawn + 1), why, ...second, ...said.slice(drawn + 1)], 1)
    expect(performed(tried(again))).toBe('')
    expect(performed(tried(again.slice(1)))).toMatch(/node-a has not confirmed .* last session/)
    expect(performed(tried(again.slice(-1)))).toMatch(/no lot|has not confirmed/)
  })
})

describe('I8: results against the Record', () => {
  it('have each signer show, confirm, finish and verify', () => {
    const own = (step: string, type: string) =>
      said.findIndex((one) => {
        return one.step === step && one.type === type && one.by === 'custodian/ana'
      })
    const steps = [
      ['S-3', 'request.shown'],
      ['S-6', 'request.confirmed'],
      ['S-8', 'session.done'],
    ] as const
    for (const [step, type] of steps) {
      const found = performed(without(own(step, type)))
      expect(found).toMatch(new RegExp(`node-a signed without a ${type}`))
    }
    expect(performed(without(own('S-9', 'signature.made')))).toMatch(/node-a did not verify/)
  })

  it('are of the session that the signers finished', () => {
    const done = at('S-8', 'session.done')
    expect(performed(withBody(done, { session: digestNamed('x') }))).toMatch(
      /node-a signed without a session.done/,
    )
  })

  it('were confirmed before anything was sent', () => {
    const first = at('S-8', 'message.sent')
    const early = [
      ...said.slice(0, at('S-6')),
      ...said.slice(at('S-6') + 1, first),
      ...[lineAt(first), room.exception(1, 'S-8'), lineAt(at('S-6'))],
      ...said.slice(first + 1),
    ]
    expect(performed(recount(early, 1))).toMatch(/begun before node-a confirmed/)
  })

  it('are what was typed: the recipient and the amount that people approved', () => {
    const confirmed = at('S-6')
    expect(performed(withBody(confirmed, { amount: '50000001' }))).toMatch(/approved is another/)
    expect(performed(withBody(confirmed, { tail: '000000' }))).toMatch(/approved is another/)
    const { amount: _, tail: __, ...bare } = lineAt(confirmed).body
    expect(performed(changed(confirmed, { body: bare }))).toMatch(/approved is another/)
  })

  it('were shown the same at every station, which was ready before', () => {
    const other = { display: digestNamed('another display') }
    expect(performed(withBody(at('S-3', 'any', 1), other))).toMatch(/showed different things/)
    expect(performed(withBody(at('S-6'), other))).toMatch(/showed different things/)
    const dark = said.filter(({ type, by }) => type !== 'station.ready' || by !== 'custodian/ben')
    expect(performed(dark)).toMatch(/its station was never ready/)
  })

  it('were made in the window that people approved', () => {
    const kept = room.plan.from
    const late = { ...room.plan, from: room.plan.until - 20_000 }
    Object.assign(room, { plan: late })
    const found = performed(said)
    Object.assign(room, { plan: { ...late, from: kept } })
    expect(found).toMatch(/I8 VIOLATION: .* outside of the window/)
  })

  it('bring no document that no result names', () => {
    const [third = ''] = story.receipts(['node-c'])
    const stray = { kind: 'shareReceipt', text: third } as const
    const documents = [...room.results.documents, stray]
    expect(withResults({ ...room.results, documents })).toMatch(
      /a shareReceipt that no result names/,
    )
    const card = { kind: 'stationCard', text: '{}' } as const
    expect(withResults({ ...room.results, documents: [...room.results.documents, card] })).toMatch(
      /a stationCard that no result names/,
    )
  })

  it('come of one session: a second one was aborted, or it made a second signature', () => {
    const done = at('S-8', 'session.done')
    const other = { ...lineAt(done).body, session: digestNamed('another session') }
    const twice = following(done, { ...lineAt(done), body: other })
    expect(performed(twice)).toMatch(/finished in a session of no result/)
    const body = { culprit: '', reason: 'SESSION_TIMEOUT', request: story.request, ...other }
    const { result: _, ...reason } = body as { result?: string } & JsonObject
    const aborted: Uttered = {
      ...{ by: 'custodian/ben', type: 'session.aborted', step: 'S-8', body: reason },
    }
    const told = following(done, { ...lineAt(done), body: other }, aborted)
    expect(performed(told)).not.toMatch(/session of no result/)
  })

  it('leave no signature in anybody’s pocket', () => {
    const other = signature('cold-eth', digestNamed('another digest'))
    const hidden = { digest: room.sighash, request: story.request, signature: other }
    const made: Uttered = {
      by: 'custodian/cleo',
      type: 'signature.made',
      step: 'S-9',
      body: hidden,
    }
    expect(performed(following(at('S-9', 'signature.made', 1), made))).toMatch(
      /a signature that is not among the results/,
    )
    const nothing = { ...room.results, lines: [], documents: [] }
    const all = recount(following(at('S-9', 'signature.made', 1), room.exception(1, 'S-9')), 1)
    expect(withResults(nothing, all, 1)).toMatch(/not among the results/)
    const unsaid = all.filter(({ type }) => type !== 'signature.made')
    expect(withResults(nothing, unsaid, 1)).toMatch(/was finished, and no result tells of it/)
    const body = { attempt: 1, culprit: '', intent: story.request, reason: 'SESSION_TIMEOUT' }
    const failed = { ...body, receipts: [], refusals: [] }
    const told = { ...nothing, lines: [{ type: 'session.aborted', body: failed } as const] }
    expect(withResults(told, unsaid, 1)).not.toMatch(/was finished/)
  })
})
