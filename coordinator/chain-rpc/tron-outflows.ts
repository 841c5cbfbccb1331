// What own addresses did in a range of blocks of Tron, as enough endpoints agree on it: for the
// chain file of an auditor. Tron counts no transactions of an address, so every block of the range
// is read, with what became of each transaction in it: one that an own address is the owner of is
// its own, whoever signed it, and tokens are seen by their events.
// Nodes keep no earlier states, so no balances are told. Tokens that nobody named are not seen.
import type { ChainAccount, ChainFile, Moved, Sent } from '../../policy/audit/chain-file.ts'
import { tronText } from '../../policy/chain/tron-address.ts'
import { toHex } from '../../proto/crypto.ts'
import type { Block } from './look.ts'
import { field, unavailable } from './post.ts'
import { infoOf, solidBlock } from './tron-answers.ts'
import { hexField, type TronEndpoint, textField, wholeField } from './tron-endpoint.ts'
import { transfersIn } from './tron-events.ts'
import type { TronLook } from './tron-look.ts'

interface Range {
  readonly network: string
  /** First block, above 0. */
  readonly from: bigint
  /** Last block. */
  readonly to: Block
  readonly addresses: readonly string[]
  /** Contracts. */
  readonly tokens: readonly string[]
}

/** Throws `Unavailable` where endpoints do not agree, or do not have a block whole. */
export async function collectTron(look: TronLook, range: Range): Promise<ChainFile> {
  const { network, from, to, addresses } = range
  const found = new Map(addresses.map((address) => [address, emptyOf(address, range)]))
  for (let height = from; height <= to.height; height += 1n) {
    const said = await look.agreed((endpoint) => linesOf(endpoint, height, range))
    for (const line of said === '' ? [] : said.split('\n')) noted(line.split(' '), height, found)
  }
  return {
    format: 'custody-chain/v1',
    ...{ network, accounts: [...found.values()], witnesses: look.witnesses },
    from: Number(from),
    to: Number(to.height),
    block: Uint8Array.from(Buffer.from(to.hash.slice(2), 'hex')),
  }
}

interface Found extends ChainAccount {
  readonly sent: Sent[]
  readonly moved: Moved[]
}

function emptyOf(address: string, { tokens }: Range): Found {
  return { address, balances: [], sent: [], moved: [], tokens }
}

/** One line for each transaction of an own address, and for each event that one is in. */
async function linesOf(
  endpoint: TronEndpoint,
  height: bigint,
  { addresses, tokens }: Range,
): Promise<string> {
  const own = new Set(addresses)
  const { transactions } = await solidBlock(endpoint, height)
  const infos = await infosOf(endpoint, height)
  const lines: string[] = []
  for (const transaction of transactions) {
    const txid = toHex(hexField(transaction, 'txID', 32))
    const info = infos.get(txid)
    const told = info === undefined ? undefined : infoOf(info, txid)
    if (told?.height !== height) {
      throw unavailable(`${endpoint.name}: expected what became of ${txid} in block ${height}`)
    }
    const { owner, to, value } = contractOf(transaction)
    if (own.has(owner)) {
      const fee = wholeField(info, 'fee')
      lines.push(['sent', owner, txid, told.succeeded, value, fee, to].join(' '))
    }
    for (const { contract, from, to: payee, amount } of transfersIn(info)) {
      if (!tokens.includes(contract) || !(own.has(from) || own.has(payee))) continue
      lines.push(['moved', txid, contract, from, payee, amount].join(' '))
    }
  }
  if (infos.size !== transactions.length) {
    throw unavailable(`${endpoint.name}: results of other transactions than block ${height} has`)
  }
  return lines.join('\n')
}

/** By their ids. */
async function infosOf(
  endpoint: TronEndpoint,
  height: bigint,
): Promise<ReadonlyMap<string, unknown>> {
  const asked = { num: Number(height) }
  const answer = await endpoint.ask('walletsolidity/gettransactioninfobyblocknum', asked)
  if (!Array.isArray(answer)) throw unavailable(`${endpoint.name}: expected a list of results`)
  return new Map(answer.map((info) => [textField(info, 'id'), info]))
}

/** Of what is neither of both transfers no recipient is told. */
function contractOf(transaction: unknown) {
  const contracts = field(field(transaction, 'raw_data'), 'contract')
  const [contract] = Array.isArray(contracts) && contracts.length === 1 ? contracts : []
  if (contract === undefined) throw unavailable('expected one contract in a transaction')
  const value = field(field(contract, 'parameter'), 'value')
  const owner = addressIn(value, 'owner_address')
  switch (textField(contract, 'type')) {
    case 'TransferContract':
      return { owner, to: addressIn(value, 'to_address'), value: wholeField(value, 'amount') }
    case 'TriggerSmartContract': {
      const to = addressIn(value, 'contract_address')
      return { owner, to, value: wholeField(value, 'call_value') }
    }
    default:
      return { owner, to: '', value: 0 }
  }
}

/** Empty where there is none: some contracts have no owner in the open. */
function addressIn(value: unknown, name: string): string {
  if (textField(value, name) === '') return ''
  return tronText(hexField(value, name, 21).subarray(1))
}

function noted(
  [kind = '', ...words]: readonly string[],
  at: bigint,
  found: ReadonlyMap<string, Found>,
): void {
  const height = Number(at)
  if (kind === 'sent') {
    const [owner = '', txid = '', ok = '', value = '', fee = '', to = ''] = words
    const amounts = { value: BigInt(value), fee: BigInt(fee) }
    found.get(owner)?.sent.push({ txid, height, succeeded: ok === 'true', to, ...amounts })
  } else {
    const [txid = '', contract = '', from = '', to = '', amount = ''] = words
    const move = { txid, height, contract, from, to, amount: BigInt(amount) }
    // What an address sends to itself is one event.
    for (const address of new Set([from, to])) found.get(address)?.moved.push(move)
  }
}
