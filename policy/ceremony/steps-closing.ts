// The closing of every ceremony, also of one that was stopped: exceptions, bags, the last line of
// the Record, and a Statement from everybody who was there.
// INVARIANT: whatever belongs into the Record happens before its last line; the words of what is
// carried out cover it, and Statements are about these words, so none of them names itself.
// Source: docs/ceremony.md. Texts only.
import type { Otherwise, Step } from './steps.ts'

export const closing: readonly Step[] = [
  {
    id: 'C-1',
    who: 'recorder',
    say: 'The cards that went round the table are destroyed. Their numbers are: __',
    do: 'Every card that carried a round is shredded in front of all.',
    witness: 'The numbers, and that none is left.',
    each: [],
    acts: [],
    records: ['medium.destroyed'],
    isMany: true,
    when: 'cards',
    minutes: 4,
  },
  {
    id: 'C-2',
    who: 'controller',
    say: 'These new bags will hold the tokens, the Seal media and the boot media. Numbers: __',
    do: 'Each custodian reads the number of each new bag, and what it will hold. They stay open.',
    witness: 'The recorder repeats each number, read by a second person.',
    each: [],
    acts: [],
    records: ['item.checked'],
    isMany: true,
    minutes: 8,
  },
  {
    id: 'C-3',
    who: 'administrator',
    say: 'The exceptions of this ceremony are: __. Does anybody object to anything?',
    do: 'Each person answers by name. An objection is an exception, with a number.',
    witness: 'The number of exceptions.',
    each: [],
    acts: [],
    records: ['step.done'],
    minutes: 5,
  },
  {
    id: 'C-4',
    who: 'recorder',
    say: 'I close the Record. The words of what is carried out are: __',
    do:
      'The last line is written, and the list of what is carried out is made. Every station ' +
      'compares the Record in it with its own copy. The auditor confirms from their own laptop.',
    witness: 'The 16 words are the same on every station and on the laptop; all note them.',
    each: [],
    acts: ['close-record'],
    at: 'all',
    records: ['record.closed'],
    words: { what: 'bundle', count: 16 },
    minutes: 5,
  },
  {
    id: 'C-5',
    who: 'everyone',
    say:
      'I was here from __ to __. The script was followed, except for __. I saw the words. I ' +
      'agree, or I do not.',
    do:
      'Each person makes their own Statement over these words: custodians at their stations, all ' +
      'others at the Record station; and signs the paper. Who does not agree says why.',
    witness: 'There is a Statement of everybody who was marked present.',
    each: ['person'],
    acts: ['statement'],
    at: 'all',
    records: [],
    minutes: 2,
  },
  {
    id: 'C-6',
    who: 'recorder',
    say: 'The Bundle is written, and read back, twice.',
    do:
      'The Bundle out goes with the Statements to two write-once media. The auditor verifies one ' +
      'of them on their own laptop.',
    witness: 'The auditor says: it verifies, and the words are those that I noted.',
    each: [],
    acts: ['write-bundle'],
    at: 'record',
    records: [],
    minutes: 6,
  },
  {
    id: 'C-7',
    who: 'everyone',
    say: 'Stations off. Everything goes into the bags that were read before.',
    do: 'Machines are switched off; they have no disk. Bags are closed in front of all.',
    witness: 'Each number is read once more against the paper; the controllers take the bags.',
    each: [],
    acts: [],
    records: [],
    minutes: 8,
  },
  {
    id: 'C-8',
    who: 'courier',
    say: '',
    do:
      'Two couriers carry the Bundle out together. It is imported within a day; the auditor ' +
      'checks that the log names the root of the Record and the words that were read.',
    witness: 'The line ceremony.concluded, or ceremony.aborted, with its proof.',
    each: [],
    acts: [],
    records: [],
    isOnline: true,
    not: ['enrolment'],
    minutes: 30,
  },
]

export const closingOtherwise: readonly Otherwise[] = [
  {
    id: 'X-a',
    when: 'anything is not as the script says',
    do:
      'Stop there. The recorder writes what was expected, what happened, what is decided and by ' +
      'whom; the administrator decides whether to go on; nobody decides that a check is left out.',
  },
  {
    id: 'X-b',
    when: 'somebody leaves the room',
    do:
      'The ceremony pauses: tokens are logged out and bagged, two people stay, the recorder ' +
      'marks who left and when. It goes on from the step where it was.',
  },
  {
    id: 'X-c',
    when: 'a station loses power or its program ends',
    do:
      'It is started again from O-5 and goes on at its step. A session in which it took part is ' +
      'over, and begins anew from fresh confirmations.',
  },
  {
    id: 'X-d',
    when: 'a token is refused, or asks for its last try',
    do:
      'Two wrong PINs stop the step. The last try is made only after the custodian typed that it ' +
      'is one, with an exception in the Record; else the spare token takes over.',
  },
  {
    id: 'X-e',
    when: 'somebody wants to stop',
    do:
      'Any station stops for all, with a reason. Everything pending is destroyed, the closing is ' +
      'played, the log says ceremony.aborted. Nobody has to explain more than the reason.',
  },
]
