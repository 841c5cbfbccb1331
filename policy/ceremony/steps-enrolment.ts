// Enrolment: tokens get their keys, stations get theirs, and everybody compares them with eyes. It
// comes before the root that pins these keys, so there is no log and no Bundle in yet.
// Source: docs/ceremony.md. Texts only.
import type { Otherwise, Step } from './steps.ts'

export const enrolment: readonly Step[] = [
  {
    id: 'E-1',
    who: 'administrator',
    say:
      'We make the tokens of {called}. Any {t} of {n} will sign. The words of the plan are: __, ' +
      'and the sites and colors of the stations are: __',
    do: 'Each station reads the plan from its card. Each custodian looks for their own line.',
    witness: 'The 16 words are the same on every station and on the approved paper.',
    each: [],
    acts: [],
    records: ['words.read'],
    words: { what: 'plan', count: 16 },
    minutes: 5,
  },
  {
    id: 'E-2',
    who: 'custodian',
    say: 'Station {station}: this is my {token} token, out of its closed bag. Its number is: __',
    do:
      'The token is tried and wiped. The custodian types a new PIN twice, and a new PIN of the ' +
      'security officer, which goes into an envelope to the controllers. Both key pairs are born ' +
      'inside the token.',
    witness:
      'Model, number and profile are on the screen; the custodian reads the 8 words of its card, ' +
      'and another one confirms them from the card that the recorder holds.',
    each: ['station', 'token'],
    acts: ['probe', 'init', 'enrol'],
    at: 'turn',
    records: ['item.checked', 'token.enrolled', 'words.read'],
    words: { what: 'token', count: 8 },
    minutes: 6,
  },
  {
    id: 'E-3',
    who: 'custodian',
    say: 'Station {station}: its own keys are made, and my {token} token opens them.',
    do:
      'With the daily token in, the station makes its keys, seals them to both tokens, opens the ' +
      'Seals and writes its public card; then the spare token opens every Seal. Each token signs ' +
      'that it did.',
    witness: 'The screen says that this token opened every Seal.',
    each: ['station', 'token'],
    acts: ['station-keys', 'test-daily', 'test-spare'],
    at: 'turn',
    records: ['station.ready'],
    minutes: 4,
  },
  {
    id: 'E-4',
    who: 'recorder',
    say: 'All cards are together. The words of the roster are: __',
    do:
      'The recorder carries all cards to every station. Each custodian compares their own keys ' +
      'on the screen of another station.',
    witness: 'The 16 words are the same on every station; each custodian found their own keys.',
    each: [],
    acts: ['show-roster'],
    at: 'called',
    records: ['words.read'],
    words: { what: 'roster', count: 16 },
    minutes: 8,
  },
  {
    id: 'E-5',
    who: 'administrator',
    say: 'The root with these stations is made and signed outside. Its words will be read to you.',
    do: 'Nothing: this is so that nobody believes that a vault exists already.',
    witness: 'Everybody has the words of the roster in their own notes.',
    each: [],
    acts: [],
    records: ['step.done'],
    minutes: 1,
  },
]

export const enrolmentOtherwise: readonly Otherwise[] = [
  {
    id: 'E-x',
    when: 'a token lacks an operation, or keeps an attribute wrong',
    do: 'Another token is taken. A gap is accepted only where the plan says so for its model.',
  },
  {
    id: 'E-y',
    when: 'a custodian saw the PIN of another',
    do: 'Both tokens of that custodian are wiped and enrolled again (E-2).',
  },
]
