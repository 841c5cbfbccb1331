/**
 * What else is read of chains: each form of a transaction as the effect that nodes judge, a token's
 * call by itself, messages and functions as people write them, files of those who audit, and what
 * endpoints answer, which is JSON of a stranger.
 */

import { parseEndpoints } from '../../cli/chain-looks.ts'
import { typedMessage } from '../../cli/message.ts'
import { readQuantity } from '../../coordinator/chain-rpc/quantity.ts'
import { infoOf } from '../../coordinator/chain-rpc/tron-answers.ts'
import { transfersIn } from '../../coordinator/chain-rpc/tron-events.ts'
import { linesIn } from '../../coordinator/chain-rpc/tron-outflow-lines.ts'
import { type ChainFile, parseChainFile, writeChainFile } from '../../policy/audit/chain-file.ts'
import { reconcile } from '../../policy/audit/reconcile.ts'
import { type Accepts, forms } from '../../policy/chain/chain.ts'
import { chainOf } from '../../policy/chain/chains.ts'
import { encodeUnsigned, parseUnsigned, shape } from '../../policy/chain/evm.ts'
import { encodeCall, functionText, parseCall, parseFunction } from '../../policy/chain/evm-call.ts'
import { transferred } from '../../policy/chain/evm-effect.ts'
import { encodeLegacy } from '../../policy/chain/evm-legacy.ts'
import { messageText, parseMessage } from '../../policy/chain/evm-message.ts'
import { trc20Call } from '../../policy/chain/tron.ts'
import { tronText } from '../../policy/chain/tron-address.ts'
import { toUtf8 } from '../../proto/crypto.ts'
import { Refused, refuse } from '../../proto/refusal.ts'
import { Unavailable } from '../../proto/unavailable.ts'
import { seedsOf } from './corpus.ts'
import { bytesTarget, jsonTarget, type Target, textTarget } from './target.ts'

const [own, payee, token] = [1, 2, 3].map((byte) => tronText(new Uint8Array(20).fill(byte)))
const txid = '7'.repeat(64)

export function chainTargets(): readonly Target[] {
  return [...effectTargets(), ...writtenTargets(), ...answerTargets()]
}

function same(before: string | Uint8Array, after: string | Uint8Array): void {
  if (Buffer.compare(Buffer.from(before), Buffer.from(after)) !== 0) {
    throw new Error('taken, and written in another form')
  }
}

/** As nodes read bytes: by what the policy accepts, of the intent's kind. */
function effectTargets(): readonly Target[] {
  const evm = chainOf('eip155:31337')
  const payments = seedsOf('transaction')
  const payment = parseUnsigned(payments[0], 31_337n)
  const call =
    'approve(address spender = 0x2222222222222222222222222222222222222222, uint256 v = 5)'
  const calling = { ...payment, value: 0n, calldata: encodeCall(parseCall(call)) }
  const cancelling = { ...payment, value: 0n, calldata: new Uint8Array(0), gasLimit: 21_000n }
  const effect = (name: string, seeds: Target['seeds'], accepts: Accepts) =>
    bytesTarget(name, seeds, (input) => void evm.decode(input, accepts), { share: 0.3 })
  return [
    effect('effect-any-form', [encodeLegacy(payment), ...payments], { forms }),
    effect('effect-call', [encodeUnsigned(calling), encodeLegacy(calling)], { forms, call }),
    effect('effect-cancel', [encodeUnsigned(cancelling), encodeLegacy(cancelling)], {
      ...{ forms, cancel: true },
    }),
    bytesTarget('trc20-call', [trc20Call(payee!, 5n), trc20Call(own!, 1n << 200n)], (input) => {
      const { to, amount } = transferred(input, shape)
      same(input, trc20Call(tronText(to), amount))
    }),
  ]
}

