// The analyser on messages: what a signature alone can take, by the names that everybody knows, and
// declarations that leave room for words which nobody has read when the policy is put in force.
import { typeText } from './chain/evm-typed-form.ts'
import { type Finding, note, warning } from './finding.ts'
import { type AllowedMessage, givesAway } from './messages.ts'
import type { Rulebook } from './rulebook.ts'

export function messageFindings({ messages }: Rulebook): readonly Finding[] {
  return [...messages.values()].flatMap(finding)
}

function finding(entry: AllowedMessage): readonly Finding[] {
  const where = `messages.${entry.id}`
  if (entry.kind === 'declaration') {
    if (entry.more === 0) return []
    return [note('free words', where, `${entry.more} characters may follow, and say anything`)]
  }
  if (!givesAway(entry.form)) return []
  const because = `whoever has a signature of ${typeText(entry.form)} may take what it says`
  return [warning('gives away', where, because)]
}
