// EVM networks in the registry of kinds: JSON-RPC endpoints, proved by their chain id.
import { limits } from '../../proto/limits.ts'
import { Endpoint } from './endpoint.ts'
import { openEvmRpc } from './evm.ts'
import { buildTransfer } from './evm-build.ts'
import type { AuditLook, ChainKind, LookOptions } from './kind.ts'
import type { Ledger } from './ledger.ts'
import { openLook } from './look.ts'
import { collect } from './outflows.ts'
import { quantity } from './quantity.ts'
import type { ChainRpc } from './rpc.ts'

export const evmKind: ChainKind = {
  namespace: 'eip155',
  words: ['finality', 'foreignNonce'],
  ledger: (options) => evmLedger(openEvmRpc(options)),
  look,
}

export function evmLedger(rpc: ChainRpc): Ledger {
  return {
    build: ({ terms, ...order }) => buildTransfer(rpc, { ...order, form: terms.forms?.[0] }),
    send: (raw) => rpc.send(raw),
    minedAt: (txid) => rpc.minedAt(txid),
    nonces: rpc,
  }
}

function look({ network, urls, witnesses, confirmations, ...watch }: LookOptions): AuditLook {
  const chainId = quantity(BigInt(network.slice(network.indexOf(':') + 1)))
  const answerBytesMax = limits.chainAnswerBytesMax
  const askers = urls.map((url, at) => {
    const name = `endpoint ${at + 1} of ${network}`
    return new Endpoint({ ...watch, url, name, chainId, answerBytesMax })
  })
  const opened = openLook({ askers, witnesses, confirmations })
  return { ...opened, collect: (range) => collect(opened, range) }
}