/** What people write or collect. */
function writtenTargets(): readonly Target[] {
  const typed = {
    types: {
      EIP712Domain: [
        { name: 'name', type: 'string' },
        { name: 'chainId', type: 'uint256' },
        { name: 'verifyingContract', type: 'address' },
      ],
      Permit: [
        { name: 'spender', type: 'address' },
        { name: 'value', type: 'uint256' },
        { name: 'parts', type: 'Part[]' },
      ],
      Part: [{ name: 'ok', type: 'bool' }],
    },
    primaryType: 'Permit',
    domain: { name: 'N', chainId: 31_337, verifyingContract: `0x${'cc'.repeat(20)}` },
    message: { spender: `0x${'aa'.repeat(20)}`, value: '0x05', parts: [{ ok: true }] },
  }
  const endpoints = {
    format: 'custody-endpoints/v1',
    chains: [
      { network: 'eip155:1', rpc: ['https://a.example/KEY'], confirmations: 12 },
      { network: 'tron:0x2b6653dc', rpc: ['https://b.example'], confirmations: 0 },
    ],
  }
  const message = (text: string): void => {
    const read = messageText(typedMessage(text))
    same(read, messageText(parseMessage(read)))
  }
  return [
    textTarget('function', [toUtf8('approve(address spender, uint256[] value)')], (text) =>
      same(text, functionText(parseFunction(text))),
    ),
    jsonTarget('message-file', [toUtf8(JSON.stringify(typed))], (_, text) => message(text)),
    textTarget('declaration-file', [toUtf8('This address is ours.\r\n')], message),
    jsonTarget('endpoints-file', [toUtf8(JSON.stringify(endpoints))], (_, text) => {
      parseEndpoints(text)
    }),
    jsonTarget('chain-file-tron', [writeChainFile(chain)], (bytes) => {
      const file = parseChainFile(bytes)
      same(bytes, writeChainFile(file))
      reconcile(file, { paid: [], own: new Set([own!]), tokens: new Set([token!]), deposits: [] })
    }),
  ]
}

const chain: ChainFile = {
  format: 'custody-chain/v1',
  ...{ network: 'tron:0x2b6653dc', from: 1, to: 9, witnesses: 2, block: new Uint8Array(32) },
  accounts: [
    {
      ...{ address: own!, tokens: [token!] },
      balances: [
        { contract: '', before: 9n, after: 11n },
        { contract: token!, after: 4n },
      ],
      sent: [{ txid, height: 7, succeeded: true, to: token!, value: 0n, fee: 1n }],
      received: [{ txid: '8'.repeat(64), height: 8, from: payee!, amount: 3n }],
      moved: [{ contract: token!, from: own!, to: payee!, amount: 5n, height: 7, txid }],
    },
  ],
}

/** JSON of endpoints: what is none of theirs makes them one that did not answer. */
function answerTargets(): readonly Target[] {
  const refusals = [Refused, Unavailable]
  const hex = (byte: string) => `41${byte.repeat(20)}`
  const transfer = {
    txID: txid,
    raw_data: {
      contract: [
        {
          type: 'TransferContract',
          parameter: {
            value: { owner_address: hex('02'), to_address: hex('01'), amount: 5 },
          },
        },
      ],
    },
  }
  const info = {
    ...{ id: txid, fee: 345_000, blockNumber: 7, receipt: { result: 'SUCCESS' } },
    log: [
      {
        address: '03'.repeat(20),
        topics: [
          'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
          '02'.repeat(20).padStart(64, '0'),
          '01'.repeat(20).padStart(64, '0'),
        ],
        data: '05'.padStart(64, '0'),
      },
    ],
  }
  const whose = { addresses: new Set([own!]), tokens: new Set([token!]), deposits: [] }
  return [
    jsonTarget(
      'tron-info',
      [toUtf8(JSON.stringify(info)), toUtf8('{}')],
      (_, text) => {
        const said = parsed(text)
        if (infoOf(said, txid) !== undefined) transfersIn(said)
      },
      { refusals },
    ),
    jsonTarget(
      'tron-block',
      [toUtf8(JSON.stringify([[transfer], [info]]))],
      (_, text) => {
        const said = parsed(text)
        const [transactions, infos] = Array.isArray(said) ? said : []
        if (!Array.isArray(transactions)) refuse('MALFORMED', 'no block')
        const lines = linesIn({ name: 'endpoint 1', height: 7n, transactions, infos }, whose)
        // Words of a line stand between single blanks, or one could say what another says.
        if (/^(?!(?:sent|received|moved) )./m.test(lines)) throw new Error(lines)
      },
      { refusals },
    ),
    textTarget(
      'quantity',
      [toUtf8('0x5af3107a4000'), toUtf8('0x0')],
      (text) => {
        same(text, `0x${readQuantity(text).toString(16)}`)
      },
      { refusals },
    ),
  ]
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return refuse('MALFORMED', 'no JSON')
  }
}
