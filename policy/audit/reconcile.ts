// Reconcile: what a network did to own addresses, against what the log says was paid, both ways. A
// spend without a line is the worst that can be found: a key signed outside the log. A line without
// a spend, another amount, recipient, fee, nonce or height, and a balance that does not come out
// are each found by themselves, and every difference is in base units.
// What came in is not judged: a log knows of its own payments alone.
import { isCall } from '../intent.ts'
import type { ChainAccount, ChainFile, Moved, Sent } from './chain-file.ts'
import { accountsIn, type Holding, holdingsOf, isDeposit, unlookedAt } from './holdings.ts'
import { isOpened } from './own-addresses.ts'
import type { Known, Paid } from './paid.ts'
import type { Finding } from './report.ts'

/** One asset at one address, base units; `missing` is below nothing where too much is there. */
export interface Account {
  readonly address: string
  /** Empty for the coin. */
  readonly contract: string
  readonly before: bigint
  readonly in: bigint
  readonly out: bigint
  readonly fees: bigint
  readonly after: bigint
  readonly missing: bigint
}

export interface Reconciled {
  readonly findings: readonly Finding[]
  readonly accounts: readonly Account[]
  /** What lies at all of them, by asset. */
  readonly holdings: readonly Holding[]
  /** Payments of the log that the range holds, and transactions that own addresses signed. */
  readonly payments: number
  /** Payments of the log in other blocks: of these the chain file says nothing. */
  readonly outside: number
  readonly transactions: number
  /** Signed and in a block, and not settled in this log yet: they change no result. */
  readonly open: readonly string[]
  /** Assets at own addresses of which the file has no balance before or after: not compared. */
  readonly untold: number
}

export function reconcile(chain: ChainFile, { paid, own, deposits, tokens }: Known): Reconciled {
  const byTxid = new Map(paid.flatMap((one) => one.txids.map((txid) => [txid, one] as const)))
  // The first line of each nonce: of very many foreign ones each is looked for once.
  const byPlace = new Map(paid.toReversed().map((one) => [`${one.from} ${one.slot}`, one] as const))
  const open: string[] = []
  const all = accountsIn(chain)
  const known = new Map(all.map((account) => [account.address, account]))
  const below = new Set((chain.listed ?? []).map(({ account: { address } }) => address))
  const findings = [...own]
    .filter((address) => !known.has(address))
    .map((address) => unseen(`${address}: not in the chain file`))
  findings.push(...unlookedAt(chain, deposits).map(unseen))
  for (const account of all) {
    const { address } = account
    findings.push(...gaps(account))
    if (own.has(address) || below.has(address)) findings.push(...unlisted(account, tokens))
    for (const sent of account.sent) {
      const payment = byTxid.get(sent.txid)
      if (payment === undefined) findings.push(foreign(sent, account, byPlace))
      else findings.push(...differences(sent, account, payment))
      if (payment !== undefined && payment.settled === undefined && !payment.isDropped) {
        open.push(sent.txid)
      }
    }
    findings.push(...strangers(account))
  }
  const settled = paid.filter((payment) => payment.settled !== undefined)
  const within = settled.filter(({ settled: at }) => {
    return at !== undefined && at.height >= chain.from && at.height <= chain.to
  })
  findings.push(...within.flatMap((payment) => absent(payment, chain, known)))
  const arrived = within.filter(({ from, settled }) => {
    const sent = known.get(from)?.sent.find(({ txid }) => txid === settled?.txid)
    return sent?.succeeded === true
  })
  const came = Map.groupBy(arrived, ({ to }) => to)
  for (const [to, payments] of came) {
    const isNamed = known.has(to)
    if (!isNamed && isDeposit(chain, deposits, payments)) findings.push(...vanished(to, payments))
  }
  const accounts = all.flatMap((account) => balancesOf(account, came.get(account.address) ?? []))
  findings.push(...accounts.filter(({ missing }) => missing !== 0n).map(unbalanced))
  const transactions = all.reduce((sum, { sent }) => sum + sent.length, 0)
  const [payments, outside] = [within.length, settled.length - within.length]
  const untold = all.reduce((sum, account) => sum + untoldIn(account), 0)
  const counts = { payments, outside, transactions, open, untold }
  return { findings, accounts, holdings: holdingsOf(chain), ...counts }
}

/** Where nobody keeps earlier states, a balance before is in the file of the blocks before. */
function untoldIn({ balances, tokens }: ChainAccount): number {
  const told = balances.filter(({ before }) => before !== undefined).length
  return (tokens === undefined ? balances.length : tokens.length + 1) - told
}

