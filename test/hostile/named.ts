/**
 * The attack catalogues by their ids: A1 to A55 against the protocol, MAL-* against everything that a
 * malicious node, coordinator, network or database can do. Each says which tests play it, by file and
 * a part of the test's name, or why there is nothing to play yet.
 */

export interface Named {
  /** File below `test/` without `.test.ts`, and a part of a test's or a group's name there. */
  readonly tests: readonly (readonly [file: string, name: string])[]
  /** What it waits for, or why it has no object here. */
  readonly waits?: string
}

const slice = ['hostile/generated', 'in the slice of every day'] as const
const forged = ['hostile/envelopes', 'is dropped and counted, and the session goes on'] as const
const control = ['hostile/controls', 'is stopped by %s, and by nothing else'] as const
const views = ['signer-node/signing', 'stops on fewer, more or swapped acceptances'] as const
const noPresignatures = 'presignatures are not built; a session id has a place for them'

const by = (...tests: Named['tests']): Named => ({ tests })
const waits = (why: string, ...tests: Named['tests']): Named => ({ tests, waits: why })

export const attacks: Readonly<Record<string, Named>> = {
  A1: by(
    ['dkls23/base-ot', 'decodes points and multiplies none'],
    ['dkls23/base-ot', 'leaves the chooser without the other key'],
  ),
  A2: by(
    ['dkls23/ot-extension', 'passes other choices in one tree exactly when'],
    ['dkls23/sign', 'ends every other session over the pairing once a check failed'],
    ['dkls23/leak-account', 'are answered up to the first wrong guess and never after it'],
    ['signer-node/fence', 'end with the first that fails: no answer leaves after it'],
    ['signer-node/pairings', 'is on disk when the failing check returns'],
  ),
  A3: by(
    ['dkls23/ot-extension', 'passes other choices in several trees only when every guess is right'],
    ['dkls23/ot-extension', 'adds the random tail to the sum of the choices as it is'],
    ['dkls23/ot-extension', 'hides the choices'],
  ),
  A4: by(['hostile/named-cases', 'leaves no loop of the consistency check early (A4)']),
  A5: by(
    ['dkls23/pairing', 'has another Delta with every peer and in every direction'],
    ['dkls23/pair-setup', 'makes everything anew in the next attempt'],
  ),
  A6: by(['dkls23/base-ot', 'makes different keys from equal points in every transfer and slot']),
  A7: by(
    ['dkls23/base-ot', 'blames a chooser whose slot %i leads to the identity'],
    ['hostile/controls', 'is stopped where its slot becomes the identity'],
  ),
  A8: by(['dkls23/ot-extension', 'makes different pads of equal rows']),
  A9: by(
    ['dkls23/ot-extension', 'makes other pads for another message or session'],
    ['dkls23/multiplication', 'never gives twice the input for complementary choices'],
    ['signer-node/session', 'never live twice under one id'],
  ),
  A10: by(
    ['dkls23/pprf', 'are found inconsistent for a changed correction exactly when it was read'],
    ['dkls23/pair-setup', 'throws the setup away, to be tried again'],
    ['signer-node/pairings', 'with the third set-up of one day'],
  ),
  A11: by(
    ['dkls23/session-id', 'differs by direction and by layer'],
    ['dkls23/multiplication', 'uses none of the other direction'],
  ),
  A12: by(['dkls23/multiplication', 'bans a sender that used another input in row j']),
  A13: by(['dkls23/multiplication', 'takes its challenge from the whole correction']),
  A14: by(['dkls23/sign', 'bans for a committed and opened nonce point that is not the one']),
  A15: by(['dkls23/sign', 'gives no signature for another offset psi, and no key point twice']),
  A16: by(
    ['dkls23/party', 'is an integer from 1 to 65535'],
    ['dkls23/polynomial', 'refuses a repeated point and a weight of no point'],
  ),
  A17: by(
    ['hostile/named-cases', 'refuses two participants under one index (A17)'],
    ['signer-node/signing', 'a participant that claims the incarnation of another node'],
  ),
  A18: by(['dkls23/sign-start', 'by exactly t signers, not by %j']),
  A19: by(forged, ['signer-node/signing', 'uses an acceptance once']),
  A20: by(
    ['dkls23/sign', 'retries at both honest parties when a third showed them different'],
    ['hostile/envelopes', 'blames nobody when the sender told two nodes different things'],
  ),
  A21: waits(noPresignatures, ['signer-node/signing', 'are gone after a restart']),
  A22: waits(noPresignatures),
  A23: by(
    ['hostile/named-cases', 'has no call that signs what a caller computed (A23)'],
    ['policy/admit-bytes', 'signs nothing but the intent'],
  ),
  A24: by(
    ['dkls23/combine', 'gives none of another digest, of a wrong share'],
    ['coordinator/setbacks', 'whose parts make no signature'],
  ),
  A25: by(
    ['dkls23/ecdsa', 'turns only the parity when it turns s'],
    ['policy/chain/signature', 'is refused for a nonce point above the order'],
  ),
  A26: by(['dkls23/sign', 'aborts without blame when %s']),
  A27: by(['dkls23/sign', 'blames a party that opens its commitment to another nonce']),
  A28: by(
    ['dkls23/sign', 'does not accept a copy of its own commitment and opening'],
    ['dkls23/keygen-blame', 'copied from somebody else does not open'],
    ['dkls23/pair-setup', 'blames a commitment of the peer that is my own'],
  ),
  A29: by(
    ['hostile/named-cases', 'gives secrets to no curve library but through its door (A29)'],
    ['tidy', 'lets every file import only what its room may'],
  ),
  A30: by(
    ['dkls23/keygen-blame', 'is a fault: nobody changes the threshold'],
    ['dkls23/refresh-blame', 'of a longer polynomial dealt honestly is a fault'],
    ['dkls23/reshare-blame', 'that deals a longer or a shorter polynomial is at fault'],
  ),
  A31: by(
    ['dkls23/keygen-blame', 'rogue key, A31'],
    ['dkls23/refresh-blame', 'a coefficient it does not know'],
  ),
  A32: by(
    ['dkls23/keygen-blame', 'convict a dealer that repeats the coefficients and proofs'],
    ['dkls23/keygen-blame', 'of another session (A32)'],
  ),
  A33: by(
    ['dkls23/keygen-blame', 'may be zero (A33)'],
    ['dkls23/keygen-blame', 'to the identity for one share abort without a culprit'],
  ),
  A34: by(['dkls23/keygen-blame', 'another chain-code part']),
  A35: by(
    ['dkls23/reshare-blame', 'of something else is a view mismatch, and nobody has a new key'],
    ['dkls23/reshare-blame', 'shown to one receiver only leaves the others without a new key'],
    ['house/change-late', 'that comes long after, of a first try, brings that epoch to all'],
    ['house/change-late', 'of both tries at once brings the higher epoch to all'],
    ['house/change-crash', 'at one node, which does not hear of the line, goes on with the others'],
  ),
  A36: by(
    ['dkls23/refresh-blame', 'leaves the old shares, repeats nothing it dealt, and still works'],
    ['dkls23/refresh-blame', 'that is not of zero convicts its dealer'],
  ),
  A37: by(['hostile/named-cases', 'knows no Paillier and no ring of unknown order (A37, A38)']),
  A38: by(
    ['hostile/named-cases', 'knows no Paillier and no ring of unknown order (A37, A38)'],
    ['dkls23/pairing', 'takes no further verdict once dead'],
  ),
  A39: by(
    ['dkls23/transcript', 'is injective on random nested lists'],
    ['dkls23/dlog-proof', 'has 128 bits of soundness by its constants'],
  ),
  A40: waits('there is no multiplication by encryption; what stands in its place is A12 and A14', [
    'dkls23/multiplication',
    'bans a sender that used another input in row j',
  ]),
  A41: by(['dkls23/transcript', 'never takes two different lists for one']),
  A42: by(['dkls23/dlog-proof', 'is another one for %s (A32, A42)']),
  A43: by(
    ['dkls23/dlog-proof', 'never breaks the verifier, whatever byte is flipped'],
    ['dkls23/dlog-proof', 'has exactly 32 repetitions'],
  ),
  A44: by(
    ['dkls23/reshare-blame', 'is named before its share counts (A44)'],
    ['hostile/controls', 'is stopped by the constant of its dealing'],
  ),
  A45: by(['dkls23/session-id', 'is another for two imports of one dealing']),
  A46: waits('there is no curve with a cofactor'),
  A47: by(['signer-node/envelope', 'uses another key in each direction']),
  A48: by(forged, ['coordinator/links', 'refuses to speak in the name of another node']),
  A49: by(['hostile/envelopes', 'does not move a session when it comes by the ten thousand']),
  A50: by(
    ['signer-node/signing', 'end by the clock when an envelope is lost or changed on the way'],
    ['signer-node/signing', 'stops when the two name different pairings'],
    ['signer-node/signing', 'frames nobody: nothing starts'],
  ),
  A51: by(
    ['dkls23/sign', 'blames the sender of one byte too many'],
    ['dkls23/layout', 'refuses one byte more, one less, and none'],
    ['proto/frames', 'is refused above its size before it is read'],
  ),
  A52: by(
    ['dkls23/curve', 'are refused in an encoding %s'],
    ['dkls23/curve', 'is loaded by its own entry point'],
  ),
  A53: by(
    ['dkls23/wiping', 'leaves nothing but the own share of the key'],
    ['dkls23/wiping-sign', 'leaves nothing but its messages and its share of the signature'],
  ),
  A54: waits('there is no Schnorr signature; nothing opens R before all commitments', [
    'dkls23/sign',
    'blames a party that opens its commitment to another nonce',
  ]),
  A55: by(['dkls23/curve', 'agree with plain integers mod q']),
}

