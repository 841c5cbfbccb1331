// Genesis: the key of a cold vault comes to be, in n pieces that never meet. Nothing of it is used
// before the log says so, and nobody is shown an address before the spare tokens opened it too.
// Source: docs/ceremony.md. Texts only.
import type { Otherwise, Step } from './steps.ts'

export const genesis: readonly Step[] = [
  {
    id: 'G-1',
    who: 'administrator',
    say:
      'We make the key of {vaults}. It has {n} holders, any {t} of them sign. The words of the ' +
      'plan are: __, and the holders and their sites are: __',
    do: 'Each custodian finds their own line on the screen and answers: that is me.',
    witness: 'The 16 words are the same on every station and on the approved paper.',
    each: [],
    acts: [],
    records: ['words.read'],
    words: { what: 'plan', count: 16 },
    minutes: 4,
  },
  {
    id: 'G-2',
    who: 'recorder',
    say: 'The words of the root are: __',
    do:
      'Every station shows the committee as the root has it. Each custodian compares their own ' +
      'keys on the screen of another station, with the note from the enrolment at hand.',
    witness: 'The 16 words are the same on every station; each custodian found their own keys.',
    each: [],
    acts: ['show-roster'],
    at: 'called',
    records: ['words.read'],
    words: { what: 'roster', count: 16 },
    minutes: 6,
  },
  {
    id: 'G-3',
    who: 'custodian',
    say: 'Station {station}: I add dice.',
    do: 'The custodian throws a die a hundred times behind a screen and types the rolls twice.',
    witness: 'The screen counts three sources of randomness.',
    each: ['station'],
    acts: ['dice'],
    at: 'turn',
    records: ['step.done'],
    isOptional: true,
    minutes: 10,
  },
  {
    id: 'G-4',
    who: 'administrator',
    say: 'The stations make the key of {vault}. Nobody speaks until all have finished.',
    do: 'Each custodian starts. The stations commit, reveal and confirm.',
    witness: 'Every screen says that all {n} confirmed.',
    each: ['vault', 'station'],
    acts: ['keygen'],
    at: 'called',
    records: ['message.sent', 'session.done'],
    isMany: true,
    minutes: 1,
  },
  {
    id: 'G-5',
    who: 'custodian',
    say: 'The words of the key of {vault} are: __',
    do: 'One custodian reads, all others confirm, each from their own screen.',
    witness: 'The 16 words are the same on all {n} stations.',
    each: ['vault'],
    acts: [],
    records: ['words.read'],
    words: { what: 'key', count: 16 },
    minutes: 4,
  },
  {
    id: 'G-6',
    who: 'custodian',
    say: 'Station {station}: sealed on medium A and medium B.',
    do:
      'The station seals the share to both tokens, writes it to medium A and to medium B, reads ' +
      'each back and opens it with the daily token.',
    witness: 'The screen says for both media: opens, share and public point agree.',
    each: ['vault', 'station'],
    acts: ['seal', 'test-daily'],
    at: 'turn',
    records: ['share.sealed', 'seal.tested'],
    isMany: true,
    minutes: 3,
  },
  {
    id: 'G-7',
    who: 'custodian',
    say: 'Station {station}: certificate of {n}. The share is wiped.',
    do: 'The station keeps the certificate, writes its Floor and wipes the share.',
    witness: 'The screen says: certificate {n} of {n}, wiped.',
    each: ['vault', 'station'],
    acts: ['finish'],
    at: 'turn',
    records: ['step.done'],
    minutes: 1,
  },
  {
    id: 'G-8',
    who: 'custodian',
    say: 'Station {station}: daily token out, spare token in.',
    do:
      'The custodian takes the spare token out of its bag and types its PIN. The station opens ' +
      'medium B with it and says so, signed, for the log.',
    witness: 'The screen says: the spare opens, share and public point agree.',
    each: ['station', 'vault'],
    acts: ['test-spare'],
    at: 'turn',
    records: ['seal.tested'],
    minutes: 3,
  },
  {
    id: 'G-9',
    who: 'auditor',
    say: 'The addresses of {vault} are, in full: __',
    do: 'The auditor derives them on their own laptop, with other software, and reads them.',
    witness: 'Every station shows the same addresses, letter by letter.',
    each: ['vault'],
    acts: ['show-addresses'],
    at: 'called',
    records: ['words.read'],
    words: { what: 'address', count: 8 },
    minutes: 4,
  },
  {
    id: 'G-10',
    who: 'administrator',
    say:
      'Nobody pays to these addresses before the key is in the log and two control proofs of it ' +
      'are signed, by quorums that together are everybody. That sitting is on: __',
    do: 'The date is named. A node signs with a key that its log has, and with no other.',
    witness: "The date is in everybody's notes.",
    each: [],
    acts: [],
    records: ['step.done'],
    minutes: 2,
  },
]

export const genesisOtherwise: readonly Otherwise[] = [
  {
    id: 'G-x',
    when: 'a station stops before all confirmed',
    do:
      'No key exists. Every station destroys what it had sealed. G-4 is played once more from ' +
      'its beginning, or the ceremony is stopped.',
  },
  {
    id: 'G-y',
    when: 'words of the key differ, or a Seal does not open',
    do:
      'The ceremony is stopped. Nothing is carried out but the Record, so the log never knows ' +
      'this key. The Seals are destroyed. The stations go to the auditor.',
  },
]