/** Nonces count every transaction of an address, so one that was left out leaves a hole. */
function gaps({ address, nonces, sent }: ChainAccount): readonly Finding[] {
  if (nonces === undefined) return []
  const seen = sent.map(({ nonce = -1n }) => nonce).toSorted((a, b) => (a < b ? -1 : 1))
  const isWhole =
    BigInt(seen.length) === nonces.after - nonces.before &&
    seen.every((nonce, at) => nonce === nonces.before + BigInt(at))
  if (isWhole) return []
  const count = nonces.after - nonces.before
  return [unseen(`${address}: expected ${count} transactions from nonce ${nonces.before} on`)]
}

/** Of a token that nobody looked at no event is in the file either. */
function unlisted(
  { address, balances, tokens: looked }: ChainAccount,
  tokens: ReadonlySet<string>,
) {
  const listed = new Set(looked ? ['', ...looked] : balances.map(({ contract }) => contract))
  return ['', ...tokens]
    .filter((contract) => !listed.has(contract))
    .map((contract) => unseen(`${address}: expected a balance of ${contract || 'the coin'}`))
}

/** Nobody's line has this transaction: by its nonce it may stand in the place of one that has. */
function foreign(
  { txid, nonce, value, to }: Sent,
  { address }: ChainAccount,
  byPlace: ReadonlyMap<string, Paid>,
): Finding {
  const place = byPlace.get(`${address} ${nonce}`)
  const moves = `${value} to ${to || (nonce === undefined ? 'no transfer' : 'a new contract')}`
  const counted = nonce === undefined ? '' : ` with nonce ${nonce}`
  const what = `${address} signed ${txid}${counted}, ${moves}`
  const whose = place === undefined ? 'no line has it' : `line ${place.line} has another one of it`
  return difference('NONCE', `${what}: ${whose}`, place?.line)
}

function differences(sent: Sent, account: ChainAccount, payment: Paid): readonly Finding[] {
  const { line, settled } = payment
  const moves = account.moved.filter(({ txid }) => txid === sent.txid)
  const found: (readonly [holds: boolean, code: string, because: string])[] = [
    [
      payment.from === account.address,
      'BYTES_FROM',
      `paid by ${account.address}, not ${payment.from}`,
    ],
    [
      payment.slot === `${sent.nonce ?? ''}`,
      'NONCE',
      `nonce ${sent.nonce}, the line has ${payment.slot}`,
    ],
    [
      sent.fee <= payment.feeMax,
      'FEE',
      `it cost ${sent.fee}, ${sent.fee - payment.feeMax} too much`,
    ],
    [!payment.isDropped, 'ONE_EFFECT', 'it landed, and the log says that it was dropped'],
    [
      settled === undefined || settled.txid !== sent.txid || settled.height === BigInt(sent.height),
      'HEIGHT',
      `in block ${sent.height}, the log says ${settled?.height}`,
    ],
    ...moved(sent, moves, payment),
  ]
  return found
    .filter(([holds]) => !holds)
    .map(([, code, because]) => difference(code, `${sent.txid}: ${because}`, line))
}

/** What left and to whom; of a contract call its bytes were judged, and what it moved is shown. */
function moved(
  sent: Sent,
  moves: readonly Moved[],
  { op, contract, to, amount, from }: Paid,
): readonly (readonly [boolean, string, string])[] {
  if (isCall(op)) return [[sent.to === to, 'BYTES_TO', `it called ${sent.to}, not ${to}`]]
  if (!sent.succeeded) {
    return [[amount === 0n, 'BYTES_AMOUNT', by('it failed and moved', 0n, amount)]]
  }
  const away = moves.filter((move) => move.from === from && move.amount > 0n)
  // Whoever is paid may run, and take what it has an allowance for.
  const beside = away
    .filter((move) => contract !== undefined && move.contract !== contract)
    .map((move) => `${move.amount} of ${move.contract} left with it to ${move.to}`)
    .map((because) => [false, 'LINE_MISSING', because] as const)
  if (contract === '') {
    return [
      [sent.to === to, 'BYTES_TO', `it paid ${sent.to}, not ${to}`],
      [sent.value === amount, 'BYTES_AMOUNT', by('it moved', sent.value, amount)],
      ...beside,
    ]
  }
  const out = away.filter((move) => move.contract === contract)
  const left = sum(out.map((move) => move.amount))
  const reached = sum(out.filter((move) => move.to === to).map((move) => move.amount))
  return [
    [
      contract === undefined || sent.to === contract,
      'BYTES_TO',
      `it called ${sent.to}, not ${contract}`,
    ],
    [sent.value === 0n, 'BYTES_AMOUNT', `${sent.value} of the coin went with it`],
    [contract === undefined || left === amount, 'BYTES_AMOUNT', by('it moved', left, amount)],
    [
      contract === undefined || reached === left,
      'BYTES_TO',
      `${reached === 0n ? 'nothing' : `only ${reached}`} of it went to ${to}`,
    ],
    ...beside,
  ]
}

