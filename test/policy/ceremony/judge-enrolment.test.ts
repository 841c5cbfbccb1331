// A whole enrolment before the judge, and what somebody could bring out of it that was not made
// there: another token, a card of another custodian, a key that nobody held.
import { describe, expect, it } from 'vitest'
import type { BundleFiles } from '../../../policy/ceremony/bundle.ts'
import { judgeCeremony } from '../../../policy/ceremony/judge.ts'
import { judgeCards } from '../../../policy/ceremony/judge-cards.ts'
import { keyName } from '../../../policy/ceremony/record.ts'
import { seatsOf } from '../../../policy/ceremony/record-seats.ts'
import { statementMessage, statementText } from '../../../policy/ceremony/statement.ts'
import { parseRoster } from '../../../policy/roster.ts'
import { toHex } from '../../../proto/crypto.ts'
import { parseHandle, parseVaultId } from '../../../proto/ids.ts'
import * as house from '../../kit/audit-documents.ts'
import { directoryOf } from '../../kit/ceremony-people.ts'
import { type CardChange, Enrolment, type Place } from '../../kit/enrolment-room.ts'
import type { Uttered } from '../../kit/performed.ts'
import { plannedToken, someDigest } from '../../kit/planned.ts'

const room = new Enrolment()
const said = room.said()

function heard(files: BundleFiles, of = room): string {
  const { findings } = of.judged(files)
  return findings.map(({ check, word, because }) => `${check} ${word}: ${because}`).join('\n')
}

const performed = (all: readonly Uttered[], of = room): string =>
  heard(of.carriedOut(of.lines(all)), of)
const bent = (which: (one: Uttered) => boolean, change: Partial<Uttered>) =>
  performed(said.map((one) => (which(one) ? { ...one, ...change } : one)))
/** Closed again, over the results that this room has. */
const whole = (of: Enrolment): string => performed(of.said(), of)
const withCards = (change: CardChange) => whole(new Enrolment(change))
const first: CardChange = (x, place) => (x === 1 && place === 'daily' ? { gaps: ['local'] } : {})

