/**
 * The parameters of the oblivious transfer and of the multiplication (1.2). They are constants,
 * not options: the suite, a part of every session id, names them, so nodes with other numbers
 * part in the handshake instead of in a check that bans.
 * Claimed security is 128 bit; the 256 base transfers are room, not a claim.
 */

/** W: base transfers in one direction, and the bits of Delta. */
export const BASE_OTS = 256
/** k: levels of one tree. */
export const TREE_DEPTH = 2
export const TREES = BASE_OTS / TREE_DEPTH
export const LEAVES = 2 ** TREE_DEPTH

/** xi: the extended transfers that carry a multiplication, kappa + 2 lambda_s. */
export const EXTENDED_OTS = 512
/** s: the block of the consistency check, and the transfers that only hide it. */
export const CHECK_BITS = 128
/** xi': the columns that are extended. */
export const COLUMNS = EXTENDED_OTS + CHECK_BITS
/** m: the blocks that the check weighs. */
export const CHECK_BLOCKS = EXTENDED_OTS / CHECK_BITS

/** ell: inputs of a multiplication, the nonce share and the key share. */
export const INPUTS = 2
/** ell + rho: scalars of a pad; the last one only checks. */
export const PAD_SCALARS = INPUTS + 1

export const KEY_BYTES = 32
export const DELTA_BYTES = BASE_OTS / 8
export const BETA_BYTES = EXTENDED_OTS / 8
export const TAIL_BYTES = CHECK_BITS / 8
export const COLUMN_BYTES = COLUMNS / 8
export const PAD_BYTES = PAD_SCALARS * 32

/** Of BIP-32. */
export const CHAIN_CODE_BYTES = 32
