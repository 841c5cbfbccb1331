/** The documents of the development organisation on the stand-in for Tron instead of an EVM. */
import { devBook } from '../../cli/dev-documents.ts'
import { tronText } from '../../policy/chain/tron-address.ts'
import type { Destination } from '../../policy/destination.ts'
import { digestOfText } from '../../policy/document.ts'
import { fromHex } from '../../proto/crypto.ts'
import { type Json, type JsonObject, parseText, text } from '../../proto/jcs.ts'
import { tags } from '../../proto/tags.ts'
import { patched } from './scene.ts'
import { TronSim } from './tron-sim.ts'

interface Fixture {
  readonly policyText: string
  readonly rootText: string
  readonly customer: Destination
}

export const { network: tronNetwork } = new TronSim({ now: () => 0 })
export const tronUsdt = tronText(fromHex('5fbdb2315678afecb367f032d93f642f64180aa3')!)

/** The same policy on the stand-in: its coin with six decimals, its token a TRC-20. */
export function onTron(written: JsonObject): JsonObject {
  const renamed = text(written)
    .replaceAll('erc20', 'trc20')
    .replaceAll('evm.transfer', 'tron.transfer')
    .replaceAll('0x5fbdb2315678afecb367f032d93f642f64180aa3', tronUsdt)
  const policy = objectOf(parseText(renamed))
  const lives = { slot: 'one-body', maxTxLifetime: '10m', maxTxLifetimeCold: '24h' }
  return {
    ...policy,
    assets: patched(objectOf(policy['assets']), { 'eth-native': { decimals: 6 } }),
    networks: { dev: { caip2: tronNetwork, feeAsset: 'eth-native', maxFee: '150', ...lives } },
  }
}

/** `book`: where the records of recipients are. */
export function tronDocuments(
  fixture: Fixture,
  book = 'customer',
): Fixture & {
  readonly bookText: string
  readonly token: string
} {
  const customer = {
    ...fixture.customer,
    network: tronNetwork,
    address: tronText(new Uint8Array(20).fill(7)),
  }
  const bookText = devBook({ org: 'acme-dev', name: book, records: [customer] })
  const policyText = text(onTron(objectOf(parseText(fixture.policyText))))
  const rootText = text(
    patched(objectOf(parseText(fixture.rootText)), {
      genesis: {
        policy: digestOfText(tags.policy, policyText),
        books: { [book]: digestOfText(tags.book, bookText) },
      },
    }),
  )
  return { policyText, rootText, customer, bookText, token: tronUsdt }
}

export function objectOf(value: Json | undefined) {
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error('expected an object')
  return value as Readonly<Record<string, Json>>
}
