// Cold signing: what people approved outside is shown once more, by machines that judge it
// themselves, and signed by t custodians of whom each has read and typed what it does.
// INVARIANT: no signature before every signer's `confirm-request` of the very request is a line.
// Source: docs/ceremony.md. Texts only.
import type { Otherwise, Step } from './steps.ts'

export const sign: readonly Step[] = [
  {
    id: 'S-1',
    who: 'custodian',
    say: 'Station {station}: the numbers of my token and of my Seal medium are: __',
    do: 'The custodian reads them; the recorder compares them with the last Record.',
    witness: 'Numbers and colors belong to this station, and the bags were closed.',
    each: ['station'],
    acts: [],
    records: ['item.checked'],
    isMany: true,
    minutes: 2,
  },
  {
    id: 'S-2',
    who: 'administrator',
    say: 'The number of requests today is {requests}. Their totals are: __',
    do: 'The administrator reads from the paper of the approvals, not from a screen.',
    witness: 'The custodians count the requests on their own screens.',
    each: [],
    acts: [],
    records: ['step.done'],
    minutes: 2,
  },
  {
    id: 'S-3',
    who: 'custodian',
    say: 'Station {station} shows the request, and admits it.',
    do:
      'The station decodes the bytes and judges them by its own rulebook, roster and log. Where ' +
      'it refuses, this request ends here; nobody overrides a station.',
    witness: 'Recipient, amount, limits with what is left, fee, nonce and approvals are shown.',
    each: ['request', 'station'],
    acts: ['show-request'],
    at: 'turn',
    records: ['request.shown'],
    minutes: 1,
  },
  {
    id: 'S-4',
    who: 'administrator',
    say: 'From the approval: it goes to __, and it is __. The words of the request are: __',
    do:
      'The administrator reads recipient and amount from the approval. Each custodian reads the ' +
      'first and the last six characters of the recipient from their own station.',
    witness: 'Recipient and amount agree; the 8 words are the same everywhere, laptop included.',
    each: ['request'],
    acts: [],
    records: ['words.read'],
    words: { what: 'request', count: 8 },
    minutes: 3,
  },
  {
    id: 'S-5',
    who: 'auditor',
    say: 'I phone the owner of this request. - The owner says: __',
    do:
      'From outside the room, to a number of the directory. The owner says what was asked for, ' +
      'the auditor does not say it first.',
    witness: 'The auditor comes back and says: confirmed. Anything else ends this request.',
    each: ['request'],
    acts: [],
    records: ['words.read'],
    words: { what: 'call-back', count: 8 },
    when: 'call-back',
    minutes: 5,
  },
  {
    id: 'S-6',
    who: 'custodian',
    say: 'Station {station}: I type the last six characters and the amount.',
    do:
      'The custodian types both into empty fields, puts in the Seal medium and types the PIN. ' +
      'Twice wrong, and this station is out for this request.',
    witness: 'The screen says: confirmed, open, and the epoch of the key.',
    each: ['request', 'station'],
    acts: ['confirm-request'],
    at: 'turn',
    records: ['request.confirmed'],
    minutes: 2,
  },
  {
    id: 'S-7',
    who: 'administrator',
    say: 'By lot, these {t} sign: __. All others log out.',
    do: 'The Record station draws from the stations that confirmed. The rest wipe and log out.',
    witness: 'The names of the signers are on every screen.',
    each: ['request'],
    acts: ['draw-signers'],
    at: 'record',
    records: ['step.done'],
    minutes: 1,
  },
  {
    id: 'S-8',
    who: 'custodian',
    say: '',
    do: 'The signers start. Nobody speaks.',
    witness: 'Each screen counts the rounds.',
    each: ['request', 'signer'],
    acts: ['sign'],
    at: 'signers',
    records: ['message.sent', 'session.done'],
    isMany: true,
    minutes: 1,
  },
  {
    id: 'S-9',
    who: 'custodian',
    say: 'Station {station}: same request. The words of the signature are: __',
    do: 'The station verifies the signature and decodes the signed transaction to the request.',
    witness: 'The 8 words are the same on all signing stations.',
    each: ['request', 'signer'],
    acts: ['check-signature'],
    at: 'turn',
    records: ['signature.made'],
    words: { what: 'signature', count: 8 },
    minutes: 1,
  },
  {
    id: 'S-10',
    who: 'auditor',
    say: 'My own tool, with my own copy of the public key, says: __',
    do: 'The auditor verifies and decodes on their own laptop.',
    witness: 'The auditor says: it verifies, recipient and amount are those of the request.',
    each: ['request'],
    acts: [],
    records: ['words.read'],
    words: { what: 'signature', count: 8 },
    minutes: 2,
  },
  {
    id: 'S-11',
    who: 'custodian',
    say: 'Station {station}: wiped. The count of my token is: __',
    do: 'The station wipes the share, writes the Floor and logs out of the token.',
    witness: 'The count is one more than before.',
    each: ['request', 'signer'],
    acts: ['wipe'],
    at: 'turn',
    records: ['step.done'],
    minutes: 1,
  },
]

export const signOtherwise: readonly Otherwise[] = [
  {
    id: 'S-x',
    when: 'a session ends with RETRY',
    do:
      'Once more from S-6, with fresh confirmations: a session is never resumed. A second RETRY ' +
      'ends the request.',
  },
  {
    id: 'S-y',
    when: 'a session ends with FAULT or BAN and a name',
    do:
      'That station is switched off; it and its token go into bags to the auditor. Others sign ' +
      'if t are left that confirmed; else the ceremony is stopped.',
  },
  {
    id: 'S-z',
    when: 'the request lapses on the way',
    do: 'It ends. A new request is approved for another sitting; nothing is edited in the room.',
  },
]
