/**
 * What every field of every message is bound by: which check, by the specification, notices that it
 * is not what its sender's other words say. Written from `docs/protocol.md`, not from what the code
 * does; a field without a line here fails the tests, so a new one cannot be forgotten.
 */

/** The one check that a wrong but well-formed value fails, in the order in which checks are made. */
export type Binding =
  /** The list or view of this round: compared at once, and nobody is named. */
  | 'compared'
  /** Must open the commitment of an earlier round. */
  | 'opened'
  /** OT extension: the consistency check. */
  | 'extension'
  /** Multiplication: mu. */
  | 'product'
  /** The shares in the exponent. */
  | 'gamma'
  /** A proof of knowledge. */
  | 'proved'
  /** Must lie on the polynomial that was dealt. */
  | 'dealt'
  /** All-but-one transfers: the hash over the leaves. */
  | 'tree'
  /** The answer of a base transfer: one of two enters the trees, whichever Delta says. */
  | 'chosen-answer'
  /** The sums of a tree: one of two is read, whichever Delta says. */
  | 'chosen-sum'
  /** The choice of a base transfer: it spoils the sender's own trees, which stops the sender. */
  | 'own-trees'
  /** A commitment: everybody tells everybody what it saw, in the next round. */
  | 'announced'
  /** Nothing but the final signature shows it. */
  | 'signature'
  /** Only said to find a liar when the sum is wrong; nothing else depends on it. */
  | 'free'

/** Inside the committed value, so that its opening is compared before any proof is looked at. */
const proofs = {
  'opening.value.proofs.row.firstMessage': 'opened',
  'opening.value.proofs.row.challenge': 'opened',
  'opening.value.proofs.row.response': 'opened',
} as const
const dealt = { 'opening.salt': 'opened', echo: 'compared', share: 'dealt' } as const

/** By the name of the round, then by the path of the field. */
export const meanings: Readonly<Record<string, Readonly<Record<string, Binding>>>> = {
  'pair setup 1': { 'choices.row': 'own-trees', commitment: 'opened' },
  'pair setup 2': {
    'answers.row': 'chosen-answer',
    'trees.corrections': 'chosen-sum',
    'trees.proofSum': 'tree',
    'trees.proofs': 'tree',
    zeroPart: 'opened',
    salt: 'opened',
  },
  'pair setup 3': { confirm: 'compared' },

  'dkg commit': { commitment: 'announced' },
  'dkg reveal': {
    'opening.value.sent': 'opened',
    ...proofs,
    'opening.value.chainCode': 'opened',
    ...dealt,
  },
  'key confirm': {
    confirmation: 'compared',
    'proof.firstMessage': 'proved',
    'proof.response': 'proved',
  },

  'refresh commit': { commitment: 'announced' },
  'refresh reveal': { 'opening.value.sent': 'opened', ...proofs, ...dealt },
  'reshare commit': { commitment: 'announced' },
  'reshare reveal': { 'opening.value.sent': 'opened', ...proofs, ...dealt },

  'sign 1': {
    commitment: 'announced',
    'extension.corrections': 'extension',
    'extension.choiceSum': 'extension',
    'extension.rowSums': 'extension',
  },
  'sign 2': {
    'product.correction': 'product',
    'product.eta': 'product',
    'product.proof': 'product',
    view: 'compared',
    noncePoint: 'opened',
    salt: 'opened',
    keyPoint: 'gamma',
    gammas: 'gamma',
    offset: 'signature',
  },
  'sign 3': { u: 'signature', w: 'signature' },

  'export part': { part: 'dealt', fragments: 'free' },
}

/** Fields of kind `number` and what they must be below. */
export const numberLimits: Readonly<Record<string, number>> = {
  'opening.value.proofs.row.challenge': 512,
}

/** The order within what one peer sent; what is compared comes before, over all peers. */
export const ranks: readonly Binding[] = [
  'compared',
  'opened',
  'extension',
  'proved',
  'product',
  'tree',
  'dealt',
  'gamma',
]
