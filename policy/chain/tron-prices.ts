// What a Tron network charges, as a policy counts it: its producers set these numbers by vote, and
// no bytes name them. Where the policy says nothing they are those that the main network published
// (developers.tron.network, `getchainparameters`); what is above the caps below is a slip of a pen.

export interface TronPrices {
  /** Sun for one energy, at the most: bytes that burn dearer energy are not built. */
  readonly energy: bigint
  /** `getTransactionFee`: sun for a byte. */
  readonly bandwidth: bigint
  /**
   * `getCreateNewAccountFeeInSystemContract` and `getCreateAccountFee`: sun that a transfer of the
   * coin burns when nobody holds its recipient yet.
   */
  readonly activation: bigint
  /** Sun: the most that the energy of a token's transfer may burn. */
  readonly feeLimit: bigint
}

/** The network takes no higher `fee_limit` (developers.tron.network): 15,000 TRX. */
export const feeLimitMax = 15_000_000_000n

export const priceCaps: TronPrices = {
  energy: 10_000n,
  bandwidth: 10_000n,
  activation: 100_000_000n,
  feeLimit: feeLimitMax,
}

/** Where a policy says nothing: energy costs what it costs, within `maxFee`. */
export const publishedPrices: TronPrices = {
  ...priceCaps,
  bandwidth: 1_000n,
  activation: 1_000_000n + 100_000n,
}

/** The bound of the largest transfer of the coin: 139 bytes of raw_data. */
export function coinFeeMax({ activation, bandwidth }: TronPrices): bigint {
  return activation + 273n * bandwidth
}
