// Tron networks in the registry of kinds: HTTP endpoints, proved by their genesis block. Final is
// what is solidified, so nothing is counted on top.
import { limits } from '../../proto/limits.ts'
import type { AuditLook, ChainKind, LookOptions } from './kind.ts'
import type { Ledger } from './ledger.ts'
import { openTronRpc } from './tron.ts'
import { buildTronTransfer } from './tron-build.ts'
import { TronEndpoint } from './tron-endpoint.ts'
import { openTronLook } from './tron-look.ts'
import { collectTron } from './tron-outflows.ts'
import type { TronRpc } from './tron-rpc.ts'

export const tronKind: ChainKind = {
  namespace: 'tron',
  words: [],
  ledger: (options) => tronLedger(openTronRpc(options)),
  look,
}

export function tronLedger(rpc: TronRpc): Ledger {
  return {
    build: ({ intent, from, now, lifetimeMs = 0, terms }) =>
      buildTronTransfer(rpc, { intent, from, now, lifetimeMs, prices: terms.prices }),
    send: (raw) => rpc.send(raw),
    minedAt: (txid) => rpc.minedAt(txid),
    isGone: (txid, until) => rpc.isGone(txid, until),
  }
}

function look({ network, urls, witnesses, confirmations: _, ...watch }: LookOptions): AuditLook {
  const genesis = network.slice(network.indexOf(':') + 1).replace(/^0x/, '')
  const answerBytesMax = limits.tronResultsBytesMax
  const endpoints = urls.map((url, at) => {
    const name = `endpoint ${at + 1} of ${network}`
    return new TronEndpoint({ ...watch, url, name, genesis, answerBytesMax })
  })
  const opened = openTronLook({ endpoints, witnesses })
  return { ...opened, collect: (range) => collectTron(opened, range) }
}