describe('an enrolment', () => {
  it('is OK where every token signed in the room, and people say so by what the directory has', () => {
    expect(performed(said)).toBe('')
    const { results, exit } = room.judged()
    expect([exit, new Set(Object.values(results))]).toEqual([0, new Set(['OK'])])
  })

  it('is UNCONFIRMED without the words of its plan, or without a directory', () => {
    const files = room.carriedOut()
    const roster = parseRoster(house.coldDirectoryText)
    expect(judgeCeremony({ files, log: undefined, roster }).exit).toBe(3)
    expect(judgeCeremony({ files, log: undefined, plan: room.digest }).exit).toBe(3)
    expect(room.judged(files, someDigest('another plan')).exit).toBe(4)
    expect(room.judged(files).exit).toBe(0)
  })

  it('brings the cards of the tokens that were enrolled, by number, key and the rest of it', () => {
    const [d1, d2] = ['D-1', 'D-2'].map((serial) => plannedToken(serial).identity)
    const daily = ({ type, body }: Uttered) =>
      type === 'token.enrolled' && body['place'] === 'daily' && body['node'] === 'node-1'
    const { body = {} } = said.find(daily) ?? {}
    expect(bent(daily, { body: { ...body, card: someDigest('x') } })).toMatch(/another card than/)
    expect(bent(daily, { body: { ...body, serial: 'D-9' } })).toMatch(/another card than/)
    const swapped = bent(daily, { body: { ...body, identity: toHex(d2 ?? new Uint8Array(65)) } })
    expect(swapped).toMatch(/TAMPERED|VIOLATION/)
    expect(keyName(d1 ?? new Uint8Array(65))).not.toBe(keyName(d2 ?? new Uint8Array(65)))
  })

  it('has the words of each token read by its custodian, signed by that very token', () => {
    const read = ({ type, step, token }: Uttered) =>
      type === 'words.read' && step === 'E-2' && token === 'S-2'
    const lacking = performed(said.filter((one) => !read(one)))
    expect(lacking).toMatch(/I8 VIOLATION: node-2: its spare token did not sign that ben read/)
    expect(lacking).toMatch(/I4 VIOLATION: E-2/)
    expect(bent(read, { token: 'D-2' })).toMatch(/node-2: its spare token did not sign/)
    const { body = {} } = said.find(read) ?? {}
    expect(bent(read, { body: { ...body, digest: someDigest('x') } })).toMatch(/did not sign/)
    expect(bent(read, { body: { ...body, by: 'ana', confirmed: ['chen'] } })).toMatch(
      /did not sign/,
    )
  })

  it('has each token say, signed, that it opened what was sealed to it', () => {
    const opened = ({ step, token }: Uttered) => step === 'E-3' && token === 'S-3'
    expect(performed(said.filter((one) => !opened(one)))).toMatch(
      /I8 VIOLATION: node-3: its spare token did not sign that it opened/,
    )
    expect(bent(opened, { token: 'D-3' })).toMatch(/signed by D-3, and names S-3/)
    expect(
      bent(({ step, by }) => step === 'O-5' && by.endsWith('ben'), {
        body: { ...said.find(({ step }) => step === 'O-5')?.body, token: 'D-2' },
      }),
    ).toMatch(/signed by R-0, and names D-2/)
  })

  it('is watched while a token gets its keys, and brings nothing but cards', () => {
    const at = said.findIndex(({ type }) => type === 'token.enrolled')
    const left: Uttered = {
      ...{ by: 'recorder/rita', type: 'person.left', step: 'E-2' },
      body: { person: 'bo', role: 'auditor' },
    }
    const seen = said.map((one, place) =>
      place < at || one.body['confirmed'] === undefined
        ? one
        : { ...one, body: { ...one.body, confirmed: ['chen'] } },
    )
    const alone = [...seen.slice(0, at), left, ...seen.slice(at)]
    expect(performed(alone)).toMatch(/I7 VIOLATION: auditor: expected 1 present, got 0/)
    const { results } = room
    room.results = { ...results, addresses: [{ vault: parseVaultId('cold'), address: '0x00' }] }
    expect(whole(room)).toMatch(
      /I8 VIOLATION: an enrolment brings no line of a log, and no address/,
    )
    room.results = results
  })

  it('enrols within its window', () => {
    const { from } = room.plan
    const late = Object.assign(new Enrolment(), { plan: { ...room.plan, from: from + 86_400_000 } })
    expect(whole(late)).toMatch(/token.enrolled at .* outside of the window|record.genesis at/)
  })
})

describe('the cards of an enrolment', () => {
  const [one, two, three] = room.results.documents
  const keep = room.results
  const carried = (documents: readonly (typeof one)[], outcome: 'done' | 'aborted' = 'done') => {
    const reason = outcome === 'aborted' ? 'COORDINATOR' : ''
    const known = documents.filter((card) => card !== undefined)
    room.results = { ...keep, documents: known, outcome, reason }
    const found = whole(room)
    room.results = keep
    return found
  }

  it('are one of each called station, and of nobody else', () => {
    expect(carried([one, two, three])).toBe('')
    expect(carried([two, three])).toMatch(/I8 VIOLATION: node-1 has no card/)
    expect(carried([two, three], 'aborted')).not.toMatch(/no card/)
    expect(carried([one, two, three, three])).toMatch(/node-3 has two cards/)
    const broken = three && { ...three, text: three.text.replace('"x":3', '"x":2') }
    expect(carried([one, two, broken])).toMatch(/not signed by its own identity key/)
    const ninth = (x: number) => (x === 3 ? { node: parseHandle('node-9') } : {})
    const found = whole(new Enrolment(ninth, ninth))
    expect(found).toMatch(/a card of node-9, who was not called/)
    expect(found).toMatch(/node-3 has no card/)
  })

  it('have the tokens that were enrolled, daily as daily and spare as spare', () => {
    const [station] = room.stations
    if (station === undefined) return expect.fail()
    const enrols = (place: Place, as: Place, before: string): Uttered[] =>
      room.enrols(station, place).map((one) => {
        if (one.type === 'token.enrolled') return { ...one, body: { ...one.body, place: as } }
        return one.type === 'item.checked' ? { ...one, token: before } : one
      })
    const swapped = [...enrols('spare', 'daily', 'R-0'), ...enrols('daily', 'spare', 'S-1')]
    const at = said.findIndex(({ step }) => step === 'E-2')
    const all = [...said.slice(0, at), ...swapped, ...said.slice(at + swapped.length)]
    expect(performed(all)).toMatch(/the card of node-1 has other tokens than were enrolled/)
  })
})

