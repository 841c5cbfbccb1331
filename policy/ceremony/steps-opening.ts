// The opening of every ceremony: who is here, what came out of the safes, and whether the stations
// are what the plan says before any of them is told anything.
// Source: docs/ceremony.md. Texts only; who plays them is elsewhere.
import type { Step } from './steps.ts'

export const opening: readonly Step[] = [
  {
    id: 'O-1',
    who: 'administrator',
    say:
      'This is ceremony {number} of {org}, {kind}: {purpose}. It is {env}. Anybody may stop it ' +
      'at any moment; a stopped ceremony is a good ceremony. Nobody touches the token of another ' +
      'person. Telephones are outside. Nothing here can be overridden.',
    do:
      'The recorder starts the recording of the screen and the Record station, and compares its ' +
      'clock with two watches. Then the administrator reads.',
    witness:
      'A witness reads the time from their own watch and says whether it is that of the room.',
    each: [],
    acts: ['begin-record'],
    at: 'record',
    records: ['record.genesis'],
    minutes: 5,
  },
  {
    id: 'O-2',
    who: 'recorder',
    say: 'Who are you, and what is your part?',
    do:
      'Each person answers. The recorder marks how the person is identified, and writes down no ' +
      'number of any document.',
    witness: 'Two people know the person, or have seen what identifies them.',
    each: ['person'],
    acts: [],
    records: ['person.present'],
    minutes: 1,
  },
  {
    id: 'O-3',
    who: 'controller',
    say: 'These bags come out of the safes. I read the number of each.',
    do:
      'Both controllers show each bag from all sides and read its number; the recorder compares ' +
      'it with the last Record, where there is one.',
    witness: 'Every number is the one in the last Record, and no bag was opened.',
    each: [],
    acts: [],
    records: ['item.checked'],
    isMany: true,
    minutes: 10,
  },
  {
    id: 'O-4',
    who: 'auditor',
    say: 'I draw which machines and which boot media stay unused and go with me.',
    do:
      'By lot from all that were brought, spares included. What is drawn leaves the table closed ' +
      'and is inspected afterwards.',
    witness: 'The numbers of what was drawn.',
    each: [],
    acts: [],
    records: ['item.checked'],
    isMany: true,
    minutes: 5,
  },
  {
    id: 'O-5',
    who: 'custodian',
    say: 'Station {station}: I start it.',
    do:
      'The custodian checks that no radio is in the machine, puts in the boot medium, their own ' +
      'card and their own token, switches on, and types the PIN when the station asks for it. ' +
      'Nobody looks.',
    witness: 'The screen says READY, with the number of checks, and the label of this station.',
    each: ['station'],
    acts: ['doctor'],
    at: 'turn',
    records: ['station.ready'],
    minutes: 5,
  },
  {
    id: 'O-6',
    who: 'auditor',
    say: 'The words of the build, from my own print of the release page, are: __',
    do:
      'The auditor reads them from paper. Every station shows its own; one custodian is asked ' +
      'back for the third word.',
    witness: 'The 16 words are the same on every station and on the paper.',
    each: [],
    acts: [],
    records: ['words.read'],
    words: { what: 'build', count: 16 },
    minutes: 4,
  },
  {
    id: 'O-7',
    who: 'auditor',
    say: 'The words of the Bundle, as they were told to me by another way yesterday, are: __',
    do:
      'Every station opens the Bundle from its write-protected medium, with the plan inside, and ' +
      'joins the table. Two custodians confirm from their own screens.',
    witness: "The 16 words are the same on every station and in the auditor's note.",
    each: [],
    acts: ['open-bundle'],
    at: 'called',
    records: ['words.read'],
    words: { what: 'bundle', count: 16 },
    not: ['enrolment'],
    minutes: 6,
  },
  {
    id: 'O-8',
    who: 'custodian',
    say: 'Station {station}: the size of the log, and the words of its head, are: __',
    do:
      'The station reads the whole log, counts the cosignatures of its newest head, and compares ' +
      'it with what the token remembers of the last ceremony.',
    witness: 'Size and 8 words are the same on every station; the last ceremony is in the log.',
    each: ['station'],
    acts: ['check-log'],
    at: 'turn',
    records: ['station.ready'],
    words: { what: 'log', count: 8 },
    not: ['enrolment'],
    minutes: 2,
  },
  {
    id: 'O-9',
    who: 'auditor',
    say:
      'The lines of the main log, and the words of its head after them, from my own paper and not ' +
      'from the Bundle, are: __',
    do:
      'The auditor reads them from paper, made from an own copy of the main log for the number of ' +
      'lines that was told with the words of the Bundle. One custodian is asked back for the third ' +
      'word. Where they differ the ceremony is stopped.',
    witness: 'Number and 16 words are the same on every station and on the paper.',
    each: [],
    acts: [],
    records: ['words.read'],
    words: { what: 'main-log', count: 16 },
    when: 'main-log',
    not: ['enrolment'],
    minutes: 3,
  },
]
