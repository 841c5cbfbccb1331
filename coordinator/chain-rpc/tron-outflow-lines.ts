// One block of Tron as one endpoint tells it, in lines: what own addresses did in it, and what
// came to them. What several endpoints say is compared as text, so a line holds nothing that honest
// ones could write in two ways.
import { tronText } from '../../policy/chain/tron-address.ts'
import { toHex } from '../../proto/crypto.ts'
import { field, unavailable } from './post.ts'
import { infoOf, solidBlock } from './tron-answers.ts'
import { hexField, type TronEndpoint, textField, wholeField } from './tron-endpoint.ts'
import { transfersIn } from './tron-events.ts'

export interface Own {
  readonly addresses: ReadonlySet<string>
  /** Contracts. */
  readonly tokens: ReadonlySet<string>
}

export async function linesOf(endpoint: TronEndpoint, height: bigint, own: Own): Promise<string> {
  const { transactions } = await solidBlock(endpoint, height)
  const asked = { num: Number(height) }
  const infos = await endpoint.ask('walletsolidity/gettransactioninfobyblocknum', asked)
  return linesIn({ name: endpoint.name, height, transactions, infos }, own)
}

export interface Told {
  /** Of the endpoint, for messages. */
  readonly name: string
  readonly height: bigint
  readonly transactions: readonly unknown[]
  readonly infos: unknown
}

/** One line for each transaction of an own address, each coin that came and each event of one. */
export function linesIn({ name, height, transactions, infos }: Told, own: Own): string {
  if (!Array.isArray(infos)) throw unavailable(`${name}: expected a list of results`)
  const byId = new Map(infos.map((info) => [textField(info, 'id'), info]))
  const lines: string[] = []
  for (const transaction of transactions) {
    const txid = toHex(hexField(transaction, 'txID', 32))
    const info = byId.get(txid)
    const told = info === undefined ? undefined : infoOf(info, txid)
    if (told?.height !== height) {
      throw unavailable(`${name}: expected what became of ${txid} in block ${height}`)
    }
    const { kind, owner, to, value } = contractOf(transaction)
    if (own.addresses.has(owner)) {
      const fee = wholeField(info, 'fee')
      lines.push(['sent', owner, txid, told.succeeded, value, fee, to].join(' '))
    }
    if (kind === 'transfer' && told.succeeded && own.addresses.has(to)) {
      lines.push(['received', to, txid, owner, value].join(' '))
    }
    for (const { contract, from, to: payee, amount } of transfersIn(info)) {
      const isOwn = own.addresses.has(from) || own.addresses.has(payee)
      if (!own.tokens.has(contract) || !isOwn) continue
      lines.push(['moved', txid, contract, from, payee, amount].join(' '))
    }
  }
  if (byId.size !== transactions.length) {
    throw unavailable(`${name}: results of other transactions than block ${height} has`)
  }
  return lines.join('\n')
}

/** Of what is neither of both transfers no recipient is told. */
function contractOf(transaction: unknown) {
  const contracts = field(field(transaction, 'raw_data'), 'contract')
  const [contract] = Array.isArray(contracts) && contracts.length === 1 ? contracts : []
  if (contract === undefined) throw unavailable('expected one contract in a transaction')
  const value = field(field(contract, 'parameter'), 'value')
  const owner = addressIn(value, 'owner_address')
  switch (textField(contract, 'type')) {
    case 'TransferContract': {
      const to = addressIn(value, 'to_address')
      return { kind: 'transfer', owner, to, value: wholeField(value, 'amount') } as const
    }
    case 'TriggerSmartContract': {
      const to = addressIn(value, 'contract_address')
      return { kind: 'call', owner, to, value: wholeField(value, 'call_value') } as const
    }
    default:
      return { kind: 'other', owner, to: '', value: 0 } as const
  }
}

/** Empty where there is none: some contracts have no owner in the open. */
function addressIn(value: unknown, name: string): string {
  if (textField(value, name) === '') return ''
  return tronText(hexField(value, name, 21).subarray(1))
}