describe('both tokens of a custodian, wiped and enrolled again (E-y)', () => {
  // A key of its own for the token as it was before.
  const before = { 'D-1': 'D-8', 'S-1': 'S-8' } as const
  const wasAt = (serial: string): string =>
    serial === 'D-1' || serial === 'S-1' ? before[serial] : serial
  const earlier = (one: Uttered): Uttered => {
    const serial = one.body['serial']
    const token = one.token === undefined ? {} : { token: wasAt(one.token) }
    if (one.type === 'words.read') {
      return { ...one, ...token, body: { ...one.body, digest: someDigest('old card') } }
    }
    if (typeof serial !== 'string') return { ...one, ...token }
    const { identity } = plannedToken(wasAt(serial))
    const body = { ...one.body, identity: toHex(identity), card: someDigest('old card') }
    return { ...one, ...token, body }
  }
  const [ana] = room.stations
  const ownTurns = (['daily', 'spare'] as const).flatMap((place) =>
    ana === undefined ? [] : room.enrols(ana, place),
  )
  // Their custodian has no token that could say so: the recorder writes which bags were opened.
  const again = ownTurns.map((one) =>
    one.type === 'item.checked' ? { ...one, by: 'recorder/rita', token: 'R-0' } : one,
  )
  const at = said.findIndex(({ step }) => step === 'E-2')
  const story = (excuse: readonly Uttered[], anew: readonly Uttered[]): Uttered[] => [
    ...said.slice(0, at),
    ...ownTurns.map(earlier),
    ...excuse,
    ...anew,
    ...said.slice(at + ownTurns.length, -1),
    room.closed(excuse.length),
  ]
  const seen = [room.exception(1, 'E-2')]

  it('are those whose cards go home, and the Record tells which signed when', () => {
    const all = story(seen, again)
    expect(performed(all)).toBe('')
    const { tokens = [] } = room.judged(room.carriedOut(room.lines(all)))
    const own = tokens.filter(({ custodian }) => custodian === 'ana')
    expect(own.map(({ place, serial }) => `${place} ${serial}`)).toEqual([
      ...['daily D-1', 'spare S-1', 'daily D-1', 'spare S-1'],
    ])
    const [, old, fresh] = own
    expect(old?.last).toBeLessThan(fresh?.first ?? 0)
  })

  it('need an exception, both of them, and no line by what was wiped', () => {
    expect(performed(story([], again))).toMatch(/I4 .*daily token first/)
    const half = story(seen, again.slice(0, 3)).filter(({ token }) => token !== 'S-1')
    expect(performed(half)).toMatch(/the card of node-1 has other tokens than were enrolled/)
    const stale = again.map((one) => (one.type === 'words.read' ? earlier(one) : one))
    expect(performed(story(seen, stale))).toMatch(/I3 .*not one of custodian\/ana/)
    const unread = again.filter(({ type }) => type !== 'words.read')
    expect(performed(story(seen, unread))).toMatch(/node-1: its daily token did not sign that ana/)
  })
})

