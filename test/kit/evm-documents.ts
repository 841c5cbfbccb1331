/** The development organisation with rules by which payments are cancelled and messages signed. */
import { digestOfText } from '../../policy/document.ts'
import { type JsonObject, parseText, text } from '../../proto/jcs.ts'
import { tags } from '../../proto/tags.ts'
import { objectOf } from './tron-documents.ts'

interface Fixture {
  readonly policyText: string
  readonly rootText: string
}

/** A root names its policy, so it is another one too. */
export function withCancels(
  fixture: Fixture,
  more: (policy: JsonObject) => JsonObject = (policy) => policy,
): Fixture {
  const { guards, rules, ...policy } = objectOf(parseText(fixture.policyText))
  const allowed = text(guards ?? []).replace('"evm.transfer"', '"evm.transfer","evm.cancel"')
  const all = [...listOf(rules), cancelRule]
  const policyText = text(more({ ...policy, guards: parseText(allowed), rules: all }))
  const digestOf = (document: string) => digestOfText(tags.policy, document)
  const [before, after] = [fixture.policyText, policyText].map(digestOf)
  return { policyText, rootText: fixture.rootText.replace(before ?? '', after ?? '') }
}

const cancelRule = {
  id: 'cancel',
  match: {
    op: ['evm.cancel'],
    from: ['hot'],
    to: ['hot'],
    asset: ['eth-native'],
    initiator: ['payout-bot'],
    amount: { lte: '0' },
    when: 'always',
  },
  require: [],
  ttl: '2h',
}

/** A permit of that contract, and a declaration of one's own; both are asked of one person. */
export function withMessages(contract: string): (policy: JsonObject) => JsonObject {
  const asked = { require: [{ role: 'ops', count: 1 }], ttl: '2h' }
  const match = { ...cancelRule.match, op: ['evm.message'] }
  const rules = [
    { id: 'permit', match: { ...match, to: ['customer'], message: ['permit'] }, ...asked },
    { id: 'ours', match: { ...match, message: ['ours'] }, ...asked },
  ]
  const permit = {
    network: 'dev',
    domain: { name: 'Token', verifyingContract: contract },
    type: 'Permit(address spender,uint256 value)',
    fields: [
      { field: 'spender', in: [`0x${'22'.repeat(20)}`] },
      { field: 'value', lte: '1000' },
    ],
  }
  const rule = ['permit', 'ours']
  const limit = { id: 'messages', count: true, rule, window: 'sliding 1h', max: '3' }
  const ours = { network: 'dev', begins: 'This address is ours: ', more: 8 }
  return (policy) => ({
    ...policy,
    guards: parseText(
      text(policy['guards'] ?? []).replace('"evm.cancel"', '"evm.cancel","evm.message"'),
    ),
    rules: [...listOf(policy['rules']), ...rules],
    limits: [...listOf(policy['limits']), limit],
    messages: { permit, ours },
  })
}

export function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value : []
}