/** Tokens that left by a transaction of somebody else: an allowance, or a token of its own mind. */
function strangers({ address, moved: moves, sent }: ChainAccount): readonly Finding[] {
  const mine = new Set(sent.map(({ txid }) => txid))
  return moves
    .filter(({ from, txid, amount }) => from === address && amount > 0n && !mine.has(txid))
    .map(({ txid, contract, amount, to }) => {
      const what = `${amount} of ${contract} left ${address} to ${to} by ${txid}`
      return difference('LINE_MISSING', `${what}, which ${address} did not sign`)
    })
}

function absent(
  { from, vault, path, amount, settled, line }: Paid,
  { deposits: looked = [] }: ChainFile,
  known: ReadonlyMap<string, ChainAccount>,
): readonly Finding[] {
  const account = known.get(from)
  // Where nothing happened at a deposit address, the file does not name it.
  const isLooked = account !== undefined || isOpened(looked, vault, path)
  if (!isLooked || settled === undefined) return []
  if (account?.sent.some(({ txid }) => txid === settled.txid)) return []
  const because = `no such transaction, and the line says block ${settled.height}`
  const what = `${amount} did not leave ${from}`
  return [difference('SPEND_MISSING', `${settled.txid}: ${because}: ${what}`, line)]
}

function balancesOf(account: ChainAccount, arrived: readonly Paid[]): readonly Account[] {
  const { address, moved: moves, sent } = account
  return account.balances.flatMap(({ contract, before, after }) => {
    if (before === undefined) return []
    if (contract !== '') {
      const of = moves.filter((move) => move.contract === contract)
      const [came, went] = [
        of.filter(({ to }) => to === address),
        of.filter(({ from }) => from === address),
      ]
      const [all, out] = [came, went].map((list) => sum(list.map(({ amount }) => amount)))
      const [into, away] = [all ?? 0n, out ?? 0n]
      const missing = before + into - away - after
      return [{ address, contract, before, in: into, out: away, fees: 0n, after, missing }]
    }
    const out = sum(sent.filter(({ succeeded }) => succeeded).map(({ value }) => value))
    const fees = sum(sent.map(({ fee }) => fee))
    // Not all of a coin that came in is listed, so it is what is left over; what is listed, or own
    // payments where nothing is, is the least.
    const came = after - before + out + fees
    const least = leastIn(account, arrived)
    const missing = came < least ? least - came : 0n
    return [{ address, contract, before, in: came, out, fees, after, missing }]
  })
}

/** `arrived`: own payments to it. */
function leastIn({ received }: Pick<ChainAccount, 'received'>, arrived: readonly Paid[]): bigint {
  const paid = arrived.filter((one) => one.contract === '')
  return sum((received ?? paid).map(({ amount }) => amount))
}

/** Coin that own payments brought to where nothing happened, as the file has it. */
function vanished(address: string, arrived: readonly Paid[]): readonly Finding[] {
  const missing = leastIn({}, arrived)
  return missing === 0n ? [] : [unbalanced({ address, contract: '', missing })]
}

function unbalanced({
  address,
  contract,
  missing,
}: Pick<Account, 'address' | 'contract' | 'missing'>): Finding {
  const what = contract === '' ? 'of the coin' : `of ${contract}`
  const because =
    missing > 0n ? `${missing} ${what} are missing` : `${-missing} ${what} are there too much`
  return difference('BALANCE', `${address}: ${because}`)
}

function difference(code: string, because: string, line?: number): Finding {
  const finding = { area: 'completeness', word: 'INCOMPLETE', code, because } as const
  return line === undefined ? finding : { ...finding, line }
}

function unseen(because: string): Finding {
  return { area: 'completeness', word: 'UNCONFIRMED', code: 'CHAIN_FILE', because }
}

function by(what: string, got: bigint, expected: bigint): string {
  return `${what} ${got}, the line has ${expected}: a difference of ${got - expected}`
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}