describe('a card that goes home', () => {
  it('is of a module of the plan, and lacks nothing that nobody wrote down', () => {
    expect(withCards((x) => (x === 2 ? { module: someDigest('other') } : {}))).toMatch(
      /node-2: token D-2 was made by a module of no plan/,
    )
    expect(withCards(first)).toBe(
      'I8 VIOLATION: node-1: token D-1 lacks local, and no exception says so',
    )
    const gapped = new Enrolment(first)
    const told = gapped.said()
    const at = told.findIndex(({ step }) => step === 'E-3')
    const exception = gapped.exception(1, 'E-2')
    const says = (happened: string) => {
      const one = { ...exception, body: { ...exception.body, happened } }
      const closed = [...told.slice(0, at), one, ...told.slice(at, -1), gapped.closed(1)]
      return performed(closed, gapped)
    }
    expect(says('D-1 lacks: local')).toBe('')
    expect(says('D-1 lacks: modifiable')).toMatch(/lacks local, and no exception/)
    expect(says('D-2 lacks: local')).toMatch(/lacks local, and no exception/)
    expect(says('D-12 lacks: local')).toMatch(/lacks local, and no exception/)
  })

  it('is of no token in software, where it is real', () => {
    const made = new Enrolment((x) => (x === 1 ? { manufacturer: 'SoftHSM project' } : {}))
    const found = (env: 'dev' | 'prod') => {
      const seats = seatsOf({ digest: made.digest, plan: made.plan }, '')
      const given = { plan: { ...made.plan, env }, seats, lines: [], results: made.results }
      return judgeCards(given)
        .map(({ because }) => because)
        .filter((one) => /software/.test(one))
    }
    expect(found('dev')).toEqual([])
    expect(found('prod')).toEqual([
      'node-1: token D-1 is software, by SoftHSM project',
      'node-1: token S-1 is software, by SoftHSM project',
    ])
  })

  it('has no key and no number of another one', () => {
    const seal = toHex(plannedToken('S-9').identity)
    const shared: CardChange = (x, place) => (x < 3 && place === 'spare' ? { seal } : {})
    expect(withCards(shared)).toMatch(/node-2: key \w+ stands twice/)
    expect(
      withCards((x, place) => (place === 'spare' && x === 1 ? { serial: 'R-0' } : {})),
    ).toMatch(/serial R-0 stands twice/)
    expect(
      withCards((x, place) => (place === 'spare' && x === 1 ? { serial: 'D-2' } : {})),
    ).toMatch(/serial D-2 stands twice/)
  })

  it('is of the site and the color of the plan, as of its custodian and place', () => {
    const other = (change: object) =>
      whole(new Enrolment(undefined, (x) => (x === 1 ? change : {})))
    expect(other({})).toBe('')
    for (const change of [
      { site: parseHandle('moon') },
      { color: 'navy' },
      { custodian: parseHandle('ben') },
      { x: 3 },
    ]) {
      expect(other(change)).toMatch(/the card of node-1 is of another place or custodian/)
    }
  })
})

describe('the Statement of a custodian at an enrolment', () => {
  it('is signed by a credential of the directory: no new token says whose it is', () => {
    const lines = room.lines()
    const files = room.carriedOut(lines)
    const byToken = new Enrolment()
    byToken.sign = (statement) => {
      if (statement.actor.person !== 'ben') return room.sign(statement)
      const document = statementText(statement)
      const signature = byToken.signWith('D-2', statementMessage(document))
      return { by: 'token', name: keyName(plannedToken('D-2').identity), document, signature }
    }
    expect(heard(files)).toBe('')
    expect(heard(byToken.carriedOut(lines))).toMatch(
      /I6 TAMPERED: the statement of custodian\/ben is not signed by a key of theirs/,
    )
    const strangers = room.plan.people.map(({ person }) => person).filter((one) => one !== 'ben')
    const unknown = judgeCeremony({
      ...{ files, log: undefined, plan: room.digest },
      roster: parseRoster(directoryOf(strangers)),
    })
    expect(unknown.results.I7).toBe('VIOLATION')
    const others = room.plan.people.map(({ person }) => person).filter((one) => one !== 'ben')
    const roster = parseRoster(directoryOf(others))
    const found = judgeCeremony({ files, log: undefined, plan: room.digest, roster }).findings
    expect(found.map(({ because }) => because)).toContainEqual(
      expect.stringMatching(/custodian\/ben is not signed/),
    )
  })
})