const fields = 12
export const malicious: Readonly<Record<string, Named>> = {
  ...row('F', fields, by(slice, ['hostile/generated', 'change every field in twelve ways'])),
  ...row('L', 4, by(slice, ['dkls23/keygen-blame', 'nobody changes the threshold'])),
  ...row('P', 9, by(slice, ['dkls23/curve', 'are refused in an encoding %s'])),
  ...row('S', 6, by(slice, ['dkls23/curve', 'decode when they are below q'])),
  ...row(
    'I',
    6,
    by(
      ['dkls23/party', 'is an integer from 1 to 65535'],
      ['dkls23/sign-start', 'by holders of the key, under their own node ids'],
      ['hostile/named-cases', 'refuses two participants under one index (A17)'],
    ),
  ),
  C1: by(['house/refusals', 'is refused by every node with the reason, and no share leaves']),
  C2: by(
    ['policy/approval', 'opens for exactly what it binds'],
    ['policy/admit-people', 'admit refuses what is asked or approved with'],
  ),
  C3: by(['house/refusals', 'the path is refused, and the honest one goes on']),
  C4: waits(noPresignatures, ['signer-node/store', 'accepts an attempt of an intent once']),
  C5: by(
    ['signer-node/prepare', 'of an older attempt is refused after a newer one was accepted'],
    ['signer-node/prepare', 'is refused when as many sessions run or are promised as a node may'],
    ['signer-node/keys', 'is refused when as many sessions run as a node may have'],
  ),
  C6: by(
    ['coordinator/links', 'stops the log, because the database lost commits'],
    ['signer-node/witness', 'hears that a witness is ahead, and gets the lines back'],
  ),
  E1: by(['dkls23/sign', 'compares the views of all before a check of one that bans'], views),
  E2: by(['dkls23/keygen-blame', 'shown to one party in another form is a view mismatch']),
  E3: by(['dkls23/keygen-blame', 'another chain-code part']),
  E4: by(
    ['dkls23/reshare-blame', 'shown to one receiver only leaves the others without a new key'],
    ['house/change-crash', 'at one node, which does not hear of the line, goes on with the others'],
    ['house/change-late', 'that comes long after, of a first try, brings that epoch to all'],
  ),
  E5: by(['dkls23/sign', 'aborts when the key shares do not sum to the public key'], control),
  ...row('R', 6, by(forged, ['hostile/envelopes', 'is ignored when it only repeats what came'])),
  K1: by(['dkls23/commitment', 'and its committer is at fault']),
  K2: by(['dkls23/sign', 'does not accept a copy of its own commitment and opening']),
  K3: by(['dkls23/sign', 'blames a party that opens its commitment to another nonce']),
  ...row(
    'Z',
    4,
    by(
      ['dkls23/keygen-blame', 'the proofs of a dealing'],
      ['dkls23/dlog-proof', 'does not hold for %s'],
    ),
  ),
  O1: by(['dkls23/ot-extension', 'passes other choices in one tree exactly when']),
  O2: by(
    ['dkls23/leak-account', 'are answered up to the first wrong guess and never after it'],
    ['signer-node/fence', 'end with the first that fails: no answer leaves after it'],
  ),
  O3: by(
    ['signer-node/pairings', 'is on disk when the failing check returns'],
    ['signer-node/cheating', 'is banned before the node says anything about it, and stays banned'],
  ),
  O4: by(['dkls23/sign', 'bans for another %s than the product has']),
  O5: by(
    ['dkls23/randomness', 'depends on every root'],
    ['signer-node/self-check', 'stops random bytes that repeat or are zero'],
  ),
  W1: by(
    ['signer-node/prepare', 'Prepare'],
    ['policy/audit-fold-requests', 'once an attempt has started'],
  ),
  W2: by(
    ['hostile/envelopes', 'blames nobody when it never comes: the time runs out'],
    ['signer-node/session', 'ends when a round takes too long, and says who was silent'],
  ),
  ...row(
    'B',
    4,
    by(
      ['hostile/envelopes', 'blames nobody when the sender told two nodes different things'],
      forged,
      ['signer-node/signing', 'frames nobody: nothing starts'],
    ),
  ),
  A1: by(['proto/channel', 'refuses a pinned key under another role or id']),
  A2: by(['proto/channel', 'refuses two names, no name, another organisation']),
  A3: by(['proto/channel', 'opens a method to its own role only']),
  A4: by(['proto/channel', 'refuses a key that is not pinned']),
  A5: by([
    'hostile/envelopes',
    'is dropped when another coordinator brings it, though it is right',
  ]),
  ...row(
    'X',
    8,
    by(
      ['proto/channel', 'refuses plaintext and TLS 1.2'],
      ['proto/channel', 'refuses bytes that are no message, and a message with a part missing'],
      ['fuzz/fuzz', '%s is refused or right'],
      ['proto/frames', 'is refused when it is unknown or a part of it is missing'],
      ['proto/frames', 'may hold a field that is unknown, or a number longer than it need be'],
      ['proto/frames', 'are refused when they hold two frames, in either order'],
      ['coordinator/versions', 'of another release is turned away with the reason'],
      ['faults/flood', '$name cost others nothing but time'],
    ),
  ),
  ...row(
    'D',
    6,
    by(
      ['coordinator/store', 'refuses to change, remove or empty lines'],
      ['policy/audit-verify', 'broken lines are TAMPERED, and the line is named'],
      ['signer-node/witness', 'stops at a log with two faces'],
    ),
  ),
  T1: by(['signer-node/last-words', 'are the same bytes at the same moment for every failure']),
  // Measured by `npm run bench -- edge`, and true by construction.
  T2: by(
    ['signer-node/last-words', 'leave in one tick, whether the session failed before its deadline'],
    ['hostile/surface', 'hears one word at one moment, whatever its lie was'],
    ['signer-node/cheating', 'is named as the one at fault, and is not banned for it'],
  ),
  T3: by(
    ['hostile/floods', 'costs a node no point and no signature more than an honest one'],
    ['hostile/floods', 'costs a few verifications, and then it is heard no more in that run'],
    [
      'hostile/floods',
      'are looked up and never kept: what a node holds stays what its sessions need',
    ],
    ['signer-node/pairing-bounds', 'is one set-up in ten seconds, whatever lives are claimed'],
    ['signer-node/prepare', 'is refused when as many sessions run or are promised as a node may'],
    ['signer-node/keys', 'is refused when as many sessions run as a node may have'],
    ['proto/channel', 'has so many calls at once and no more'],
  ),
  M1: by(
    ['house/storm', 'a storm'],
    ['hostile/generated', 'have one corrupt party, or t - 1 at once'],
  ),
}

/** F1 to F12 and so on: one row of the matrix, generated as a whole. */
function row(family: string, count: number, named: Named): Record<string, Named> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${family}${i + 1}`, named]))
}

/** How many ids each family has. */
export const families = {
  F: 12,
  L: 4,
  P: 9,
  S: 6,
  I: 6,
  C: 6,
  E: 5,
  R: 6,
  K: 3,
  Z: 4,
  O: 5,
  W: 2,
  B: 4,
  A: 5,
  X: 8,
  D: 6,
  T: 3,
  M: 1,
} as const
