// Reshare and refresh: the same key gets new shares, for other holders or the same ones. Old shares
// stay until the log says that the new ones are in force; only then are they destroyed.
// Source: docs/ceremony.md. Texts only.
import type { Otherwise, Step } from './steps.ts'

export const reshare: readonly Step[] = [
  {
    id: 'R-1',
    who: 'administrator',
    say:
      'Why we are here: {purpose}. Who leaves hands over tokens and media now. What is not here ' +
      'is declared lost, and I read its number: __',
    do: 'Everything handed over or declared lost is read with its number.',
    witness: 'Each number is in the plan; what was handed over lies closed before the controllers.',
    each: [],
    acts: [],
    records: ['item.checked'],
    isMany: true,
    minutes: 4,
  },
  {
    id: 'R-2',
    who: 'custodian',
    say: 'Station {station}: I am new. The words of my daily token are: __',
    do:
      'A new custodian reads their own words from the screen; another custodian confirms them ' +
      'from the root, on another screen.',
    witness: 'The 8 words and the number are those of the enrolment.',
    each: ['newcomer'],
    acts: [],
    records: ['words.read'],
    words: { what: 'token', count: 8 },
    minutes: 3,
  },
  {
    id: 'R-3',
    who: 'recorder',
    say: 'Who stays: __. Who goes: __. Who comes: __. The words of the root are: __',
    do: 'Every station shows both committees. Each custodian finds their own line.',
    witness: 'The 16 words are the same on every station.',
    each: [],
    acts: ['show-roster'],
    at: 'called',
    records: ['words.read'],
    words: { what: 'roster', count: 16 },
    minutes: 5,
  },
  {
    id: 'R-4',
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
    id: 'R-5',
    who: 'custodian',
    say: 'Station {station}: my old share opens.',
    do: 'Each holder of an old share puts in the Seal medium and types the PIN.',
    witness: 'At least {tBefore} screens say: opens, share and public point agree.',
    each: ['vault', 'dealer'],
    acts: ['test-daily'],
    at: 'turn',
    records: ['seal.tested'],
    minutes: 3,
  },
  {
    id: 'R-6',
    who: 'administrator',
    say: 'The stations deal new shares of {vault}. Nobody speaks until all have finished.',
    do: 'Each custodian starts. Old holders deal, new holders take and confirm.',
    witness: 'Every screen of a new holder says that all {n} confirmed.',
    each: ['vault', 'holder'],
    acts: ['reshare'],
    at: 'called',
    records: ['message.sent', 'session.done'],
    isMany: true,
    minutes: 1,
  },
  {
    id: 'R-7',
    who: 'auditor',
    say: 'The words of the key of {vault}, from the Record in which it was made, are: __',
    do: 'The auditor reads them from the old paper. Each custodian confirms from their screen.',
    witness: 'The 16 words are the same: it is the same key.',
    each: ['vault'],
    acts: [],
    records: ['words.read'],
    words: { what: 'key', count: 16 },
    minutes: 4,
  },
  {
    id: 'R-8',
    who: 'custodian',
    say: 'Station {station}: sealed on medium A and medium B.',
    do:
      'The station seals the new share to both tokens, writes it to new media A and B, reads ' +
      'each back and opens it with the daily token.',
    witness: 'The screen says for both media: opens, share and public point agree.',
    each: ['vault', 'holder'],
    acts: ['seal', 'test-daily'],
    at: 'turn',
    records: ['share.sealed', 'seal.tested'],
    isMany: true,
    minutes: 3,
  },
  {
    id: 'R-9',
    who: 'custodian',
    say: 'Station {station}: certificate of {n}. The share is wiped.',
    do: 'The station keeps the certificate and wipes the share. The old Seal stays where it is.',
    witness: 'The screen says: certificate {n} of {n}, wiped.',
    each: ['vault', 'holder'],
    acts: ['finish'],
    at: 'turn',
    records: ['step.done'],
    minutes: 1,
  },
  {
    id: 'R-10',
    who: 'custodian',
    say: 'Station {station}: daily token out, spare token in.',
    do: 'The custodian takes the spare token, types its PIN, and opens medium B with it.',
    witness: 'The screen says: the spare opens, share and public point agree.',
    each: ['holder', 'vault'],
    acts: ['test-spare'],
    at: 'turn',
    records: ['seal.tested'],
    minutes: 3,
  },
  {
    id: 'R-11',
    who: 'administrator',
    say:
      'These holders of old shares are absent: __. They are fewer than {tBefore}. The old Seals ' +
      'are destroyed, and the new quorum proves the key, at the sitting on: __',
    do:
      'The absent are counted. Where they are {tBefore} or more, their old shares still make the ' +
      'key: the next sitting is within days, and the vault stays frozen until then.',
    witness: "The number and the date are in everybody's notes.",
    each: [],
    acts: [],
    records: ['step.done'],
    minutes: 3,
  },
]

export const reshareOtherwise: readonly Otherwise[] = [
  {
    id: 'R-x',
    when: 'a station stops before all new holders confirmed',
    do: 'The old shares stay in force. R-6 is played once more, or the ceremony is stopped.',
  },
  {
    id: 'R-y',
    when: 'the words of the key are not those of the old paper',
    do: 'The ceremony is stopped. The old shares stay in force; the new Seals are destroyed.',
  },
]
