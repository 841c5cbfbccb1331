/** The documents of the development organisation with a rule by which payments are cancelled. */
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

export function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value : []
}
