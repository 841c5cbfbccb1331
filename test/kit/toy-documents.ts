/** The documents of the development organisation on the toy chain instead of an EVM. */
import { devBook } from '../../cli/dev-documents.ts'
import type { Destination } from '../../policy/destination.ts'
import { digestOfText } from '../../policy/document.ts'
import { type JsonObject, parseText, text } from '../../proto/jcs.ts'
import { tags } from '../../proto/tags.ts'
import { patched } from './scene.ts'
import { objectOf } from './tron-documents.ts'

interface Fixture {
  readonly policyText: string
  readonly rootText: string
  readonly token: string
  readonly customer: Destination
}

export const toyNetwork = 'toy:1'
export const toyToken = `toy${'20'.repeat(20)}`
export const toyCustomer = `toy${'07'.repeat(20)}`

export function toyDocuments(fixture: Fixture): Fixture & { readonly bookText: string } {
  const renamed = fixture.policyText
    .replaceAll('erc20', 'toy20')
    .replaceAll('evm.transfer', 'toy.transfer')
    .replaceAll(fixture.token, toyToken)
  const written = objectOf(parseText(renamed))
  const dev = { caip2: toyNetwork, feeAsset: 'eth-native', maxFee: '1', slot: 'nonce', bump: '10%' }
  const changed: JsonObject = {
    ...written,
    assets: patched(objectOf(written['assets']), { 'eth-native': { decimals: 9 } }),
    networks: { dev },
  }
  const policyText = text(changed)
  const customer = { ...fixture.customer, network: toyNetwork, address: toyCustomer }
  const bookText = devBook({ org: 'acme-dev', name: 'customer', records: [customer] })
  const genesis = {
    policy: digestOfText(tags.policy, policyText),
    books: { customer: digestOfText(tags.book, bookText) },
  }
  const rootText = text(patched(objectOf(parseText(fixture.rootText)), { genesis }))
  return { policyText, rootText, token: toyToken, customer, bookText }
}
