// How the toy chain is reached: the one file of it in the coordinator's room for endpoints. Behind
// an address stands a node in memory, which a test may let lie.

import type { ChainKind } from '../../coordinator/chain-rpc/kind.ts'
import type { BuildOrder, Built, Ledger } from '../../coordinator/chain-rpc/ledger.ts'
import type { MinedAt } from '../../coordinator/chain-rpc/rpc.ts'
import { fromUtf8, sha256, toHex } from '../../proto/crypto.ts'
import { encodeToy, parseToy, toyFamily } from './toy-family.ts'

/** By address of the endpoint; what was sent is in a block at once. */
export const toyNodes = new Map<string, ToyNode>()

export class ToyNode {
  readonly mined: { readonly raw: Uint8Array; readonly txid: string }[] = []
  /** Says that nothing was ever sent. */
  forgets = false
  /** What is in blocks counts as final. */
  isFinal = true

  minedAt(txid: string): MinedAt | undefined {
    const at = this.forgets ? -1 : this.mined.findIndex((one) => one.txid === txid)
    return at < 0 ? undefined : { height: BigInt(at), final: this.isFinal, succeeded: true }
  }

  /** Nonces that `from` used. */
  used(from: string): bigint {
    const lines = this.mined.map(({ raw }) => fromUtf8(raw.subarray(0, -65)) ?? '')
    return BigInt(this.forgets ? 0 : lines.filter((text) => text.includes(` from ${from} `)).length)
  }
}

export const toyKind: ChainKind = {
  namespace: 'toy',
  words: [],
  ledger: ({ urls }) => ledgerOf(urls.map(nodeAt)),
}

function ledgerOf(nodes: readonly ToyNode[]): Ledger {
  const needed = Math.min(2, nodes.length)
  const agree = (says: (node: ToyNode) => boolean) => nodes.filter(says).length >= needed
  return {
    build: (order) => Promise.resolve(build(order)),
    send: async (raw) => {
      const txid = toHex(sha256(raw))
      for (const { mined } of nodes) {
        if (!mined.some((one) => one.txid === txid)) mined.push({ raw, txid })
      }
      return { kind: 'taken' }
    },
    minedAt: async (txid) => {
      const [first] = nodes.map((node) => node.minedAt(txid)).filter((at) => at !== undefined)
      const isFinal = agree((node) => node.minedAt(txid)?.final === true)
      return first && { ...first, final: isFinal }
    },
    nonces: {
      consumed: async (from, slot) => agree((node) => node.used(from) > slot),
      consumedAmong: async (places) =>
        places.map(({ from, slot }) => agree((node) => node.used(from) > slot)),
      used: async (from) =>
        agreedNumber(
          nodes.map((node) => node.used(from)),
          needed,
        ),
      signedAt: async () => undefined,
    },
  }
}

function build({ intent, from, slot, bump }: BuildOrder): Built {
  const fee = bump === undefined ? 20n : (bump.last.price * BigInt(100 + bump.percent)) / 100n + 1n
  if (fee > intent.maxFee) return { kind: 'later', code: 'FEE', because: `fee: got ${fee}` }
  const { network, to, amount, contract } = intent
  const bytes = encodeToy({ network, nonce: BigInt(slot), fee, from, to, amount, contract })
  parseToy(bytes, network)
  const effect = toyFamily.chain(network.slice(network.indexOf(':') + 1)).decode(bytes)
  return { kind: 'built', bytes, effect }
}

function agreedNumber(said: readonly bigint[], needed: number): bigint | undefined {
  return said.find((one) => said.filter((other) => other === one).length >= needed)
}

function nodeAt(url: string): ToyNode {
  const node = toyNodes.get(url) ?? new ToyNode()
  toyNodes.set(url, node)
  return node
}
